package oscal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	oscalTypes "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"

	"github.com/defenseunicorns/go-oscal/src/pkg/validation"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/duty/oscal"
)

func noon() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

// valid hands a document to the schema of its version.
func valid(t *testing.T, m oscal.Model) []byte {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := check(raw); err != nil {
		t.Fatal(err)
	}
	return raw
}

func check(raw []byte) error {
	v, err := validation.NewValidator(raw)
	if err != nil {
		return err
	}
	return v.Validate()
}

func china(t *testing.T) (duty.Pack, *duty.Catalogue) {
	t.Helper()
	p, err := duty.China()
	if err != nil {
		t.Fatal(err)
	}
	c, err := duty.NewCatalogue(p)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	p, c := china(t)
	for _, say := range []oscal.Say{oscal.English, oscal.Chinese} {
		m := oscal.Catalog(p, say, noon())
		valid(t, m)
		if m.Catalog.Metadata.OscalVersion != "1.2.2" || m.Catalog.Metadata.Title != say(p.Title) {
			t.Errorf("%+v", m.Catalog.Metadata)
		}
		found := map[string]string{}
		for _, in := range *m.Catalog.Groups {
			if in.Groups == nil {
				continue
			}
			for _, a := range *in.Groups {
				for _, o := range *a.Controls {
					found[o.ID] = (*o.Parts)[0].Prose
				}
			}
		}
		for _, i := range c.Items() {
			if found[i.Obligation.ID] != say(i.Obligation.Duty) {
				t.Errorf("%s: %q", i.Obligation.ID, found[i.Obligation.ID])
			}
		}
		if len(found) != len(c.Items()) {
			t.Errorf("%d controls of %d obligations", len(found), len(c.Items()))
		}
	}
	again := oscal.Catalog(p, oscal.English, noon())
	if again.Catalog.UUID != oscal.Catalog(p, oscal.Chinese, noon().Add(1)).Catalog.UUID {
		t.Error("the same pack has two identifiers")
	}
}

// TestValidator: the schema is asked in earnest.
func TestValidator(t *testing.T) {
	t.Parallel()
	p, _ := china(t)
	raw := string(valid(t, oscal.Catalog(p, oscal.English, noon())))
	for name, broken := range map[string]string{
		"an identifier with a space": strings.Replace(raw, `"id":"ds-6-1"`, `"id":"ds 6 1"`, 1),
		"no UUID":                    strings.Replace(raw, `"uuid":"`, `"uuid":"x`, 1),
		"another field":              strings.Replace(raw, `"catalog":{`, `"catalog":{"states":[],`, 1),
	} {
		if broken == raw || check([]byte(broken)) == nil {
			t.Errorf("%s passes", name)
		}
	}
}

// reported is a report with an obligation in each state.
func reported(t *testing.T) oscal.Report {
	t.Helper()
	p, c := china(t)
	o := func(id, probe string, kind duty.Kind, outcome duty.Outcome, hours int) duty.Observation {
		at := noon().Add(-time.Duration(hours) * time.Hour)
		return duty.Observation{ID: id, Probe: probe, Version: 1, Kind: kind, From: at, Collected: at, Received: at.Add(time.Minute), Expected: "refused", Actual: "the answer\n was 403",
			Digest: strings.Repeat("ab", 32), Outcome: outcome}
	}
	void := o("run-void", "refuted", duty.Query, duty.Passed, 1)
	void.Void, void.Voided = duty.VoidGone, void.Received
	list := []duty.Observation{o("run-met", "library-procedure", duty.Query, duty.Passed, 1), o("run-not", "publish-unverified", duty.Negative, duty.Failed, 1),
		o("run-stale", "limits-published", duty.Query, duty.Passed, 100), o("run-said", "supporters-told", duty.Attestation, duty.Passed, 1), void, o("run-waived", "cases-in-time", duty.Query, duty.Failed, 1),
		o("run-more", "filing-shown", duty.Query, duty.Passed, 1)}
	in := duty.Inputs{Observations: map[string][]duty.Observation{}}
	for _, x := range list {
		in.Observations[x.Probe] = append(in.Observations[x.Probe], x)
	}
	for f, a := range map[duty.Fact]duty.Answer{duty.Provider: duty.Yes, duty.Releases: duty.Yes, duty.AppStore: duty.No} {
		in.Facts = append(in.Facts, duty.Statement{ID: string(f), Fact: f, Answer: a, From: noon().AddDate(0, -1, 0), Confirmed: noon().AddDate(0, -1, 0)})
	}
	in.Waivers = []duty.Waiver{{ID: "w", Obligation: "ds-12-3", Approved: noon().Add(-time.Hour), Until: noon().Add(time.Hour)}}
	r := oscal.Report{Pack: p, Observations: list, From: noon().AddDate(0, -1, 0), At: noon()}
	for _, i := range c.Items() {
		r.Standings = append(r.Standings, c.Evaluate(i, in, duty.Now(noon())))
	}
	return r
}

