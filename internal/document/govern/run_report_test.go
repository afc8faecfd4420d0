package govern_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/document/govern"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/review/bank"
	assess "github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

func examined() (assess.Run, assess.Result) {
	at := time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)
	p := assess.Plan{Name: "Before the release", Bank: "b-1", Model: "sample-text", Serving: "0123", Function: "dialogue", Seed: 7, Parameters: map[string]string{"temperature": "0"}}
	r := assess.Run{ID: "r-1", State: assess.Done, Plan: p, Digest: "4567", Questions: 40, Kinds: map[bank.Kind]int{bank.Generation: 40}, Started: at, Asked: at, Ended: at, Sum: "89ab"}
	y, _ := sample.YardstickOf("output-people")
	res := assess.Result{Run: "r-1", Plan: p, Standard: "GB/T 45654-2025", Note: "not compared", Questions: 40, Asked: 40, Phrases: 3, Before: 2}
	res.Held = []assess.HeldRow{{Yardstick: y, Must: 1000, Rate: sample.RateOf(0, 0, 40), Verdict: sample.Verdict(colophon.Unknown)}}
	res.Rates = []assess.RateRow{{Kind: bank.Generation, Method: assess.ByKeyword, Judge: "library", Rate: sample.RateOf(38, 40, 0)}, {Kind: bank.Generation, Method: assess.ByKeyword, Judge: "library", Topic: "A.1.a", Rate: sample.RateOf(18, 20, 0)}}
	res.Outcomes = []assess.OutcomeRow{{Kind: bank.Generation, Answered: 35, Refused: 5}, {Kind: bank.Generation, Topic: "A.1.a", Answered: 35, Refused: 5}}
	res.Judges = []assess.JudgeRow{{Name: "library", Method: assess.ByKeyword, Versions: []string{"v1"}, Judged: 40}}
	res.Reviews = []assess.ReviewRow{{Kind: bank.Generation, Items: 6, Settled: 6, Raters: 2, Kappa: sample.Kappa{Pairs: 6, Agreed: 5, Defined: true, Value: 571429}}}
	return r, res
}

func writer(t *testing.T) *document.Writer {
	t.Helper()
	say := map[string]document.Words{}
	for _, l := range []locale.Language{locale.Chinese, locale.English} {
		p, err := locale.For(l)
		if err != nil {
			t.Fatal(err)
		}
		say[string(l)] = p.Say
	}
	return document.New(say["zh"], say["en"])
}

// TestRunReport: the report of a run says its figures with their intervals and how sure they are, and what is not known is not a
// figure of zero. It is the same bytes each time, in each format.
func TestRunReport(t *testing.T) {
	t.Parallel()
	w := writer(t)
	r, res := examined()
	_, note := bank.Standard()
	for language, words := range map[string][]string{"en": {"Assessment of the model sample-text", "90.0 % (69.9 % to 97.2 %), 18 of 20; 0 could not be told", "nothing known; 40 could not be told", "Could not tell", "0.57", "5 / 6", "at least 90.0 %", note},
		"zh": {"sample-text", "90.0 %（69.9 % 至 97.2 %）", "尚无结果；40 条无法判断", "0.57", "不低于 90.0 %", "未与 GB/T 45654-2025 正式文本核对"}} {
		for _, f := range []media.Format{media.HTML, media.DOCX, media.PDF} {
			first, err := govern.Run(w, r, res, language, f)
			if err != nil {
				t.Fatal(err)
			}
			again, err := govern.Run(w, r, res, language, f)
			if err != nil || !bytes.Equal(first, again) {
				t.Errorf("%s %s differs from itself: %v", language, f, err)
			}
			for _, word := range words {
				if f == media.HTML && !bytes.Contains(first, []byte(word)) {
					t.Errorf("%s: no %q in %s", language, word, first)
				}
			}
			if bytes.Contains(first, []byte(`aria-label=""`)) {
				t.Errorf("%s: a table has no name", language)
			}
			if bytes.Contains(first, []byte("run-report-")) || bytes.Contains(first, []byte("page-")) && f == media.HTML {
				t.Errorf("%s %s: a sentence is missing: %s", language, f, first)
			}
		}
	}
}
