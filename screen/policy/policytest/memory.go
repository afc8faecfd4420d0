package policytest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/policy"
)

// Memory is a store and a journal in memory for tests.
type Memory struct {
	mu       sync.Mutex
	versions []policy.Version
	number   int64
	past     []policy.Judged
	records  []evidence.Record
}

var _ policy.Store = (*Memory)(nil)

// Records returns the records so far.
func (m *Memory) Records() []evidence.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.records)
}

// own is a deep copy, by the way that a store takes, too.
func own[T any](v T) (c T) {
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		panic(err)
	}
	return c
}

func (m *Memory) find(version string) *policy.Version {
	i := slices.IndexFunc(m.versions, func(v policy.Version) bool { return v.Table.Version == version })
	if i < 0 {
		return nil
	}
	return &m.versions[i]
}

// Add implements policy.Store.
func (m *Memory) Add(_ context.Context, rec evidence.Record, v policy.Version) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.find(v.Table.Version) != nil {
		return policy.ErrExists
	}
	v.Comparison, v.Releases = nil, nil
	m.versions, m.records = append(m.versions, own(v)), append(m.records, rec)
	return nil
}

// Compared implements policy.Store.
func (m *Memory) Compared(_ context.Context, rec evidence.Record, c policy.Comparison) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.find(c.Version)
	if v == nil {
		return policy.ErrMissing
	}
	c = own(c)
	v.Comparison, m.records = &c, append(m.records, rec)
	return nil
}

// Release implements policy.Store.
func (m *Memory) Release(_ context.Context, rec evidence.Record, r policy.Release) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.find(r.Version)
	switch {
	case v == nil:
		return policy.ErrMissing
	case r.Number != m.number+1:
		return policy.ErrChanged
	}
	m.number++
	v.Releases, m.records = append(v.Releases, r), append(m.records, rec)
	return nil
}

// Versions implements policy.Store.
func (m *Memory) Versions(_ context.Context, q policy.VersionQuery) ([]policy.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []policy.Version
	var last time.Time
	for _, v := range m.versions {
		for _, r := range v.Releases {
			if r.At.After(last) {
				last = r.At
			}
		}
	}
	for _, v := range m.versions {
		inForce := len(v.Releases) > 0 && v.Releases[len(v.Releases)-1].Number == m.number
		if (q.Version == "" || q.Version == v.Table.Version) && (!q.InForce || inForce) && (!q.Offered || len(v.Releases) == 0 && v.At.After(last)) && before(v.At, v.Table.Version, q.After) {
			list = append(list, own(v))
		}
	}
	slices.SortFunc(list, func(a, b policy.Version) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Table.Version, a.Table.Version))
	})
	return list[:min(len(list), q.Limit)], nil
}

// Judged keeps a judgement.
func (m *Memory) Judged(_ context.Context, rec evidence.Record, j policy.Judged) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	j.Facts = slices.Clone(j.Facts)
	m.past, m.records = append(m.past, j), append(m.records, rec)
	return nil
}

// Past implements policy.Store.
func (m *Memory) Past(_ context.Context, q policy.PastQuery) ([]policy.Judged, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []policy.Judged
	for _, j := range m.past {
		found := slices.ContainsFunc(j.Facts, func(f policy.Fact) bool { return f.Category == q.Category && f.Level != policy.LevelUnknown })
		switch {
		case q.ID != "" && j.ID != q.ID, !q.From.IsZero() && j.At.Before(q.From), !q.To.IsZero() && !j.At.Before(q.To),
			q.Action != 0 && j.Action != q.Action, q.Category != "" && !found, q.Subject != "" && j.Subject != q.Subject, q.About != "" && j.About != q.About,
			q.Surface != "" && j.Surface != q.Surface, len(q.Verdicts) > 0 && !slices.Contains(q.Verdicts, j.Verdict),
			q.WithFacts && len(j.Facts) == 0, !before(j.At, j.ID, q.After):
			continue
		}
		j.Facts = slices.Clone(j.Facts)
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b policy.Judged) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return list[:min(len(list), q.Limit)], nil
}

func before(at time.Time, name string, p policy.Place) bool {
	return p.Name == "" || at.Before(p.At) || at.Equal(p.At) && name < p.Name
}
