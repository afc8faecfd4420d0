package httpapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// maxRanges is how many ranges one request may ask for; with more it gets the whole.
const maxRanges = 4

// stream is an answer that is written piece by piece.
type stream struct {
	Body func(huma.Context)
}

func streamed(write func(w http.ResponseWriter, r *http.Request)) *stream {
	return &stream{func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		write(w, r)
	}}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) //nolint:errcheck // nobody is left to be told
}

// Page is the input of operations that list.
type Page struct {
	Cursor string `query:"cursor" maxLength:"1024" doc:"next of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"The most that one page holds."`
}

// Numbered is the input of operations on one artefact.
type Numbered struct {
	Number artefact.Number `path:"number" maxLength:"256" doc:"Content number." example:"019aab3c-5d1e-7c00-8000-3f6c9f6a1b2d"`
}

// find returns an artefact that the asker may see.
func (s *server) find(ctx context.Context, n artefact.Number) (artefact.Artefact, error) {
	a, err := s.Artefacts.Artefact(ctx, n)
	if err != nil {
		return a, err
	}
	return a, askerOf(ctx).may(staff.ArtefactRead, a.Function)
}

type listInput struct {
	Page
	Digest  string           `query:"digest" pattern:"^[0-9a-f]{64}$" doc:"SHA-256 before or after marking, in hexadecimal."`
	Subject evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	States  []artefact.State `query:"state,explode" nullable:"false" maxItems:"6" enum:"received,held,marked,delivered,failed,erased" doc:"How far the items got; may be repeated."`
	Parent  artefact.Number  `query:"parent" maxLength:"256" doc:"Made from this item, directly."`
	Format  media.Format     `query:"format" maxLength:"16" doc:"File format."`
	Made    string           `query:"function" maxLength:"64" doc:"The function that made the items."`
	Model   string           `query:"model" maxLength:"256" doc:"The model that made the items."`
	Finding string           `query:"finding" maxLength:"64" doc:"A check found something of this category of the taxonomy in the items."`
	From    time.Time        `query:"from" doc:"Came in at or after this."`
	To      time.Time        `query:"to" doc:"Came in before this."`
	Newest  bool             `query:"newest" doc:"The newest first."`
}

// artefactPage is a page of artefacts.
type artefactPage struct {
	Artefacts []Artefact `json:"artefacts" nullable:"false" doc:"In the order in which they came in, or the newest first. A key that reaches some functions alone may get fewer than the limit."`
	Next      string     `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
}

type listOutput struct{ Body artefactPage }

func (s *server) list(ctx context.Context, in *listInput) (*listOutput, error) {
	q := artefact.Query{Account: in.Subject, States: in.States, Parent: in.Parent, Format: in.Format, Function: in.Made, Model: in.Model, Finding: in.Finding, From: in.From, To: in.To, Newest: in.Newest}
	if in.Digest != "" {
		raw, err := hex.DecodeString(in.Digest)
		if err != nil {
			return nil, invalid("query.digest", "expected hexadecimal digits")
		}
		q.Digest = artefact.Digest(raw)
	}
	found, next, err := s.Artefacts.Find(ctx, q, artefact.Cursor(in.Cursor), in.Limit)
	if err != nil {
		return nil, err
	}
	who := askerOf(ctx)
	out := &listOutput{artefactPage{[]Artefact{}, string(next)}}
	for _, a := range found {
		if who.may(staff.ArtefactRead, a.Function) != nil {
			continue
		}
		v, err := viewArtefact(printer(who.language), a)
		if err != nil {
			return nil, err
		}
		out.Body.Artefacts = append(out.Body.Artefacts, v)
	}
	return out, nil
}

type artefactOutput struct{ Body Artefact }

func (s *server) artefact(ctx context.Context, in *Numbered) (*artefactOutput, error) {
	a, err := s.find(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	v, err := viewArtefact(printer(askerOf(ctx).language), a)
	if err != nil {
		return nil, err
	}
	p := printsOf(a)
	looksOf(a, &p)
	v.Refuted, err = s.refuted(ctx, p)
	return &artefactOutput{v}, err
}

// describe sets the headers of marked bytes.
func describe(h http.Header, a artefact.Artefact) {
	digest := hex.EncodeToString(a.After[:])
	kind, extension := "application/octet-stream", ""
	if facts, ok := media.Facts(a.Format); ok {
		if facts.MIME != "" {
			kind = facts.MIME
		}
		if len(facts.Extensions) > 0 {
			extension = facts.Extensions[0]
		}
	}
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="`+fileName(string(a.Number))+extension+`"`)
	h.Set("ETag", etag(digest))
	h.Set("Repr-Digest", "sha-256=:"+base64Of(a.After[:])+":")
	h.Set("Colophon-Artefact", url.PathEscape(string(a.Number)))
}

