package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/staff"
)

// registry knows what packs of the tests are about, and keeps their proofs.
type registry struct {
	*blobs
	filed []string
}

func (r *registry) Know(_ context.Context, about pack.About) (httpapi.PackKnown, error) {
	return httpapi.PackKnown{About: about, Subject: "s-1", Facts: pack.Facts{pack.FromProvider: {Certainty: pack.Known, Lines: []string{"示例服务提供者"}}, pack.FromRefutation: {Certainty: pack.None}}}, nil
}

func (r *registry) Filed(_ context.Context, _ ledger.By, p pack.Pack) error {
	r.filed = append(r.filed, p.ID)
	return nil
}

func (r *registry) Duty(context.Context, string) (moderation.Duty, error) {
	return moderation.Duty{}, &colophon.Error{Kind: colophon.Missing, Code: moderation.CodeNoDuty}
}

func (r *registry) KeepProof(ctx context.Context, from io.Reader) (pack.ProofFile, error) {
	text, err := io.ReadAll(from)
	if err != nil {
		return pack.ProofFile{}, err
	}
	if !bytes.HasPrefix(text, []byte("%PDF")) {
		return pack.ProofFile{}, &colophon.Error{Kind: colophon.Invalid, Code: pack.CodeInvalid, Args: colophon.Args{"field": "type"}}
	}
	sum := sha256.Sum256(text)
	ref, err := r.Put(ctx, bytes.NewReader(text))
	return pack.ProofFile{Proof: pack.Proof{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(text)), Type: "application/pdf"}, Blob: ref, Key: []byte("key")}, err
}

func (r *registry) OpenProof(ctx context.Context, f pack.ProofFile) (io.ReadCloser, error) {
	return r.Open(ctx, f.Blob)
}

func (r *registry) Print(document []byte, as string) ([]byte, error) {
	return append([]byte(as+" of "), document...), nil
}

// openPacks adds packs to the world.
func (w *world) openPacks(kept *blobs, rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	forms, err := pack.Starter()
	w.must(err)
	w.config.PackDesk = &registry{blobs: kept}
	w.config.Packs, err = pack.New(pack.Config{Packs: ledgers.Of[pack.Pack](w.store, pack.Ledger), Recorder: rec, Keys: keys, Forms: forms})
	w.must(err)
}

var receiptPDF = "%PDF-1.7 a receipt"

// draftedPack is a pack in a state.
func (w *world) draftedPack(filed bool) pack.Pack {
	w.Helper()
	by := ledger.By{Role: "officer", ID: "somebody"}
	p, err := w.config.Packs.Draft(w.Context(), by, pack.Draft{Form: "12377", Subject: "s-1"})
	w.must(err)
	if filed {
		proof, err := w.config.PackDesk.KeepProof(w.Context(), strings.NewReader(receiptPDF))
		w.must(err)
		p, err = w.config.Packs.File(w.Context(), by, p.ID, pack.Filing{Channel: "12377", At: w.clock.Now(), Incomplete: true}, proof)
		w.must(err)
	}
	return p
}

// packExample makes the request of [world.example] for routes of packs.
func (w *world) packExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id, digest := strangeID, strings.Repeat("0", 64)
	switch row.ID {
	case "pack-forms", "packs":
		return w.ask(row.Method, row.Path, nil), true
	case "draft-pack":
		return w.ask(row.Method, row.Path, map[string]any{"form": "12377"}), true
	case "pack", "read-pack", "download-pack", "pack-proof", "fill-pack", "amend-pack", "file-pack", "prove-pack", "dismiss-pack":
	default:
		return call{}, false
	}
	if may {
		p := w.draftedPack(row.ID == "pack-proof" || row.ID == "prove-pack" || row.ID == "amend-pack")
		if id = p.ID; len(p.Proofs) > 0 {
			digest = p.Proofs[0].SHA256
		}
	}
	path := strings.NewReplacer("{id}", id, "{sha256}", digest).Replace(row.Path)
	switch row.ID {
	case "file-pack":
		return w.multipart(path, "channel", "12377", "at", w.clock.Now().Format(time.RFC3339), "incomplete", "true", "file", receiptPDF), true
	case "prove-pack":
		return w.multipart(path, "file", receiptPDF), true
	case "fill-pack", "amend-pack":
		return w.ask(row.Method, path, map[string]any{"answers": []map[string]any{{"from": "summary", "state": "known", "lines": []string{"一"}}}}), true
	case "dismiss-pack":
		return w.ask(row.Method, path, map[string]any{"reason": "pack-reason-other", "note": "It is none."}), true
	}
	return w.ask(row.Method, path, nil), true
}

