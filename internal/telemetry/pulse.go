package telemetry

import (
	"math"
	"sync"
	"time"
)

const (
	pulseMinutes = 60
	pulseRanks   = 48 // of times: from a millisecond on, each longer than the one before by the square root of 2
)

// Pulse remembers how calls of models did on this node in the last hour, minute by minute. The zero value is empty.
type Pulse struct {
	mu      sync.Mutex
	minutes [pulseMinutes]minute
}

type minute struct {
	begins                  int64 // minutes since 1970
	calls, filtered, failed int64
	first                   [pulseRanks]int64
}

// Minute is how calls did that ended in one minute.
type Minute struct {
	Begins   time.Time
	Calls    int64
	Filtered int64         // refused or held by screening
	Failed   int64         // no fault of whoever asked
	P50, P99 time.Duration // until the first byte, rounded up by at most two fifths; 0 where no call had one
}

// Add takes a call that ended at a time. Filtered and failed say how.
func (p *Pulse) Add(now time.Time, first time.Duration, filtered, failed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := now.Unix() / 60
	m := &p.minutes[at%pulseMinutes]
	if m.begins != at {
		*m = minute{begins: at}
	}
	m.calls++
	if filtered {
		m.filtered++
	}
	if failed {
		m.failed++
	}
	if first > 0 {
		m.first[rank(first)]++
	}
}

// Last returns the minutes of the hour that ends now, and what holds of all of them together.
func (p *Pulse) Last(now time.Time) (list []Minute, all Minute) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sum := minute{begins: now.Unix()/60 - pulseMinutes + 1}
	for at := sum.begins; at <= now.Unix()/60; at++ {
		m := p.minutes[at%pulseMinutes]
		if m.begins != at {
			m = minute{begins: at}
		}
		sum.calls, sum.filtered, sum.failed = sum.calls+m.calls, sum.filtered+m.filtered, sum.failed+m.failed
		for i, n := range m.first {
			sum.first[i] += n
		}
		list = append(list, m.view())
	}
	return list, sum.view()
}

func (m minute) view() Minute {
	return Minute{time.Unix(m.begins*60, 0).UTC(), m.calls, m.filtered, m.failed, m.quantile(0.5), m.quantile(0.99)}
}

// rank is the place of a time in the scale.
func rank(d time.Duration) int {
	if d <= time.Millisecond {
		return 0
	}
	return min(pulseRanks-1, int(math.Ceil(2*math.Log2(float64(d)/float64(time.Millisecond)))))
}

// quantile is a time that a share of the calls kept to.
func (m minute) quantile(share float64) time.Duration {
	all, seen := int64(0), int64(0)
	for _, n := range m.first {
		all += n
	}
	for i, n := range m.first {
		if seen += n; all > 0 && float64(seen) >= share*float64(all) {
			return time.Duration(float64(time.Millisecond) * math.Pow(2, float64(i)/2)).Round(time.Microsecond)
		}
	}
	return 0
}
