package app

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/edge"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store/overview"
)

// openDoors makes the handlers: the API under /v1 and beside it, pages for everything else.
func (s *Server) openDoors(context.Context) error {
	lines, err := os.ReadFile(filepath.Join(s.set.Keys, "log.pub"))
	if err != nil {
		return durable.Fault(filepath.Join(s.set.Keys, "log.pub"), err)
	}
	s.logKey = strings.TrimSpace(string(lines))
	exporter, err := s.exporter()
	if err != nil {
		return err
	}
	api, err := httpapi.New(httpapi.Config{
		Line: as[httpapi.Line](s.line, s.set.weak.line), Binder: s.binder, Artefacts: s.register, Log: publicLog{s.reader, s.logKey}, Jobs: jobs{s.queue}, Ledger: archive{s}, Custody: custody{s}, Restraints: restraints{custody{s}}, LogCheck: logCheck{s, &sync.Mutex{}}, Settings: s.shownSettings(),
		Answers: s.answers, Roster: s.roster, Ready: s.ready, Metrics: s.telemetry.Handler(), Logger: s.log, PublicURL: s.set.PublicURL,
		Source:   source,
		Screener: s, Curator: s.screens.curator, Shelf: s.libraryShelf(), Policies: s.screens.policies, Docket: s.screens.docket, Reports: s.screens.reports, Beheld: s, Links: s.links, Identity: s.identities, Consents: s.consents, Agreements: s.agreements, Register: s.functions, People: guests{s}, Standing: s.standing,
		Prompt: s.ahead.prompt, Assessments: s.ahead.assessments, AssessmentPage: s.ahead.page, Faces: s.ahead.faces, Orders: s.orders, Watch: s.watch, Admission: s.gate, Decisions: s.store, Intake: s.uploads.line, Scans: s.uploads.scanner, Materials: s.uploads.materials, Webhooks: s.uploads.hooks, Desk: s.cases.desk, CaseLimits: s.cases.limits, CaseFiles: caseFiles{s}, Parcels: parcels{s}, Refutations: s.refuted.keeper, Recalls: s.refuted.recalled, RecallReader: recallReader{s}, RecallKey: s.refuted.key, ProviderName: s.set.providerName(s.config.Producer), Copies: s.copies.keeper, CopyFiles: copyFiles{s}, CopyKey: s.copies.key, Cards: s.cards, CardDesk: cardDesk{s}, Listings: s.listings, Banks: s.runs.banks, Runs: s.runs.keeper, RunDesk: runDesk{s}, Panel: s.runs.panel, PanelSources: []httpapi.PanelSource{runSheets{s}, corpusSheets{s}}, Algorithms: s.corpora.algorithms, Datasets: s.corpora.datasets, DatasetFiles: manifests{s}, Annotation: s.corpora.annotation, Training: s.corpora.training, Filings: s.filings.keeper, FilingDesk: filingDesk{s}, FilingLists: s.filings.lists, ListDesk: listDesk{s}, Incidents: s.incidents, IncidentFiles: incidentFiles{s}, Corrections: s.corrected, Calendar: s.calendar(), Inspections: inspecting{s}, Packs: s.packs.keeper, PackDesk: s, Probes: probeDesk{s}, Duties: s.duties, DutyDesk: s, Rulebook: s.rulebook, Models: s.modelDoors(), Exporter: exporter, UpstreamKeys: s.models.keys, Usage: used{s.models.usage, custody{s}}, Mechanisms: s.oversight.mechanism, Ethics: s.oversight.ethics, Security: s.oversight.security, ReviewPapers: papers{s.oversight.paper}, Overviews: overviews{s, overview.NewDays(overview.New(s.store), time.Now)},
		RequestID: edge.RequestID, MaxUpload: int64(s.set.MaxUpload) << 20,
	})
	if err != nil {
		return err
	}
	pages, err := s.pages(api)
	if err != nil {
		return err
	}
	s.api, s.forms, s.handler = api, pages, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.api.Template(r) != "" {
			api.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
	return nil
}

func (s *Server) pages(api http.Handler) (*console.Pages, error) {
	public, err := url.Parse(s.set.PublicURL)
	if err != nil {
		return nil, err
	}
	c := console.Config{Roster: s.roster, Say: func(l locale.Language) (console.Printer, error) { return locale.For(l) },
		Client: func(r *http.Request) netip.Addr { return edge.ClientOf(r.Context()).Address.Addr() },
		Now:    time.Now, Log: s.log, Origin: s.set.PublicURL, RequestID: func(r *http.Request) string { return edge.RequestID(r.Context()) },
		API: api, Links: s.links, Registrar: s.identities, Consents: s.consents, Answers: s.consents, Receipts: s.consents, Texts: s.agreements, Tools: s.tools(), Passkeys: passkeySite(s.set.PublicURL).Domain != "", Secure: public.Scheme == "https", Zone: time.Local,
		ProviderName: s.set.providerName(s.config.Producer), Contact: s.set.Contact, ProviderCode: s.config.Producer}
	for _, k := range s.keys.Seals {
		c.Seals = append(c.Seals, k.PEM()...)
	}
	if len(s.set.OIDC) > 0 {
		client, err := s.providers()
		if err != nil {
			return nil, err
		}
		c.OIDC = client
		for _, p := range s.set.OIDC {
			c.Providers = append(c.Providers, console.Provider{Issuer: p.Issuer, Name: p.Name})
		}
	}
	return console.New(c)
}

// ready says which parts can do their work.
func (s *Server) ready(ctx context.Context) []httpapi.Part {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := s.store.Placed(ctx)
	return []httpapi.Part{{Name: "store", Ready: err == nil}, {Name: "blobs", Ready: s.blobs.Ready(ctx) == nil}, {Name: "door", Ready: s.edge == nil || s.edge.Ready()}}
}

// serve serves until ctx ends.
func (s *Server) serve(ctx context.Context, listening func(address string)) error {
	proxies, err := s.set.proxies()
	if err != nil {
		return err
	}
	rate := edge.Rate{PerSecond: float64(s.set.Rate), Burst: 2 * s.set.Rate}
	s.edge, err = edge.New(edge.Config{Handler: s.handler, Wrap: func(next http.Handler) http.Handler { return s.telemetry.Wrap(next, s.template) }, Route: s.route, Problem: s.api.WriteProblem, Key: bearer, Log: s.log,
		Listen: s.set.Listen, CertFile: s.set.TLSCert, KeyFile: s.set.TLSKey, PublicURL: s.set.PublicURL, TrustedProxies: proxies, Forwarded: s.set.Header == "forwarded",
		Pause: s.set.Pause, Grace: s.set.Drain,
		Limits: edge.Limits{MinRate: minRate, ByAddress: rate, ByKey: rate, Connections: s.set.Connections, PeerConnections: s.set.PerAddress, Classes: map[string]edge.Class{"work": {Running: s.set.Concurrency, Waiting: 4 * s.set.Concurrency, Wait: 5 * time.Second},
			"text": {Running: s.set.Gateway.Streams}, "media": {Running: s.set.Gateway.AtOnce, Wait: 10 * time.Second}}}})
	if err != nil {
		return err
	}
	go func() {
		if addr := s.edge.Addr(); addr != nil {
			s.log.Info("listening", slog.String("listen", addr.String()))
			listening(addr.String())
		}
	}()
	return s.edge.Run(ctx)
}

// maxForm is the largest body that is no content, and how much a form may be larger than the content in it, in bytes.
const maxForm = 1 << 20

// minRate is how many bytes a second a client must move on average; an application that is slower keeps others waiting.
const minRate = 8 << 10

// route says what a request may take of the server.
func (s *Server) route(r *http.Request) edge.Route {
	if text, media := s.api.Proxied(r); text {
		return edge.Route{Class: "text", MaxBody: int64(s.set.Gateway.MaxBody) << 20}
	} else if media {
		return edge.Route{Class: "media", MaxBody: int64(s.set.Gateway.MaxBody) << 20}
	}
	if s.api.Upload(r) {
		return edge.Route{Class: "work", MaxBody: int64(s.set.MaxUpload)<<20 + maxForm}
	}
	if most := max(s.api.MaxBody(r), s.forms.MaxBody(r)); most > maxForm {
		return edge.Route{Class: "work", MaxBody: most}
	}
	return edge.Route{MaxBody: maxForm}
}

// template names the route of a request for telemetry. Pages have few paths, and unknown ones are one.
func (s *Server) template(r *http.Request) string {
	if t := s.api.Template(r); t != "" {
		return t
	}
	return "/"
}

func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if scheme == "" {
		return r.Header.Get("X-Api-Key") // as clients of Anthropic's models show it
	}
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(key)
}

// lag tells how far the log is behind the store.
func (s *Server) lag(ctx context.Context) (int64, time.Duration, error) {
	_, waiting, oldest, err := s.store.Count(ctx)
	if err != nil || waiting == 0 {
		return 0, 0, err
	}
	return waiting, time.Since(oldest), nil
}

// depth tells how many jobs there are in each state.
func (s *Server) depth(ctx context.Context) (map[string]int64, error) {
	jobs, err := s.queue.Depth(ctx)
	depth := map[string]int64{}
	for state, n := range jobs {
		depth[string(state)] = n
	}
	return depth, err
}
