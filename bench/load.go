package main

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// sample is what one round of one racer gave.
type sample struct {
	rate     float64 // a second
	p50, p99 time.Duration
}

// racer is one way to do a thing many times.
type racer struct {
	name   string
	run    func() (sample, error)
	rounds []sample
}

// compete runs racers in turn, in an order drawn for each round. A round before the first warms up and does not count.
func (b *bench) compete(what string, list ...*racer) error {
	for round := -1; round < b.runs; round++ {
		for _, i := range rand.Perm(len(list)) {
			r := list[i]
			fmt.Fprintf(os.Stderr, "\r\033[K%s: round %d of %d, %s", what, round+1, b.runs, r.name)
			settle()
			s, err := r.run()
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			if round >= 0 {
				r.rounds = append(r.rounds, s)
			}
		}
	}
	fmt.Fprint(os.Stderr, "\r\033[K")
	return nil
}

// settle leaves nothing behind for what is measured next: neither on its way to the disk nor in memory.
func settle() {
	unix.Sync()
	runtime.GC()
}

// many calls do for 0 to n-1 from workers at once, each of which waits for its answer before it goes on.
func many(n, workers int, do func(i int) error) (sample, error) {
	took, errs := make([]time.Duration, n), make([]error, workers)
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for w := range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && errs[w] == nil; i = int(next.Add(1)) - 1 {
				start := time.Now()
				errs[w] = do(i)
				took[i] = time.Since(start)
			}
		})
	}
	all.Wait()
	s := spreadOf(took)
	s.rate = float64(n) / time.Since(begun).Seconds()
	return s, errors.Join(errs...)
}

func spreadOf(took []time.Duration) sample {
	slices.Sort(took)
	return sample{p50: took[len(took)/2], p99: took[len(took)*99/100]}
}

// middle is the median of the rounds, with the smallest and the largest.
func middle[T cmp.Ordered](rounds []sample, of func(sample) T) (median, least, most T) {
	values := make([]T, len(rounds))
	for i, s := range rounds {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2], values[0], values[len(values)-1]
}

func (r *racer) p50() time.Duration {
	median, _, _ := middle(r.rounds, func(s sample) time.Duration { return s.p50 })
	return median
}

// row is a line of a table: rate, p50 and p99, each the median of the rounds (smallest–largest).
func (r *racer) row(decimals int) string {
	rate, least, most := middle(r.rounds, func(s sample) float64 { return s.rate })
	text := fmt.Sprintf("%.*f (%.*f–%.*f)", decimals, rate, decimals, least, decimals, most)
	return text + " | " + r.latency(time.Millisecond)
}

// latency is p50 and p99 in a unit.
func (r *racer) latency(unit time.Duration) string {
	column := func(of func(sample) time.Duration) string {
		median, least, most := middle(r.rounds, of)
		in := func(d time.Duration) float64 { return float64(d) / float64(unit) }
		return fmt.Sprintf("%.2f (%.2f–%.2f)", in(median), in(least), in(most))
	}
	return column(func(s sample) time.Duration { return s.p50 }) + " | " + column(func(s sample) time.Duration { return s.p99 })
}

// against is the rate of a racer by that of a peer in the same round.
func (r *racer) against(peer *racer) string {
	pairs := make([]sample, len(r.rounds))
	for i := range pairs {
		pairs[i].rate = r.rounds[i].rate / peer.rounds[i].rate
	}
	median, least, most := middle(pairs, func(s sample) float64 { return s.rate })
	return fmt.Sprintf("%.2f (%.2f–%.2f)", median, least, most)
}
