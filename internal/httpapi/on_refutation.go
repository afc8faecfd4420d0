package httpapi

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/screen/phash"
	"github.com/colophon-project/colophon/staff"
)

func refutationRoutes() []route {
	return []route{
		{get, "/v1/refutations", "refutations", staff.RefutationRead, "refutations", 0, 200, do((*server).refutationList), "List refutations, the newest first", 0},
		{post, "/v1/refutations", "draft-refutation", staff.RefutationWrite, "refutations", large, 201, once((*server).draftRefutation), "Draft a refutation", 0},
		{get, "/v1/refutations/{id}", "refutation", staff.RefutationRead, "refutations", 0, 200, do((*server).refutationOne), "Show a refutation", 0},
		{post, "/v1/refutations/{id}:revise", "revise-refutation", staff.RefutationWrite, "refutations", large, 200, once((*server).reviseRefutation), "Write a draft anew", 0},
		{post, "/v1/refutations/{id}:propose", "propose-refutation", staff.RefutationWrite, "refutations", small, 200, once((*server).proposeRefutation), "Give a draft to somebody else to publish", 0},
		{post, "/v1/refutations/{id}:return", "return-refutation", staff.RefutationWrite, "refutations", small, 200, once((*server).returnRefutation), "Make what was proposed a draft again", 0},
		{post, "/v1/refutations/{id}:publish", "publish-refutation", staff.RefutationPublish, "refutations", small, 200, once((*server).publishRefutation), "Publish what others wrote, in the version that you read", 0},
		{post, "/v1/refutations/{id}:withdraw", "withdraw-refutation", staff.RefutationWrite, "refutations", large, 200, once((*server).withdrawRefutation), "Give up a draft, or withdraw what was published and say why", 0},
		{post, "/v1/refutations/{id}:spread", "spread-refutation", staff.RefutationWrite, "refutations", small, 200, once((*server).spreadRefutation), "Look again for those who received the content", 0},
		{get, "/v1/refutations/{id}/reach", "refutation-reach", staff.RefutationRead, "refutations", 0, 200, do((*server).refutationReach), "Count whom a refutation reached, and say where nobody knows", 0},
		{get, "/v1/refutations/{id}/notices", "refutation-notices", staff.RefutationRead, "refutations", 0, 200, do((*server).refutationNotices), "List the notices of a refutation, the oldest first", 0},
		{get, "/v1/cases/{id}/material", "case-material", staff.RefutationWrite, "refutations", 0, 200, do((*server).caseMaterial), "What a draft may take from a case", 0},

		{get, "/v1/notices", "notices", staff.NoticeDeliver, "refutations", 0, 200, do((*server).waitingNotices), "List notices to accounts and to your application, the oldest first", 0},
		{post, "/v1/notices:own", "own-notices", staff.NoticeDeliver, "refutations", small, 200, do((*server).ownNotices), "List the notices to an account", 0},
		{post, "/v1/notices/{id}:acknowledge", "acknowledge-notice", staff.NoticeDeliver, "refutations", small, 200, once((*server).acknowledgeNotice), "Say that a recipient was told, read it, or can't be reached", 0},
	}
}

