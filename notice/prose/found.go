package prose

import (
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/notice"
)

// found is the words of the notices that a text has: at its start, at its end, and between other words. Empty where there
// is none.
type found struct{ start, end, within string }

func (f found) any() bool { return f.start+f.end+f.within != "" }

// missing returns the ends that a notice goes to. One notice is enough, wherever it stands, unless both ends are asked for.
func (f found) missing(o notice.Options) (start, end bool) {
	if where(o) != notice.Ends && f.any() {
		return false, false
	}
	return atStart(o) && f.start == "", atEnd(o) && f.end == ""
}

// stands returns the words of the notice and where it stands.
func (f found) stands() (words, place string) {
	switch {
	case f.start != "" && f.end != "":
		return f.start, string(notice.Ends)
	case f.start != "":
		return f.start, string(notice.Start)
	case f.end != "":
		return f.end, string(notice.End)
	}
	return f.within, "body"
}

// Present makes a report tell of the notice that stands in the content already, and that none was added.
func Present(r *notice.Report, words, place string) {
	r.Words, r.Place = words, place
	r.Findings = slices.DeleteFunc(r.Findings, func(f colophon.Finding) bool { return f.Code == notice.CodeWordsEnglish })
	if notice.CheckWords(words) != nil {
		r.Findings = append(r.Findings, colophon.Finding{Code: notice.CodeWordsEnglish, Level: colophon.Warning, Clause: colophon.ClauseGB5, Offset: -1})
	}
	r.Findings = append(r.Findings, There())
}
