package overview

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	oneDay     = 24 * time.Hour
	daysFresh  = 10 * time.Minute      // a day that was counted so long ago is counted anew, when there is time
	daysGood   = oneDay                // a day that was counted so long ago is not told any more
	daysKept   = 1000                  // that are kept of a kind
	daysAtOnce = 50 * time.Millisecond // for how long days are counted anew on the way
)

// Days counts as a [Counter] does, and keeps for a while what it counted of days before yesterday, of which hardly anything
// changes. Each count says since when what it tells was kept; zero means that all of it was counted now. A process has its own.
type Days struct {
	*Counter
	made   kept[Made]
	judged kept[Judged]
	found  kept[Found]
	now    func() time.Time
}

// NewDays keeps what a counter of days says.
func NewDays(c *Counter, now func() time.Time) *Days { return &Days{Counter: c, now: now} }

// Made is [Counter.Made].
func (d *Days) Made(ctx context.Context, from, to time.Time, step time.Duration) ([]Made, time.Time, error) {
	return d.made.over(d.now(), from, to, step, func(from, to time.Time) ([]Made, error) { return d.Counter.Made(ctx, from, to, step) })
}

// Judged is [Counter.Judged].
func (d *Days) Judged(ctx context.Context, from, to time.Time, step time.Duration) ([]Judged, time.Time, error) {
	return d.judged.over(d.now(), from, to, step, func(from, to time.Time) ([]Judged, error) { return d.Counter.Judged(ctx, from, to, step) })
}

// Found is [Counter.Found]; a category may be there several times, and in no order.
func (d *Days) Found(ctx context.Context, from, to time.Time) ([]Found, time.Time, error) {
	return d.found.over(d.now(), from, to, 0, func(from, to time.Time) ([]Found, error) { return d.Counter.Found(ctx, from, to) })
}

// kept is what was counted of days.
type kept[T any] struct {
	mu   sync.Mutex // guards days
	days map[keptDay]counted[T]
}

type keptDay struct {
	begins int64 // milliseconds since 1970
	step   time.Duration
}

type counted[T any] struct {
	list []T
	at   time.Time
}

// over counts a period: days before yesterday from what is kept, and the rest now.
func (k *kept[T]) over(now, from, to time.Time, step time.Duration, count func(from, to time.Time) ([]T, error)) (all []T, since time.Time, err error) {
	first, last := from.UTC().Truncate(oneDay), now.UTC().Truncate(oneDay).Add(-oneDay) // last is not included
	if first.Before(from) {
		first = first.Add(oneDay)
	}
	if to.Before(last) {
		last = to.UTC().Truncate(oneDay)
	}
	if !first.Before(last) {
		all, err = count(from, to)
		return all, since, err
	}
	if first.After(from) {
		if all, err = count(from, first); err != nil {
			return nil, since, err
		}
	}
	began := time.Now()
	for at := first; at.Before(last); at = at.Add(oneDay) {
		key := keptDay{at.UnixMilli(), step}
		day, ok := k.get(key)
		if age := now.Sub(day.at); !ok || age > daysGood || age > daysFresh && time.Since(began) < daysAtOnce {
			if day.list, err = count(at, at.Add(oneDay)); err != nil {
				return nil, since, err
			}
			day.at = now
			k.keep(key, day)
		}
		if day.at.Before(now) && (since.IsZero() || day.at.Before(since)) {
			since = day.at
		}
		all = append(all, day.list...)
	}
	rest, err := count(last, to)
	return append(all, rest...), since, err
}

func (k *kept[T]) get(key keptDay) (counted[T], bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	day, ok := k.days[key]
	return day, ok
}

func (k *kept[T]) keep(key keptDay, day counted[T]) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.days) >= daysKept || k.days == nil {
		k.days = map[keptDay]counted[T]{}
	}
	day.list = slices.Clip(day.list)
	k.days[key] = day
}
