package library

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/progress"
	"github.com/colophon-project/colophon/screen/keyword"
)

// maxListed is how many samples and features a report names.
const maxListed = 1000

// Report says what a change of the library would do to the stored samples. It names samples and features, and never a word
// of a text.
type Report struct {
	Verdict colophon.Verdict `json:"verdict"` // Unknown when something could not be tried, or a sample could not be read
	Samples int              `json:"samples"` // that were read
	Unread  int              `json:"unread"`  // that could not be opened
	Untried int              `json:"untried"` // features that no text can tell of: pictures, digests, source units
	Gains   int              `json:"gains"`   // samples that some feature newly hits
	Losses  int              `json:"losses"`  // samples that some feature stops hitting
	// The first of them, by identifier.
	Gaining  []string `json:"gaining,omitempty"`
	Losing   []string `json:"losing,omitempty"`
	Features []Effect `json:"features,omitempty"` // those that gain or lose most
}

// Effect says how many samples one feature newly hits or stops hitting.
type Effect struct {
	Feature string `json:"feature"`
	Gains   int    `json:"gains,omitempty"`
	Losses  int    `json:"losses,omitempty"`
}

// Replay tries features that were reviewed over the stored samples, beside those in force, and reports what they would
// change. Where there are no samples the features go on with a reason alone, and the record says that nothing was tried.
func (k *Curator) Replay(ctx context.Context, by Actor, sel Selection, reason string) (Report, error) {
	p, err := k.pick(ctx, by, sel, Replayed, reason)
	if err != nil {
		return Report{}, err
	}
	r, err := k.rehearse(ctx, &p)
	if err != nil {
		return Report{}, err
	}
	if r.Samples == 0 && strings.TrimSpace(reason) == "" {
		return r, refuse(colophon.Refused, CodeNoSamples, nil, nil)
	}
	p.act.Report = &r
	return r, k.commit(ctx, p)
}

// Rehearse reports what it would change to retire features. Nothing is recorded: nothing changes.
func (k *Curator) Rehearse(ctx context.Context, by Actor, sel Selection) (Report, error) {
	p, err := k.pick(ctx, by, sel, Retired, "rehearsal")
	if err != nil {
		return Report{}, err
	}
	return k.rehearse(ctx, &p)
}

func (k *Curator) rehearse(ctx context.Context, p *picked) (Report, error) {
	var r Report
	if err := k.each(ctx, Query{Batch: p.move.Batch, IDs: p.move.IDs}, func(f *Feature) error {
		if slices.Contains(p.move.From, f.State) && (f.Kind == Picture || f.Kind == Digest || f.Kind == SourceUnit) {
			r.Untried++
		}
		return nil
	}); err != nil {
		return Report{}, err
	}
	next, err := k.compile(ctx, p)
	if err != nil {
		return Report{}, err
	}
	if _, err := k.Refresh(ctx); err != nil {
		return Report{}, err
	}
	now := k.Current()
	p.act.Version, p.act.Library = now.version.Number, now.version.Digest.String()
	at := k.now()
	before, after := now.NewScanner(at), next.NewScanner(at)
	effects := map[string]Effect{}
	q := SampleQuery{Valid: at, Limit: 100}
	for {
		list, err := k.c.Samples.Samples(ctx, q)
		if err != nil {
			return Report{}, err
		}
		for i := range list {
			words, err := k.c.Keys.Unseal(list[i].Text, sampleUse+list[i].ID)
			if err != nil {
				r.Unread++
				continue
			}
			r.compare(list[i].ID, before.Scan(nil, string(words), at), after.Scan(nil, string(words), at), effects)
		}
		progress.Tell(ctx, int64(r.Samples+r.Unread), 0)
		if len(list) < q.Limit {
			break
		}
		q.After = list[len(list)-1].ID
	}
	r.finish(effects, p.move.Count)
	return r, nil
}

// compare counts what changes in one sample.
func (r *Report) compare(sample string, before, after []Hit, effects map[string]Effect) {
	r.Samples++
	old, fresh := features(before), features(after)
	gains, losses := false, false
	for id := range fresh {
		if !old[id] {
			e := effects[id]
			e.Gains++
			effects[id], gains = e, true
		}
	}
	for id := range old {
		if !fresh[id] {
			e := effects[id]
			e.Losses++
			effects[id], losses = e, true
		}
	}
	if gains {
		if r.Gains++; len(r.Gaining) < maxListed {
			r.Gaining = append(r.Gaining, sample)
		}
	}
	if losses {
		if r.Losses++; len(r.Losing) < maxListed {
			r.Losing = append(r.Losing, sample)
		}
	}
}

func features(hits []Hit) map[string]bool {
	set := map[string]bool{}
	for _, h := range hits {
		if h.Level != keyword.Allow {
			set[h.Feature] = true
		}
	}
	return set
}

func (r *Report) finish(effects map[string]Effect, changed int) {
	if r.Samples > 0 && r.Unread == 0 && r.Untried == 0 && changed > 0 {
		r.Verdict = colophon.Passed
	}
	for id, e := range effects {
		e.Feature = id
		r.Features = append(r.Features, e)
	}
	slices.SortFunc(r.Features, func(a, b Effect) int {
		return cmp.Or(cmp.Compare(b.Gains+b.Losses, a.Gains+a.Losses), cmp.Compare(a.Feature, b.Feature))
	})
	r.Features = r.Features[:min(len(r.Features), maxListed)]
}
