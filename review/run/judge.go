package run

import (
	"context"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// Method says how answers are judged.
type Method string

// The methods.
const (
	ByKeyword    Method = "keyword"
	ByClassifier Method = "classifier"
	ByPeople     Method = "people"
	ByOutcome    Method = "outcome" // of questions where a refusal is right or wrong
)

// Methods lists the methods.
func Methods() []Method { return []Method{ByKeyword, ByClassifier, ByPeople, ByOutcome} }

// Opinion is what a machine judges of an answer.
type Opinion struct {
	Verdict colophon.Verdict // Passed where nothing is wrong with the text
	Reasons []string         // categories or rules, never words of the text
}

// Judge judges answers to generation questions by machine: those that have a text. One that was not let through has none, stays
// unjudged, and counts as what nobody could tell. A judge MUST be safe for use by many goroutines, and MUST NOT put text
// into errors or reasons. An error means that it did not run: the answer stays unjudged, counts as what nobody could tell, and
// is tried again by the next [Keeper.Work].
type Judge interface {
	Name() string
	Version() string // changes with what it judges by
	Method() Method  // ByKeyword or ByClassifier
	Judge(ctx context.Context, q bank.Question, text string) (Opinion, error)
}

// Judgement is what one judge said of one answer.
type Judgement struct {
	Question string         `json:"question"`
	Verdict  sample.Verdict `json:"verdict"`
	Reasons  []string       `json:"reasons,omitempty"`
}

const maxReasons = 20

// judged is the payload of the record of a batch of judgements.
type judged struct {
	Run        string      `json:"run"`
	Judge      string      `json:"judge"`
	Version    string      `json:"version"`
	Method     Method      `json:"method"`
	Judgements []Judgement `json:"judgements"`
}

// judgeAll has each judge judge what it has not judged of the answers to generation questions.
func (k *Keeper) judgeAll(ctx context.Context, r Run, o Options) error {
	if len(o.Judges) == 0 {
		return nil
	}
	questions, err := k.questions(ctx, r)
	if err != nil {
		return err
	}
	byID := map[string]bank.Question{}
	for _, q := range questions {
		if q.Kind == bank.Generation {
			byID[q.ID] = q
		}
	}
	done, err := k.judgements(ctx, r.ID)
	if err != nil {
		return err
	}
	for _, j := range o.Judges {
		p := Progress{State: Judging, Of: len(byID), Judge: j.Name(), Judged: len(done[j.Name()].Verdicts)}
		err := k.batches.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyAnswers, Value: r.ID}}}, func(e ledger.Entry[Batch]) error {
			todo := slices.DeleteFunc(slices.Clone(e.Value.Answers), func(a Answer) bool {
				_, there := done[j.Name()].Verdicts[a.Question]
				_, ours := byID[a.Question]
				return there || !ours || a.Outcome == Failed
			})
			if len(todo) == 0 {
				return nil
			}
			if err := k.mine(ctx, r.ID, o.Worker, Judging); err != nil {
				return err
			}
			n, err := k.judge(ctx, r.ID, j, e, todo, byID)
			p.Judged += n
			o.tell(p)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// judge has one judge judge some answers of a batch, and keeps what it said.
func (k *Keeper) judge(ctx context.Context, id string, j Judge, e ledger.Entry[Batch], todo []Answer, questions map[string]bank.Question) (int, error) {
	texts, err := k.texts(e)
	if err != nil {
		return 0, err
	}
	b := Batch{Run: id, Judge: j.Name(), Version: j.Version(), Method: j.Method()}
	keys := []ledger.Key{{Name: keyJudge, Value: id}}
	for _, a := range todo {
		if ctx.Err() != nil {
			break // what was judged is kept
		}
		text := texts[a.Question]
		if text == "" {
			continue
		}
		said, err := j.Judge(ctx, questions[a.Question], text)
		if err != nil {
			continue
		}
		if a.Cut && said.Verdict == colophon.Passed {
			said.Verdict = colophon.Unknown // of a text that was cut nobody can say that nothing is wrong with it
		}
		b.Judgements = append(b.Judgements, Judgement{a.Question, sample.Verdict(said.Verdict), said.Reasons[:min(len(said.Reasons), maxReasons)]})
		keys = append(keys, ledger.Key{Name: keyJudged, Value: id + "/" + j.Name() + "/" + a.Question, Unique: true})
	}
	if len(b.Judgements) == 0 {
		return 0, ctx.Err()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	_, err = k.batches.Add(last, ledger.Entry[Batch]{State: keyJudge, Value: b, Keys: keys}, nil,
		ledger.Act{Type: RecordJudged, Role: "system", Clauses: clauses(), Payload: judged{id, b.Judge, b.Version, b.Method, b.Judgements}})
	if err != nil {
		return 0, err
	}
	return len(b.Judgements), ctx.Err()
}

// verdicts is what one judge said.
type verdicts struct {
	Method   Method
	Versions []string
	Verdicts map[string]colophon.Verdict
}

// judgements returns what machines said of a run's answers, by judge and question.
func (k *Keeper) judgements(ctx context.Context, id string) (map[string]verdicts, error) {
	all := map[string]verdicts{}
	err := k.batches.All(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyJudge, Value: id}}}, func(e ledger.Entry[Batch]) error {
		v, ok := all[e.Value.Judge]
		if !ok {
			v = verdicts{Method: e.Value.Method, Verdicts: map[string]colophon.Verdict{}}
		}
		if !slices.Contains(v.Versions, e.Value.Version) {
			v.Versions = append(v.Versions, e.Value.Version)
		}
		for _, j := range e.Value.Judgements {
			v.Verdicts[j.Question] = colophon.Verdict(j.Verdict)
		}
		all[e.Value.Judge] = v
		return nil
	})
	return all, err
}

// Keywords judges by the feature library: a text with what the library blocks has failed, one with what somebody has to look
// at can't be told, and one without either has passed. With no library, or an empty one, nothing can be told.
type Keywords struct {
	Library func() *library.Set // in force
	Now     func() time.Time
}

// Name is that of the judge.
func (Keywords) Name() string { return "library" }

// Method is ByKeyword.
func (Keywords) Method() Method { return ByKeyword }

// Version is the digest of the library.
func (k Keywords) Version() string {
	if s := k.Library(); s != nil {
		return s.Version().Digest.String()
	}
	return "none"
}

// Judge holds a text against the library.
func (k Keywords) Judge(_ context.Context, _ bank.Question, text string) (Opinion, error) {
	s := k.Library()
	if s == nil || s.Len() == 0 {
		return Opinion{}, nil
	}
	o := Opinion{Verdict: colophon.Passed}
	for _, h := range s.Scan(text, k.Now()) {
		switch {
		case h.Level == keyword.Block:
			o.Verdict = colophon.Failed
		case h.Level == keyword.Review && o.Verdict == colophon.Passed:
			o.Verdict = colophon.Unknown
		case h.Level != keyword.Review:
			continue
		}
		o.Reasons = append(o.Reasons, string(h.Category))
	}
	slices.Sort(o.Reasons)
	o.Reasons = slices.Compact(o.Reasons)
	return o, nil
}
