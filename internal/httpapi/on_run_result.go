package httpapi

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

// Rate is a share with all that it is made of.
type Rate struct {
	Hits    int `json:"hits" doc:"Numerator."`
	Known   int `json:"known" doc:"Denominator."`
	Unknown int `json:"unknown" doc:"Of which nobody could tell; not in the denominator."`
	Share   int `json:"share" doc:"Hits of known, in parts per million; 0 where nothing is known."`
	Low     int `json:"low" doc:"Of the Wilson interval that covers 95 of 100, in parts per million."`
	High    int `json:"high" doc:"The same."`
}

// Agreement is Cohen's kappa: how much two judgements of the same items agree beyond what chance would give.
type Agreement struct {
	Pairs   int  `json:"pairs" doc:"Items that two people judged."`
	Agreed  int  `json:"agreed" doc:"Those about which the two agree."`
	Defined bool `json:"defined" doc:"False where there are no pairs, or chance alone would give full agreement."`
	Value   int  `json:"value" doc:"In parts per million, from -1,000,000; 0 where it is not defined."`
}

// RunOutcomes counts what became of the questions of a topic.
type RunOutcomes struct {
	Kind     bank.Kind  `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"Kind of question."`
	Topic    *BankTopic `json:"topic,omitempty" doc:"Risk or aspect; absent for all."`
	Answered int        `json:"answered" doc:"Answered by a text."`
	Refused  int        `json:"refused" doc:"Refused."`
	Failed   int        `json:"failed" doc:"No answer that could be told."`
	Unasked  int        `json:"unasked" doc:"Not asked yet."`
}

// RunJudge says by what a machine judged.
type RunJudge struct {
	Name     string     `json:"name" doc:"Name."`
	Method   run.Method `json:"method" enum:"keyword,classifier,people,outcome" doc:"How."`
	Versions []string   `json:"versions" nullable:"false" doc:"More than one where it changed within the run."`
	Judged   int        `json:"judged" doc:"Answers that it judged."`
}

// RunRate is a share of answers that passed; of refusals, by outcome.
type RunRate struct {
	Kind   bank.Kind  `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"Kind of question."`
	Method run.Method `json:"method" enum:"keyword,classifier,people,outcome" doc:"How it was judged."`
	Judge  string     `json:"judge,omitempty" doc:"By which machine."`
	Topic  *BankTopic `json:"topic,omitempty" doc:"Risk or aspect; absent for all."`
	Rate   Rate       `json:"rate" doc:"The share."`
}

// RunReview says how people judged.
type RunReview struct {
	Panel   string    `json:"panel" doc:"The sample."`
	Kind    bank.Kind `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"Kind of question."`
	Items   int       `json:"items" doc:"Answers that were drawn."`
	Settled int       `json:"settled" doc:"Those that need no judgement any more."`
	Raters  int       `json:"raters" doc:"People whose judgements kappa is made of."`
	Kappa   Agreement `json:"kappa" doc:"How much they agree."`
}

// RunHeld is a figure of the standard held against a rate.
type RunHeld struct {
	ID              string          `json:"id" doc:"Identifier of the figure."`
	Kind            bank.Kind       `json:"kind" enum:"generation,should-refuse,should-not-refuse" doc:"Kind of question."`
	Method          run.Method      `json:"method" enum:"keyword,classifier,people,outcome" doc:"How it is to be judged."`
	Judge           string          `json:"judge,omitempty" doc:"By which machine."`
	Share           int             `json:"share" doc:"In parts per million."`
	AtMost          bool            `json:"at_most" doc:"The share is a limit, not a least share."`
	ShareSource     string          `json:"share_source" doc:"Where the share is from."`
	ShareConfidence bank.Confidence `json:"share_confidence" enum:"primary,secondary,draft,unconfirmed" doc:"How sure that is."`
	Must            int             `json:"must" doc:"How many have to be judged."`
	MustSource      string          `json:"must_source,omitempty" doc:"Where that number is from."`
	MustConfidence  bank.Confidence `json:"must_confidence,omitempty" doc:"How sure that is."`
	Rate            Rate            `json:"rate" doc:"What it is held against."`
	Verdict         string          `json:"verdict" enum:"passed,failed,could-not-tell" doc:"passed: it is met; failed: it is not; could-not-tell: too few were judged, nobody judged, or what nobody could tell decides it."`
}

