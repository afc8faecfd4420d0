package artefacttest

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
)

// Memory is a store in memory for tests. It can look for likeness.
type Memory struct {
	mu         sync.Mutex
	artefacts  map[artefact.Number]artefact.Artefact
	deliveries []artefact.Delivery
	doomed     map[string]bool
	records    []evidence.Record
}

var (
	_ artefact.Store   = (*Memory)(nil)
	_ artefact.Likener = (*Memory)(nil)
)

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{artefacts: map[artefact.Number]artefact.Artefact{}, doomed: map[string]bool{}}
}

// Records returns the records so far.
func (m *Memory) Records() []evidence.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}

func own(a artefact.Artefact) artefact.Artefact {
	a.Parents, a.Marks, a.Likeness = slices.Clone(a.Parents), bytes.Clone(a.Marks), bytes.Clone(a.Likeness)
	if a.Original != nil {
		o := *a.Original
		a.Original = &o
	}
	return a
}

// Add implements artefact.Store.
func (m *Memory) Add(_ context.Context, rec evidence.Record, a artefact.Artefact, handed ...artefact.Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, there := m.artefacts[a.Number]; there {
		return artefact.ErrExists
	}
	for _, p := range a.Parents {
		if _, there := m.artefacts[p]; !there {
			return artefact.ErrParent
		}
	}
	a.Version = 1
	m.artefacts[a.Number], m.records, m.deliveries = own(a), append(m.records, rec), append(m.deliveries, handed...)
	return nil
}

// Amend implements artefact.Store.
func (m *Memory) Amend(_ context.Context, rec evidence.Record, c artefact.Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	stored, there := m.artefacts[c.Artefact.Number]
	if !there {
		return artefact.ErrMissing
	}
	a := own(c.Artefact)
	if stored.Version != a.Version {
		return artefact.ErrChanged
	}
	a.Function, a.Format, a.Size, a.Parents, a.Created, a.Version = stored.Function, stored.Format, stored.Size, stored.Parents, stored.Created, a.Version+1
	m.artefacts[a.Number], m.records = a, append(m.records, rec)
	m.deliveries = append(m.deliveries, c.Deliver...)
	for i, d := range m.deliveries {
		if c.Anonymise != "" && d.Number == a.Number && d.To == c.Anonymise {
			m.deliveries[i].To = ""
		}
	}
	for _, blob := range c.Doom {
		m.doomed[blob] = true
	}
	return nil
}

// Artefact implements artefact.Store.
func (m *Memory) Artefact(_ context.Context, n artefact.Number) (artefact.Artefact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, there := m.artefacts[n]
	if !there {
		return a, artefact.ErrMissing
	}
	return own(a), nil
}

// Artefacts implements artefact.Store.
func (m *Memory) Artefacts(_ context.Context, q artefact.Query) ([]artefact.Artefact, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []artefact.Artefact
	for _, a := range m.artefacts {
		received := slices.ContainsFunc(m.deliveries, func(d artefact.Delivery) bool { return d.Number == a.Number && d.To == q.Recipient })
		switch {
		case q.Watermark != "" && a.Watermark != q.Watermark,
			q.Digest != artefact.Digest{} && a.Before != q.Digest && a.After != q.Digest,
			q.Parent != "" && !slices.Contains(a.Parents, q.Parent),
			q.Recipient != "" && !received,
			q.Account != "" && a.Account != q.Account,
			len(q.States) > 0 && !slices.Contains(q.States, a.State),
			q.Format != "" && a.Format != q.Format, q.Function != "" && a.Function != q.Function, q.Model != "" && a.Model != q.Model,
			q.Finding != "", // it knows of no judgement
			!q.From.IsZero() && a.Created.Before(q.From),
			!q.To.IsZero() && !a.Created.Before(q.To),
			!q.OriginalDue.IsZero() && (a.Original == nil || a.Original.Until.After(q.OriginalDue)),
			!q.Newest && !after(a.Created, string(a.Number), q.After), q.Newest && !until(a.Created, string(a.Number), q.After):
			continue
		}
		list = append(list, own(a))
	}
	slices.SortFunc(list, func(a, b artefact.Artefact) int {
		if q.Newest {
			a, b = b, a
		}
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Number, b.Number))
	})
	return list[:min(len(list), q.Limit)], nil
}

// Deliveries implements artefact.Store.
func (m *Memory) Deliveries(_ context.Context, q artefact.DeliveryQuery) ([]artefact.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []artefact.Delivery
	for _, d := range m.deliveries {
		if (q.Number == "" || d.Number == q.Number) && (q.To == "" || d.To == q.To) && after(d.At, d.ID, q.After) {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b artefact.Delivery) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return list[:min(len(list), q.Limit)], nil
}

func after(at time.Time, name string, p artefact.Place) bool {
	return p.Name == "" || at.After(p.At) || at.Equal(p.At) && name > p.Name
}

// until reports whether an entry stands before a place, in the reverse order.
func until(at time.Time, name string, p artefact.Place) bool {
	return p.Name == "" || cmp.Or(at.Compare(p.At), cmp.Compare(name, p.Name)) < 0
}

// Doomed implements artefact.Store.
func (m *Memory) Doomed(_ context.Context, limit int) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []string
	for blob := range m.doomed {
		needed := false
		for _, a := range m.artefacts {
			needed = needed || a.Blob == blob || a.Original != nil && a.Original.Blob == blob
		}
		if !needed {
			list = append(list, blob)
		}
	}
	slices.Sort(list)
	return list[:min(len(list), limit)], nil
}

// Gone implements artefact.Store.
func (m *Memory) Gone(_ context.Context, rec evidence.Record, blobs []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, blob := range blobs {
		delete(m.doomed, blob)
	}
	m.records = append(m.records, rec)
	return nil
}

// Alike implements artefact.Likener.
func (m *Memory) Alike(_ context.Context, hashes []byte, most, limit int) ([]artefact.Match, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []artefact.Match
	for _, a := range m.artefacts {
		if n := artefact.Nearest(hashes, a.Likeness); n <= most {
			list = append(list, artefact.Match{Artefact: own(a), Bits: n})
		}
	}
	slices.SortFunc(list, func(a, b artefact.Match) int {
		return cmp.Or(cmp.Compare(a.Bits, b.Bits), a.Artefact.Created.Compare(b.Artefact.Created), cmp.Compare(a.Artefact.Number, b.Artefact.Number))
	})
	return list[:min(len(list), limit)], nil
}
