package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/browser"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/review/inspection"
)

const kindInspection = "inspect-pages"

// inspections keeps mock inspections, and how far those are that this node works.
type inspections struct {
	keeper *inspection.Keeper
	mu     sync.Mutex
	far    map[string][2]int // pages looked at, and all, by inspection
}

func (s *Server) openInspections(context.Context) error {
	s.inspected = &inspections{keeper: inspection.NewKeeper(ledgers.Joined(s.store, inspection.Ledger, s.enqueueInspections), s.recorder), far: map[string][2]int{}}
	return nil
}

type inspectionArgs struct {
	Inspection string `json:"inspection"`
}

// enqueueInspections has an inspection worked that somebody asked for. What the program looks at by itself it looks at at once.
func (s *Server) enqueueInspections(ctx context.Context, tx *store.Tx, list []ledger.Entry[inspection.Kept]) error {
	for _, e := range list {
		if e.State == string(inspection.Waiting) && !e.Value.Probe {
			if err := s.enqueue(ctx, tx, kindInspection, inspectionArgs{e.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

// inspectionTries is how often an inspection is begun that was interrupted.
const inspectionTries = 3

// codeInterrupted says that an inspection ended before it was through.
const codeInterrupted colophon.Code = "inspection-interrupted"

// breakInspection says that nobody works an inspection any more, even where whoever worked it was stopped.
func (s *Server) breakInspection(ctx context.Context, id string) error {
	_, err := s.inspected.keeper.Break(context.WithoutCancel(ctx), id, codeInterrupted)
	return err
}

func (s *Server) inspectionWorkers() []job.Worker {
	return []job.Worker{job.Work(kindInspection, job.Limits{AtOnce: 1, Attempts: inspectionTries, Timeout: 6 * time.Hour}, func(ctx context.Context, t *job.Task, a inspectionArgs) error {
		e, err := s.inspected.keeper.Get(ctx, a.Inspection)
		if err != nil || e.State != string(inspection.Waiting) {
			return err
		}
		_, err = s.workInspection(ctx, e, func(percent int) {
			if err := t.Progress(ctx, percent, ""); err != nil {
				s.log.WarnContext(ctx, "progress", "error", err)
			}
		})
		if err != nil && t.Attempt == inspectionTries {
			err = errors.Join(err, s.breakInspection(ctx, e.ID))
		}
		return err
	})}
}

// inspectionHosts are those that may be looked at although they lie in a network of our own: what the settings name, and this
// server's own address.
func (s *Server) inspectionHosts() []string {
	list := strings.FieldsFunc(s.set.InspectionHosts, func(r rune) bool { return r == ',' || r == ' ' })
	if u, err := url.Parse(s.set.PublicURL); err == nil && u.Host != "" && u.Port() != "0" { // 0 where the system chooses the port
		list = append(list, hostPort(u))
	}
	return list
}

// inspector makes what looks at pages for this server.
func (s *Server) inspector() *Inspection {
	w := &Inspection{Press: NewPress(s.config), Version: s.config.Version, Now: time.Now, Browser: browser.Config{Path: s.set.Browser, Allow: s.inspectionHosts()}}
	w.Pinned = append(w.Pinned, s.keys.Seals...)
	return w
}

// workInspection makes an inspection and keeps its report.
func (s *Server) workInspection(ctx context.Context, e inspection.Entry, tell func(percent int)) (*inspection.Report, error) {
	w := s.inspector()
	w.Only = e.Value.Probe
	var err error
	if w.Expect, err = s.expected(ctx); err != nil {
		return nil, err
	}
	w.Progress = func(done, total int) {
		s.inspected.mu.Lock()
		s.inspected.far[e.ID] = [2]int{done, total}
		s.inspected.mu.Unlock()
		tell(done * 100 / max(1, total))
	}
	defer func() {
		s.inspected.mu.Lock()
		delete(s.inspected.far, e.ID)
		s.inspected.mu.Unlock()
	}()
	r, err := w.Pages(ctx, "pages", "", e.Value.Targets)
	if err != nil {
		if known, ok := codeOf(err); ok && ctx.Err() == nil {
			_, err = s.inspected.keeper.Break(ctx, e.ID, known.Code)
			return nil, errors.Join(err, known)
		}
		return nil, err
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	d, _, err := s.blobs.Put(ctx, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	_, err = s.inspected.keeper.End(ctx, e.ID, r, hex.EncodeToString(sum[:]), blob.FormatDigest(d))
	return r, err
}

// expected says which filings a page has to show: those of the functions of the service whose address it is.
func (s *Server) expected(ctx context.Context) (func(address string) []inspection.Expected, error) {
	sites, _, err := s.ownSites(ctx)
	if err != nil {
		return nil, err
	}
	return func(address string) (list []inspection.Expected) {
		u, err := url.Parse(address)
		if err != nil {
			return nil
		}
		for _, site := range sites {
			if own, err := url.Parse(site.address); err == nil && strings.EqualFold(own.Host, u.Host) {
				list = append(list, site.filings...)
			}
		}
		return list
	}, nil
}

// site is an address of a service with the filings of its functions.
type site struct {
	service, address string
	filings          []inspection.Expected
}

// ownSites lists the addresses of our own services that can be opened, and the services that have filings: false where one of
// their numbers does not pass the check.
func (s *Server) ownSites(ctx context.Context) (list []site, filed map[string]bool, err error) {
	filings := map[string][]inspection.Expected{}
	seen := map[string]bool{}
	filed = map[string]bool{}
	err = every(func(after string) ([]register.Entry, string, error) {
		return s.functions.Functions(ctx, register.Query{After: after, Limit: 200})
	}, func(e register.Entry) error {
		f := e.Value.Filing
		if e.State == string(register.Retired) || f.Number == "" || f.State == register.FilingCancelled || seen[e.Value.Service+f.Number] {
			return nil
		}
		seen[e.Value.Service+f.Number] = true
		n, err := register.CheckFiling(f.Number)
		good, before := filed[e.Value.Service]
		filed[e.Value.Service] = err == nil && n.Checked && (good || !before)
		if err == nil {
			filings[e.Value.Service] = append(filings[e.Value.Service], inspection.Expected{Number: n.Digits, Link: f.Link})
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	err = every(func(after string) ([]register.ServiceEntry, string, error) {
		return s.functions.Services(ctx, after, 200)
	}, func(e register.ServiceEntry) error {
		if e.State != string(register.Open) {
			return nil
		}
		for _, f := range e.Value.Forms {
			if t := (inspection.Target{Address: f.At}); inspection.CheckTargets([]inspection.Target{t}) == nil {
				list = append(list, site{e.ID, f.At, filings[e.ID]})
			}
		}
		return nil
	})
	return list, filed, err
}

// inspecting is the server as httpapi.Inspections asks it.
type inspecting struct{ *Server }

// Start implements httpapi.Inspections.
func (s inspecting) Start(ctx context.Context, by ledger.By, targets []inspection.Target, own bool) (inspection.Entry, error) {
	if own {
		sites, _, err := s.ownSites(ctx)
		if err != nil {
			return inspection.Entry{}, err
		}
		for _, site := range sites {
			targets = append(targets, inspection.Target{Address: site.address})
		}
	}
	return s.inspected.keeper.Begin(ctx, by, targets, own, false)
}

// Get implements httpapi.Inspections.
func (s inspecting) Get(ctx context.Context, id string) (inspection.Entry, error) {
	return s.inspected.keeper.Get(ctx, id)
}

// Page implements httpapi.Inspections.
func (s inspecting) Page(ctx context.Context, after string, limit int, states ...inspection.State) ([]inspection.Entry, string, error) {
	return s.inspected.keeper.Page(ctx, after, limit, states...)
}

// Progress implements httpapi.Inspections.
func (s inspecting) Progress(id string) (done, total int) {
	s.inspected.mu.Lock()
	defer s.inspected.mu.Unlock()
	far := s.inspected.far[id]
	return far[0], far[1]
}

// Report implements httpapi.Inspections.
func (s inspecting) Report(ctx context.Context, id string) (*inspection.Report, []byte, error) {
	e, err := s.inspected.keeper.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if e.State != string(inspection.Done) {
		return nil, nil, &colophon.Error{Kind: colophon.Conflict, Code: inspection.CodeOpen}
	}
	d, err := blob.ParseDigest(e.Value.Blob)
	if err != nil {
		return nil, nil, err
	}
	from, err := s.blobs.Get(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	defer from.Close()
	raw, err := io.ReadAll(io.LimitReader(from, inspection.MaxReport+1))
	if err != nil {
		return nil, nil, err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != e.Value.Digest {
		return nil, nil, &colophon.Error{Kind: colophon.Conflict, Code: inspection.CodeReport}
	}
	r, err := inspection.Read(raw)
	return r, raw, err
}

// Paper implements httpapi.Inspections.
func (s inspecting) Paper(r *inspection.Report, digest, language, format string) ([]byte, error) {
	f, err := InspectionFormat(format)
	if err != nil {
		return nil, err
	}
	l, _ := locale.Parse(language)
	return InspectionPaper(r, digest, l, f)
}

// seeFilingShown looks in a browser whether the pages of services with filed functions show the numbers and their links. Of a
// service whose pages can't be opened it can't tell. The report of the look, with its photographs, is kept as an inspection.
func (s *Server) seeFilingShown(ctx context.Context, _ time.Time) (saw, error) {
	sites, filed, err := s.ownSites(ctx)
	if err != nil {
		return saw{}, err
	}
	var c count
	var targets []inspection.Target
	opened, looked := map[string]bool{}, map[string]bool{}
	for _, one := range sites {
		if _, asked := filed[one.service]; asked && !opened[one.address] {
			opened[one.address], targets = true, append(targets, inspection.Target{Address: one.address})
		}
	}
	var of []string
	if len(targets) > 0 {
		e, err := s.inspected.keeper.Begin(ctx, ledger.By{Role: system}, targets, true, true)
		if err != nil {
			return saw{}, err
		}
		r, err := s.workInspection(ctx, e, func(int) {})
		if err != nil {
			return saw{}, errors.Join(err, s.breakInspection(ctx, e.ID))
		}
		of = append(of, e.ID)
		for _, subject := range r.Subjects {
			for _, one := range sites {
				if good, asked := filed[one.service]; asked && good && one.address == subject.Name {
					c.look(one.service, subject.Outcome().Verdict())
					looked[one.service] = true
				}
			}
		}
	}
	for _, service := range slices.Sorted(maps.Keys(filed)) {
		switch {
		case !filed[service]:
			c.look(service, colophon.Failed)
		case !looked[service]:
			c.look(service, colophon.Unknown)
		}
	}
	out := c.saw()
	out.sample = append(out.sample, of...)
	return out, nil
}
