package httpapi

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

// checkpoint, tile and logKey serve the log as C2SP tlog-tiles has it. Anybody may read it: it holds nothing about anybody.
func (s *server) checkpoint(ctx context.Context, _ *struct{}) (*stream, error) {
	c, err := s.Log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	return public("text/plain; charset=utf-8", "no-cache", c.Note), nil
}

type tileInput struct {
	Path string `path:"path" maxLength:"64" doc:"Level, or entries, and index, as in 0/x001/234 or entries/000.p/5." example:"0/000"`
}

// tiles are the paths that C2SP tlog-tiles knows.
var tiles = regexp.MustCompile(`^(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?$`)

func (s *server) tile(ctx context.Context, in *tileInput) (*stream, error) {
	if !tiles.MatchString(in.Path) {
		return nil, refuse(colophon.Missing, CodeNoRoute)
	}
	raw, err := s.Log.Tile(ctx, "tile/"+in.Path)
	if err != nil {
		return nil, err
	}
	return public("application/octet-stream", "public, max-age=31536000, immutable", raw), nil
}

func (s *server) logKey(context.Context, *struct{}) (*stream, error) {
	return public("text/plain; charset=utf-8", "public, max-age=300", []byte(s.Log.Key()+"\n")), nil
}

// public is an answer for everybody, also for programs on pages of others.
func public(kind, caching string, body []byte) *stream {
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", kind)
		h.Set("Cache-Control", caching)
		h.Set("Access-Control-Allow-Origin", "*")
		w.Write(body) //nolint:errcheck // nobody is left to be told
	})
}

type sampleInput struct {
	Body struct {
		Seed  []byte `json:"seed" minLength:"1" maxLength:"1368" doc:"Chosen by the inspector after the checkpoint was published; in base64, 1,024 bytes at most." example:"aW5zcGVjdGlvbiAyMDI2LTExLTIy"`
		Count int    `json:"count" minimum:"1" maximum:"10000" doc:"How many records are to be shown." example:"20"`
		Held  string `json:"checkpoint,omitempty" required:"false" maxLength:"65536" doc:"The checkpoint that the inspector holds, as it was published; the last one when it is left out."`
	}
}

// exhibit is one record of a sample.
type exhibit struct {
	Index  uint64   `json:"index" doc:"Place in the log."`
	Leaf   string   `json:"leaf" doc:"The leaf: canonical JSON, as it is hashed."`
	Hashes []string `json:"hashes" nullable:"false" doc:"The hashes that lead to the root, in base64, from the leaf up."`
}

type sampleOutput struct {
	Body struct {
		Checkpoint string    `json:"checkpoint" doc:"The signed note that the seed was applied to."`
		Exhibits   []exhibit `json:"exhibits" nullable:"false" doc:"Exactly the records that the seed selects, in the order of their index."`
	}
}

func (s *server) sample(ctx context.Context, in *sampleInput) (*sampleOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.EvidenceRead); err != nil {
		return nil, err
	}
	var held []byte
	if in.Body.Held != "" {
		held = []byte(in.Body.Held)
	}
	note, list, err := s.Binder.Sample(ctx, askerOf(ctx).by, in.Body.Seed, in.Body.Count, held)
	if err != nil {
		return nil, err
	}
	out := &sampleOutput{}
	out.Body.Checkpoint, out.Body.Exhibits = string(note), []exhibit{}
	for _, e := range list {
		out.Body.Exhibits = append(out.Body.Exhibits, exhibit{e.Index, string(e.Leaf), viewHashes(e.Hashes)})
	}
	return out, nil
}

// Named is the input of operations on something that has an identifier.
type Named struct {
	ID string `path:"id" maxLength:"64" pattern:"^[0-9a-z-]+$" patternDescription:"an identifier" doc:"Identifier." example:"019aab3c-5d1e-7c00-8000-3f6c9f6a1b2d"`
}

type recordOutput struct{ Body Record }

func (s *server) record(ctx context.Context, in *Named) (*recordOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.EvidenceRead); err != nil {
		return nil, err
	}
	h, err := s.Ledger.Record(ctx, in.ID)
	return &recordOutput{viewRecord(h)}, err
}

