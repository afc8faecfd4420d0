package console

import (
	"encoding/json"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	filed "github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/staff"
)

func annexKinds() []string {
	return []string{"commitment", "responsibility", "report", "public", "screenshot", "licence", "contract", "label", "other"}
}

func filingDeeds(in func(states ...string) func(client.AlgorithmFiling) bool) []deed[client.AlgorithmFiling] {
	open := in("draft", "proposed", "approved")
	return []deed[client.AlgorithmFiling]{
		attachAnnex(open), detachAnnex(open), filingDates(open),
		filingStep("propose", staff.FilingWrite, "filing.proposed", in("draft")),
		filingStep("approve", staff.FilingApprove, "filing.approved", in("proposed")),
		filingNote("return", staff.FilingApprove, "filing.returned", in("proposed", "approved"), false),
		submitFiling(in("approved")), decideFiling(in("submitted")),
		filingStep("amend", staff.FilingWrite, "filing.drafted", in("submitted", "filed", "refused")),
		cancelFiling(func(f client.AlgorithmFiling) bool {
			return in("filed")(f) || f.Part > 1 && in("submitted", "refused")(f)
		}),
		filingNote("withdraw", staff.FilingApprove, "filing.withdrawn", open, true),
	}
}

// oneProof is the one file of a form.
func (v *visit) oneProof(name string, do func(client.CaseUpload) error) error {
	files, done, err := v.sentProofs(name)
	if err != nil {
		return err
	}
	defer done()
	if len(files) != 1 {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	return do(files[0])
}

func attachAnnex(may func(client.AlgorithmFiling) bool) deed[client.AlgorithmFiling] {
	var places []string
	for _, p := range filed.Places() {
		places = append(places, filed.Name(p))
	}
	return deed[client.AlgorithmFiling]{
		name: "filing-attach", step: "attach", action: staff.FilingWrite, record: "filing.changed", may: may, upload: maxFilingForm,
		fields: []field[client.AlgorithmFiling]{
			{name: "kit-annexes-kind", kind: "choice", words: "page-kit-annex-", options: annexKinds(), required: true},
			{name: "kit-annexes-name", kind: "text", required: true, most: 512},
			{name: "kit-place", kind: "choice", words: "page-label-kit-", options: places, hint: true},
			{name: "kit-caption", kind: "text", hint: true, most: 512},
			{name: "kit-file", kind: "file", required: true, hint: true},
		},
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			a := client.FilingAnnex{Kind: v.sent("kit-annexes-kind"), Title: v.sent("kit-annexes-name"), Caption: v.sent("kit-caption")}
			if at := slices.Index(places, v.sent("kit-place")); at >= 0 {
				a.Place = filed.Places()[at]
			}
			return "", v.oneProof("kit-file", func(file client.CaseUpload) error {
				_, err := v.api().AttachToFiling(v.r.Context(), f.ID, a, file)
				return err
			})
		},
	}
}

func detachAnnex(may func(client.AlgorithmFiling) bool) deed[client.AlgorithmFiling] {
	annexes := func(f client.AlgorithmFiling) []filed.Annex {
		var k filed.Kit
		if json.Unmarshal(f.Kit, &k) != nil {
			return nil
		}
		return k.Annexes
	}
	return deed[client.AlgorithmFiling]{
		name: "filing-detach", step: "detach", action: staff.FilingWrite, record: "filing.changed", danger: true,
		may: func(f client.AlgorithmFiling) bool { return may(f) && len(annexes(f)) > 0 },
		fields: []field[client.AlgorithmFiling]{{name: "kit-annex", kind: "choice", required: true, choices: func(_ *visit, f client.AlgorithmFiling) (names []string, _ error) {
			for _, a := range annexes(f) {
				names = append(names, a.Name)
			}
			return names, nil
		}}},
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			for _, a := range annexes(f) {
				if a.Name == v.sent("kit-annex") {
					_, err := v.api().DetachFromFiling(v.r.Context(), f.ID, a.SHA256)
					return "", err
				}
			}
			return "", &colophon.Error{Kind: colophon.Missing, Code: filed.CodeFile}
		},
	}
}

