package intake

import (
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
)

// maxProducer is how much of a producer's name a reason repeats, in bytes.
const maxProducer = 64

// Judgement is what the law calls a file, and why.
type Judgement struct {
	State State
	// Complete says that everything that looked at the file could tell what it looked for.
	Complete bool
	Reasons  []Reason
	Findings []colophon.Finding
}

// Words returns what has to be shown around the content, and nothing where nothing has to be.
func (s State) Words(l notice.Language) string {
	switch s {
	case Confirmed:
		return notice.Around(notice.Certain, l)
	case Possible:
		return notice.Around(notice.Possible, l)
	case Suspected:
		return notice.Around(notice.Suspected, l)
	}
	return ""
}

// value is the field Label of a state.
func (s State) value() string {
	if s == Suspected {
		return label.Suspected
	}
	return label.Possible
}

// NeedsDetectors reports whether the state of a file can depend on traces: it has no label, and nobody declares it.
func NeedsDetectors(r *label.Report, d Declaration) bool { return len(r.Marks) == 0 && d != Generated }

// Judge says in which state a file is. Traces are what was looked for beside label and declaration.
func Judge(r *label.Report, d Declaration, asked bool, traces []Reason) Judgement {
	j := Judgement{State: None, Complete: true}
	if !asked && d != Generated {
		j.find(FindingNotAsked, colophon.Warning, colophon.ClauseLM6)
	}
	j.labels(r)
	switch d {
	case Generated:
		j.add(Reason{By: ByUploader, Outcome: Seen, Code: ReasonDeclared})
	case NotGenerated:
		j.add(Reason{By: ByUploader, Outcome: NotSeen, Code: ReasonDeclaredNot})
	default:
		j.add(Reason{By: ByUploader, Outcome: NotSeen, Code: ReasonUndeclared})
	}
	for _, t := range traces {
		j.add(t)
	}
	switch {
	case len(r.Marks) > 0:
		j.compare(d)
	case d == Generated:
		j.State = Possible
	default:
		for _, reason := range j.Reasons {
			if reason.By != ByUploader && reason.Outcome == Seen {
				j.State = Suspected
			}
		}
	}
	return j
}

func (j *Judgement) add(r Reason) {
	j.Reasons = append(j.Reasons, r)
	j.Complete = j.Complete && r.Outcome != CouldNotTell
}

func (j *Judgement) find(code colophon.Code, level colophon.Level, clause colophon.Clause, args ...string) {
	f := colophon.Finding{Code: code, Level: level, Clause: clause, Offset: -1}
	for i := 0; i+1 < len(args); i += 2 {
		if f.Args == nil {
			f.Args = colophon.Args{}
		}
		f.Args[args[i]] = args[i+1]
	}
	j.Findings = append(j.Findings, f)
}

// labels takes what stands in the metadata. Of several labels, which a file must not have, the one that says most counts.
func (j *Judgement) labels(r *label.Report) {
	for i := range r.Marks {
		m := &r.Marks[i]
		state, code := says(&m.Fields)
		if rank(state) > rank(j.State) {
			j.State = state
		}
		j.add(Reason{By: ByLabel, Outcome: Seen, Code: code, Args: colophon.Args{"place": string(m.Place), "value": clip(m.Fields.Label), "producer": clip(m.Fields.ContentProducer)}})
		j.Findings = append(j.Findings, m.Findings...)
	}
	j.Findings = append(j.Findings, r.Findings...)
	if len(r.Marks) > 0 {
		return
	}
	for _, f := range r.Findings {
		if f.Code == label.CodeKeyUnreadable {
			j.add(Reason{By: ByLabel, Outcome: Seen, Code: ReasonKeyTaken, Args: colophon.Args{"place": f.Args["place"]}})
		}
	}
	if r.Conformity() == label.Unmarked {
		j.add(Reason{By: ByLabel, Outcome: NotSeen, Code: ReasonNoLabel})
		return
	}
	j.add(Reason{By: ByLabel, Outcome: CouldNotTell, Code: ReasonLabelUnread})
}

// says is what a label states. One that names who generated the content and has no value of the standard's is taken for
// what it is there for; one that names nobody, or has a value that nobody knows, is a trace.
func says(f *label.Fields) (State, colophon.Code) {
	switch f.Label {
	case label.Belongs:
		return Confirmed, ReasonLabel
	case label.Possible:
		return Possible, ReasonLabel
	case label.Suspected:
		return Suspected, ReasonLabel
	}
	named := f.ContentProducer != "" || f.ProduceID != ""
	if named && (f.Label == "" || strings.EqualFold(f.Label, "AIGC")) {
		return Confirmed, ReasonLabel
	}
	return Suspected, ReasonLabelUnclear
}

func rank(s State) int {
	switch s {
	case Confirmed:
		return 3
	case Possible:
		return 2
	case Suspected:
		return 1
	}
	return 0
}

// compare tells where the uploader says something else than the label, which stays as it is.
func (j *Judgement) compare(d Declaration) {
	switch {
	case d == Generated && j.State == Suspected:
		j.find(FindingBeyond, colophon.Note, colophon.ClauseLM6)
	case d == NotGenerated:
		j.find(FindingAgainst, colophon.Warning, colophon.ClauseLM10)
	}
}

// clip shortens what a file says of itself.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= maxProducer {
		return s
	}
	return strings.ToValidUTF8(s[:maxProducer], "") + "…"
}
