package console

import (
	"bytes"
	"encoding/json"
)

const publicFiguresPath = deskPath + "/figures"

func publicFiguresPages() []page {
	return []page{
		{method: get, path: publicFiguresPath, who: anybody, title: "page-public-figures", about: "page-public-figures-about", words: figuresWords(), do: showPublicFigures},
		{method: get, path: publicFiguresPath + ".csv", who: anybody, back: publicFiguresPath, do: handFiguresCSV},
		{method: get, path: publicFiguresPath + ".json", who: anybody, back: publicFiguresPath, do: handFigures},
	}
}

type publicFiguresPage struct {
	Figures figuresView
	Months  []choice
	Running bool // the month is not over
}

func showPublicFigures(v *visit) error {
	month := v.monthAsked()
	f, err := v.api().CaseFigures(v.r.Context(), month)
	if err != nil {
		return err
	}
	v.titled = v.speakers[v.lang].Say("page-public-figures-of", "month", month)
	return v.show("publicfigures", publicFiguresPage{deskFigures(v, f, false), v.months(publicFiguresPath), month == v.Now().In(beijing()).Format(monthForm)})
}

// figuresName is the name of a file with the figures of the month that is asked for.
func (v *visit) figuresName(extension string) string {
	return "desk-" + v.monthAsked() + extension
}

// handFiguresCSV hands out the figures as a table of lines month, kind, figure, value.
func handFiguresCSV(v *visit) error {
	var text bytes.Buffer
	if err := v.api().CaseFiguresCSV(v.r.Context(), v.monthAsked(), &text); err != nil {
		return err
	}
	return v.hand("text/csv; charset=utf-8", v.figuresName(".csv"), text.Bytes())
}

// handFigures hands out the figures with the filter of each.
func handFigures(v *visit) error {
	f, err := v.api().CaseFigures(v.r.Context(), v.monthAsked())
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		return err
	}
	return v.hand("application/json", v.figuresName(".json"), append(text, '\n'))
}
