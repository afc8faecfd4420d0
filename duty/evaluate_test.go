package duty_test

import (
	"slices"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
)

// noon is the time around which the tests of states play.
func noon() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }

func text(s string) duty.Text { return duty.Text{EN: s, ZH: s} }

// small is a pack with one obligation, whose controls name the probes neg, read, say and twin.
func small(change func(p *duty.Pack, o *duty.Obligation)) duty.Pack {
	o := duty.Obligation{ID: "one-1-1", Title: text("t"), Duty: text("d"), Who: []duty.Who{duty.WhoProvider}, Trigger: duty.Always, Source: "s", Confidence: duty.Primary,
		Controls: []duty.Control{{ID: "one-1-1.c1", Text: text("c"), Probes: []string{"read", "neg"}}}}
	probe := func(name string, kind duty.Kind) duty.Probe {
		return duty.Probe{Name: name, Version: 2, Kind: kind, Title: text("t"), Expect: text("e"), Every: 24, Life: 72}
	}
	p := duty.Pack{Format: 1, Name: "small", Version: "2026-01-01", Offset: 8, Title: text("t"), Note: text("n"),
		Probes: []duty.Probe{probe("neg", duty.Negative), probe("read", duty.Query), probe("say", duty.Attestation), probe("twin", duty.Negative)}}
	if change != nil {
		change(&p, &o)
	}
	p.Instruments = []duty.Instrument{{ID: "one", Title: text("t"), Address: "https://example.org/one", Force: duty.Force{From: "2026-01-01"},
		Articles: []duty.Article{{Number: "1", Title: text("t"), Clause: colophon.ClauseDS7, Obligations: []duty.Obligation{o}}}}}
	return p
}

func catalogue(t *testing.T, p duty.Pack) (*duty.Catalogue, duty.Item) {
	t.Helper()
	c, err := duty.NewCatalogue(p)
	if err != nil {
		t.Fatal(err)
	}
	return c, c.Items()[0]
}

// run is an observation that came in as it was collected, some hours before noon.
func run(probe string, hours int, outcome duty.Outcome, change ...func(o *duty.Observation)) duty.Observation {
	at := noon().Add(-time.Duration(hours) * time.Hour)
	o := duty.Observation{ID: probe + "-" + at.Format("150405") + string(outcome), Probe: probe, Version: 2, From: at, Collected: at, Received: at, Outcome: outcome, Kind: duty.Query}
	switch probe {
	case "neg", "twin":
		o.Kind = duty.Negative
	case "say":
		o.Kind = duty.Attestation
	}
	for _, c := range change {
		c(&o)
	}
	return o
}

func void(o *duty.Observation)  { o.Void, o.Voided = duty.VoidDigest, o.Received }
func older(o *duty.Observation) { o.Version = 1 }
func said(o *duty.Observation)  { o.Kind = duty.Attestation }

func inputs(list ...duty.Observation) duty.Inputs {
	in := duty.Inputs{Observations: map[string][]duty.Observation{}}
	for _, o := range list {
		in.Observations[o.Probe] = append(in.Observations[o.Probe], o)
	}
	return in
}

