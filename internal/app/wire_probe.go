package app

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/evidence"
	entries "github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/edge"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/probe"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/stamp"
)

// kindProbes is the kind of the jobs by which people have probes run.
const kindProbes = "run-probes"

type probeArgs struct {
	Probes []string `json:"probes"`
	Asked  string   `json:"asked"` // staff account
}

// weakened takes controls away, so that tests show the probes failing. No setting leads here: it is empty but in tests.
type weakened struct {
	admit     func(admitter) admitter
	line      func(httpapi.Line) httpapi.Line
	detectors func([]intake.Detector) []intake.Detector
	stream    func(streamer) streamer
	judge     func(judger) judger
	door      func(http.Handler) http.Handler
	verify    func(verifier) verifier
}

type verifier = func(bundle []byte, key string) (colophon.Verdict, error)

// as is a part of the program, or what a test puts in its place.
func as[T any](part T, instead func(T) T) T {
	if instead == nil {
		return part
	}
	return instead(part)
}

// openProbes makes what tries that what must not work does not.
func (s *Server) openProbes(context.Context) error {
	s.probes = probe.New(probe.Config{Door: as[http.Handler](http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.api.ServeHTTP(w, r) }), s.set.weak.door), Key: s.probeKey, Duties: s.duties, Incidents: s.incidents,
		Orders: drills{s}, Functions: s.likenessFunctions, Words: s.refusedWords, People: s.protectedPeople, Script: s.models.script, Press: &stamp.Press{Tools: s.tools()}, Seals: s.keys.Seals,
		Label:  label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: s.config.Producer}, Key: s.keys.Seal, Rand: rand.Reader},
		Verify: as(probe.VerifyBundle, s.set.weak.verify), Now: time.Now, Rand: rand.Reader, Observe: s.telemetry.Probed})
	s.probesFrom = time.Now()
	return nil
}

// probeKey makes the API key of one run.
func (s *Server) probeKey(ctx context.Context) (string, func(context.Context) error, error) {
	text, k, err := s.roster.CreateProbeKey(ctx)
	return text, func(ctx context.Context) error { return s.roster.EndProbeKey(ctx, k.ID) }, err
}

// source is the address that a request comes from. Those of probes come from nowhere but this process.
func source(r *http.Request) netip.AddrPort {
	if probe.Own(r.Context()) {
		return netip.AddrPortFrom(netip.IPv6Loopback(), 0)
	}
	return edge.ClientOf(r.Context()).Address
}

// drills stop the account of a probe.
type drills struct{ *Server }

// Drill implements probe.Orders.
func (d drills) Drill(ctx context.Context, account string, until time.Time) (string, error) {
	subject, err := d.accounts.Subject(ctx, account)
	if err != nil {
		return "", err
	}
	e, err := d.orders.Drill(ctx, entries.By{Role: system}, subject, until, probe.Client)
	return e.ID, err
}

// Effective implements probe.Orders.
func (d drills) Effective(ctx context.Context, order string) (bool, error) {
	acks, err := d.orders.Acks(ctx, order)
	return slices.ContainsFunc(acks, func(a incident.Ack) bool { return a.Node == d.watch.Node() }), err
}

// likenessFunctions are the live functions that edit the likeness of people.
func (s *Server) likenessFunctions(ctx context.Context) (list []probe.Function, err error) {
	for after := ""; ; {
		page, next, err := s.functions.Functions(ctx, register.Query{States: []register.State{register.Live}, After: after})
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if f := e.Value; len(f.Likeness) > 0 {
				list = append(list, probe.Function{ID: e.ID, Class: f.Class, Likeness: f.Likeness})
			}
		}
		if after = next; next == "" {
			return list, nil
		}
	}
}

// settled is how long a server runs before probes are run by themselves: while nodes are changed for others, what they say of one
// another is worth little. Whoever asks has them run at once.
const settled = 30 * time.Minute

// runDueProbes runs the probes whose time has come.
func (s *Server) runDueProbes(ctx context.Context) error {
	if time.Since(s.probesFrom) < settled {
		return nil
	}
	return s.probes.Due(ctx)
}

// probeWorkers run the probes that people ask for.
func (s *Server) probeWorkers() []job.Worker {
	return []job.Worker{job.Work(kindProbes, job.Limits{Attempts: 1, Timeout: time.Hour}, func(ctx context.Context, _ *job.Task, a probeArgs) error {
		return s.probes.Run(ctx, a.Probes, a.Asked)
	})}
}

// probeDesk has probes run.
type probeDesk struct{ *Server }

// Run implements httpapi.Probes.
func (d probeDesk) Run(ctx context.Context, by production.By, names []string) (string, []string, error) {
	if len(names) == 0 {
		for _, p := range d.duties.Catalogue().Probes() {
			if p.Kind == duty.Negative && probe.Runs(p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if err := d.probes.Check(names); err != nil {
		return "", nil, err
	}
	rec, err := d.recorder.New(probe.RecordAsked, evidence.System, by.Role, nil, map[string]any{"by": by.ID, "probes": names})
	if err != nil {
		return "", nil, err
	}
	var id job.ID
	err = d.store.Write(ctx, func(tx *store.Tx) error {
		raw, err := tx.SQL()
		if err != nil {
			return err
		}
		if id, err = d.queue.Enqueue(ctx, raw, kindProbes, probeArgs{names, by.ID}, time.Time{}); err != nil {
			return err
		}
		_, err = tx.Record(rec)
		return err
	})
	return string(id), names, err
}
