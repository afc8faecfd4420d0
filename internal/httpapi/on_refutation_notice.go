package httpapi

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/staff"
)

type noticePage struct {
	Notices []RefutationNotice `json:"notices" nullable:"false" doc:"The oldest first."`
	Next    string             `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
}

type noticesOutput struct{ Body noticePage }

type waitingNoticesInput struct {
	Page
	States []refutation.NoticeState `query:"state,explode" nullable:"false" maxItems:"5" enum:"waiting,told,read,unreachable,dropped" doc:"State; may be repeated. Without it those that wait."`
}

// waitingNotices lists what is to be told. An application sees what is for accounts and for itself, and never what is for another
// application.
func (s *server) waitingNotices(ctx context.Context, in *waitingNoticesInput) (*noticesOutput, error) {
	f := refutation.NoticeFilter{States: in.States, After: in.Cursor, Limit: in.Limit}
	if len(f.States) == 0 {
		f.States = []refutation.NoticeState{refutation.Waiting}
	}
	return s.delivered(ctx, f)
}

type ownNoticesInput struct {
	Body struct {
		Whose
		Cursor string                   `json:"cursor,omitempty" maxLength:"1024" doc:"next of the page before."`
		Limit  int                      `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"The most that one page holds; 0 for 100."`
		States []refutation.NoticeState `json:"states,omitempty" nullable:"false" maxItems:"5" enum:"waiting,told,read,unreachable,dropped" doc:"States; by itself all but those that were dropped."`
	}
}

func (s *server) ownNotices(ctx context.Context, in *ownNoticesInput) (*noticesOutput, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	f := refutation.NoticeFilter{To: string(account), States: in.Body.States, After: in.Body.Cursor, Limit: in.Body.Limit}
	if f.Limit == 0 {
		f.Limit = 100
	}
	if len(f.States) == 0 {
		f.States = []refutation.NoticeState{refutation.Waiting, refutation.Told, refutation.Read, refutation.Unreachable}
	}
	return s.delivered(ctx, f)
}

// delivered lists notices with what they say.
func (s *server) delivered(ctx context.Context, f refutation.NoticeFilter) (*noticesOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.NoticeDeliver); err != nil {
		return nil, err
	}
	list, next, err := s.Refutations.Notices(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &noticesOutput{Body: noticePage{[]RefutationNotice{}, next}}
	said := map[string]*PublicRefutation{}
	for _, n := range list {
		if !mayDeliver(ctx, n) {
			continue
		}
		if said[n.Refutation] == nil {
			r, err := s.Refutations.Refutation(ctx, n.Refutation)
			if err != nil {
				return nil, err
			}
			v := s.viewPublic(r)
			said[n.Refutation] = &v
		}
		v := viewNotice(n)
		v.Says = said[n.Refutation]
		out.Body.Notices = append(out.Body.Notices, v)
	}
	return out, nil
}

// mayDeliver reports whether a notice is one that the asker may see and acknowledge.
func mayDeliver(ctx context.Context, n refutation.Notice) bool {
	a := askerOf(ctx)
	return n.Party == refutation.Account || a.key == nil || n.To == a.by.ID
}

type acknowledgeNoticeInput struct {
	Keyed
	Named
	Body struct {
		State refutation.NoticeState `json:"state" enum:"told,read,unreachable" doc:"Told: it was shown or sent. Read: the recipient opened it or says so. Unreachable: the recipient can't be told."`
	}
}

type noticeOutput struct {
	Replayed
	Body RefutationNotice
}

func (s *server) acknowledgeNotice(ctx context.Context, in *acknowledgeNoticeInput) (*noticeOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.NoticeDeliver); err != nil {
		return nil, err
	}
	n, err := s.Refutations.Notice(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if !mayDeliver(ctx, n) {
		return nil, refuse(colophon.Missing, refutation.CodeNotice)
	}
	if n, err = s.Refutations.Acknowledge(ctx, ledgerBy(ctx), in.ID, in.Body.State); err != nil {
		return nil, err
	}
	return &noticeOutput{Body: viewNotice(n)}, nil
}