// TestPacks drafts, fills, files and amends a pack, and hands it out in every form.
func TestPacks(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer, reviewer := w.people[staff.Officer], w.people[staff.Reviewer]
	var p httpapi.Pack
	w.ask("POST", "/v1/packs", map[string]any{"form": "none"}).by(officer).wantCode(422, pack.CodeForm)
	w.ask("POST", "/v1/packs", map[string]any{"form": "12377", "answers": []map[string]any{{"from": "guess", "state": "none"}}}).by(officer).wantCode(422, pack.CodeInvalid)
	w.ask("POST", "/v1/packs", map[string]any{"form": "12377", "about": map[string]any{"case": "case-1"}}).by(reviewer).with("Idempotency-Key", "same").want(201, &p)
	var again httpapi.Pack
	if w.ask("POST", "/v1/packs", map[string]any{"form": "12377", "about": map[string]any{"case": "case-1"}}).by(reviewer).with("Idempotency-Key", "same").want(201, &again); again.ID != p.ID {
		t.Errorf("%+v", again)
	}
	path := "/v1/packs/" + p.ID
	if p.Known != 1 || p.None != 1 || p.Unknown == 0 || p.State != pack.Drafted || p.Names.EN == "" || p.Sealed != "whole" {
		t.Errorf("%+v", p)
	}
	w.ask("POST", path+":fill", map[string]any{"answers": []map[string]any{{"from": "summary", "state": "known", "lines": []string{"一"}}, {"from": "provider", "state": "unknown"}}}).by(reviewer).want(200, &p)
	var d httpapi.PackDocument
	w.ask("GET", path+"/document", nil).by(w.people[staff.Auditor]).want(200, &d)
	for _, f := range d.Fields {
		if want := map[pack.Source]string{pack.FromSummary: "known", pack.FromProvider: "unknown", pack.FromRefutation: "none"}[f.From]; want != "" && f.State != want || len(f.Lines) == 0 {
			t.Errorf("%+v", f)
		}
	}
	w.ask("POST", path+":fill", map[string]any{"answers": []map[string]any{{"from": "provider", "state": "records"}}}).by(reviewer).want(200, &p)
	if p.Known != 2 {
		t.Errorf("%+v", p)
	}
	now := w.clock.Now().Format(time.RFC3339)
	file := func(pairs ...string) call { return w.multipart(path+":file", pairs...).by(officer) }
	w.multipart(path+":file", "channel", "12377", "at", now).by(reviewer).want(403, nil)
	file("channel", "12377", "at", "yesterday").wantCode(422, httpapi.CodeFields)
	file("channel", "12377", "at", now, "incomplete", "perhaps").wantCode(422, httpapi.CodeFields)
	file("channel", "12377", "at", now, "colour", "red").wantCode(400, httpapi.CodeForm)
	file("channel", "12377", "at", now).wantCode(403, pack.CodeIncomplete)
	file("channel", "12377", "at", now, "incomplete", "true", "file", "no proof").wantCode(422, pack.CodeInvalid)
	w.ask("POST", path+":file", map[string]any{}).by(officer).wantCode(415, httpapi.CodeContentType)
	file("channel", "12377", "at", now, "reference", "编号 7", "incomplete", "true", "file", receiptPDF).want(200, &p)
	if p.State != pack.Filed || len(p.Proofs) != 1 || len(w.config.PackDesk.(*registry).filed) != 1 {
		t.Errorf("%+v", p)
	}
	if out := w.ask("GET", path+"/proofs/"+p.Proofs[0].SHA256, nil).by(officer).want(200, nil); out.Body.String() != receiptPDF || out.Header().Get("Content-Disposition") != "attachment" {
		t.Errorf("%v %s", out.Header(), out.Body)
	}
	w.ask("GET", path+"/proofs/"+strings.Repeat("0", 64), nil).by(officer).wantCode(404, pack.CodeMissing)
	w.multipart(path+":prove").by(officer).wantCode(400, httpapi.CodeForm)
	for format, want := range map[string]string{"json": `{"about":`, "text": "违法和不良信息报告", "html": "html of {", "pdf": "pdf of {", "zip": "PK"} {
		if out := w.ask("GET", path+"/download?format="+format, nil).by(officer).want(200, nil); !strings.HasPrefix(out.Body.String(), want) || !strings.Contains(out.Header().Get("Content-Disposition"), "pack-"+p.Number) {
			t.Errorf("%s: %v %.60s", format, out.Header(), out.Body)
		}
	}
	var next httpapi.Pack
	w.ask("POST", path+":amend", map[string]any{}).by(reviewer).want(201, &next)
	if next.Before != p.SHA256 || next.Part != 2 {
		t.Errorf("%+v", next)
	}
	w.ask("POST", "/v1/packs/"+next.ID+":dismiss", map[string]any{"reason": "pack-reason-mistake", "note": "Twice the same."}).by(officer).want(200, &next)
	var list struct{ Packs []httpapi.Pack }
	if w.ask("GET", "/v1/packs?state=filed&state=dismissed&case=case-1", nil).by(officer).want(200, &list); len(list.Packs) != 2 || list.Packs[0].Reason != pack.ReasonMistake {
		t.Errorf("%+v", list)
	}
}