// TestRules has a row for each rule of the package comment.
func TestRules(t *testing.T) {
	t.Parallel()
	only := func(names ...string) func(*duty.Pack, *duty.Obligation) {
		return func(_ *duty.Pack, o *duty.Obligation) { o.Controls[0].Probes = names }
	}
	two := func(_ *duty.Pack, o *duty.Obligation) {
		o.Controls = []duty.Control{{ID: "one-1-1.c1", Text: text("c"), Probes: []string{"neg"}}, {ID: "one-1-1.c2", Text: text("c"), Probes: []string{"say"}}}
	}
	bare := func(_ *duty.Pack, o *duty.Obligation) {
		o.Controls = append(o.Controls, duty.Control{ID: "one-1-1.c2", Text: text("c")})
	}
	const passed, failed, untold = duty.Passed, duty.Failed, duty.Untold
	for name, c := range map[string]struct {
		pack   func(*duty.Pack, *duty.Obligation)
		runs   []duty.Observation
		state  duty.State
		reason colophon.Code
	}{
		"nobody looked":                    {nil, nil, duty.Unknown, duty.ReasonNeverRan},
		"no probe":                         {only(), nil, duty.Unknown, duty.ReasonNoProbe},
		"no control":                       {func(_ *duty.Pack, o *duty.Obligation) { o.Controls = nil }, nil, duty.Unknown, duty.ReasonNoProbe},
		"a control without probe":          {bare, []duty.Observation{run("neg", 1, passed), run("read", 1, passed)}, duty.Unknown, duty.ReasonNoProbe},
		"all passed":                       {nil, []duty.Observation{run("neg", 1, passed), run("read", 1, passed)}, duty.Met, duty.ReasonPassed},
		"the setting alone":                {nil, []duty.Observation{run("read", 1, passed)}, duty.Unknown, duty.ReasonNeverRan},
		"the negative alone":               {nil, []duty.Observation{run("neg", 1, passed)}, duty.Unknown, duty.ReasonNeverRan},
		"the negative failed":              {nil, []duty.Observation{run("neg", 1, failed), run("read", 0, passed)}, duty.NotMet, duty.ReasonFailed},
		"the negative is stale":            {nil, []duty.Observation{run("neg", 73, passed), run("read", 0, passed)}, duty.Stale, duty.ReasonExpired},
		"the negative could not tell":      {nil, []duty.Observation{run("neg", 1, untold), run("read", 0, passed)}, duty.Unknown, duty.ReasonUntold},
		"the setting failed":               {nil, []duty.Observation{run("neg", 1, passed), run("read", 1, failed)}, duty.NotMet, duty.ReasonFailed},
		"fresh to the last moment":         {only("neg"), []duty.Observation{run("neg", 72, passed, func(o *duty.Observation) { o.Collected = o.Collected.Add(time.Millisecond) })}, duty.Met, duty.ReasonPassed},
		"stale at the end":                 {only("neg"), []duty.Observation{run("neg", 72, passed)}, duty.Stale, duty.ReasonExpired},
		"its own end":                      {only("neg"), []duty.Observation{run("neg", 2, passed, func(o *duty.Observation) { o.To = noon() })}, duty.Stale, duty.ReasonEnded},
		"before its own end":               {only("neg"), []duty.Observation{run("neg", 2, passed, func(o *duty.Observation) { o.To = noon().Add(time.Millisecond) })}, duty.Met, duty.ReasonPassed},
		"its own end after the other":      {only("neg"), []duty.Observation{run("neg", 72, passed, func(o *duty.Observation) { o.To = noon().Add(time.Hour) })}, duty.Stale, duty.ReasonExpired},
		"a failure does not grow old":      {only("neg"), []duty.Observation{run("neg", 9000, failed)}, duty.NotMet, duty.ReasonFailed},
		"passed since":                     {only("neg"), []duty.Observation{run("neg", 5, failed), run("neg", 4, passed)}, duty.Met, duty.ReasonPassed},
		"failed since":                     {only("neg"), []duty.Observation{run("neg", 5, passed), run("neg", 4, failed)}, duty.NotMet, duty.ReasonFailed},
		"an error after a pass":            {only("neg"), []duty.Observation{run("neg", 5, passed), run("neg", 4, untold)}, duty.Unknown, duty.ReasonUntold},
		"an error after a failure":         {only("neg"), []duty.Observation{run("neg", 5, failed), run("neg", 4, untold)}, duty.NotMet, duty.ReasonFailed},
		"failed, passed, error":            {only("neg"), []duty.Observation{run("neg", 6, failed), run("neg", 5, passed), run("neg", 4, untold)}, duty.Unknown, duty.ReasonUntold},
		"an outcome that nobody knows":     {only("neg"), []duty.Observation{run("neg", 4, "")}, duty.Unknown, duty.ReasonUntold},
		"void":                             {only("neg"), []duty.Observation{run("neg", 4, passed, void)}, duty.Unknown, duty.ReasonVoid},
		"void after a pass":                {only("neg"), []duty.Observation{run("neg", 5, passed), run("neg", 4, passed, void)}, duty.Unknown, duty.ReasonVoid},
		"void after a failure":             {only("neg"), []duty.Observation{run("neg", 5, failed), run("neg", 4, passed, void)}, duty.NotMet, duty.ReasonFailed},
		"a failure that is void":           {only("neg"), []duty.Observation{run("neg", 4, failed, void)}, duty.Unknown, duty.ReasonVoid},
		"an older probe":                   {only("neg"), []duty.Observation{run("neg", 1, passed, older)}, duty.Stale, duty.ReasonOlderProbe},
		"an older probe that failed":       {only("neg"), []duty.Observation{run("neg", 1, failed, older)}, duty.NotMet, duty.ReasonFailed},
		"collected later":                  {only("neg"), []duty.Observation{run("neg", -1, passed)}, duty.Unknown, duty.ReasonNeverRan},
		"speaks of later":                  {only("neg"), []duty.Observation{run("neg", 1, passed, func(o *duty.Observation) { o.From = noon().Add(1) })}, duty.Unknown, duty.ReasonNeverRan},
		"a person says so":                 {only("say"), []duty.Observation{run("say", 1, passed)}, duty.Attested, duty.ReasonAttested},
		"a person says not":                {only("say"), []duty.Observation{run("say", 1, failed)}, duty.NotMet, duty.ReasonFailed},
		"said too long ago":                {only("say"), []duty.Observation{run("say", 72, passed)}, duty.Stale, duty.ReasonExpired},
		"said of a probe that runs now":    {only("neg"), []duty.Observation{run("neg", 1, passed, said)}, duty.Attested, duty.ReasonAttested},
		"passed and said":                  {two, []duty.Observation{run("neg", 1, passed), run("say", 1, passed)}, duty.Attested, duty.ReasonAttested},
		"failed and said":                  {two, []duty.Observation{run("neg", 1, failed), run("say", 1, passed)}, duty.NotMet, duty.ReasonFailed},
		"passed and not said":              {two, []duty.Observation{run("neg", 1, passed)}, duty.Unknown, duty.ReasonNeverRan},
		"said in a control with a probe":   {only("neg", "say"), []duty.Observation{run("say", 1, passed)}, duty.Unknown, duty.ReasonNeverRan},
		"two negatives, one of them fails": {only("neg", "twin"), []duty.Observation{run("neg", 1, passed), run("twin", 1, failed)}, duty.NotMet, duty.ReasonFailed},
	} {
		cat, item := catalogue(t, small(c.pack))
		got := cat.Evaluate(item, inputs(c.runs...), duty.Now(noon()))
		if got.State != c.state || got.Reason != c.reason || got.Under != c.state {
			t.Errorf("%s: %s for %s, want %s for %s", name, got.State, got.Reason, c.state, c.reason)
		}
		slices.Reverse(c.runs)
		if again := cat.Evaluate(item, inputs(c.runs...), duty.Now(noon())); again.State != got.State {
			t.Errorf("%s: in another order %s", name, again.State)
		}
	}
}