func filingDates(may func(client.AlgorithmFiling) bool) deed[client.AlgorithmFiling] {
	return deed[client.AlgorithmFiling]{
		name: "filing-dates", step: "dates", action: staff.FilingWrite, record: "filing.changed", may: may,
		fields: []field[client.AlgorithmFiling]{versionShown(), {name: "kit-began", kind: "day", hint: true}, {name: "kit-changed", kind: "day", hint: true}},
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			began, err := v.sentDate("kit-began")
			if err != nil {
				return "", err
			}
			changed, err := v.sentDate("kit-changed")
			if err != nil {
				return "", err
			}
			w := client.FilingWriting{Kit: f.Kit}
			if !began.IsZero() {
				w.Began = &began
			}
			if !changed.IsZero() {
				w.Changed = &changed
			}
			return "", v.writeFiling(f.ID, w)
		},
	}
}

func filingStep(step string, action staff.Action, record string, may func(client.AlgorithmFiling) bool) deed[client.AlgorithmFiling] {
	return deed[client.AlgorithmFiling]{
		name: "filing-" + step, step: step, action: action, record: record, may: may,
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			next, err := v.api().StepFiling(v.r.Context(), f.ID, step)
			return filingLink(next.ID), err
		},
	}
}

func filingNote(step string, action staff.Action, record string, may func(client.AlgorithmFiling) bool, danger bool) deed[client.AlgorithmFiling] {
	return deed[client.AlgorithmFiling]{
		name: "filing-" + step, step: step, action: action, record: record, may: may, danger: danger,
		fields: []field[client.AlgorithmFiling]{{name: "kit-note", kind: "area", required: true, hint: true, most: 2000}},
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			_, err := v.api().NoteFiling(v.r.Context(), f.ID, step, v.sent("kit-note"))
			return "", err
		},
	}
}

func submitFiling(may func(client.AlgorithmFiling) bool) deed[client.AlgorithmFiling] {
	return deed[client.AlgorithmFiling]{
		name: "filing-submit", step: "submit", action: staff.FilingApprove, record: "filing.submitted", may: may, upload: maxFilingForm,
		fields: []field[client.AlgorithmFiling]{{name: "kit-reference", kind: "text", most: 512}, {name: "kit-submitted", kind: "moment", required: true}, {name: "kit-receipt-file", kind: "file", required: true, hint: true}},
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			at, err := v.sentMoment("kit-submitted")
			if err != nil {
				return "", err
			}
			return "", v.oneProof("kit-receipt-file", func(file client.CaseUpload) error {
				_, err := v.api().SubmitFiling(v.r.Context(), f.ID, v.sent("kit-reference"), at, file)
				return err
			})
		},
	}
}

func decideFiling(may func(client.AlgorithmFiling) bool) deed[client.AlgorithmFiling] {
	return deed[client.AlgorithmFiling]{
		name: "filing-decide", step: "decide", action: staff.FilingApprove, record: "filing.decided", may: may,
		fields: []field[client.AlgorithmFiling]{{name: "kit-outcome", kind: "choice", words: "page-kit-outcome-", options: []string{"filed", "refused"}, required: true}, {name: "kit-algorithm-number", kind: "text", hint: true}, {name: "kit-reason", kind: "area", hint: true, most: 2000}, {name: "kit-decided", kind: "moment", required: true}},
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			at, err := v.sentMoment("kit-decided")
			if err != nil {
				return "", err
			}
			_, err = v.api().DecideFiling(v.r.Context(), f.ID, v.sent("kit-outcome") == "filed", v.sent("kit-algorithm-number"), v.sent("kit-reason"), at)
			return "", err
		},
	}
}

func cancelFiling(may func(client.AlgorithmFiling) bool) deed[client.AlgorithmFiling] {
	return deed[client.AlgorithmFiling]{
		name: "filing-cancel", step: "cancel", action: staff.FilingApprove, record: "filing.cancelled", danger: true, may: may,
		fields: []field[client.AlgorithmFiling]{{name: "kit-ended", kind: "day", required: true}, {name: "kit-handed", kind: "day", required: true}, {name: "kit-note", kind: "area", required: true, hint: true, most: 2000}},
		do: func(v *visit, f client.AlgorithmFiling) (string, error) {
			ended, err := v.sentDate("kit-ended")
			if err != nil {
				return "", err
			}
			handed, err := v.sentDate("kit-handed")
			if err != nil {
				return "", err
			}
			_, err = v.api().CancelFiling(v.r.Context(), f.ID, ended, handed, v.sent("kit-note"))
			return "", err
		},
	}
}
