package app

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/recall"
)

// Types of events about refutations.
const (
	eventPublished = "refutation.published"
	eventCorrected = "refutation.corrected"
	eventWithdrawn = "refutation.withdrawn"
	eventRecalled  = "recall.taken"
)

const (
	kindRefuted  = "refutation-event"
	kindReported = "refutation-reported"

	// maxCheckpoint is the longest checkpoint that is read, in bytes.
	maxCheckpoint = 16 << 10
)

type refutedArgs struct {
	Refutation string    `json:"refutation"`
	Type       string    `json:"type"`
	At         time.Time `json:"at"`
}

type reportedArgs struct {
	Number string `json:"number"`
}

// refutationWorkers tell of refutations, and look at what was reported.
func (s *Server) refutationWorkers() []job.Worker {
	return []job.Worker{
		job.Work(kindRefuted, job.Limits{Attempts: 20}, func(ctx context.Context, _ *job.Task, a refutedArgs) error { return s.publishRefuted(ctx, a) }),
		job.Work(kindReported, job.Limits{AtOnce: 2, Attempts: 10}, func(ctx context.Context, _ *job.Task, a reportedArgs) error {
			_, err := s.refuted.keeper.Reported(ctx, a.Number)
			return err
		}),
	}
}

// enqueueReported has looked at whether many report the same, once a report came in.
func (s *Server) enqueueReported(ctx context.Context, tx *store.Tx, e desk.Entry) error {
	c := e.Value
	if e.Version > 0 || c.Kind != desk.Report && c.Kind != desk.Rumour || c.Source == desk.FromDetection {
		return nil
	}
	numbers := slices.Clone(c.About.Numbers)
	for _, f := range c.Found {
		numbers = append(numbers, f.Number)
	}
	slices.Sort(numbers)
	for _, n := range slices.Compact(numbers) {
		if err := s.enqueue(ctx, tx, kindReported, reportedArgs{n}); err != nil {
			return err
		}
	}
	return nil
}

// tellRefuted tells of what was published and withdrawn. Later changes of the same state are no news, and an event that was told
// already is not told again.
func (s *Server) tellRefuted(ctx context.Context, tx *store.Tx, list []refutation.Entry) error {
	for _, e := range list {
		v := e.Value
		a := refutedArgs{e.ID, "", v.Published}
		switch refutation.State(e.State) {
		case refutation.Published:
			a.Type = eventPublished
			if v.Corrects != "" {
				a.Type = eventCorrected
			}
		case refutation.Withdrawn:
			a.Type, a.At = eventWithdrawn, v.Ended
		}
		if a.Type == "" || v.Published.IsZero() || e.Changed.Sub(a.At) >= time.Second || !s.uploads.hooks.Wants(a.Type) {
			continue
		}
		if err := s.enqueue(ctx, tx, kindRefuted, a); err != nil {
			return err
		}
	}
	return nil
}

// publishRefuted tells of a refutation, with the pseudonyms of those who received the content.
func (s *Server) publishRefuted(ctx context.Context, a refutedArgs) error {
	r, err := s.refuted.keeper.Refutation(ctx, a.Refutation)
	if err != nil {
		return err
	}
	holders, err := s.refutedHolders(ctx, r)
	if err != nil {
		return err
	}
	data := map[string]any{"refutation": r.ID, "verdict": r.Verdict, "numbers": r.Numbers, "holders": holders, "url": s.set.PublicURL + refutationPath + r.ID}
	if r.Corrects != "" {
		data["corrects"] = r.Corrects
	}
	return s.uploads.hooks.Publish(ctx, webhook.Event{ID: r.ID + "-" + a.Type, Type: a.Type, At: a.At, Data: data})
}

func (s *Server) refutedHolders(ctx context.Context, r refutation.Refutation) ([]string, error) {
	list := []string{}
	enough := errors.New("enough")
	for _, number := range r.Numbers {
		family, _, err := s.refuted.handed.Family(ctx, number)
		if err != nil {
			return nil, err
		}
		for _, n := range family {
			err := s.refuted.handed.Deliveries(ctx, n, func(d refutation.Delivery) error {
				if d.To != "" && !slices.Contains(list, d.To) {
					list = append(list, d.To)
				}
				if len(list) >= maxHolders {
					return enough
				}
				return nil
			})
			if errors.Is(err, enough) {
				return list, nil
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// tellRecalled tells that somebody else said that something is false.
func (s *Server) tellRecalled(ctx context.Context, tx *store.Tx, list []ledger.Entry[recall.Recalled]) error {
	for _, e := range list {
		if e.Version > 0 || !s.uploads.hooks.Wants(eventRecalled) {
			continue
		}
		v := e.Value
		data := map[string]any{"entry": e.ID, "source": v.Source, "refutation": v.Entry.Refutation, "kind": v.Entry.Kind, "verdict": v.Entry.Verdict, "url": v.Entry.URL}
		if err := s.enqueue(ctx, tx, kindEvent, webhook.Event{ID: e.ID, Type: eventRecalled, At: e.Made, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// readRecalls reads the feeds that are followed. One that can't be read keeps no other from being read: what is wrong stands with it.
func (s *Server) readRecalls(ctx context.Context) error {
	list, err := s.refuted.recalled.Sources(ctx, recall.Followed, recall.Failing)
	if err != nil {
		return err
	}
	var errs []error
	for _, one := range list {
		errs = append(errs, s.readRecall(ctx, one.ID))
	}
	return errors.Join(errs...)
}

// recallReader reads feeds when somebody asks for it.
type recallReader struct{ *Server }

// Read implements httpapi.RecallReader.
func (r recallReader) Read(ctx context.Context, id string) error { return r.readRecall(ctx, id) }

// readRecall reads one feed: first the checkpoint, then the lines.
func (s *Server) readRecall(ctx context.Context, id string) error {
	source, err := s.refuted.recalled.Source(ctx, id)
	if err != nil {
		return err
	}
	if err := source.Readable(); err != nil {
		return err
	}
	signed, lines, err := feed.Addresses(source.URL, source.Seen)
	if err != nil {
		return s.refuted.recalled.Fail(ctx, id, err)
	}
	checkpoint, err := s.refuted.fetcher.Bytes(ctx, signed, maxCheckpoint)
	if err != nil {
		return s.unreadRecall(ctx, id, err)
	}
	text, err := s.refuted.fetcher.Bytes(ctx, lines, feed.MaxRead)
	if err != nil {
		return s.unreadRecall(ctx, id, err)
	}
	_, err = s.refuted.recalled.Take(ctx, id, checkpoint, bytes.NewReader(text))
	var told *colophon.Error
	if errors.As(err, &told) && told.Kind != colophon.Internal {
		return nil // it stands with the feed, or the feed is followed no more
	}
	return err
}

// unreadRecall notes that a feed could not be fetched. A server that is being stopped says nothing about a feed.
func (s *Server) unreadRecall(ctx context.Context, id string, why error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.refuted.recalled.Fail(ctx, id, why)
}