// RefutationDraft is what a person writes.
type RefutationDraft struct {
	Claim     Words              `json:"claim" doc:"What is said and is not so, in both languages."`
	Verdict   feed.Verdict       `json:"verdict" enum:"false,altered,out-of-context,unproven" doc:"What is wrong with it."`
	Reason    Words              `json:"reason" doc:"Why, in plain words and in both languages. A stamp can't be proposed."`
	Sources   []RefutationSource `json:"sources,omitempty" maxItems:"16" nullable:"false" doc:"Where that stands; one at least to propose it."`
	Numbers   []string           `json:"numbers,omitempty" maxItems:"128" nullable:"false" doc:"Content numbers that it is about."`
	Digests   []FileDigest       `json:"digests,omitempty" maxItems:"128" nullable:"false" doc:"Digests of files that it is about."`
	Hashes    []phash.Hash       `json:"hashes,omitempty" maxItems:"128" nullable:"false" doc:"PDQ hashes of pictures that it is about; those of good quality."`
	Known     bool               `json:"known,omitempty" doc:"Adds the digests and hashes that are known here of the content numbers."`
	Texts     []string           `json:"texts,omitempty" maxItems:"8" nullable:"false" doc:"The claim as it goes round. Signatures of them are kept, and not the texts."`
	Near      []string           `json:"signatures,omitempty" maxItems:"128" nullable:"false" doc:"Signatures of texts that were kept before; where a draft is written anew those that it is to keep."`
	FirstSeen *time.Time         `json:"first_seen,omitempty" doc:"When the claim was seen first."`
	Cases     []string           `json:"cases,omitempty" maxItems:"64" nullable:"false" doc:"Cases of the desk that it comes from; not public."`
	Reports   []string           `json:"reports,omitempty" maxItems:"64" nullable:"false" doc:"Reports to authorities; not public."`
	Corrects  string             `json:"corrects,omitempty" maxLength:"64" doc:"The published refutation that this one is to stand instead of. It can't be changed later."`
}

// draft reads what somebody wrote.
func (s *server) draft(ctx context.Context, d RefutationDraft) (refutation.Draft, error) {
	out := refutation.Draft{Claim: feed.Words(d.Claim), Verdict: d.Verdict, Reason: feed.Words(d.Reason), Texts: d.Texts, Cases: d.Cases, Reports: d.Reports, Corrects: d.Corrects,
		Prints: feed.Prints{Numbers: d.Numbers, Likeness: d.Hashes}}
	for _, one := range d.Sources {
		out.Sources = append(out.Sources, feed.Source(one))
	}
	for _, one := range d.Digests {
		out.Prints.Digests = append(out.Prints.Digests, feed.Digest(one))
	}
	for _, text := range d.Near {
		if err := addSignature(&out.Prints, text); err != nil {
			return out, invalid("body.signatures", "expected signatures as they were handed out")
		}
	}
	if d.FirstSeen != nil {
		out.FirstSeen = *d.FirstSeen
	}
	if d.Known {
		return out, s.addKnown(ctx, &out.Prints)
	}
	return out, nil
}

// addKnown adds what the register knows of content by its number: the digest of what was handed out, and hashes of pictures.
// What is not of this service has none here.
func (s *server) addKnown(ctx context.Context, p *feed.Prints) error {
	for _, n := range p.Numbers {
		a, err := s.Artefacts.Artefact(ctx, artefact.Number(n))
		var e *colophon.Error
		if errors.As(err, &e) && (e.Kind == colophon.Missing || e.Kind == colophon.Invalid) {
			continue
		}
		if err != nil {
			return err
		}
		if d := (feed.Digest{Alg: "sha256", Value: hex.EncodeToString(a.After[:])}); a.After != (artefact.Digest{}) && !slices.Contains(p.Digests, d) && len(p.Digests) < feed.MaxPrints {
			p.Digests = append(p.Digests, d)
		}
		for hashes := range slices.Chunk(a.Likeness, artefact.HashSize) {
			h, err := phash.Parse(hex.EncodeToString(hashes))
			if err != nil {
				return err
			}
			if !slices.Contains(p.Likeness, h) && len(p.Likeness) < feed.MaxPrints {
				p.Likeness = append(p.Likeness, h)
			}
		}
	}
	return nil
}

type refutationListInput struct {
	Page
	States []refutation.State `query:"state,explode" nullable:"false" maxItems:"5" enum:"draft,proposed,published,corrected,withdrawn" doc:"State; may be repeated."`
	Number string             `query:"number" maxLength:"128" doc:"Content number that it is about."`
	Case   string             `query:"case" maxLength:"64" doc:"Case that it comes from."`
}

