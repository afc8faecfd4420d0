package console

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/progress"
	"github.com/colophon-project/colophon/staff"
)

const (
	mostWorks = 64               // that are kept
	mostOwn   = 4                // that one person may have going at a time
	workAge   = 30 * time.Minute // after its end
	workBeat  = 10 * time.Second // between signs of life
)

// works is what takes longer than a browser should wait. It goes on when a browser leaves, and is forgotten when the server
// stops; whatever must survive that is a job.
type works struct {
	mu   sync.Mutex
	list map[string]*work
}

func newWorks() *works { return &works{list: map[string]*work{}} }

// work is one of them.
type work struct {
	name    string // its sentence is page-work-NAME
	by      staff.ID
	action  staff.Action // of the page that began it
	mu      sync.Mutex
	done    int64
	of      int64
	to      string             // where its result is; empty until it ended
	show    func(*visit) error // shows its result on the page of the work itself; nil until it ended, and where to leads to it
	problem error
	ended   time.Time
	changed chan struct{} // closed at each change
}

// workState is what is told of it.
type workState struct {
	done, of int64
	to       string
	show     func(*visit) error
	problem  error
	changed  chan struct{}
}

func (w *work) now() workState {
	w.mu.Lock()
	defer w.mu.Unlock()
	return workState{w.done, w.of, w.to, w.show, w.problem, w.changed}
}

func (w *work) change(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
	close(w.changed)
	w.changed = make(chan struct{})
}

// tell notes how far it is. Whoever follows it hears of steps that can be seen.
func (w *work) tell(done, of int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := of <= 0 || of != w.of || done*200/of != w.done*200/of
	if w.done, w.of = done, of; seen {
		close(w.changed)
		w.changed = make(chan struct{})
	}
}

// begin starts work and sends the browser to the page that shows how far it is. The function tells that now and then, or what
// it calls does by its context, and returns where the result is.
func (v *visit) begin(name string, run func(ctx context.Context, tell func(done, of int64)) (to string, err error)) error {
	return v.beginShown(name, func(ctx context.Context, tell func(done, of int64)) (string, func(*visit) error, error) {
		to, err := run(ctx, tell)
		return to, nil, err
	})
}

// beginShown is begin for work whose result is kept nowhere: the function returns what shows it, and the page of the work
// does so until the work is forgotten.
func (v *visit) beginShown(name string, run func(ctx context.Context, tell func(done, of int64)) (to string, show func(*visit) error, err error)) error {
	w := &work{name: name, by: v.opened.Account.ID, action: v.page.action, changed: make(chan struct{})}
	id := rand.Text()
	if !v.works.add(id, w, v.Now()) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeWorkMuch}
	}
	log, now := v.Log, v.Now
	ctx := context.WithoutCancel(v.r.Context())
	go func() {
		to, show, err := "", (func(*visit) error)(nil), error(nil)
		defer func() {
			if fault := recover(); fault != nil {
				err = fmt.Errorf("work broke off: %T at %s", fault, debug.Stack()) // what it says may be about people
			}
			if err != nil {
				to, show = "", nil // there is nothing there
				log.WarnContext(ctx, "work failed", slog.String("work", name), slog.Any("error", err))
			}
			w.change(func() { w.to, w.show, w.problem, w.ended = to, show, err, now() })
		}()
		to, show, err = run(progress.With(ctx, w.tell), w.tell)
	}()
	return v.send("/work/" + id)
}

// add keeps work, and forgets what ended long ago or, where there is too much, first. It reports whether there is room, and
// whoever began it has not too much going already.
func (w *works) add(id string, one *work, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	oldest, last, own := "", now, 0
	for id, old := range w.list {
		old.mu.Lock()
		ended := old.ended
		old.mu.Unlock()
		switch {
		case ended.IsZero():
			if old.by == one.by {
				own++
			}
		case now.Sub(ended) > workAge:
			delete(w.list, id)
		case !ended.After(last):
			oldest, last = id, ended
		}
	}
	if own >= mostOwn {
		return false
	}
	if len(w.list) >= mostWorks {
		if oldest == "" { // all of it goes on
			return false
		}
		delete(w.list, oldest)
	}
	w.list[id] = one
	return true
}

