package httpapi_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

func (w *world) count() int {
	list, _, err := w.register.Find(w.Context(), artefact.Query{}, "", artefact.MaxPage)
	w.must(err)
	return len(list)
}

func (c call) once(key string) call { return c.with("Idempotency-Key", key) }

// TestOnceAmongMany sends one request 64 times at once: one artefact is made, and everybody who gets an artefact gets that.
func TestOnceAmongMany(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	var all sync.WaitGroup
	var mu sync.Mutex
	numbers, statuses := map[string]int{}, map[int]int{}
	for range 64 {
		all.Go(func() {
			for range 1000 {
				out := w.ask("POST", upload+"&name=a.txt", text("once")).as(w.key).once("k-1").send()
				mu.Lock()
				statuses[out.Code]++
				if out.Code == 201 {
					numbers[out.Header().Get("Location")]++
				}
				mu.Unlock()
				if out.Code == 201 {
					return
				}
				if out.Code != 409 || out.Header().Get("Retry-After") == "" || !strings.Contains(out.Body.String(), "idempotency-in-progress") {
					t.Errorf("%d %v %s", out.Code, out.Header(), out.Body)
					return
				}
			}
		})
	}
	all.Wait()
	if len(numbers) != 1 || statuses[201] != 64 || w.count() != 1 {
		t.Errorf("%v %v %d artefacts", numbers, statuses, w.count())
	}
	t.Log(statuses)
}

// TestOnce sends requests again, and requests that look like it.
func TestOnce(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	path := upload + "&name=a.txt"
	first := w.ask("POST", path, text("once")).as(w.key).once("k").want(201, nil)
	again := w.ask("POST", path, text("once")).as(w.key).once("k").want(201, nil)
	if first.Body.String() != again.Body.String() || first.Header().Get("Location") != again.Header().Get("Location") || again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
		t.Errorf("%v %s\n%v %s", first.Header(), first.Body, again.Header(), again.Body)
	}
	reused := colophon.Code("idempotency-key-reused")
	w.ask("POST", path, text("Once")).as(w.key).once("k").wantCode(409, reused) // as long, and other
	w.ask("POST", path, text("once more")).as(w.key).once("k").wantCode(409, reused)
	w.ask("POST", path+"&corner=top-left", text("once")).as(w.key).once("k").wantCode(409, reused)
	other := w.ask("POST", path, text("once")).as(w.key).once("k")
	other.Header.Set("Colophon-Account", "another")
	other.wantCode(409, reused)
	w.ask("POST", path, text("once")).as(w.key).with("Prefer", "respond-async").once("k").wantCode(409, reused)
	c := w.ask("POST", path, text("once")).as(w.key).once("k")
	c.Header.Set("Content-Type", "text/plain")
	c.wantCode(409, reused)
	w.ask("POST", path, text("once")).by(w.people[staff.Engineer]).once("k").want(201, nil) // of somebody else
	w.ask("POST", path, text("once")).as(w.key).once("has spaces").wantCode(422, httpapi.CodeFields)
	if n := w.count(); n != 2 {
		t.Errorf("%d artefacts", n)
	}
	// The bytes come again, each time as a delivery.
	out := w.ask("POST", path+"&return=content", text("bytes")).as(w.key).once("b").want(201, nil)
	again = w.ask("POST", path+"&return=content", text("bytes")).as(w.key).once("b").want(201, nil)
	number := artefact.Number(out.Header().Get("Colophon-Artefact"))
	if out.Body.String() != again.Body.String() || len(w.deliveries(number)) != 2 {
		t.Errorf("%q %q", out.Body, again.Body)
	}
	// A form has another boundary each time.
	for i := range 2 {
		body, kind := form(t, [2]string{"a.txt", "in a form"})
		c := w.ask("POST", upload, body).as(w.key).once("f")
		c.Header.Set("Content-Type", kind)
		if out := c.want(201, nil); (out.Header().Get("Idempotency-Replayed") == "true") != (i == 1) {
			t.Errorf("%v", out.Header())
		}
	}
	before := w.count()
	w.clock.Set(w.clock.Now().Add(25 * time.Hour))
	w.key, _ = w.newKey(keyActions(), []string{"*"}, time.Hour)
	w.ask("POST", path, text("once")).as(w.key).once("k").want(201, nil)
	if w.count() != before+1 {
		t.Error("the answer outlived its day")
	}
}

