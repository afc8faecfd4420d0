package incident

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
)

const (
	// patience is how long the store may take to say which orders bind.
	patience = time.Second
	// remembered is of how many things, in each of two generations, the time of the last output is known.
	remembered = 1 << 15
)

// WatchConfig says what a [Watch] works with. All fields are required.
type WatchConfig struct {
	Orders Orders
	Node   string // identity of this node, the same for all its life
	Now    func() time.Time
	// Tick tells when to ask the store again: every half second, so that an order is effective within two.
	Tick <-chan time.Time
	// Bound is for how long what is no work on faces and voices goes on without the orders being confirmed.
	Bound time.Duration
	// Report gets what went wrong. The watch goes on.
	Report func(error)
}

// Watch follows the orders on one node. It is safe for use by many goroutines.
type Watch struct {
	c WatchConfig

	mu         sync.RWMutex
	board      *Board                // guarded by mu
	running    map[*running]struct{} // guarded by mu
	noted      sync.Mutex
	young, old map[place]time.Time // guarded by noted: when something last left

	telling sync.Mutex
	acks    map[string]Ack // guarded by telling: by order, those that the store does not have yet
	told    map[string]bool
}

// running is work that is under way.
type running struct {
	target Target
	end    context.CancelCauseFunc
}

// NewWatch makes a Watch. Until [Watch.Run] has read the orders it refuses everything.
func NewWatch(c WatchConfig) (*Watch, error) {
	if c.Orders == nil || c.Node == "" || c.Now == nil || c.Tick == nil || c.Bound < Grace || c.Report == nil {
		return nil, errors.New("incident: a required part of the configuration of a watch is missing")
	}
	return &Watch{c: c, board: &Board{}, running: map[*running]struct{}{}, young: map[place]time.Time{}, acks: map[string]Ack{}, told: map[string]bool{}}, nil
}

// Board returns what the node knows now.
func (w *Watch) Board() *Board {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.board
}

// Node is the identity of the node.
func (w *Watch) Node() string { return w.c.Node }

// Standing says how far the node can rely now on what it knows.
func (w *Watch) Standing() Standing { return w.Board().Standing(w.c.Now()) }

// answer is what the store said when it was asked.
type answer struct {
	orders []Entry
	asked  time.Time
	err    error
}

// Run follows the orders until ctx ends: it asks the store at once, and then with each tick. While the store does not
// answer, running work that may not go on without an answer ends all the same.
func (w *Watch) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	answers, tell := make(chan answer), make(chan struct{}, 1)
	all.Go(func() { w.tell(ctx, tell) })
	ask := func() {
		all.Go(func() {
			a := w.ask(ctx)
			select {
			case answers <- a:
			case <-ctx.Done():
			}
		})
	}
	ask()
	for asking := true; ; {
		select {
		case <-ctx.Done():
			return
		case a := <-answers:
			asking = false
			if w.hear(a); a.err != nil {
				w.c.Report(a.err)
			}
			select {
			case tell <- struct{}{}:
			default:
			}
		case <-w.c.Tick:
			w.settle(nil)
			if !asking {
				asking = true
				ask()
			}
		}
	}
}

// Read reads the orders once, for whoever can't wait until [Watch.Run] does.
func (w *Watch) Read(ctx context.Context) error {
	a := w.ask(ctx)
	w.hear(a)
	return a.err
}

func (w *Watch) ask(ctx context.Context) answer {
	a := answer{asked: w.c.Now()}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a.orders, a.err = w.c.Orders.InForce(ctx)
	return a
}

// hear takes in what the store said.
func (w *Watch) hear(a answer) {
	if a.err != nil {
		return
	}
	received := w.c.Now()
	w.settle(NewBoard(a.orders, a.asked, w.c.Bound))
	effective := w.c.Now()
	w.telling.Lock()
	defer w.telling.Unlock()
	binding := make(map[string]bool, len(a.orders))
	for _, e := range a.orders {
		binding[e.ID] = w.told[e.ID]
		if _, waits := w.acks[e.ID]; !waits && !w.told[e.ID] {
			w.acks[e.ID] = Ack{Order: e.ID, Node: w.c.Node, Received: received.UTC(), Effective: effective.UTC(), LastOutput: w.LastOutput(e.Value.Scope, e.Value.Target)}
		}
	}
	w.told = binding
}

// tell says to the store which orders are effective here. What it did not take is said again with the next answer.
func (w *Watch) tell(ctx context.Context, wake <-chan struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
		w.telling.Lock()
		var list []Ack
		for _, a := range w.acks {
			list = append(list, a)
		}
		w.telling.Unlock()
		for _, a := range list {
			if err := w.c.Orders.Acknowledge(ctx, a); err != nil {
				if ctx.Err() == nil {
					w.c.Report(err)
				}
				break
			}
			w.telling.Lock()
			delete(w.acks, a.Order)
			w.told[a.Order] = true
			w.telling.Unlock()
		}
	}
}

// settle puts a board in force, or looks at the one in force again, and ends the running work that may not go on.
func (w *Watch) settle(b *Board) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b != nil {
		w.board = b
	}
	now := w.c.Now()
	for r := range w.running {
		if err := w.board.check(r.target, now, true); err != nil {
			r.end(err)
			delete(w.running, r)
		}
	}
}

// Bind returns a context for work on a target. It ends when an order stops that work, or when orders were not confirmed for
// too long; its cause then says which, as an error of kind Refused. Release MUST be called when the work is done. Work that
// may not begin is refused.
func (w *Watch) Bind(ctx context.Context, t Target) (bound context.Context, release func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.board.Check(t, w.c.Now()); err != nil {
		return nil, nil, err
	}
	bound, end := context.WithCancelCause(ctx)
	r := &running{t, end}
	w.running[r] = struct{}{}
	return bound, func() {
		end(context.Canceled)
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.running, r)
	}, nil
}

// Output says that something of a target is about to leave this node, and keeps the time, unless an order forbids it. No
// output comes after the moment from which an order is said to be effective here.
func (w *Watch) Output(t Target) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	now := w.c.Now()
	if err := w.board.Check(t, now); err != nil {
		return err
	}
	w.noted.Lock()
	defer w.noted.Unlock()
	for _, at := range t.places() {
		if at.valid() {
			w.young[at] = now.UTC()
		}
	}
	if len(w.young) >= remembered {
		w.young, w.old = map[place]time.Time{}, w.young
	}
	return nil
}

// LastOutput is when something of a target last left this node, as far as it remembers; zero for never.
func (w *Watch) LastOutput(s Scope, target string) time.Time {
	w.noted.Lock()
	defer w.noted.Unlock()
	at := place{s, target}
	if t, ok := w.young[at]; ok {
		return t
	}
	return w.old[at]
}

// refused is the error of work that nobody can know to be free.
func refused(code colophon.Code) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Clauses: []colophon.Clause{colophon.ClauseDS21}}
}
