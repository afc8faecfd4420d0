// Package httpapi is Colophon's HTTP API: one table of routes ([New] serves it, [OpenAPI] describes it), one gate that every
// request passes, and one mapper that turns errors into problems (RFC 9457).
//
// The gate bounds the body, finds out who asks (an API key, or a session of the staff with the proof that the request is
// not forged), and holds the action that the route needs against what the caller may do. What a handler gets is a
// [production.By] that says on whose behalf it works. Handlers translate; they decide nothing. Rules belong to the
// capabilities behind the interfaces of [Config].
//
// An account's own identifier comes in with a request and goes on to the capability behind; it stands in no answer, no
// error and no line of a log.
//
// What not to do here: no route outside the table. No answer before the gate. Never write an error of kind Internal, or
// the text of any error, into an answer: the catalogue says what a person reads. Never buffer an upload. Never cache what
// the roster says about a key or a session. Never keep the text of an API key, not even as the answer to an idempotency
// key.
package httpapi

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/consent/assessment"
	"github.com/colophon-project/colophon/consent/faces"
	"github.com/colophon-project/colophon/consent/prompt"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/duty"
	rulebook "github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/incident/correction"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/register/annotation"
	"github.com/colophon-project/colophon/register/card"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/register/filing"
	published "github.com/colophon-project/colophon/register/list"
	"github.com/colophon-project/colophon/register/listing"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/review/security"
	"github.com/colophon-project/colophon/review/training"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/standing"
)

// Line marks what was produced and hands it out. A *production.Line is one.
type Line interface {
	Produce(ctx context.Context, by production.By, o production.Order, body io.Reader) (artefact.Artefact, error)
	Accept(ctx context.Context, by production.By, o production.Order, body io.Reader) (artefact.Artefact, error)
	Open(ctx context.Context, by production.By, n artefact.Number, how artefact.Channel) (*production.Content, error)
	Sidecar(ctx context.Context, by production.By, n artefact.Number) ([]byte, error)
	Examine(ctx context.Context, by production.By, name string, body io.Reader) (production.Examination, error)
	Heal(ctx context.Context, by production.By, name string, body io.Reader, give bool, may func(artefact.Artefact) bool) (*production.Healing, error)
}

// Binder makes proofs and bundles. A *production.Binder is one.
type Binder interface {
	Proofs(ctx context.Context, n artefact.Number) ([]production.Proven, error)
	Bundle(ctx context.Context, by production.By, w io.Writer, files bool, numbers ...artefact.Number) error
	BundleAbout(ctx context.Context, by production.By, w io.Writer, id string) error
	Sample(ctx context.Context, by production.By, seed []byte, n int, held []byte) (checkpoint []byte, exhibits []evidence.Exhibit, err error)
}

// Artefacts finds artefacts. An *artefact.Register does.
type Artefacts interface {
	Artefact(ctx context.Context, n artefact.Number) (artefact.Artefact, error)
	Find(ctx context.Context, q artefact.Query, after artefact.Cursor, limit int) ([]artefact.Artefact, artefact.Cursor, error)
	Deliveries(ctx context.Context, q artefact.DeliveryQuery, after artefact.Cursor, limit int) ([]artefact.Delivery, artefact.Cursor, error)
}

// Log is the Merkle log as everybody may read it.
type Log interface {
	Checkpoint(ctx context.Context) (evidence.Checkpoint, error)
	// Tile returns a file of the log by its path, "tile/0/000". One that is not there is an error of kind Missing.
	Tile(ctx context.Context, path string) ([]byte, error)
	// Prove returns the leaf at an index and its proof up to the last checkpoint, verified.
	Prove(ctx context.Context, index uint64) (leaf []byte, p evidence.Proof, err error)
	// Key is the line with which others verify checkpoints (C2SP signed-note).
	Key() string
}

// Jobs shows jobs, and has dead ones worked again or thrown away.
type Jobs interface {
	Job(ctx context.Context, id string) (Job, error)
	// List returns jobs in a state, the oldest first.
	List(ctx context.Context, state, after string, limit int) ([]Job, error)
	// Depth returns how many jobs there are in each state but done.
	Depth(ctx context.Context) (map[string]int64, error)
	Retry(ctx context.Context, by production.By, id string) error
	Discard(ctx context.Context, by production.By, id string) error
}

// Ledger reads records.
type Ledger interface {
	Records(ctx context.Context, q RecordQuery) ([]evidence.Held, error)
	Record(ctx context.Context, id string) (evidence.Held, error)
	// Payload opens a record, and MUST leave a record that it did.
	Payload(ctx context.Context, by production.By, id string) (evidence.Opening, error)
}