// TestOnceOfOtherThings sends other requests that create again.
func TestOnceOfOtherThings(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	first := w.ask("POST", "/v1/holds", `{"subject":"s-1"}`).by(officer).once("k").want(201, nil)
	again := w.ask("POST", "/v1/holds", ` { "subject" : "s-1" } `).by(officer).once("k").want(201, nil)
	if first.Body.String() != again.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" || w.custody.holds != 1 {
		t.Errorf("%s %s %d", first.Body, again.Body, w.custody.holds)
	}
	w.ask("POST", "/v1/holds", `{"subject":"s-2"}`).by(officer).once("k").wantCode(409, "idempotency-key-reused")
	w.ask("POST", "/v1/accounts:erase", `{"account":"s-1"}`).by(officer).once("k").wantCode(409, "idempotency-key-reused")
	w.ask("POST", "/v1/holds", `{"subject":"s-1","record":"r-1"}`).by(officer).wantCode(422, httpapi.CodeFields)
	for range 2 {
		w.ask("POST", "/v1/jobs/"+jobID+":discard", nil).by(officer).once("d").want(204, nil)
	}
	if len(w.jobs.decided) != 1 {
		t.Error(w.jobs.decided)
	}
	// The text of a key is told once, and lies nowhere.
	var one, two struct {
		Text string
		Key  httpapi.APIKey
	}
	body := `{"name":"n","actions":["artefact.read"],"functions":["*"],"days":1}`
	w.ask("POST", "/v1/api-keys", body).by(officer).once("key").want(201, &one)
	w.ask("POST", "/v1/api-keys", body).by(officer).once("key").want(201, &two)
	if one.Text == "" || two.Text != "" || one.Key.ID != two.Key.ID {
		t.Errorf("%+v %+v", one, two)
	}
	w.ask("GET", "/v1/artefacts", nil).as(one.Text).want(200, nil)
	answer, fresh, err := w.config.Answers.Claim(t.Context(), string(officer.Account.ID), "key", sha256.Sum256(nil))
	if err == nil || fresh || strings.Contains(string(answer), "clp_") {
		t.Errorf("%s %v", answer, err)
	}
}

// TestGivenBack has a request fail, and then sends it again with its key.
func TestGivenBack(t *testing.T) {
	t.Parallel()
	f := &failing{err: &colophon.Error{Code: "store-unavailable"}}
	real := httpapi.Line(nil)
	w := open(t, func(c *httpapi.Config) { real, c.Line = c.Line, f; f.Line = real })
	ask := func() call { return w.ask("POST", upload+"&name=a.txt", text("once")).as(w.key).once("k") }
	if out := ask().want(503, nil); out.Header().Get("Retry-After") == "" {
		t.Errorf("%v", out.Header())
	}
	w.config.Line = real
	api, err := httpapi.New(w.config)
	w.must(err)
	w.api = api
	ask().want(201, nil)
	ask().want(201, nil)
	if w.count() != 1 {
		t.Errorf("%d artefacts", w.count())
	}
}

// dying is a line whose process dies after the work.
type dying struct{ httpapi.Line }

func (d dying) Produce(ctx context.Context, by production.By, o production.Order, body io.Reader) (artefact.Artefact, error) {
	if _, err := d.Line.Produce(ctx, by, o, body); err != nil {
		return artefact.Artefact{}, err
	}
	panic("the power went")
}

// TestDied has the process die between the work and its answer: sending again does not do it twice.
func TestDied(t *testing.T) {
	t.Parallel()
	var real httpapi.Line
	w := open(t, func(c *httpapi.Config) { real = c.Line; c.Line = dying{c.Line} })
	ask := func() call { return w.ask("POST", upload+"&name=a.txt", text("once")).as(w.key).once("k") }
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it lives")
			}
		}()
		ask().send()
	}()
	w.config.Line = real
	api, err := httpapi.New(w.config)
	w.must(err)
	w.api = api
	ask().wantCode(409, "idempotency-in-progress")
	if w.count() != 1 {
		t.Errorf("%d artefacts", w.count())
	}
	var page struct{ Artefacts []httpapi.Artefact } // by which a sender finds out
	w.ask("GET", "/v1/artefacts?digest="+fmt.Sprintf("%x", sha256.Sum256(text("once"))), nil).as(w.key).want(200, &page)
	if len(page.Artefacts) != 1 {
		t.Errorf("%+v", page)
	}
}
