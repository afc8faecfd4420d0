package console

import (
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/staff"
)

func caseOf(v *visit, id string) (client.Case, error) { return v.api().Case(v.r.Context(), id) }

// caseMine reports whether a deed is for whoever has the case.
func caseMine(name string) bool {
	return slices.Contains([]string{"case-ask", "case-pause"}, name)
}

func caseDeedPages() (rows []page) {
	for _, d := range caseDeeds() {
		rows = append(rows, d.rows(casePath+"/"+d.step, casePath, caseOf)...)
	}
	return rows
}

// caseDeeds are what is done with a case on pages of their own.
func caseDeeds() []deed[client.Case] {
	in := func(states ...string) func(client.Case) bool {
		return func(c client.Case) bool { return slices.Contains(states, c.State) }
	}
	return []deed[client.Case]{
		{name: "case-ask", step: "ask", action: staff.DeskDecide, record: "desk.asked", may: in("taken"), fields: []field[client.Case]{{name: "case-message", kind: "area", required: true, most: 5000, hint: true}},
			effect: func(v *visit, c client.Case) ([]said, error) {
				return []said{{"page-effect-ask", []string{"language", v.speakers[v.lang].Say("page-tongue-" + c.Language)}}}, nil
			}, says: []string{"page-effect-ask"},
			do: func(v *visit, c client.Case) (string, error) {
				_, err := v.api().AskCase(v.r.Context(), c.ID, v.sent("case-message"))
				return "", err
			}},
		{name: "case-pause", step: "pause", action: staff.DeskDecide, record: "desk.paused", may: in("taken"), effect: pauseEffect, says: []string{"page-effect-pause-stops", "page-effect-pause-runs", "page-effect-pause-unknown"},
			fields: []field[client.Case]{{name: "why", kind: "choice", options: texts(limits.Waits()), names: waitNames, required: true}, {name: "wait-until", kind: "moment", required: true, hint: true}},
			do: func(v *visit, c client.Case) (string, error) {
				until, err := v.sentMoment("wait-until")
				if err == nil {
					_, err = v.api().PauseCase(v.r.Context(), c.ID, colophon.Code(v.sent("why")), until)
				}
				return "", err
			}},
		{name: "case-join", step: "join", action: staff.DeskDecide, record: "desk.joined", danger: true, may: func(c client.Case) bool { return false }, fields: []field[client.Case]{{name: "earlier", kind: "choice", choices: joinable, required: true}},
			do: func(v *visit, c client.Case) (string, error) {
				_, err := v.api().JoinCase(v.r.Context(), c.ID, v.sent("earlier"))
				return "", err
			}},
		{name: "case-retry", step: "retry", action: staff.DeskDecide, record: "desk.acted desk.undone", may: func(c client.Case) bool { return len(unfinished(c)) > 0 },
			fields: []field[client.Case]{{name: "case-action", kind: "choice", choices: func(_ *visit, c client.Case) ([]string, error) { return unfinished(c), nil }, required: true}},
			effect: func(v *visit, c client.Case) (list []said, err error) {
				for _, place := range unfinished(c) {
					i, _ := strconv.Atoi(place) // of our own making
					a := c.Actions[i]
					list = append(list, said{"page-effect-retry", []string{"place", place, "act", v.speakers[v.lang].Say("page-case-act-" + a.Do), "target", tail(a.Target), "result", v.speakers[v.lang].Say("page-case-result-" + a.Result)}})
				}
				return list, nil
			}, says: []string{"page-effect-retry"},
			do: func(v *visit, c client.Case) (string, error) {
				i, err := strconv.Atoi(v.sent("case-action"))
				if err != nil {
					return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
				}
				_, err = v.api().RetryCase(v.r.Context(), c.ID, i)
				return "", err
			}},
		{name: "case-close", step: "close", action: staff.DeskDecide, record: "desk.told", may: in("decided"), fields: []field[client.Case]{{name: "told-way", kind: "choice", words: "page-told-", options: toldWays(), required: true}},
			do: func(v *visit, c client.Case) (string, error) {
				_, err := v.api().CloseCase(v.r.Context(), c.ID, v.sent("told-way"))
				return "", err
			}},
	}
}

// waitNames are the sentences of whom a case may wait for.
func waitNames(v *visit) map[string]string {
	names := map[string]string{}
	for _, why := range texts(limits.Waits()) {
		names[why] = v.speakers[v.lang].Say(why)
	}
	return names
}

// joinable are the earlier open cases about the same.
func joinable(v *visit, c client.Case) (ids []string, err error) {
	list, err := v.api().SimilarCases(v.r.Context(), c.ID)
	for _, s := range list {
		if s.Earlier {
			ids = append(ids, s.ID)
		}
	}
	return ids, err
}

// unfinished are the places of actions that failed, or of which nobody can tell.
func unfinished(c client.Case) (places []string) {
	for i, a := range c.Actions {
		if a.Result == "failed" || a.Result == "unknown" {
			places = append(places, strconv.Itoa(i))
		}
	}
	return places
}