// Custody keeps and erases what leads to people.
type Custody interface {
	// Erase erases what is kept of an account, or restricts it until the law lets it go; the state says which.
	Erase(ctx context.Context, by production.By, account string) (state string, err error)
	// Hold keeps the records of a subject, or one record, from being purged. One of both is empty.
	Hold(ctx context.Context, by production.By, subject, record string) (id string, err error)
	Lift(ctx context.Context, by production.By, id string) error
	// NetworkLog reads the network log, and MUST leave a record that it did.
	NetworkLog(ctx context.Context, by production.By, q NetworkQuestion) ([]NetworkLine, error)
}

// Answers keeps the answers that belong to idempotency keys.
type Answers interface {
	// Claim takes a key for an owner. The first call gets fresh and ends with Settle or Release. A later one with the same
	// digest of the request gets the answer; one with another digest, or before there is an answer, gets an error.
	Claim(ctx context.Context, owner, key string, request [32]byte) (answer []byte, fresh bool, err error)
	Settle(ctx context.Context, owner, key string, answer []byte) error
	Release(ctx context.Context, owner, key string) error
}

// Part is a part of the program that must be there before requests can be served.
type Part struct {
	Name  string
	Ready bool
}

// Config is what the API is made of. All fields are required but PublicURL.
type Config struct {
	Line       Line
	Binder     Binder
	Artefacts  Artefacts
	Log        Log
	Jobs       Jobs
	Ledger     Ledger
	Custody    Custody
	Restraints Restraints
	LogCheck   LogCheck
	// Settings says how the server is set, without secrets and without what each means.
	Settings    []Setting
	Answers     Answers
	Roster      *staff.Roster
	Screener    Screener
	Curator     *library.Curator
	Shelf       Shelf
	Policies    *policy.Keeper
	Docket      *moderation.Docket
	Reports     *moderation.Reports
	Beheld      Beheld
	Links       *link.Keeper
	Consents    *consent.Ledger
	Agreements  *agreement.Keeper
	Register    *register.Register
	People      People
	Standing    *standing.Keeper
	Identity    *identity.Registrar
	Prompt      *prompt.Keeper
	Assessments *assessment.Keeper
	// AssessmentPage writes an assessment as a page to print.
	AssessmentPage func(assessment.Entry) ([]byte, error)
	Faces          *faces.Counter
	Orders         *incident.Command
	Watch          *incident.Watch
	Admission      *admission.Gate
	// Decisions reads the records of decisions.
	Decisions admission.Archive
	// Intake, Scans and Materials take in what platforms and app stores hand in, and Webhooks tells others.
	Intake    *intake.Line
	Scans     *intake.Scanner
	Materials *intake.AppStore
	Webhooks  *webhook.Dispatcher
	// Desk hears whoever comes with a case.
	Desk       *desk.Desk
	CaseLimits *limits.Keeper
	CaseFiles  CaseFiles
	Parcels    Parcels
	// Copies are handed out without the notice; CopyKey verifies their receipts.
	Copies    *copies.Keeper
	Cards     *card.Keeper // conformance cards of services
	CardDesk  CardDesk
	Listings  *listing.Keeper // apps of a store
	CopyFiles CopyFiles
	CopyKey   string
	// Algorithms are what functions are made with, Datasets what models are trained on; Training samples them.
	Algorithms   *algorithm.Keeper
	Datasets     *dataset.Keeper
	DatasetFiles DatasetFiles
	Annotation   *annotation.Keeper
	Training     *training.Keeper
	// Banks, Runs and RunDesk assess models; Panel has people judge samples, and PanelSources are those who draw them.
	Banks        *bank.Keeper
	Runs         *run.Keeper
	RunDesk      RunDesk
	Panel        *sample.Panel
	PanelSources []PanelSource
	// Duties says how obligations stand, and Rulebook keeps the provider's own rules.
	Duties   *duty.Keeper
	DutyDesk DutyDesk
	Rulebook *rulebook.Keeper
	// Filings are what is filed of algorithms, and FilingLists what the authority published of filed ones.
	Filings     *filing.Keeper
	FilingDesk  FilingDesk
	FilingLists *published.Keeper
	ListDesk    ListDesk
	Packs       *pack.Keeper
	// Inspections look at pages as an inspector of labelling does.
	Inspections Inspections
	// Incidents are what happened and may have to be reported, IncidentFiles the proofs and prints of their reports, and
	// Corrections what is done after illegal output.
	Incidents     *report.Keeper
	IncidentFiles IncidentFiles
	Corrections   *correction.Keeper
	// Calendar are those who know what is due when. One that fails leaves the others.
	Calendar []func(ctx context.Context, from, until time.Time) ([]Date, error)
	// Probes has the program try what must not work.
	Probes   Probes
	PackDesk PackDesk
	// Refutations says in public what is false, and Recalls keeps what others say is; RecallKey verifies the feed of the first.
	Refutations  *refutation.Keeper
	Recalls      *recall.Keeper
	RecallReader RecallReader
	RecallKey    string
	ProviderName string // as people know it
	// Exporter turns answers of the models into files.
	Exporter Exporter
	// Models is what stands in front of the models.
	Models       Models
	UpstreamKeys UpstreamKeys
	Usage        Usage
	// Mechanisms, Ethics and Security keep what the provider looks at in itself; ReviewPapers writes it as documents.
	Mechanisms   *mechanism.Keeper
	Ethics       *ethics.Keeper
	Security     *security.Keeper
	ReviewPapers ReviewPapers
	// Overviews counts what the overview tells.
	Overviews Overviews
	// Ready says which parts are ready.
	Ready func(context.Context) []Part
	// Metrics serves /metrics to those who may see it.
	Metrics http.Handler
	// Source is the address that a request comes from, with port 0 where a proxy does not tell it.
	Source func(*http.Request) netip.AddrPort
	// RequestID names a request in the log and in problems.
	RequestID func(context.Context) string
	// Logger gets the errors of kind Internal, whose text goes into no answer.
	Logger *slog.Logger
	// PublicURL is where browsers reach the server, if it differs from the Host of requests. With https it decides the
	// name of the session cookie.
	PublicURL string
	// MaxUpload is the largest upload in bytes.
	MaxUpload int64
}

