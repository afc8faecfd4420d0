package oscal

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	oscalTypes "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
)

// Report is what assessment results are written of.
type Report struct {
	Pack      duty.Pack
	Standings []duty.Standing // of obligations of the pack; of others nothing is written
	// Observations MUST have those that the standings name. Others are left out.
	Observations []duty.Observation
	From, At     time.Time // the time that the report is about; the states are those at its end
}

// Reader turns texts and codes into sentences of one language.
type Reader struct {
	Say    Say
	Reason func(colophon.Code) string
}

// Results writes assessment results. A standing that names an observation which the report does not have is an error.
func Results(r Report, read Reader) (Model, error) {
	w := writer{report: r, read: read, used: map[string]bool{}, of: map[string]duty.Observation{}, titles: map[string]duty.Text{}}
	for _, o := range r.Observations {
		w.of[o.ID] = o
	}
	for _, in := range r.Pack.Instruments {
		for _, a := range in.Articles {
			for _, o := range a.Obligations {
				w.titles[o.ID] = o.Title
			}
		}
	}
	for _, s := range r.Standings {
		if err := w.standing(s); err != nil {
			return Model{}, err
		}
	}
	if len(w.controls) == 0 {
		return Model{}, errors.New("no obligation of the pack applies, so there is nothing to report")
	}
	seed := []string{r.Pack.Name, r.Pack.Version, r.From.UTC().Format(time.RFC3339Nano), r.At.UTC().Format(time.RFC3339Nano)}
	end := r.At.UTC()
	result := oscalTypes.Result{UUID: id("result", seed...), Title: read.Say(r.Pack.Title), Description: read.Say(r.Pack.Note), Start: r.From.UTC(), End: &end,
		ReviewedControls: oscalTypes.ReviewedControls{ControlSelections: []oscalTypes.AssessedControls{{IncludeControls: &w.controls}}}, Findings: &w.findings}
	if len(w.observations) > 0 {
		result.Observations = &w.observations
	}
	if len(w.log) > 0 {
		result.AssessmentLog = &oscalTypes.AssessmentLog{Entries: w.log}
	}
	plan := id("plan", r.Pack.Name, r.Pack.Version)
	resource := oscalTypes.Resource{UUID: plan, Title: read.Say(r.Pack.Title), Description: "The probes of the catalogue are the plan; no other document of a plan exists.",
		Props: &[]oscalTypes.Property{prop("catalog", catalogID(r.Pack))}}
	return Model{AssessmentResults: &oscalTypes.AssessmentResults{UUID: id("results", seed...), Metadata: metadata(read.Say(r.Pack.Title), r.Pack.Version, r.At),
		ImportAp: oscalTypes.ImportAp{Href: "#" + plan}, Results: []oscalTypes.Result{result}, BackMatter: &oscalTypes.BackMatter{Resources: &[]oscalTypes.Resource{resource}}}}, nil
}

// writer collects what a result has.
type writer struct {
	report       Report
	read         Reader
	titles       map[string]duty.Text
	of           map[string]duty.Observation
	used         map[string]bool
	controls     []oscalTypes.AssessedControlsSelectControlById
	findings     []oscalTypes.Finding
	observations []oscalTypes.Observation
	log          []oscalTypes.AssessmentLogEntry
}

func (w *writer) standing(s duty.Standing) error {
	title, ok := w.titles[s.Obligation]
	if !ok {
		return nil
	}
	at := w.report.At.UTC()
	reason := w.read.Reason(s.Reason)
	props := []oscalTypes.Property{prop("state", string(s.State)), prop("reason", string(s.Reason))}
	if s.Under != s.State {
		props = append(props, prop("state-under-waiver", string(s.Under)))
	}
	for _, f := range s.Facts {
		props = append(props, prop("fact", string(f)))
	}
	name := id("finding", s.Obligation, at.Format(time.RFC3339Nano))
	if s.State == duty.NotApplicable {
		w.log = append(w.log, oscalTypes.AssessmentLogEntry{UUID: name, Title: s.Obligation, Description: reason, Start: at, Props: &props})
		return nil
	}
	f := oscalTypes.Finding{UUID: name, Title: w.read.Say(title), Description: reason, Props: &props,
		Target: oscalTypes.FindingTarget{Type: "statement-id", TargetId: s.Obligation + "_smt", Status: oscalTypes.ObjectiveStatus{State: "not-satisfied", Reason: "other"}}}
	switch s.State {
	case duty.Met:
		f.Target.Status = oscalTypes.ObjectiveStatus{State: "satisfied", Reason: "pass"}
	case duty.NotMet:
		f.Target.Status.Reason = "fail"
	}
	var related []oscalTypes.RelatedObservation
	for _, ref := range s.Observations() {
		o, ok := w.of[ref]
		if !ok {
			return errors.New("writing " + s.Obligation + ": the report lacks observation " + ref)
		}
		related = append(related, oscalTypes.RelatedObservation{ObservationUuid: id("observation", ref)})
		w.observe(o)
	}
	if len(related) > 0 {
		f.RelatedObservations = &related
	}
	w.controls = append(w.controls, oscalTypes.AssessedControlsSelectControlById{ControlId: s.Obligation})
	w.findings = append(w.findings, f)
	return nil
}

// observe writes an observation once.
func (w *writer) observe(o duty.Observation) {
	if w.used[o.ID] {
		return
	}
	w.used[o.ID] = true
	title := duty.Text{EN: o.Probe, ZH: o.Probe}
	out := oscalTypes.Observation{UUID: id("observation", o.ID), Methods: []string{method(o.Kind)}, Collected: o.Collected.UTC(),
		Props: &[]oscalTypes.Property{prop("probe", o.Probe), prop("probe-version", strconv.Itoa(o.Version)), prop("outcome", string(o.Outcome)), prop("record", o.ID),
			prop("received", o.Received.UTC().Format(time.RFC3339Nano))}}
	for _, p := range w.report.Pack.Probes {
		if p.Name != o.Probe {
			continue
		}
		title = p.Title
		if end := o.Collected.Add(p.TTL()).UTC(); o.Outcome == duty.Passed && o.Void == "" {
			if !o.To.IsZero() && o.To.Before(end) {
				end = o.To.UTC()
			}
			out.Expires = &end
		}
	}
	out.Title, out.Description = w.read.Say(title), flat(o.Actual)
	out.Remarks = flat(o.Expected)
	if o.Void != "" {
		props := append(*out.Props, prop("void", string(o.Void)))
		out.Props = &props
	}
	if o.Digest != "" {
		out.RelevantEvidence = &[]oscalTypes.RelevantEvidence{{Description: "sha256:" + o.Digest, Props: &[]oscalTypes.Property{prop("sha256", o.Digest)}}}
	}
	w.observations = append(w.observations, out)
}

// method is OSCAL's word for a kind of probe.
func method(k duty.Kind) string {
	switch k {
	case duty.Negative:
		return "TEST"
	case duty.Attestation:
		return "INTERVIEW"
	}
	return "EXAMINE"
}

// flat makes one line of a text.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

func sortProps(props []oscalTypes.Property) {
	slices.SortStableFunc(props, func(a, b oscalTypes.Property) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Class, b.Class), strings.Compare(a.Value, b.Value))
	})
}
