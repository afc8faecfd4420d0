package app

import (
	"runtime"
	"sync"
)

// ahead is how many results may wait for an earlier one.
const ahead = 1024

// ordered runs work on each index from 0 to n-1, jobs at a time, and hands the results to done in order of index, on
// the calling goroutine.
func ordered[T any](n, jobs int, work func(int) T, done func(int, T)) {
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	var (
		mu      sync.Mutex // guards next, handed
		room    = sync.NewCond(&mu)
		next    int
		handed  int
		results = make(chan indexed[T], jobs)
	)
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		for next < n && next >= handed+ahead {
			room.Wait()
		}
		next++
		return next - 1
	}
	for range min(jobs, n) {
		go func() {
			for i := take(); i < n; i = take() {
				results <- indexed[T]{i, work(i)}
			}
		}()
	}
	waiting := map[int]T{}
	for i := 0; i < n; {
		r := <-results
		waiting[r.index] = r.value
		for value, ok := waiting[i]; ok; value, ok = waiting[i] {
			delete(waiting, i)
			done(i, value)
			i++
		}
		mu.Lock()
		handed = i
		mu.Unlock()
		room.Broadcast()
	}
}

type indexed[T any] struct {
	index int
	value T
}
