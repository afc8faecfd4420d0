package cli

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/colophon-project/colophon/internal/app"
)

// progressAfter is how long work goes on before its progress is drawn.
const progressAfter = 2 * time.Second

// watch draws the progress of a run on a terminal, once it has taken two seconds.
type watch struct {
	mu    sync.Mutex
	drawn bool
	began time.Time
	s     *session
	done  chan struct{}
	ended sync.WaitGroup
}

func (s *session) watch(p *app.Progress, total int) *watch {
	w := &watch{s: s, began: time.Now(), done: make(chan struct{})}
	if !s.Terminal {
		return w
	}
	w.ended.Go(func() {
		wait := time.NewTimer(progressAfter)
		defer wait.Stop()
		for {
			select {
			case <-w.done:
				return
			case <-wait.C:
				w.draw(p, total)
				wait.Reset(200 * time.Millisecond)
			}
		}
	})
	return w
}

func (w *watch) draw(p *app.Progress, total int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drawn = true
	args := []string{"files", strconv.FormatInt(p.Files.Load(), 10), "total", strconv.Itoa(total), "megabytes", strconv.FormatInt(p.Bytes.Load()>>20, 10)}
	key := "progress"
	if total == 0 { // not known before the end
		key = "progress-open"
	}
	if all := p.Encoding.Load(); all > 0 {
		key = "progress-video"
		done := p.Encoded.Load()
		args = append(args, "encoded", strconv.FormatInt(done/1000, 10), "encoding", strconv.FormatInt(all/1000, 10), "left", w.left(done, all))
	}
	fmt.Fprint(w.s.Stderr, "\r\x1b[K"+w.s.say.Say(key, args...))
}

// left says how long the rest of the videos under work will take, if it goes on as it did.
func (w *watch) left(done, all int64) string {
	if done <= 0 || done >= all {
		return ""
	}
	rest := time.Since(w.began).Seconds() * float64(all-done) / float64(done)
	return w.s.say.Say("progress-left", "seconds", strconv.Itoa(int(rest+0.5)))
}

// pause runs print with the progress line out of the way.
func (w *watch) pause(print func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clear()
	print()
}

func (w *watch) end() {
	close(w.done)
	w.ended.Wait()
	w.clear()
}

func (w *watch) clear() {
	if w.drawn {
		fmt.Fprint(w.s.Stderr, "\r\x1b[K")
		w.drawn = false
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