type refutationListOutput struct {
	Body struct {
		Refutations []Refutation `json:"refutations" nullable:"false" doc:"Refutations."`
		Next        string       `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) refutationList(ctx context.Context, in *refutationListInput) (*refutationListOutput, error) {
	list, next, err := s.Refutations.Refutations(ctx, refutation.Filter{States: in.States, Number: in.Number, Case: in.Case, After: in.Cursor, Limit: in.Limit})
	out := &refutationListOutput{}
	out.Body.Refutations, out.Body.Next = []Refutation{}, next
	for _, r := range list {
		out.Body.Refutations = append(out.Body.Refutations, s.viewRefutation(r))
	}
	return out, err
}

type refutationOutput struct {
	Replayed
	Body Refutation
}

func (s *server) shownRefutation(r refutation.Refutation, err error) (*refutationOutput, error) {
	if err != nil {
		return nil, err
	}
	return &refutationOutput{Body: s.viewRefutation(r)}, nil
}

func (s *server) refutationOne(ctx context.Context, in *Named) (*refutationOutput, error) {
	return s.shownRefutation(s.Refutations.Refutation(ctx, in.ID))
}

type draftRefutationInput struct {
	Keyed
	Body RefutationDraft
}

func (s *server) draftRefutation(ctx context.Context, in *draftRefutationInput) (*refutationOutput, error) {
	d, err := s.draft(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return s.shownRefutation(s.Refutations.Draft(ctx, ledgerBy(ctx), d))
}

type reviseRefutationInput struct {
	Keyed
	Named
	Body RefutationDraft
}

func (s *server) reviseRefutation(ctx context.Context, in *reviseRefutationInput) (*refutationOutput, error) {
	d, err := s.draft(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return s.shownRefutation(s.Refutations.Revise(ctx, ledgerBy(ctx), in.ID, d))
}

type oneRefutationInput struct {
	Keyed
	Named
}

func (s *server) proposeRefutation(ctx context.Context, in *oneRefutationInput) (*refutationOutput, error) {
	return s.shownRefutation(s.Refutations.Propose(ctx, ledgerBy(ctx), in.ID))
}

func (s *server) returnRefutation(ctx context.Context, in *oneRefutationInput) (*refutationOutput, error) {
	return s.shownRefutation(s.Refutations.Return(ctx, ledgerBy(ctx), in.ID))
}

type publishRefutationInput struct {
	Keyed
	Named
	Body struct {
		Version int64 `json:"version" minimum:"1" doc:"The version that you read; another one is not published."`
	}
}

func (s *server) publishRefutation(ctx context.Context, in *publishRefutationInput) (*refutationOutput, error) {
	r, err := s.Refutations.Publish(ctx, ledgerBy(ctx), in.ID, in.Body.Version)
	if err != nil {
		return nil, err
	}
	if r.Corrects != "" {
		s.spread(ctx, r.Corrects)
	}
	return s.shownRefutation(s.spread(ctx, r.ID), nil)
}

// spread does what follows. What fails is due, and the sweep does it.
func (s *server) spread(ctx context.Context, id string) refutation.Refutation {
	r, err := s.Refutations.Spread(ctx, id)
	if err != nil {
		s.Logger.ErrorContext(ctx, "spreading a refutation", "error", err)
	}
	return r
}

type withdrawRefutationInput struct {
	Keyed
	Named
	Body struct {
		Why *Words `json:"why,omitempty" doc:"Why, in plain words and in both languages; needed for what was published."`
	}
}

// withdrawRefutation lets whoever may publish alone withdraw what is public.
func (s *server) withdrawRefutation(ctx context.Context, in *withdrawRefutationInput) (*refutationOutput, error) {
	r, err := s.Refutations.Refutation(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	// What is published meanwhile needs a reason, which nobody gives for a draft.
	if !r.Published.IsZero() || in.Body.Why != nil {
		if err := askerOf(ctx).mayOfAll(staff.RefutationPublish); err != nil {
			return nil, err
		}
	}
	var why feed.Words
	if in.Body.Why != nil {
		why = feed.Words(*in.Body.Why)
	}
	if r, err = s.Refutations.Withdraw(ctx, ledgerBy(ctx), in.ID, why); err == nil && !r.Published.IsZero() {
		r = s.spread(ctx, r.ID)
	}
	return s.shownRefutation(r, err)
}

func (s *server) spreadRefutation(ctx context.Context, in *oneRefutationInput) (*refutationOutput, error) {
	return s.shownRefutation(s.Refutations.Spread(ctx, in.ID))
}

type reachOutput struct{ Body RefutationReach }

func (s *server) refutationReach(ctx context.Context, in *Named) (*reachOutput, error) {
	r, err := s.Refutations.Reached(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &reachOutput{viewReach(printer(askerOf(ctx).language), r)}, nil
}

type refutationNoticesInput struct {
	Named
	Page
	States []refutation.NoticeState `query:"state,explode" nullable:"false" maxItems:"5" enum:"waiting,told,read,unreachable,dropped" doc:"State; may be repeated."`
}

func (s *server) refutationNotices(ctx context.Context, in *refutationNoticesInput) (*noticesOutput, error) {
	if _, err := s.Refutations.Refutation(ctx, in.ID); err != nil {
		return nil, err
	}
	list, next, err := s.Refutations.Notices(ctx, refutation.NoticeFilter{Refutation: in.ID, States: in.States, After: in.Cursor, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &noticesOutput{Body: noticePage{[]RefutationNotice{}, next}}
	for _, n := range list {
		out.Body.Notices = append(out.Body.Notices, viewNotice(n))
	}
	return out, nil
}

// CaseMaterial is what a draft may take from a case. It leads to nobody.
type CaseMaterial struct {
	Cases     []string     `json:"cases" nullable:"false" doc:"The case, and others about the same content."`
	Numbers   []string     `json:"numbers" nullable:"false" doc:"Content numbers."`
	Like      []string     `json:"like" nullable:"false" doc:"Content that is only like what came with the case; a person has to look before it is taken."`
	Digests   []FileDigest `json:"digests" nullable:"false" doc:"Digests of that content, and of the files that came with the case."`
	Hashes    []phash.Hash `json:"hashes" nullable:"false" doc:"PDQ hashes of that content."`
	FirstSeen time.Time    `json:"first_seen" doc:"When the first of the cases came in."`
}

type caseMaterialOutput struct{ Body CaseMaterial }

func (s *server) caseMaterial(ctx context.Context, in *Named) (*caseMaterialOutput, error) {
	c, err := s.Desk.Case(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	similar, err := s.Desk.Similar(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	m := CaseMaterial{Cases: []string{c.ID}, Numbers: []string{}, Like: []string{}, Digests: []FileDigest{}, Hashes: []phash.Hash{}, FirstSeen: c.Clock.Start}
	for _, o := range similar {
		if o.Content && len(m.Cases) < refutation.MaxAbout {
			m.Cases = append(m.Cases, o.ID)
			if o.Clock.Start.Before(m.FirstSeen) {
				m.FirstSeen = o.Clock.Start
			}
		}
	}
	var p feed.Prints
	for _, n := range c.About.Numbers {
		addNumber(&p.Numbers, n)
	}
	for _, f := range c.Found {
		if f.Certain {
			addNumber(&p.Numbers, f.Number)
		} else {
			addNumber(&m.Like, f.Number)
		}
	}
	for _, f := range c.Files {
		p.Digests = append(p.Digests, feed.Digest{Alg: "sha256", Value: f.SHA256})
	}
	if err := s.addKnown(ctx, &p); err != nil {
		return nil, err
	}
	m.Numbers, m.Hashes = append(m.Numbers, p.Numbers...), append(m.Hashes, p.Likeness...)
	for _, d := range p.Digests {
		m.Digests = append(m.Digests, FileDigest(d))
	}
	return &caseMaterialOutput{m}, nil
}

func addNumber(list *[]string, n string) {
	if !slices.Contains(*list, n) && len(*list) < feed.MaxPrints {
		*list = append(*list, n)
	}
}