// fileName is a content number as a file name that no system understands otherwise.
func fileName(number string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
			return r
		}
		return '_'
	}, number)
	return safe[:min(len(safe), 100)]
}

type contentInput struct {
	Numbered
	Look bool `query:"look" doc:"A person of the staff looks at it: the delivery says so."`
}

// content hands out the marked bytes. Whoever has them already, or asks for the headers alone, gets no delivery.
func (s *server) content(ctx context.Context, in *contentInput) (*stream, error) {
	a, err := s.find(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	how := artefact.Download
	if in.Look {
		how = artefact.Console
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		var from io.ReadSeeker
		have := r.Header.Get("If-None-Match")
		has := have == "*" || strings.Contains(have, etag(hex.EncodeToString(a.After[:])))
		ready := a.Blob != "" && (a.State == artefact.Marked || a.State == artefact.Delivered)
		if ready && (r.Method == http.MethodHead || has) {
			from = &hollow{size: a.Stored}
		} else {
			open, err := s.Line.Open(r.Context(), askerOf(r.Context()).by, in.Number, how)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			defer open.Close()
			from, a = open, open.Artefact
		}
		if strings.Count(r.Header.Get("Range"), ",") >= maxRanges {
			r.Header.Del("Range")
		}
		describe(w.Header(), a)
		http.ServeContent(&ranged{ResponseWriter: w, server: s, r: r}, r, "", a.Changed, from)
	}), nil
}

// ranged tells of a range that there is not by a problem, where net/http has a text.
type ranged struct {
	http.ResponseWriter
	server *server
	r      *http.Request
	told   bool
}

func (t *ranged) WriteHeader(status int) {
	if t.told = status == http.StatusRequestedRangeNotSatisfiable; t.told {
		t.Header().Del("Content-Disposition")
		t.server.fail(t.ResponseWriter, t.r, refuse(colophon.Invalid, CodeRange))
		return
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *ranged) Write(b []byte) (int, error) {
	if t.told {
		return len(b), nil
	}
	return t.ResponseWriter.Write(b)
}

// hollow has a size and no bytes: for answers without a body.
type hollow struct{ at, size int64 }

func (h *hollow) Read([]byte) (int, error) { return 0, io.EOF }

func (h *hollow) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
		h.at = offset
	case io.SeekCurrent:
		h.at += offset
	case io.SeekEnd:
		h.at = h.size + offset
	}
	return h.at, nil
}

func (s *server) sidecar(ctx context.Context, in *Numbered) (*stream, error) {
	if _, err := s.find(ctx, in.Number); err != nil {
		return nil, err
	}
	text, err := s.Line.Sidecar(ctx, askerOf(ctx).by, in.Number)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(string(in.Number))+`.aigc.json"`)
		w.Write(text) //nolint:errcheck // nobody is left to be told
	}), nil
}

type proofInput struct {
	Numbered
	Record string `query:"record" maxLength:"64" doc:"Identifier of one record, for text/plain."`
	Accept string `header:"Accept" hidden:"true"`
}

// proofList are the records about an artefact, with their proofs.
type proofList struct {
	Records []Proven `json:"records" nullable:"false" doc:"In the order of their sequence."`
}

