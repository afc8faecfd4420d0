package cli

import (
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/label"
)

// jsonFinding, jsonError and the like fix the names of the output, apart from the names in the code.
type jsonFinding struct {
	Code    colophon.Code   `json:"code"`
	Level   colophon.Level  `json:"level"`
	Clause  colophon.Clause `json:"clause"`
	Message string          `json:"message"`
	Args    colophon.Args   `json:"args,omitempty"`
	Offset  *int64          `json:"offset"`
}

type jsonError struct {
	Code    colophon.Code     `json:"code"`
	Kind    string            `json:"kind"`
	Message string            `json:"message"`
	Args    colophon.Args     `json:"args,omitempty"`
	Clauses []colophon.Clause `json:"clauses,omitempty"`
}

type jsonFields struct {
	Label             string
	ContentProducer   string
	ProduceID         string
	ReservedCode1     string
	ContentPropagator string
	PropagateID       string
	ReservedCode2     string
}

type jsonSeal struct {
	State     label.SealState `json:"state"`
	Reason    colophon.Code   `json:"reason,omitempty"`
	Algorithm string          `json:"algorithm,omitempty"`
	Form      label.SealForm  `json:"form,omitempty"`
	Key       string          `json:"key,omitempty"`
}

func sealJSON(r label.SealReport) jsonSeal {
	return jsonSeal{r.State, r.Reason, r.Algorithm, r.Form, r.Fingerprint}
}

type jsonSeals struct {
	ReservedCode1 jsonSeal
	ReservedCode2 jsonSeal
}

type jsonLabel struct {
	Place    label.Place   `json:"place"`
	Fields   jsonFields    `json:"fields"`
	Seal     jsonSeals     `json:"seal"`
	Findings []jsonFinding `json:"findings"`
}

type jsonReport struct {
	File       string        `json:"file"`
	Format     label.Format  `json:"format"`
	Conformity string        `json:"conformity,omitempty"`
	Labels     []jsonLabel   `json:"labels"`
	Findings   []jsonFinding `json:"findings"`
	Error      *jsonError    `json:"error,omitempty"`
}

func (s *session) findingsJSON(findings []colophon.Finding) []jsonFinding {
	out := make([]jsonFinding, 0, len(findings))
	for _, f := range findings {
		j := jsonFinding{Code: f.Code, Level: f.Level, Clause: f.Clause, Message: s.say.Code(f.Code, f.Args), Args: f.Args}
		if f.Offset >= 0 {
			offset := f.Offset
			j.Offset = &offset
		}
		out = append(out, j)
	}
	return out
}

func (s *session) errorJSON(err error) *jsonError {
	if err == nil {
		return nil
	}
	j := &jsonError{Kind: colophon.Internal.String(), Message: s.say.Error(err)}
	var e *colophon.Error
	if errors.As(err, &e) {
		j.Code, j.Kind, j.Args, j.Clauses = e.Code, e.Kind.String(), e.Args, e.Clauses
	}
	return j
}

func fieldsJSON(f label.Fields) jsonFields { return jsonFields(f) }

func (s *session) reportJSON(file string, r *label.Report) jsonReport {
	j := jsonReport{File: file, Labels: []jsonLabel{}, Findings: []jsonFinding{}}
	if r == nil {
		return j
	}
	j.Format, j.Findings, j.Error = r.Format, s.findingsJSON(r.Findings), s.errorJSON(r.Err)
	for i := range r.Marks {
		m := &r.Marks[i]
		j.Labels = append(j.Labels, jsonLabel{
			Place: m.Place, Fields: fieldsJSON(m.Fields), Findings: s.findingsJSON(m.Findings),
			Seal: jsonSeals{ReservedCode1: sealJSON(m.Seal), ReservedCode2: sealJSON(m.Seal2)},
		})
	}
	return j
}
