package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
)

// CaseStep is a step of a case that is still to be done.
type CaseStep struct {
	Step   desk.Step `json:"step" enum:"acknowledge,decide,feedback" doc:"The step."`
	Due    time.Time `json:"due" doc:"By when."`
	Unsure []int     `json:"unsure,omitempty" nullable:"false" doc:"Years whose holidays are not known, so that Monday to Friday are counted."`
	Stands bool      `json:"stands,omitempty" doc:"The clock stands still; it would be due then if it went on now."`
}

// CasePause is a time in which a case waited for somebody, or waits.
type CasePause struct {
	Why   colophon.Code `json:"why" doc:"For whom."`
	From  time.Time     `json:"from" doc:"Since when."`
	To    *time.Time    `json:"to,omitempty" doc:"Until when it did; absent while it waits."`
	Until time.Time     `json:"until" doc:"When it ends by itself."`
	Stops bool          `json:"stops,omitempty" doc:"The clock of the decision stands still meanwhile."`
}

// viewPlan are the steps of a case that are still to be done.
func (s *server) viewPlan(c desk.Case) (list []CaseStep) {
	for _, p := range s.Desk.Plan(c) {
		list = append(list, CaseStep(p))
	}
	return list
}

// dueDecision is when the decision of an open case is due.
func (s *server) dueDecision(c desk.Case) *time.Time {
	for _, p := range s.Desk.Plan(c) {
		if p.Step == desk.ToDecide {
			return &p.Due
		}
	}
	return nil
}

// viewPauses are the times in which a case waited.
func viewPauses(c desk.Case) (list []CasePause) {
	for _, p := range c.Clock.Pauses {
		list = append(list, CasePause{p.Why, p.From, set(p.To), p.Until, p.Stops})
	}
	return list
}

type previewOutput struct{ Body MeasureStatement }

// previewCase says what a decision would say. It is refused like the decision itself, and nothing is decided.
func (s *server) previewCase(ctx context.Context, in *decideCaseInput) (*previewOutput, error) {
	c, err := s.Desk.Foresee(ctx, clerk(ctx), in.ID, in.ruling())
	if err != nil {
		return nil, err
	}
	return &previewOutput{*inBoth(s.Desk.Reasons(c))}, nil
}
