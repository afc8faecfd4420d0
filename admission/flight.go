package admission

import "sync"

// flights lets those who ask for the same thing at the same time share one look at it. Whoever comes while somebody looks
// waits for the next look, since what this one sees may be from before they asked. So of many who ask at once two look.
type flights[T any] struct {
	mu  sync.Mutex
	now map[string]*flight[T] // who looks
	own map[string]*flight[T] // who looks next
}

type flight[T any] struct {
	done  chan struct{}
	value T
}

func newFlights[T any]() *flights[T] {
	return &flights[T]{now: map[string]*flight[T]{}, own: map[string]*flight[T]{}}
}

// look returns what look sees, which began to look after this was called.
func (f *flights[T]) look(key string, look func() T) T {
	f.mu.Lock()
	if next := f.own[key]; next != nil {
		f.mu.Unlock()
		<-next.done
		return next.value
	}
	mine, before := &flight[T]{done: make(chan struct{})}, f.now[key]
	if before == nil {
		f.now[key] = mine
	} else {
		f.own[key] = mine
	}
	f.mu.Unlock()
	if before != nil {
		<-before.done
	}
	defer func() { // also where look panics
		f.mu.Lock()
		if f.now[key] == mine {
			delete(f.now, key)
		}
		f.mu.Unlock()
		close(mine.done)
	}()
	if before != nil {
		f.mu.Lock()
		delete(f.own, key)
		f.now[key] = mine
		f.mu.Unlock()
	}
	mine.value = look()
	return mine.value
}