// pauseEffect says for whom the clock of the case stands still, by the limits that it runs by.
func pauseEffect(v *visit, c client.Case) ([]said, error) {
	now, all, err := v.api().PublicLimits(v.r.Context())
	if err != nil {
		return nil, err
	}
	rows := now.Limits
	if now.Number != c.Limits {
		i := slices.IndexFunc(all, func(x client.LimitsVersion) bool { return x.Number == c.Limits })
		if i < 0 {
			return []said{{Key: "page-effect-pause-unknown"}}, nil
		}
		rows = all[i].Limits
	}
	row, ok := rowOf(rows, c)
	if !ok {
		return []said{{Key: "page-effect-pause-unknown"}}, nil
	}
	var stops, runs []string
	for _, why := range limits.Waits() {
		if slices.Contains(row.Pauses, why) {
			stops = append(stops, v.speakers[v.lang].Say(string(why)))
		} else {
			runs = append(runs, v.speakers[v.lang].Say(string(why)))
		}
	}
	var list []said
	if len(stops) > 0 {
		list = append(list, said{"page-effect-pause-stops", []string{"whom", strings.Join(stops, " / ")}})
	}
	if len(runs) > 0 {
		list = append(list, said{"page-effect-pause-runs", []string{"whom", strings.Join(runs, " / ")}})
	}
	return list, nil
}

// rowOf is the row of a table by which a case runs.
func rowOf(rows []client.CaseLimits, c client.Case) (row client.CaseLimits, ok bool) {
	for _, r := range rows {
		if r.Kind == c.Kind && (!r.Urgent || c.Urgent) && (!ok || r.Urgent) {
			row, ok = r, true
		}
	}
	return row, ok
}

// maxCaseUpload is the most that a form with files of a case may bring, in bytes.
const maxCaseUpload = 64 << 20

type caseOpenedPage struct {
	Receipt client.CaseReceipt
	Kind    cell
	PIN     string
	At      string // where whoever came follows it
	Link    string
	Sought  cell
}

// newCase takes in what came by telephone or letter. Code and PIN are shown once, to be read out or printed.
func newCase() deed[none] {
	kinds := slices.DeleteFunc(caseKinds(), func(k string) bool { return k == "appeal" }) // an appeal begins with the decision that it is against
	return deed[none]{
		name: "case-new", action: staff.DeskSubmit, record: "desk.received", upload: maxCaseUpload, says: deskWords(),
		fields: []field[none]{
			{name: "case-kind", kind: "choice", words: "page-case-kind-", options: kinds, required: true}, {name: "case-party", kind: "choice", words: "page-case-party-", options: caseParties(), required: true},
			{name: "case-right", kind: "choice", words: "page-case-right-", options: caseRights(), hint: true}, {name: "case-grounds", kind: "several", words: "desk-ground-", options: groundTails()},
			{name: "case-numbers", kind: "area", hint: true, most: 2048}, {name: "case-name", hint: true, most: 128}, {name: "case-contact", hint: true}, {name: "own-account"},
			{name: "case-text", kind: "area", required: true, most: 5000, hint: true}, {name: "case-files", kind: "files", hint: true}, {name: "case-language", kind: "choice", words: "page-tongue-", options: []string{"zh", "en"}, required: true},
		},
		do: openNewCase,
	}
}

func openNewCase(v *visit, _ none) (string, error) {
	d := client.CaseDraft{Kind: v.sent("case-kind"), Party: v.sent("case-party"), About: client.CaseAbout{Numbers: strings.Fields(v.sent("case-numbers"))}, Name: v.sent("case-name"), Contact: v.sent("case-contact"), Account: v.sent("own-account"),
		Text: v.sent("case-text"), Language: v.sent("case-language")}
	for _, g := range v.r.PostForm["case-grounds"] {
		d.Grounds = append(d.Grounds, colophon.Code("desk-ground-"+g))
	}
	if d.Kind == "rights" {
		d.Right = v.sent("case-right")
	}
	if v.r.MultipartForm != nil {
		for _, one := range v.r.MultipartForm.File["case-files"] {
			file, err := one.Open()
			if err != nil {
				return "", err
			}
			defer file.Close()
			d.Files = append(d.Files, client.CaseUpload{Name: one.Filename, File: file})
		}
	}
	got, err := v.api().OpenCase(v.r.Context(), d)
	if err != nil {
		return "", err
	}
	return "-", v.show("caseopened", caseOpenedPage{got, caseKind(got.Kind), spacedPIN(got.PIN), v.trackAt(got.Code), caseLink(got.ID), word("page-case-sought-", got.Sought)})
}

// groundTails are the grounds without what they have in common.
func groundTails() (list []string) {
	for _, g := range caseGrounds() {
		list = append(list, strings.TrimPrefix(g, "desk-ground-"))
	}
	return list
}
