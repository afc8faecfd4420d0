// Package identitytest proves that a source of identity keeps its contract: what it says is what stands behind it says, and
// whatever goes wrong on the way there and back is an error or [identity.SourceError], never an answer. Nothing that a claim
// holds is found in an error, a log or what a source returns.
//
// What not to do here: no source. The other side of each, which checks questions as the real one does, belongs to its tests.
package identitytest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/identity"
)

// patience is how long a source may take to notice that nobody waits any more.
const patience = 5 * time.Second

// Far makes the other side of a source. It refuses a question that the real one would refuse, and fails the test then; any
// other it answers as the real one does where that is the result.
type Far func(t *testing.T, r identity.Result) http.Handler

// Source is a source that answers now.
type Source struct {
	Open    func(t *testing.T, address string) identity.Source
	Far     Far
	Claim   identity.Claim
	Results []identity.Result // all that the other side can answer
	// Wrong are answers that are none, by what is wrong with them.
	Wrong map[string]http.HandlerFunc
}

// Run proves a source. It takes over the program's log meanwhile, so nothing runs beside it.
func (s Source) Run(t *testing.T) {
	w := watch(t, s.Claim)
	facts(t, s.Open(t, "https://127.0.0.1:1").Facts())
	for _, r := range s.Results {
		t.Run(string(r), func(t *testing.T) {
			w := w.of(t)
			far := httptest.NewServer(s.Far(t, r))
			defer far.Close()
			source := s.Open(t, far.URL)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					a, err := source.Check(t.Context(), s.Claim)
					if w.clean(a, err); err != nil || a.Result != r || r == identity.Match && !source.Facts().Level.Satisfies(a.Level) {
						t.Errorf("%+v, %v", a, err)
					}
				})
			}
			all.Wait()
		})
	}
	check := func(t *testing.T, ctx context.Context, address string) {
		a, err := s.Open(t, address).Check(ctx, s.Claim)
		if w.of(t).clean(a, err); err == nil && a.Result != identity.SourceError {
			t.Errorf("%+v", a)
		}
	}
	broken(t, s.Far(t, identity.Match), s.Wrong, check)
}

// Later is a source that answers later.
type Later struct {
	Open func(t *testing.T, address string) identity.Later
	// Far is the other side; nil for one that does not begin with a question to an address.
	Far   Far
	Start identity.Start
	// Respond makes what comes back from there so that the verification ends with the result.
	Respond func(t *testing.T, b identity.Begun, r identity.Result) identity.Response
	Results []identity.Result
	// Wrong are responses that are none, or another's, by what is wrong with them.
	Wrong map[string]func(t *testing.T, b identity.Begun) identity.Response
}