// TestDecides: where a negative probe and a query say the same, the negative one is named.
func TestDecides(t *testing.T) {
	t.Parallel()
	cat, item := catalogue(t, small(nil))
	for _, outcome := range []duty.Outcome{duty.Passed, duty.Failed, duty.Untold} {
		s := cat.Evaluate(item, inputs(run("read", 1, outcome), run("neg", 1, outcome)), duty.Now(noon()))
		if s.Controls[0].Probe != "neg" || s.Controls[0].Probes[0].Kind != duty.Negative {
			t.Errorf("%s: %+v", outcome, s.Controls[0])
		}
	}
}

func fact(f duty.Fact, a duty.Answer, from, confirmed time.Time) duty.Statement {
	return duty.Statement{ID: string(f) + from.String(), Fact: f, Answer: a, From: from, Confirmed: confirmed}
}

// TestApplies: an obligation that does not apply is neither met nor broken; one of which that is not known is never met.
func TestApplies(t *testing.T) {
	t.Parallel()
	cat, item := catalogue(t, small(func(_ *duty.Pack, o *duty.Obligation) {
		o.Applies = duty.Condition{All: []duty.Fact{duty.Provider}, Any: []duty.Fact{duty.Trains, duty.News}, None: []duty.Fact{duty.Ended}}
	}))
	day := 24 * time.Hour
	is := func(f duty.Fact, a duty.Answer) duty.Statement {
		return fact(f, a, noon().Add(-day), noon().Add(-day))
	}
	good, bad := []duty.Observation{run("neg", 1, duty.Passed), run("read", 1, duty.Passed)}, []duty.Observation{run("neg", 1, duty.Failed)}
	for name, c := range map[string]struct {
		runs  []duty.Observation
		facts []duty.Statement
		state duty.State
		why   colophon.Code
		named []duty.Fact
	}{
		"nothing said":            {good, nil, duty.Unknown, duty.ReasonFactUnknown, []duty.Fact{duty.Ended, duty.News, duty.Provider, duty.Trains}},
		"nothing said, and fails": {bad, nil, duty.NotMet, duty.ReasonFailed, []duty.Fact{duty.Ended, duty.News, duty.Provider, duty.Trains}},
		"applies":                 {good, []duty.Statement{is(duty.Provider, duty.Yes), is(duty.News, duty.Yes), is(duty.Ended, duty.No)}, duty.Met, duty.ReasonPassed, nil},
		"no provider":             {bad, []duty.Statement{is(duty.Provider, duty.No)}, duty.NotApplicable, duty.ReasonFact, []duty.Fact{duty.Provider}},
		"none of any":             {bad, []duty.Statement{is(duty.Provider, duty.Yes), is(duty.News, duty.No), is(duty.Trains, duty.No)}, duty.NotApplicable, duty.ReasonFact, []duty.Fact{duty.News, duty.Trains}},
		"one of any not known":    {good, []duty.Statement{is(duty.Provider, duty.Yes), is(duty.News, duty.No), is(duty.Ended, duty.No)}, duty.Unknown, duty.ReasonFactUnknown, []duty.Fact{duty.Trains}},
		"ended":                   {bad, []duty.Statement{is(duty.Ended, duty.Yes)}, duty.NotApplicable, duty.ReasonFact, []duty.Fact{duty.Ended}},
		"taken back": {good, []duty.Statement{is(duty.Ended, duty.Yes), fact(duty.Ended, duty.NotSay, noon(), noon()), is(duty.Provider, duty.Yes), is(duty.News, duty.Yes)},
			duty.Unknown, duty.ReasonFactUnknown, []duty.Fact{duty.Ended}},
		"not yet so": {bad, []duty.Statement{fact(duty.Provider, duty.No, noon().Add(1), noon().Add(-day))}, duty.NotMet, duty.ReasonFailed, []duty.Fact{duty.Ended, duty.News, duty.Provider, duty.Trains}},
		"not confirmed": {bad, []duty.Statement{{ID: "x", Fact: duty.Provider, Answer: duty.No, From: noon().Add(-day)}}, duty.NotMet, duty.ReasonFailed,
			[]duty.Fact{duty.Ended, duty.News, duty.Provider, duty.Trains}},
		"confirmed later": {bad, []duty.Statement{fact(duty.Provider, duty.No, noon().Add(-day), noon().Add(1))}, duty.NotMet, duty.ReasonFailed,
			[]duty.Fact{duty.Ended, duty.News, duty.Provider, duty.Trains}},
	} {
		in := inputs(c.runs...)
		in.Facts = c.facts
		got := cat.Evaluate(item, in, duty.Now(noon()))
		if got.State != c.state || got.Reason != c.why || !slices.Equal(got.Facts, c.named) {
			t.Errorf("%s: %s for %s by %v, want %s for %s by %v", name, got.State, got.Reason, got.Facts, c.state, c.why, c.named)
		}
	}
}

