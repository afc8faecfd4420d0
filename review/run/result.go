package run

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/sample"
)

// Result is what a run comes to, in figures. The same answers and judgements give the same bytes of canonical JSON.
type Result struct {
	Run       string       `json:"run"`
	Plan      Plan         `json:"plan"`
	Bank      string       `json:"bank"` // digest
	Standard  string       `json:"standard"`
	Note      string       `json:"note"` // what of the figures is not confirmed
	Questions int          `json:"questions"`
	Asked     int          `json:"asked"`   // whose answers are kept
	Phrases   int          `json:"phrases"` // refusals that were told by how the text begins
	Before    int          `json:"before"`  // refusals of what stands before the model
	Outcomes  []OutcomeRow `json:"outcomes"`
	Judges    []JudgeRow   `json:"judges"`
	Rates     []RateRow    `json:"rates"`
	Reviews   []ReviewRow  `json:"reviews"`
	Held      []HeldRow    `json:"held"`
}

// OutcomeRow counts what became of the questions of a topic.
type OutcomeRow struct {
	Kind     bank.Kind `json:"kind"`
	Topic    string    `json:"topic"` // empty for all
	Answered int       `json:"answered"`
	Refused  int       `json:"refused"`
	Failed   int       `json:"failed"`
	Unasked  int       `json:"unasked"`
}

// JudgeRow says by what a machine judged.
type JudgeRow struct {
	Name     string   `json:"name"`
	Method   Method   `json:"method"`
	Versions []string `json:"versions"` // more than one where it changed within the run
	Judged   int      `json:"judged"`
}

// RateRow is a share: of answers that passed; of refusals, where the method is by outcome. By people it is the share of what
// was done rightly, in a sample that is drawn by topic.
type RateRow struct {
	Kind   bank.Kind   `json:"kind"`
	Method Method      `json:"method"`
	Judge  string      `json:"judge,omitempty"`
	Topic  string      `json:"topic"` // empty for all
	Rate   sample.Rate `json:"rate"`
}

// ReviewRow says how people judged.
type ReviewRow struct {
	Kind    bank.Kind    `json:"kind"`
	Items   int          `json:"items"`
	Settled int          `json:"settled"`
	Raters  int          `json:"raters"`
	Kappa   sample.Kappa `json:"kappa"`
}

// HeldRow is a yardstick held against a rate. Passed means met, failed not met, and could not tell that too few were judged,
// that nobody judged, or that what nobody could tell decides it.
type HeldRow struct {
	Yardstick sample.Yardstick `json:"yardstick"`
	Judge     string           `json:"judge,omitempty"`
	Rate      sample.Rate      `json:"rate"`
	Must      int              `json:"must"` // have to be judged
	Verdict   sample.Verdict   `json:"verdict"`
}

// count is of answers by outcome, or of verdicts.
type count struct{ hits, known, unknown int }

func (c count) rate() sample.Rate { return sample.RateOf(c.hits, c.known, c.unknown) }

// spot is where a count belongs.
type spot struct {
	kind   bank.Kind
	method Method
	judge  string
	topic  string
}

// Result counts what a run has come to by now. What a finished run came to stays as it was.
func (k *Keeper) Result(ctx context.Context, id string) (Result, error) {
	r, err := k.Run(ctx, id)
	if err != nil {
		return Result{}, err
	}
	if r.Result != nil {
		return *r.Result, nil
	}
	return k.counted(ctx, r)
}

func (k *Keeper) counted(ctx context.Context, r Run) (Result, error) {
	questions, err := k.questions(ctx, r)
	if err != nil {
		return Result{}, err
	}
	answers, err := k.answers(ctx, r.ID)
	if err != nil {
		return Result{}, err
	}
	machines, err := k.judgements(ctx, r.ID)
	if err != nil {
		return Result{}, err
	}
	res := Result{Run: r.ID, Plan: r.Plan, Bank: r.Digest, Questions: len(questions), Asked: len(answers), Outcomes: []OutcomeRow{}, Judges: []JudgeRow{}, Rates: []RateRow{}, Reviews: []ReviewRow{}, Held: []HeldRow{}}
	res.Standard, res.Note = bank.Standard()
	counts := map[spot]count{}
	res.outcomes(questions, answers, counts)
	for _, name := range slices.Sorted(maps.Keys(machines)) {
		m := machines[name]
		res.Judges = append(res.Judges, JudgeRow{name, m.Method, slices.Sorted(slices.Values(m.Versions)), len(m.Verdicts)})
		for _, q := range questions {
			if q.Kind == bank.Generation {
				tally(counts, spot{q.Kind, m.Method, name, q.Topic()}, m.Verdicts[q.ID])
			}
		}
	}
	rates := map[spot]sample.Rate{}
	for s, c := range counts {
		rates[s] = c.rate()
	}
	if err := k.people(ctx, r, &res, rates); err != nil {
		return Result{}, err
	}
	for s, rate := range rates {
		res.Rates = append(res.Rates, RateRow{s.kind, s.method, s.judge, s.topic, rate})
	}
	slices.SortFunc(res.Rates, func(a, b RateRow) int {
		return cmp.Or(cmp.Compare(slices.Index(bank.Kinds(), a.Kind), slices.Index(bank.Kinds(), b.Kind)), cmp.Compare(slices.Index(Methods(), a.Method), slices.Index(Methods(), b.Method)), strings.Compare(a.Judge, b.Judge), strings.Compare(a.Topic, b.Topic))
	})
	res.hold(r)
	return res, nil
}