// Run proves a source. It takes over the program's log meanwhile, so nothing runs beside it.
func (s Later) Run(t *testing.T) {
	w := watch(t, s.Start.Claim)
	begin := func(t *testing.T, r identity.Result, id string) (identity.Later, identity.Begun) {
		address := "https://127.0.0.1:1"
		if s.Far != nil {
			far := httptest.NewServer(s.Far(t, r))
			t.Cleanup(far.Close)
			address = far.URL
		}
		source, start := s.Open(t, address), s.Start
		start.ID = id
		b, err := source.Begin(t.Context(), start)
		if w.of(t).clean(b, err); err != nil || (b.URL == "") == (b.Sent == "") || len(b.State) == 0 {
			t.Fatalf("%+v, %v", b, err)
		}
		return source, b
	}
	for _, r := range s.Results {
		t.Run(string(r), func(t *testing.T) {
			source, b := begin(t, r, s.Start.ID)
			if r == s.Results[0] {
				facts(t, source.Facts())
			}
			a, err := source.Complete(t.Context(), b, s.Respond(t, b, r))
			if w.of(t).clean(hide(a), err); err != nil || a.Result != r || r == identity.Match && !source.Facts().Level.Satisfies(a.Level) {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	wrong := func(t *testing.T, source identity.Later, b identity.Begun, r identity.Response) {
		a, err := source.Complete(t.Context(), b, r)
		if w.of(t).clean(hide(a), err); err == nil && a.Result != identity.SourceError && a.Result != identity.Waiting {
			t.Errorf("%+v", a)
		}
	}
	for name, make := range s.Wrong {
		t.Run(name, func(t *testing.T) {
			source, b := begin(t, identity.SourceError, s.Start.ID)
			wrong(t, source, b, make(t, b))
		})
	}
	t.Run("of another verification", func(t *testing.T) {
		_, other := begin(t, identity.Match, s.Start.ID+"0")
		source, b := begin(t, identity.Match, s.Start.ID)
		wrong(t, source, b, s.Respond(t, other, identity.Match))
	})
	t.Run("without its state", func(t *testing.T) {
		source, b := begin(t, identity.Match, s.Start.ID)
		r := s.Respond(t, b, identity.Match)
		for _, state := range [][]byte{nil, []byte("null"), []byte("{}"), b.State[:len(b.State)-1]} {
			b.State = state
			wrong(t, source, b, r)
		}
	})
	if s.Far == nil {
		return
	}
	broken(t, s.Far(t, identity.Match), nil, func(t *testing.T, ctx context.Context, address string) {
		b, err := s.Open(t, address).Begin(ctx, s.Start)
		if w.of(t).clean(b, err); err == nil {
			t.Errorf("begun: %+v", b)
		}
	})
}

// hide takes away what a source is to find out.
func hide(a identity.Answer) identity.Answer {
	a.Learned = identity.Claim{}
	return a
}

var name = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// facts checks what a source says of itself.
func facts(t *testing.T, f identity.Facts) {
	t.Helper()
	if !name.MatchString(f.Name) || f.Level == identity.None || len(f.Methods) == 0 || f.Level == identity.Live && !f.Face {
		t.Errorf("facts %+v", f)
	}
}

// broken has a question meet everything that can go wrong with the answer to it.
func broken(t *testing.T, right http.Handler, wrong map[string]http.HandlerFunc, ask func(t *testing.T, ctx context.Context, address string)) {
	cases := map[string]http.HandlerFunc{
		"cut short": func(w http.ResponseWriter, r *http.Request) {
			a := record(right, r)
			a.header(w)
			w.Header().Set("Content-Length", strconv.Itoa(len(a.body)+1))
			w.Write(a.body)
		},
		"too large": func(w http.ResponseWriter, r *http.Request) {
			a := record(right, r)
			a.header(w)
			w.Write(a.body)
			io.CopyN(w, endless(' '), 8<<20)
		},
		"no HTTP": func(w http.ResponseWriter, r *http.Request) {
			a := record(right, r)
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				defer c.Close()
				fmt.Fprintf(c, "%s\r\n\r\n", a.asked)
			}
		},
		"the question again": func(w http.ResponseWriter, r *http.Request) {
			a := record(right, r)
			a.header(w)
			w.Header().Set("X-Echo", fmt.Sprintf("%q", a.asked))
			w.Write(a.asked)
		},
	}
	for _, status := range []int{201, 202, 203, 206, 400, 401, 403, 404, 429, 500, 502, 503} {
		cases["status "+strconv.Itoa(status)] = func(w http.ResponseWriter, r *http.Request) {
			a := record(right, r)
			a.header(w)
			w.WriteHeader(status)
			w.Write(a.body)
		}
	}
	for _, text := range []string{"", "null", "{}", "[]", `"match"`, "true", "<html>match</html>", "\xff\xfe", "{", `{"result":"match"}`} {
		cases["the answer "+text] = func(w http.ResponseWriter, r *http.Request) {
			record(right, r).header(w)
			io.WriteString(w, text)
		}
	}
	for name, h := range wrong {
		cases[name] = h
	}
	for name, h := range cases {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				h(w, r)
			}))
			defer far.Close()
			if ask(t, t.Context(), far.URL); asked.Load() != 1 {
				t.Errorf("asked %d times", asked.Load())
			}
		})
	}
	unreached(t, right, ask)
	cutAnywhere(t, right, ask)
}

