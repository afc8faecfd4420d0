package librarytest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/library"
)

// Memory is a store in memory for tests.
type Memory struct {
	mu       sync.Mutex
	features map[string]library.Feature
	batches  []library.Batch
	versions []library.Version
	samples  []library.Sample
	records  []evidence.Record
}

var (
	_ library.Store       = (*Memory)(nil)
	_ library.SampleStore = (*Memory)(nil)
)

// NewMemory makes an empty store.
func NewMemory() *Memory { return &Memory{features: map[string]library.Feature{}} }

// Records returns the records so far.
func (m *Memory) Records() []evidence.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}

// Tamper changes a feature behind the curator's back.
func (m *Memory) Tamper(id string, change func(*library.Feature)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.features[id]
	change(&f)
	m.features[id] = f
}

func own(f library.Feature) library.Feature {
	f.Aliases = slices.Clone(f.Aliases)
	return f
}

// Propose implements library.Store.
func (m *Memory) Propose(_ context.Context, rec evidence.Record, _ []string, b library.Batch, features []library.Feature) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	live := map[library.Sum]string{}
	for id, f := range m.features {
		if f.State.Live() {
			live[f.Key()] = id
		}
	}
	for i := range features {
		id := live[features[i].Key()]
		if _, there := m.features[features[i].ID]; there {
			id = features[i].ID
		}
		if id != "" {
			return errors.Join(library.ErrExists, &library.ExistsError{ID: id})
		}
	}
	for _, f := range features {
		m.features[f.ID] = own(f)
	}
	b.States = nil
	m.batches, m.records = append(m.batches, b), append(m.records, rec)
	return nil
}

// Move implements library.Store.
func (m *Memory) Move(_ context.Context, rec evidence.Record, _ []string, c library.Move) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c.Version != nil && c.Version.Number != int64(len(m.versions))+1 {
		return library.ErrChanged
	}
	var moved []library.Feature
	for _, f := range m.features {
		if c.Batch != "" && f.Batch != c.Batch || len(c.IDs) > 0 && !slices.Contains(c.IDs, f.ID) || !slices.Contains(c.From, f.State) {
			continue
		}
		f.State, f.Changed = c.To, c.At
		f.Reviewer = cmp.Or(c.Reviewer, f.Reviewer)
		if c.Version != nil && c.To == library.Active {
			f.Since = c.Version.Number
		} else if c.Version != nil {
			f.Gone = c.Version.Number
		}
		moved = append(moved, f)
	}
	if len(moved) != c.Count {
		return library.ErrChanged
	}
	for _, f := range moved {
		m.features[f.ID] = f
	}
	if c.Version != nil {
		m.versions = append(m.versions, *c.Version)
	}
	m.records = append(m.records, rec)
	return nil
}

// Features implements library.Store.
func (m *Memory) Features(_ context.Context, q library.Query) ([]library.Feature, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []library.Feature
	for _, f := range m.features {
		switch {
		case len(q.IDs) > 0 && !slices.Contains(q.IDs, f.ID),
			q.Batch != "" && f.Batch != q.Batch,
			q.State != "" && f.State != q.State,
			q.Kind != "" && f.Kind != q.Kind,
			q.Category != "" && f.Category != q.Category,
			!strings.Contains(strings.ToLower(f.Value), strings.ToLower(q.Contains)),
			q.At > 0 && (f.Since == 0 || f.Since > q.At || f.Gone != 0 && f.Gone <= q.At),
			f.ID <= q.After:
			continue
		}
		list = append(list, own(f))
	}
	slices.SortFunc(list, func(a, b library.Feature) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(len(list), q.Limit)], nil
}

// Batches implements library.Store.
func (m *Memory) Batches(_ context.Context, q library.BatchQuery) ([]library.Batch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []library.Batch
	for _, b := range m.batches {
		b.States = map[library.State]int{}
		for _, f := range m.features {
			if f.Batch == b.ID {
				b.States[f.State]++
			}
		}
		if (q.ID == "" || b.ID == q.ID) && (q.Below == "" || b.ID < q.Below) && (len(q.States) == 0 || slices.ContainsFunc(q.States, func(s library.State) bool { return b.States[s] > 0 })) {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b library.Batch) int { return cmp.Compare(b.ID, a.ID) })
	return list[:min(len(list), q.Limit)], nil
}

// Versions implements library.Store.
func (m *Memory) Versions(_ context.Context, below int64, limit int) ([]library.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []library.Version
	for _, v := range slices.Backward(m.versions) {
		if (below == 0 || v.Number < below) && len(list) < limit {
			list = append(list, v)
		}
	}
	return list, nil
}

// AddSamples implements library.SampleStore.
func (m *Memory) AddSamples(_ context.Context, rec evidence.Record, list []library.Sample) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.samples, m.records = append(m.samples, list...), append(m.records, rec)
	return nil
}

// Samples implements library.SampleStore.
func (m *Memory) Samples(_ context.Context, q library.SampleQuery) ([]library.Sample, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []library.Sample
	for _, s := range m.samples {
		if s.ID > q.After && (q.Valid.IsZero() || s.Until.After(q.Valid)) && (q.Due.IsZero() || !s.Until.After(q.Due)) {
			s.Text.Box = bytes.Clone(s.Text.Box)
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b library.Sample) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(len(list), q.Limit)], nil
}

// RemoveSamples implements library.SampleStore.
func (m *Memory) RemoveSamples(_ context.Context, rec evidence.Record, ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(m.samples), func(s library.Sample) bool { return slices.Contains(ids, s.ID) })
	if len(m.samples)-len(left) != len(ids) {
		return library.ErrChanged
	}
	m.samples, m.records = left, append(m.records, rec)
	return nil
}