// work finds what the visitor began, and still may do.
func (v *visit) work() (*work, error) {
	v.works.mu.Lock()
	defer v.works.mu.Unlock()
	if w := v.works.list[v.r.PathValue("id")]; w != nil && w.by == v.opened.Account.ID && (w.action == "" || v.actor().May(w.action)) {
		return w, nil
	}
	return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeWorkUnknown}
}

func workPages() []page {
	return []page{
		{method: get, path: "/work/{id}", title: "page-work", words: []string{}, do: showWork},
		{method: get, path: "/work/{id}/events", back: "/work/{id}", do: followWork},
	}
}

type workPage struct {
	Name, Events string
	Done, Of     int64
	Told         string
}

func (v *visit) toldOf(p workState) string {
	switch {
	case p.problem != nil:
		return v.explain(statusIn(p.problem), p.problem)
	case p.of > 0:
		return v.speakers[v.lang].Say("page-work-far", "done", grouped(p.done), "of", grouped(p.of))
	case p.done > 0:
		return v.speakers[v.lang].Say("page-work-so-far", "done", grouped(p.done))
	}
	return v.speakers[v.lang].Say("page-work-goes")
}

// statusIn is the status that an error has.
func statusIn(err error) int {
	if said, _ := told(err); said != nil {
		return said.Status
	}
	var e *colophon.Error
	if errors.As(err, &e) {
		return statusOf(e)
	}
	return http.StatusInternalServerError
}

func showWork(v *visit) error {
	w, err := v.work()
	if err != nil {
		return err
	}
	now := w.now()
	if now.to != "" {
		return v.send(now.to)
	}
	if now.show != nil {
		return now.show(v)
	}
	if now.problem != nil {
		v.problem = v.toldOf(now)
	}
	return v.show("work", workPage{w.name, "/work/" + v.r.PathValue("id") + "/events", now.done, now.of, v.toldOf(now)})
}

// followWork sends each change as an event (HTML, server-sent events).
func followWork(v *visit) error {
	w, err := v.work()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(v.w)
	beat := time.NewTicker(workBeat)
	defer beat.Stop()
	for {
		now := w.now()
		to := now.to
		if now.problem != nil || now.show != nil {
			to = "/work/" + v.r.PathValue("id") // shows the problem, or the result
		}
		text, err := json.Marshal(map[string]any{"done": now.done, "of": now.of, "text": v.toldOf(now), "to": to})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(v.w, "data: %s\n\n", text); err != nil || out.Flush() != nil || to != "" {
			return nil // the browser went away, or knows all
		}
	silence:
		for {
			select {
			case <-now.changed:
				break silence
			case <-beat.C:
				if _, err := fmt.Fprint(v.w, ": still\n\n"); err != nil || out.Flush() != nil {
					return nil
				}
			case <-v.r.Context().Done():
				return nil
			}
		}
	}
}

// longestFollowed is for how long a page is told of what goes on elsewhere; a browser that is still there asks anew.
const longestFollowed = 10 * time.Minute

// follow sends a browser what something is, each time that it changed, until it is over (server-sent events).
func (v *visit) follow(every time.Duration, look func(context.Context) (now any, over bool, err error)) error {
	ctx, stop := context.WithTimeout(v.r.Context(), longestFollowed)
	defer stop()
	out := http.NewResponseController(v.w)
	beat := time.NewTicker(every)
	defer beat.Stop()
	told := ""
	for {
		now, over, err := look(ctx)
		var text []byte
		if err == nil {
			text, err = json.Marshal(now)
		}
		switch {
		case err != nil && told == "":
			return err
		case err != nil:
			return nil // the browser asks anew, and is told why
		case told == "":
			v.w.Header().Set("Content-Type", "text/event-stream")
		}
		if string(text) != told {
			told = string(text)
			if _, err := fmt.Fprintf(v.w, "data: %s\n\n", text); err != nil || out.Flush() != nil || over {
				return nil // the browser went away, or knows all
			}
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return nil
		}
	}
}