// tally counts a verdict for a topic and for all.
func tally(counts map[spot]count, at spot, v colophon.Verdict) {
	for _, topic := range []string{at.topic, ""} {
		at.topic = topic
		c := counts[at]
		switch v {
		case colophon.Passed:
			c.hits++
			c.known++
		case colophon.Failed:
			c.known++
		default:
			c.unknown++
		}
		counts[at] = c
	}
}

// outcomes counts what became of the questions, and the refusals where a refusal is right or wrong.
func (res *Result) outcomes(questions []bank.Question, answers map[string]Answer, counts map[spot]count) {
	type key struct {
		kind  bank.Kind
		topic string
	}
	rows := map[key]OutcomeRow{}
	for _, q := range questions {
		a, asked := answers[q.ID]
		v := colophon.Unknown // of: it refused
		for _, topic := range []string{"", q.Topic()} {
			row := rows[key{q.Kind, topic}]
			row.Kind, row.Topic = q.Kind, topic
			switch {
			case !asked:
				row.Unasked++
			case a.Outcome == Answered:
				v = colophon.Failed
				row.Answered++
			case a.Outcome == Refused:
				v = colophon.Passed
				row.Refused++
			default:
				row.Failed++
			}
			rows[key{q.Kind, topic}] = row
		}
		if a.How == HowPhrase {
			res.Phrases++
		}
		if a.Code != "" {
			res.Before++
		}
		if q.Kind != bank.Generation {
			tally(counts, spot{kind: q.Kind, method: ByOutcome, topic: q.Topic()}, v)
		}
	}
	res.Outcomes = slices.AppendSeq(res.Outcomes, maps.Values(rows))
	slices.SortFunc(res.Outcomes, func(a, b OutcomeRow) int {
		return cmp.Or(cmp.Compare(slices.Index(bank.Kinds(), a.Kind), slices.Index(bank.Kinds(), b.Kind)), strings.Compare(a.Topic, b.Topic))
	})
}

// people adds what people judged. What has no answer could not be drawn, and counts as what nobody could tell.
func (k *Keeper) people(ctx context.Context, r Run, res *Result, rates map[spot]sample.Rate) error {
	for _, kind := range bank.Kinds() {
		t, err := k.panel.Tally(ctx, Sheet(r.ID, kind))
		if err != nil {
			return err
		}
		if t.Items == 0 {
			continue
		}
		res.Reviews = append(res.Reviews, ReviewRow{kind, t.Items, t.Settled, t.Raters, t.Kappa})
		judged := map[string]sample.Rate{"": t.All}
		for _, s := range t.Strata {
			judged[s.Name] = s.Rate
		}
		for _, o := range res.Outcomes {
			if o.Kind == kind && o.Failed+o.Unasked > 0 {
				r := judged[o.Topic]
				judged[o.Topic] = sample.RateOf(r.Hits, r.Known, r.Unknown+o.Failed+o.Unasked)
			}
		}
		for topic, r := range judged {
			rates[spot{kind: kind, method: ByPeople, topic: topic}] = r
		}
	}
	return nil
}

// hold holds the yardsticks against the rates. One that nobody judged for is there with nothing known.
func (res *Result) hold(r Run) {
	for _, y := range sample.Yardsticks() {
		kind := bank.Kind(y.Of)
		if !slices.Contains(bank.Kinds(), kind) || !r.Plan.asks(kind) {
			continue
		}
		of, found := 0, false
		for _, o := range res.Outcomes {
			if o.Kind == kind && o.Topic == "" {
				of = o.Answered + o.Refused + o.Failed + o.Unasked
			}
		}
		for _, row := range res.Rates {
			if row.Kind == kind && row.Topic == "" && string(row.Method) == y.Method {
				found = true
				res.Held = append(res.Held, HeldRow{y, row.Judge, row.Rate, y.Must(of), sample.Verdict(y.Hold(row.Rate, of))})
			}
		}
		if !found {
			none := sample.RateOf(0, 0, of)
			res.Held = append(res.Held, HeldRow{y, "", none, y.Must(of), sample.Verdict(y.Hold(none, of))})
		}
	}
}

// Finish ends a run and keeps what it came to. All that was drawn for people must be judged, and no worker at it.
func (k *Keeper) Finish(ctx context.Context, by ledger.By, id string) (Run, error) {
	if err := person(by); err != nil {
		return Run{}, err
	}
	r, err := k.Run(ctx, id)
	if err != nil {
		return Run{}, err
	}
	if err := step(string(r.State), Done); err != nil {
		return Run{}, err
	}
	res, err := k.counted(ctx, r)
	if err != nil {
		return Run{}, err
	}
	if slices.ContainsFunc(res.Reviews, func(v ReviewRow) bool { return v.Settled < v.Items }) {
		return Run{}, conflict(CodeOpen)
	}
	text, err := evidence.Canonical(res)
	if err != nil {
		return Run{}, err
	}
	sum := sha256.Sum256(text)
	e, err := k.runs.Change(ctx, id, func(e *ledger.Entry[Run]) (ledger.Act, error) {
		if err := step(e.State, Done); err != nil {
			return ledger.Act{}, err
		}
		if e.Value.Wanted {
			return ledger.Act{}, conflict(CodeBusy)
		}
		e.State, e.Value.Ended, e.Value.Result, e.Value.Sum = string(Done), k.runs.Now(), &res, hex.EncodeToString(sum[:])
		return ledger.Act{Type: RecordFinished, Role: by.Role, Clauses: clauses(), Payload: changed{Run: id, By: by.ID, Digest: r.Digest, Sum: e.Value.Sum, Result: res}}, nil
	})
	return asRun(e), err
}