// server is the API at work.
type server struct {
	Config
	forged     *http.CrossOriginProtection
	cookie     string                 // name of the session cookie
	reference  func() []byte          // the page at /docs
	json, yaml func() ([]byte, error) // OpenAPI, written when somebody first asks: it takes longer than all else at the start
}

// New makes the handler of the API.
func New(c Config) (*API, error) {
	if c.Line == nil || c.Binder == nil || c.Artefacts == nil || c.Log == nil || c.Jobs == nil || c.Ledger == nil || c.Custody == nil || c.Restraints == nil || c.LogCheck == nil ||
		c.Answers == nil || c.Roster == nil || c.Ready == nil || c.Metrics == nil || c.Source == nil || c.RequestID == nil || c.Logger == nil || c.MaxUpload <= 0 ||
		c.Screener == nil || c.Curator == nil || c.Shelf.InForce == nil || c.Shelf.Refresh == nil || c.Shelf.Signer == nil || c.Policies == nil || c.Docket == nil || c.Reports == nil || c.Beheld == nil || c.Links == nil || c.Consents == nil || c.Agreements == nil || c.Register == nil || c.People == nil || c.Standing == nil || c.Identity == nil ||
		c.Prompt == nil || c.Assessments == nil || c.AssessmentPage == nil || c.Faces == nil || c.Orders == nil || c.Watch == nil || c.Admission == nil || c.Decisions == nil || c.Intake == nil || c.Scans == nil || c.Materials == nil || c.Webhooks == nil || c.UpstreamKeys == nil || c.Usage == nil || c.Overviews == nil || c.Desk == nil || c.CaseLimits == nil || c.CaseFiles == nil || c.Parcels == nil ||
		c.Refutations == nil || c.Recalls == nil || c.RecallReader == nil || c.RecallKey == "" || c.ProviderName == "" || c.Copies == nil || c.CopyFiles == nil || c.Cards == nil || c.CardDesk == nil || c.Listings == nil || c.CopyKey == "" || c.Incidents == nil || c.IncidentFiles == nil || c.Corrections == nil || c.Packs == nil || c.PackDesk == nil || c.Filings == nil || c.FilingDesk == nil || c.FilingLists == nil || c.ListDesk == nil || c.Duties == nil || c.DutyDesk == nil || c.Rulebook == nil || c.Banks == nil || c.Algorithms == nil || c.Datasets == nil || c.DatasetFiles == nil || c.Annotation == nil || c.Training == nil || c.Runs == nil || c.RunDesk == nil || c.Panel == nil || c.Mechanisms == nil || c.Ethics == nil || c.Security == nil || c.ReviewPapers == nil || c.Probes == nil || c.Inspections == nil {
		return nil, errors.New("httpapi: a required part of the configuration is missing")
	}
	s, err := newServer(c)
	if err != nil {
		return nil, err
	}
	m := newMux(s)
	doc := s.register(m)
	s.json, s.yaml = sync.OnceValues(doc.MarshalJSON), sync.OnceValues(doc.YAML)
	s.reference = sync.OnceValue(func() []byte { return page(doc) })
	return m, nil
}

func newServer(c Config) (s *server, err error) {
	s = &server{Config: c, forged: http.NewCrossOriginProtection()}
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, err
	}
	if c.PublicURL != "" {
		if err := s.forged.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
			return nil, err
		}
	}
	if c.Roster != nil {
		s.cookie = c.Roster.SessionCookie(public.Scheme == "https").Name
	}
	return s, nil
}

// invalid is the error for a field that is out of form.
func invalid(field, rule string) error {
	return &fieldsError{fields: []Field{{field, rule}}}
}

func refuse(kind colophon.Kind, code colophon.Code) error {
	return &colophon.Error{Kind: kind, Code: code}
}
