package httpapi

import (
	"cmp"
	"context"
	"time"

	"github.com/colophon-project/colophon/staff"
)

type jobOutput struct{ Body Job }

// job shows a job to whoever may read artefacts: an identifier is told only to the one who got the job for an upload, and
// nobody guesses it.
func (s *server) job(ctx context.Context, in *Named) (*jobOutput, error) {
	j, err := s.Jobs.Job(ctx, in.ID)
	return &jobOutput{j}, err
}

type jobsInput struct {
	After  string `query:"after" maxLength:"64" pattern:"^[0-9a-z-]*$" patternDescription:"an identifier" doc:"Identifier of the last job of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most that one page holds."`
	State  string `query:"state" enum:"waiting,running,done,dead" default:"dead" doc:"How far they are."`
	Cursor string `query:"cursor" maxLength:"64" pattern:"^[0-9a-z-]*$" patternDescription:"an identifier" doc:"next of the page before; or after."`
}

type jobsOutput struct {
	Body struct {
		Jobs  []Job            `json:"jobs" nullable:"false" doc:"Jobs in the state, oldest first."`
		Next  string           `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
		Depth map[string]int64 `json:"depth" doc:"How many there are in each state but done."`
	}
}

func (s *server) jobs(ctx context.Context, in *jobsInput) (*jobsOutput, error) {
	list, err := s.Jobs.List(ctx, in.State, cmp.Or(in.Cursor, in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &jobsOutput{}
	out.Body.Jobs = append([]Job{}, list...)
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].ID
	}
	out.Body.Depth, err = s.Jobs.Depth(ctx)
	return out, err
}

type judgeInput struct {
	Keyed
	Named
}

type judgeOutput struct{ Replayed }

func (s *server) retry(ctx context.Context, in *judgeInput) (*judgeOutput, error) {
	return &judgeOutput{}, s.Jobs.Retry(ctx, askerOf(ctx).by, in.ID)
}

func (s *server) discard(ctx context.Context, in *judgeInput) (*judgeOutput, error) {
	return &judgeOutput{}, s.Jobs.Discard(ctx, askerOf(ctx).by, in.ID)
}

type keysInput struct {
	After string `query:"after" maxLength:"64" pattern:"^[0-9a-z-]*$" patternDescription:"an identifier" doc:"Identifier of the last key of the page before."`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most that one page holds."`
}

type keysOutput struct {
	Body struct {
		Keys []APIKey `json:"keys" nullable:"false" doc:"In the order in which they were made."`
	}
}

func (s *server) keys(ctx context.Context, in *keysInput) (*keysOutput, error) {
	list, err := s.Roster.Keys(ctx, askerOf(ctx).actor, staff.ID(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &keysOutput{}
	out.Body.Keys = []APIKey{}
	for _, k := range list {
		out.Body.Keys = append(out.Body.Keys, viewKey(k))
	}
	return out, nil
}

type newKeyInput struct {
	Keyed
	Body struct {
		Name      string         `json:"name" minLength:"1" maxLength:"80" doc:"Name of the application, not of a person." example:"picture service"`
		Actions   []staff.Action `json:"actions" nullable:"false" minItems:"1" doc:"What it may do. You give nothing that you may not do yourself."`
		Services  []string       `json:"services,omitempty" nullable:"false" doc:"For which services; * for all."`
		Functions []string       `json:"functions,omitempty" nullable:"false" doc:"For which functions; * for all."`
		Days      int            `json:"days" minimum:"1" maximum:"3650" doc:"For how many days it is good." example:"90"`
	}
}

// newKey is an API key with its text.
type newKey struct {
	Text string `json:"text,omitempty" doc:"The key itself. It is shown this once, and not when the answer is given again for an idempotency key." example:"clp_…"`
	Key  APIKey `json:"key" doc:"What is kept of it."`
}

type newKeyOutput struct {
	Replayed
	Body newKey
}

// withoutSecret is what is kept as the answer to an idempotency key.
func (o *newKeyOutput) withoutSecret() newKeyOutput {
	return newKeyOutput{Body: newKey{Key: o.Body.Key}}
}

func (s *server) createKey(ctx context.Context, in *newKeyInput) (*newKeyOutput, error) {
	scope := staff.Scope{Actions: in.Body.Actions, Services: in.Body.Services, Functions: in.Body.Functions}
	text, key, err := s.Roster.CreateKey(ctx, askerOf(ctx).actor, in.Body.Name, scope, time.Duration(in.Body.Days)*24*time.Hour)
	if err != nil {
		return nil, err
	}
	return &newKeyOutput{Body: newKey{text, viewKey(key)}}, nil
}

type rotateInput struct {
	Keyed
	Named
	Body struct {
		Hours int `json:"overlap_hours" minimum:"0" maximum:"8760" doc:"For how many hours the old key stays good." example:"24"`
	}
}

func (s *server) rotateKey(ctx context.Context, in *rotateInput) (*newKeyOutput, error) {
	text, key, err := s.Roster.RotateKey(ctx, askerOf(ctx).actor, staff.ID(in.ID), time.Duration(in.Body.Hours)*time.Hour)
	if err != nil {
		return nil, err
	}
	return &newKeyOutput{Body: newKey{text, viewKey(key)}}, nil
}

func (s *server) revokeKey(ctx context.Context, in *Named) (*nothing, error) {
	return &nothing{}, s.Roster.RevokeKey(ctx, askerOf(ctx).actor, staff.ID(in.ID))
}