type payloadOutput struct {
	Body struct {
		Salt    string `json:"salt" doc:"32 bytes in base64."`
		Payload string `json:"payload" doc:"Canonical JSON. SHA-256 over the domain, the salt and this is the commitment of the record."`
	}
}

func (s *server) payload(ctx context.Context, in *Named) (*payloadOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.EvidenceRead); err != nil {
		return nil, err
	}
	open, err := s.Ledger.Payload(ctx, askerOf(ctx).by, in.ID)
	if err != nil {
		return nil, err
	}
	out := &payloadOutput{}
	out.Body.Salt, out.Body.Payload = base64Of(open.Salt[:]), string(open.Payload)
	return out, nil
}

type holdInput struct {
	Keyed
	Body struct {
		Subject string `json:"subject,omitempty" maxLength:"64" doc:"Pseudonym whose records are kept. Either this or record."`
		Record  string `json:"record,omitempty" maxLength:"64" doc:"Identifier of the record that is kept."`
	}
}

type holdOutput struct {
	Replayed
	Body struct {
		ID string `json:"id" doc:"Identifier of the hold."`
	}
}

func (s *server) hold(ctx context.Context, in *holdInput) (*holdOutput, error) {
	if (in.Body.Subject == "") == (in.Body.Record == "") {
		return nil, invalid("body", "expected either subject or record")
	}
	id, err := s.Custody.Hold(ctx, askerOf(ctx).by, in.Body.Subject, in.Body.Record)
	out := &holdOutput{}
	out.Body.ID = id
	return out, err
}

type nothing struct{}

func (s *server) lift(ctx context.Context, in *Named) (*nothing, error) {
	return &nothing{}, s.Custody.Lift(ctx, askerOf(ctx).by, in.ID)
}

type eraseInput struct {
	Keyed
	Body struct {
		Account string `json:"account" minLength:"1" maxLength:"256" doc:"Your own identifier of the account." example:"user-8731"`
	}
}

type eraseOutput struct {
	Replayed
	Body struct {
		State string `json:"state" doc:"erased, or restricted until the law lets it go: kept, and read by nobody." example:"restricted"`
	}
}

func (s *server) erase(ctx context.Context, in *eraseInput) (*eraseOutput, error) {
	state, err := s.Custody.Erase(ctx, askerOf(ctx).by, in.Body.Account)
	out := &eraseOutput{}
	out.Body.State = state
	return out, err
}

// NetworkQuestion is what somebody wants to read of the network log. An empty account means all.
type NetworkQuestion struct {
	Account, Reason string
	From, To        time.Time
	Limit           int
}

type networkInput struct {
	From    time.Time   `query:"from" required:"true" doc:"Lines at or after this." example:"2026-11-22T00:00:00Z"`
	To      time.Time   `query:"to" required:"true" doc:"Lines before this." example:"2026-11-23T00:00:00Z"`
	Account accountName `header:"Colophon-Account" maxLength:"768" doc:"Your own identifier of one account, percent-encoded; all by itself."`
	Reason  accountName `header:"Colophon-Reason" maxLength:"3072" doc:"Why it is read, percent-encoded. It stands in the sealed payload of the record."`
	Limit   int         `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"The most lines."`
}

type networkOutput struct {
	Body struct {
		Lines []NetworkLine `json:"lines" nullable:"false" doc:"In the order of their time. Ask again from the last one's time where there are as many as the limit."`
	}
}

func (s *server) networkLog(ctx context.Context, in *networkInput) (*networkOutput, error) {
	if !in.From.Before(in.To) {
		return nil, invalid("query.to", "expected a time after from")
	}
	account, err := in.Account.plain()
	if err != nil {
		return nil, err
	}
	reason, err := in.Reason.plain()
	if err != nil {
		return nil, err
	}
	lines, err := s.Custody.NetworkLog(ctx, askerOf(ctx).by, NetworkQuestion{account, reason, in.From, in.To, in.Limit})
	out := &networkOutput{}
	out.Body.Lines = append([]NetworkLine{}, lines...)
	return out, err
}