// TestWaived: a waiver covers what is wanting and nothing else, and says what it covers.
func TestWaived(t *testing.T) {
	t.Parallel()
	hour := func(h int) time.Time { return noon().Add(time.Duration(h) * time.Hour) }
	good, bad := []duty.Observation{run("neg", 1, duty.Passed), run("read", 1, duty.Passed)}, []duty.Observation{run("neg", 1, duty.Failed)}
	for name, c := range map[string]struct {
		runs         []duty.Observation
		w            duty.Waiver
		state, under duty.State
	}{
		"in force":          {bad, duty.Waiver{Approved: hour(-1), Until: hour(1)}, duty.Waived, duty.NotMet},
		"of what is met":    {good, duty.Waiver{Approved: hour(-1), Until: hour(1)}, duty.Met, duty.Met},
		"nobody looked":     {nil, duty.Waiver{Approved: hour(-1), Until: hour(1)}, duty.Waived, duty.Unknown},
		"to the last":       {bad, duty.Waiver{Approved: hour(-1), Until: hour(0).Add(1)}, duty.Waived, duty.NotMet},
		"over":              {bad, duty.Waiver{Approved: hour(-1), Until: hour(0)}, duty.NotMet, duty.NotMet},
		"not approved":      {bad, duty.Waiver{Until: hour(1)}, duty.NotMet, duty.NotMet},
		"approved just now": {bad, duty.Waiver{Approved: hour(0), Until: hour(1)}, duty.Waived, duty.NotMet},
		"ended":             {bad, duty.Waiver{Approved: hour(-2), Until: hour(1), Ended: hour(0)}, duty.NotMet, duty.NotMet},
		"ended later":       {bad, duty.Waiver{Approved: hour(-2), Until: hour(1), Ended: hour(1)}, duty.Waived, duty.NotMet},
		"of another":        {bad, duty.Waiver{Obligation: "other", Approved: hour(-1), Until: hour(1)}, duty.NotMet, duty.NotMet},
	} {
		cat, item := catalogue(t, small(nil))
		c.w.ID = "w"
		if c.w.Obligation == "" {
			c.w.Obligation = item.Obligation.ID
		}
		in := inputs(c.runs...)
		in.Waivers = []duty.Waiver{c.w}
		if got := cat.Evaluate(item, in, duty.Now(noon())); got.State != c.state || got.Under != c.under {
			t.Errorf("%s: %s over %s, want %s over %s", name, got.State, got.Under, c.state, c.under)
		}
	}
}