func english() oscal.Reader {
	return oscal.Reader{Say: oscal.English, Reason: func(c colophon.Code) string { return "because of " + string(c) }}
}

func TestResults(t *testing.T) {
	t.Parallel()
	r := reported(t)
	m, err := oscal.Results(r, english())
	if err != nil {
		t.Fatal(err)
	}
	raw := valid(t, m)
	result := m.AssessmentResults.Results[0]
	want := map[string]struct{ state, ours, reason, observation string }{
		"ds-10-2": {"satisfied", "met", "pass", "run-met"},
		"ds-9-2":  {"not-satisfied", "not-met", "fail", "run-not"},
		"ds-12-2": {"not-satisfied", "stale", "other", "run-stale"},
		"ds-8-4":  {"not-satisfied", "attested", "other", "run-said"},
		"ds-11-2": {"not-satisfied", "unknown", "other", "run-void"},
		"ds-12-3": {"not-satisfied", "waived", "other", "run-waived"},
		"ds-10-1": {"not-satisfied", "unknown", "other", ""},
	}
	records := map[string]string{}
	for _, o := range *result.Observations {
		records[o.UUID] = value(*o.Props, "record")
		expires := o.Expires != nil
		if outcome, bad := value(*o.Props, "outcome"), value(*o.Props, "void") != ""; expires != (outcome == "passed" && !bad) {
			t.Errorf("%s expires: %t", value(*o.Props, "record"), expires)
		}
		if o.Description != "the answer was 403" {
			t.Errorf("%q", o.Description)
		}
	}
	seen := 0
	for _, f := range *result.Findings {
		id := strings.TrimSuffix(f.Target.TargetId, "_smt")
		ours := value(*f.Props, "state")
		if (f.Target.Status.State == "satisfied") != (ours == "met") {
			t.Errorf("%s is %s and %s", id, ours, f.Target.Status.State)
		}
		w, ok := want[id]
		if !ok {
			continue
		}
		seen++
		var related string
		if f.RelatedObservations != nil {
			related = records[(*f.RelatedObservations)[0].ObservationUuid]
		}
		if f.Target.Status.State != w.state || ours != w.ours || f.Target.Status.Reason != w.reason || related != w.observation {
			t.Errorf("%s: %s, %s, %s by %q, want %+v", id, f.Target.Status.State, ours, f.Target.Status.Reason, related, w)
		}
	}
	if seen != len(want) {
		t.Errorf("%d of %d findings", seen, len(want))
	}
	controls := *result.ReviewedControls.ControlSelections[0].IncludeControls
	for _, c := range controls {
		if strings.HasPrefix(c.ControlId, "ds-13-") {
			t.Errorf("%s does not apply and was reviewed", c.ControlId)
		}
	}
	if len(controls)+len(result.AssessmentLog.Entries) != len(r.Standings) {
		t.Errorf("%d reviewed, %d left out, of %d", len(controls), len(result.AssessmentLog.Entries), len(r.Standings))
	}
	again, err := oscal.Results(r, english())
	if err != nil || string(valid(t, again)) != string(raw) {
		t.Errorf("the same report was written otherwise: %v", err)
	}
}

func value(props []oscalTypes.Property, name string) string {
	for _, p := range props {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// TestResultsRefuse: what is not there is not made up.
func TestResultsRefuse(t *testing.T) {
	t.Parallel()
	r := reported(t)
	r.Observations = r.Observations[1:]
	if _, err := oscal.Results(r, english()); err == nil || !strings.Contains(err.Error(), "run-met") {
		t.Errorf("an observation is lacking: %v", err)
	}
	r.Standings = nil
	if _, err := oscal.Results(r, english()); err == nil {
		t.Error("nothing was reported")
	}
}
