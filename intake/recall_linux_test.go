package intake_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	found "github.com/colophon-project/colophon/refutation/shelf"
)

// refuted knows what was refuted by the words of a file.
type refuted struct{ *testing.T }

func (r refuted) Recalled(_ context.Context, s intake.Sample, _ []string) ([]intake.Recall, colophon.Code, error) {
	text := string(bytesOf(r.T, s.Source))
	switch {
	case strings.Contains(text, "same"):
		return []intake.Recall{{Refutation: "r-1", Match: found.Match{How: found.ByDigest, Certain: true}}}, "", nil
	case strings.Contains(text, "alike"):
		return []intake.Recall{{Refutation: "r-1", Match: found.Match{How: found.ByText, Share: .6}}}, "", nil
	case strings.Contains(text, "short"):
		return nil, found.UnlookedShort, nil
	case strings.Contains(text, "fault"):
		return nil, "", errors.New("the database broke")
	case strings.Contains(text, "panic"):
		panic("a fault of a reader")
	}
	return nil, "", nil
}

// tagging is a bucket with tags.
type tagging struct {
	*shelf
	tags map[string]map[string]string
}

func (s *tagging) Tag(_ context.Context, key string, tags map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tags[key] = tags
	return nil
}

// TestScanRecalls takes a bucket in under each rule: what was refuted, what is like it, and what could not be looked for are three
// things, in the counts, the tags, the report and the entries.
func TestScanRecalls(t *testing.T) {
	t.Parallel()
	for rule, copied := range map[intake.Rule]string{"": "alike fault other panic same short", intake.RuleLabel: "alike fault other panic same short", intake.RuleRefuse: "alike fault other panic short"} {
		t.Run(string(rule), func(t *testing.T) {
			faults := 0
			b := open(t, func(c *intake.Config) {
				c.Detectors, c.Recalls, c.Rule = nil, refuted{t}, rule
				c.Report = func(context.Context, error) { faults++ }
			})
			s := &tagging{&shelf{files: map[string][]byte{}}, map[string]map[string]string{}}
			for _, name := range strings.Fields("alike fault other panic same short") {
				s.files[name+".md"] = []byte("A text: " + name + ".\n")
			}
			scanner := intake.NewScanner(intake.ScanConfig{Scans: ledgers.Of[intake.Scan](b.store, intake.ScanLedger), Recorder: b.rec, Keys: b.keys, Line: b.line, AtOnce: 1,
				Bucket: func(context.Context, string) (intake.Bucket, error) { return s, nil }})
			e, err := scanner.Begin(b.ctx, key, intake.Order{Bucket: "uploads", To: "out/", Tag: true, Declaration: intake.Generated})
			b.must(err)
			b.must(scanner.Run(b.ctx, e.ID))
			e, err = scanner.Scan(b.ctx, e.ID)
			b.must(err)
			if v := e.Value; v.Recalled != 1 || v.Alike != 1 || v.Files != 6 || v.Troubles != 0 || faults != 2 {
				t.Errorf("%+v, %d faults", v, faults)
			}
			if got := strings.ReplaceAll(strings.Join(s.written("out/"), " "), ".md", ""); got != copied {
				t.Errorf("copied %s", got)
			}
			report := ""
			for key, text := range s.files {
				if strings.HasPrefix(key, "out/colophon-intake/") {
					report += string(text)
				}
			}
			told := map[string]intake.Outcome{"same": intake.Seen, "alike": intake.CouldNotTell, "short": intake.CouldNotTell, "fault": intake.CouldNotTell, "panic": intake.CouldNotTell, "other": ""}
			for _, name := range slices.Sorted(maps.Keys(told)) {
				if got := s.tags[name+".md"]["colophon-recall"]; got != string(told[name]) {
					t.Errorf("%s is tagged %q", name, got)
				}
			}
			for what, n := range map[string]int{`"recall":"seen"`: 1, `"recall":"could-not-tell"`: 4, `"recall":"not-seen"`: 1} {
				if strings.Count(report, what) != n {
					t.Errorf("%d times %s in the report:\n%s", strings.Count(report, what), what, report)
				}
			}
		})
	}
}

// TestRecallFindings tells apart why nothing was found.
func TestRecallFindings(t *testing.T) {
	t.Parallel()
	b := open(t, func(c *intake.Config) { c.Detectors, c.Recalls = nil, refuted{t} })
	for text, want := range map[string][]colophon.Code{"same": {intake.FindingRecalled}, "alike": {intake.FindingRecallAlike}, "short": {intake.FindingRecallUnknown}, "fault": {intake.FindingRecallUnknown}, "panic": {intake.FindingRecallUnknown}, "other": nil} {
		r := b.take(intake.Upload{Name: "a.md"}, []byte("A text: "+text+".\n"))
		got := slices.DeleteFunc(slices.Clone(findings(r)), func(c colophon.Code) bool { return !strings.HasPrefix(string(c), "intake-recall") })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v", text, got)
		}
	}
}