// TestLongest: of two waivers the one that ends last is named, in either order.
func TestLongest(t *testing.T) {
	t.Parallel()
	cat, item := catalogue(t, small(nil))
	waiver := func(id string, hours int) duty.Waiver {
		return duty.Waiver{ID: id, Obligation: item.Obligation.ID, Approved: noon(), Until: noon().Add(time.Duration(hours) * time.Hour)}
	}
	for _, list := range [][]duty.Waiver{{waiver("short", 1), waiver("long", 2)}, {waiver("long", 2), waiver("short", 1)}} {
		if s := cat.Evaluate(item, duty.Inputs{Waivers: list}, duty.Now(noon())); s.Waiver != "long" || !s.Until.Equal(noon().Add(2*time.Hour)) {
			t.Errorf("%s until %s", s.Waiver, s.Until)
		}
	}
}

// TestForce: days begin at midnight of the pack's zone, and the narrowest time counts.
func TestForce(t *testing.T) {
	t.Parallel()
	p := small(func(_ *duty.Pack, o *duty.Obligation) { o.Force = duty.Force{From: "2026-03-01", To: "2027-09-01"} })
	p.Instruments[0].Force.To, p.Instruments[0].Articles[0].Force.To = "2028-01-01", "2026-09-01"
	cat, item := catalogue(t, p)
	for at, want := range map[time.Time]colophon.Code{
		time.Date(2026, 2, 28, 15, 59, 59, 0, time.UTC): duty.ReasonNotYet,
		time.Date(2026, 2, 28, 16, 0, 0, 0, time.UTC):   duty.ReasonNeverRan,
		time.Date(2026, 8, 31, 15, 59, 59, 0, time.UTC): duty.ReasonNeverRan,
		time.Date(2026, 8, 31, 16, 0, 0, 0, time.UTC):   duty.ReasonRepealed,
	} {
		got := cat.Evaluate(item, duty.Inputs{}, duty.Now(at))
		if got.Reason != want || (got.State == duty.NotApplicable) != (want != duty.ReasonNeverRan) {
			t.Errorf("at %s: %s for %s, want %s", at, got.State, got.Reason, want)
		}
	}
}