// proof shows that what was recorded about an artefact is in the log.
func (s *server) proof(ctx context.Context, in *proofInput) (*stream, error) {
	if _, err := s.find(ctx, in.Number); err != nil {
		return nil, err
	}
	list, err := s.Binder.Proofs(ctx, in.Number)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(in.Accept, "text/plain") {
		return oneProof(list, in.Record)
	}
	out := proofList{[]Proven{}}
	for _, p := range list {
		v := Proven{Record: viewRecord(p.Record), Leaf: string(p.Leaf)}
		if p.Proof != nil {
			v.Proof = &Proof{p.Proof.Index, viewHashes(p.Proof.Hashes), string(p.Proof.Checkpoint)}
		}
		out.Records = append(out.Records, v)
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, out) }), nil
}

// oneProof is the proof of one record as a C2SP tlog-proof.
func oneProof(list []production.Proven, record string) (*stream, error) {
	for _, p := range list {
		switch {
		case p.Record.ID != record:
		case p.Proof == nil:
			return nil, refuse(colophon.Conflict, production.CodePending)
		default:
			return streamed(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				w.Write(p.Proof.Marshal()) //nolint:errcheck // nobody is left to be told
			}), nil
		}
	}
	return nil, refuse(colophon.Missing, CodeRecordNotOfIt)
}

type bundleOneInput struct {
	Numbered
	Files bool `query:"files" default:"true" doc:"false leaves the files out and names their digests alone."`
}

func (s *server) bundleOne(ctx context.Context, in *bundleOneInput) (*stream, error) {
	if _, err := s.find(ctx, in.Number); err != nil {
		return nil, err
	}
	return s.bundled(ctx, in.Files, in.Number), nil
}

type bundleInput struct {
	Body struct {
		Numbers []artefact.Number `json:"numbers" nullable:"false" minItems:"1" maxItems:"1000" doc:"Content numbers."`
		Files   bool              `json:"files" required:"false" doc:"true puts the files in; otherwise their digests alone."`
	}
}

func (s *server) bundle(ctx context.Context, in *bundleInput) (*stream, error) {
	for _, n := range in.Body.Numbers {
		if _, err := s.find(ctx, n); err != nil {
			return nil, err
		}
	}
	return s.bundled(ctx, in.Body.Files, in.Body.Numbers...), nil
}

func (s *server) bundled(ctx context.Context, files bool, numbers ...artefact.Number) *stream {
	by := askerOf(ctx).by
	return s.bound(func(ctx context.Context, w io.Writer) error { return s.Binder.Bundle(ctx, by, w, files, numbers...) })
}

// bound writes a bundle. An error before the first byte is told; one after it breaks the connection, so that nobody takes
// a part for the whole.
func (s *server) bound(write func(ctx context.Context, w io.Writer) error) *stream {
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			describeBundle(w.Header())
			return
		}
		out := &begun{w: w}
		err := write(r.Context(), out)
		switch {
		case err == nil:
		case out.begun:
			s.problem(r.Context(), "", err) // for the log
			panic(http.ErrAbortHandler)
		default:
			s.fail(w, r, err)
		}
	})
}

func describeBundle(h http.Header) {
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="evidence.zip"`)
}

// begun knows whether anything was written.
type begun struct {
	w     http.ResponseWriter
	begun bool
}

func (b *begun) Write(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		describeBundle(b.w.Header())
	}
	return b.w.Write(p)
}

type deliveriesInput struct {
	Numbered
	Page
}

// deliveryPage is a page of deliveries.
type deliveryPage struct {
	Deliveries []Delivery `json:"deliveries" nullable:"false" doc:"In the order of their time."`
	Next       string     `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
}

type deliveriesOutput struct{ Body deliveryPage }

func (s *server) deliveries(ctx context.Context, in *deliveriesInput) (*deliveriesOutput, error) {
	if _, err := s.find(ctx, in.Number); err != nil {
		return nil, err
	}
	list, next, err := s.Artefacts.Deliveries(ctx, artefact.DeliveryQuery{Number: in.Number}, artefact.Cursor(in.Cursor), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &deliveriesOutput{deliveryPage{[]Delivery{}, string(next)}}
	for _, d := range list {
		out.Body.Deliveries = append(out.Body.Deliveries, Delivery{d.ID, d.To, string(d.How), d.At})
	}
	return out, nil
}