// RunResult is what a run comes to, in figures.
type RunResult struct {
	Run       string        `json:"run" doc:"Run."`
	Standard  string        `json:"standard" doc:"What the figures are of."`
	Note      string        `json:"note" doc:"What of them is not confirmed."`
	Questions int           `json:"questions" doc:"Questions."`
	Asked     int           `json:"asked" doc:"Those whose answers are kept."`
	Phrases   int           `json:"phrases" doc:"Refusals that were told by how the text begins."`
	Before    int           `json:"before" doc:"Refusals of what stands before the model, such as screening."`
	Held      []RunHeld     `json:"held" nullable:"false" doc:"Figures held against rates."`
	Rates     []RunRate     `json:"rates" nullable:"false" doc:"Rates, of all and of each risk or aspect."`
	Outcomes  []RunOutcomes `json:"outcomes" nullable:"false" doc:"What became of the questions."`
	Judges    []RunJudge    `json:"judges" nullable:"false" doc:"Machines that judged."`
	Reviews   []RunReview   `json:"reviews" nullable:"false" doc:"How people judged."`
}

// topicOf is a risk or an aspect by its identifier; nil for all.
func topicOf(kind bank.Kind, id string) *BankTopic {
	if id == "" {
		return nil
	}
	for _, t := range bank.Topics(kind) {
		if t.ID == id {
			v := viewTopic(t)
			return &v
		}
	}
	return &BankTopic{ID: id, Confidence: bank.Unconfirmed}
}

func viewResult(res run.Result) RunResult {
	v := RunResult{Run: res.Run, Standard: res.Standard, Note: res.Note, Questions: res.Questions, Asked: res.Asked, Phrases: res.Phrases, Before: res.Before, Held: []RunHeld{}, Rates: []RunRate{}, Outcomes: []RunOutcomes{}, Judges: []RunJudge{}, Reviews: []RunReview{}}
	for _, h := range res.Held {
		y := h.Yardstick
		v.Held = append(v.Held, RunHeld{y.ID, bank.Kind(y.Of), run.Method(y.Method), h.Judge, y.Share, y.AtMost, y.ShareSource, y.ShareConfidence, h.Must, y.LeastSource, y.LeastConfidence, Rate(h.Rate), colophon.Verdict(h.Verdict).String()})
	}
	for _, r := range res.Rates {
		v.Rates = append(v.Rates, RunRate{r.Kind, r.Method, r.Judge, topicOf(r.Kind, r.Topic), Rate(r.Rate)})
	}
	for _, o := range res.Outcomes {
		v.Outcomes = append(v.Outcomes, RunOutcomes{o.Kind, topicOf(o.Kind, o.Topic), o.Answered, o.Refused, o.Failed, o.Unasked})
	}
	for _, j := range res.Judges {
		v.Judges = append(v.Judges, RunJudge{j.Name, j.Method, append([]string{}, j.Versions...), j.Judged})
	}
	for _, r := range res.Reviews {
		v.Reviews = append(v.Reviews, RunReview{run.Sheet(res.Run, r.Kind), r.Kind, r.Items, r.Settled, r.Raters, viewKappa(r.Kappa)})
	}
	return v
}

func viewKappa(k sample.Kappa) Agreement { return Agreement(k) }

type runResultOutput struct{ Body RunResult }

func (s *server) runResult(ctx context.Context, in *Named) (*runResultOutput, error) {
	res, err := s.Runs.Result(ctx, in.ID)
	return &runResultOutput{viewResult(res)}, err
}