// unreached has a question reach nobody, or nobody who may have it.
func unreached(t *testing.T, right http.Handler, ask func(t *testing.T, ctx context.Context, address string)) {
	t.Run("redirects", func(t *testing.T) {
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Error("followed") }))
		defer other.Close()
		for _, status := range []int{301, 302, 303, 307, 308} {
			far := httptest.NewServer(http.RedirectHandler(other.URL, status))
			ask(t, t.Context(), far.URL)
			far.Close()
		}
	})
	t.Run("a certificate of nobody's", func(t *testing.T) {
		far := httptest.NewUnstartedServer(right)
		far.Config.ErrorLog = log.New(io.Discard, "", 0)
		far.StartTLS()
		defer far.Close()
		ask(t, t.Context(), far.URL)
	})
	t.Run("nobody there", func(t *testing.T) {
		far := httptest.NewServer(right)
		far.Close()
		ask(t, t.Context(), far.URL)
	})
	t.Run("silence", func(t *testing.T) {
		done := make(chan struct{})
		far := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
		defer far.Close()
		defer close(done)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begun := time.Now()
		if ask(t, ctx, far.URL); time.Since(begun) > patience {
			t.Errorf("it took %v", time.Since(begun))
		}
	})
	t.Run("nobody waits", func(t *testing.T) {
		far := httptest.NewServer(right)
		defer far.Close()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ask(t, ctx, far.URL)
	})
}

// cutAnywhere has an answer end after each of its bytes but the last, as a whole answer.
func cutAnywhere(t *testing.T, right http.Handler, ask func(t *testing.T, ctx context.Context, address string)) {
	t.Run("an answer ends early", func(t *testing.T) {
		var keep atomic.Int64
		length := make(chan int, 1)
		far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := record(right, r)
			a.header(w)
			w.Write(a.body[:min(int(keep.Load()), len(a.body))])
			length <- len(bytes.TrimRight(a.body, "\n"))
		}))
		defer far.Close()
		for n, most := 0, 1; n < most; n++ {
			keep.Store(int64(n))
			ask(t, t.Context(), far.URL)
			most = <-length
		}
	})
}

// recorded is a question, and the answer that the other side would have given.
type recorded struct {
	head  http.Header
	body  []byte
	asked []byte
}

func record(far http.Handler, r *http.Request) recorded {
	asked, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(asked))
	w := httptest.NewRecorder()
	far.ServeHTTP(w, r)
	return recorded{w.Header(), w.Body.Bytes(), asked}
}

func (a recorded) header(w http.ResponseWriter) {
	for name, values := range a.head {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
}

// endless is a byte for ever.
type endless byte

// Read implements io.Reader.
func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

// watcher looks for what a claim holds.
type watcher struct {
	*testing.T
	parts []string
}

// watch reads the log until the test ends.
func watch(t *testing.T, c identity.Claim) watcher {
	w := watcher{T: t}
	for _, v := range []string{c.Number, c.Name, c.Phone, c.Card} {
		if v != "" {
			quoted, _ := json.Marshal(v)
			w.parts = append(w.parts, v, strings.Trim(strconv.QuoteToASCII(v), `"`), strings.Trim(string(quoted), `"`))
		}
	}
	var said safe
	old, oldLog := slog.Default(), log.Writer()
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	log.SetOutput(&said)
	t.Cleanup(func() {
		slog.SetDefault(old)
		log.SetOutput(oldLog)
		w.find("the log", said.String())
	})
	return w
}

func (w watcher) of(t *testing.T) watcher { return watcher{t, w.parts} }

// clean looks through what came back, and all causes of an error.
func (w watcher) clean(v any, err error) {
	w.Helper()
	switch v := v.(type) {
	case identity.Answer:
		w.find("an answer", strings.Join([]string{v.Transaction, v.CodeRaw, v.Consent, v.Learned.Number, v.Learned.Name, v.Learned.Phone, v.Learned.Card}, "\n"))
	case identity.Begun:
		w.find("a beginning", strings.Join([]string{v.URL, v.Sent, v.Reference, string(v.State)}, "\n"))
	}
	for ; err != nil; err = errors.Unwrap(err) {
		w.find("an error", fmt.Sprintf("%v %+v %#v", err, err, err))
		var e *colophon.Error
		if errors.As(err, &e) {
			w.find("an error's arguments", fmt.Sprint(e.Args))
		}
	}
}

func (w watcher) find(where, text string) {
	w.Helper()
	for _, p := range w.parts {
		if strings.Contains(text, p) {
			w.Errorf("%s holds a part of the claim: %s", where, text)
		}
	}
}

// safe is a buffer that many write to.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// String returns what was written.
func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
