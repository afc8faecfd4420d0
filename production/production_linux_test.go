package production_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/internal/tlog"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

func TestMain(m *testing.M) { storetest.Main(m) }

const (
	producer = "001191110000000000000E10000"
	person   = "+8613800138000"
)

// memory keeps blobs, and may be told to fail.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	fail  error
}

type opened struct{ *bytes.Reader }

func (opened) Close() error  { return nil }
func (o opened) Size() int64 { return o.Reader.Size() }

func (m *memory) Put(_ context.Context, r io.Reader) (string, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return "", m.fail
	}
	m.files[hex.EncodeToString(sum[:])] = b
	return hex.EncodeToString(sum[:]), nil
}

func (m *memory) Open(_ context.Context, ref string) (production.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.files[ref]
	if !ok {
		return nil, errors.New("no such blob")
	}
	return opened{bytes.NewReader(b)}, nil
}

// PutSealed only hides the bytes; that seals hold is the business of internal/blob.
func (m *memory) PutSealed(ctx context.Context, r io.Reader, key []byte) (string, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	return m.Put(ctx, bytes.NewReader(hide(b, key)))
}

func (m *memory) OpenSealed(ctx context.Context, ref string, key []byte) (production.File, error) {
	f, err := m.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return opened{bytes.NewReader(hide(b, key))}, err
}

func hide(b, key []byte) []byte {
	out := bytes.Clone(b)
	for i := range out {
		out[i] ^= key[i%len(key)]
	}
	return out
}

func (m *memory) Delete(_ context.Context, ref string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, ref)
	return nil
}

type temporary struct{ bytes.Buffer }

func (*temporary) Close() error           { return nil }
func (t *temporary) Source() media.Source { return media.Memory(t.Bytes()) }

// networkLog counts, and may be told to fail.
type networkLog struct {
	mu   sync.Mutex
	seen []string
	fail error
	hold <-chan struct{} // closed when the next entry may be made; nil for at once
}

// release lets entries after the one that is held through.
func (n *networkLog) release() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.hold = nil
}

func (n *networkLog) Log(_ context.Context, _ evidence.Subject, operation string, _ production.By) error {
	n.mu.Lock()
	hold := n.hold
	n.mu.Unlock()
	if hold != nil {
		<-hold
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.seen = append(n.seen, operation)
	return n.fail
}

type records struct{ *store.Store }

func (r records) About(ctx context.Context, n artefact.Number, limit int) ([]evidence.Held, error) {
	return r.RecordsAbout(ctx, string(n), 0, limit)
}

func (r records) Note(ctx context.Context, rec evidence.Record) error {
	return r.Write(ctx, func(tx *store.Tx) error { _, err := tx.Record(rec); return err })
}

// bench is a line over a real store and a real log.
type bench struct {
	*testing.T
	line     *production.Line
	binder   *production.Binder
	register *artefact.Register
	store    *store.Store
	blobs    *memory
	network  *networkLog
	clock    *storetest.Clock
	verifier note.Verifier
	jobs     []artefact.Number
	log      *tlog.Log
}

func open(t *testing.T, set func(*production.Config)) *bench {
	t.Parallel()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	b := &bench{T: t, store: storetest.Open(t, config), blobs: &memory{files: map[string][]byte{}}, network: &networkLog{}, clock: clock}
	rec := storetest.Recorder(t, config.Keys, clock.Now)
	b.register = artefact.NewRegister(artefacts.New(b.store, func(_ context.Context, _ *store.Tx, n artefact.Number) (string, error) {
		b.jobs = append(b.jobs, n)
		return "job-1", nil
	}), rec)
	c := production.Config{Register: b.register, Recorder: rec, Keys: config.Keys, Press: &stamp.Press{}, Accounts: accounts.New(b.store, rec, make([]byte, 32)),
		Network: b.network, Blobs: b.blobs, Spool: func() (production.Temporary, error) { return &temporary{}, nil }, Rand: rand.Reader, Producer: producer, MaxSize: 1 << 20, AtOnce: 4}
	c.Key = sealing(t)
	c.Seals = []label.PublicKey{c.Key.Public()}
	if set != nil {
		set(&c)
	}
	b.line = production.NewLine(c)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	b.must(err)
	signer, err := evidence.NewNoteSigner("colophon.test/log", private, rand.Reader)
	b.must(err)
	b.verifier, err = evidence.NewNoteVerifier("colophon.test/log", public)
	b.must(err)
	dir := t.TempDir()
	b.log, err = tlog.Open(t.Context(), tlog.Config{Dir: dir, Signer: signer, Verifiers: []note.Verifier{b.verifier}, Store: b.store})
	b.must(err)
	t.Cleanup(func() { b.must(b.log.Close()) })
	b.binder = &production.Binder{Register: b.register, Recorder: rec, Records: records{b.store}, Blobs: b.blobs, Signer: signer, Verifiers: []note.Verifier{b.verifier},
		Log:   tlog.NewReader(tlog.Folder(dir), b.store, "colophon.test/log", b.verifier),
		Cover: func(s production.Sheet) ([]byte, []byte, error) { return []byte("<p>" + s.Policy), nil, nil }}
	return b
}

// sealing makes a key that seals labels.
func sealing(t *testing.T) *label.SigningKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := label.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) want(err error, code colophon.Code) {
	b.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		b.Fatalf("got %v, want %s", err, code)
	}
}

// types lists the types of the records about an item.
func (b *bench) types(n artefact.Number) string {
	held, err := b.store.RecordsAbout(b.Context(), string(n), 0, 100)
	b.must(err)
	var list []string
	for _, h := range held {
		list = append(list, string(h.Type))
	}
	return strings.Join(list, " ")
}

var by = production.By{Role: production.Application, ID: "key-1", Source: netip.MustParseAddrPort("192.0.2.1:40000"), Client: "test/1"}

func picture(t *testing.T) []byte {
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name, ".jpg") {
			return f.Bytes
		}
	}
	t.Fatal("there is no sample picture")
	return nil
}

func order() production.Order { return production.Order{Function: stamp.Person, Account: person} }

// TestWhatLeavesIsMarked covers Labelling Measures Art. 4 and 5 and Deep Synthesis Provisions Art. 17: what is handed out
// carries notice and label, and each step is recorded.
func TestWhatLeavesIsMarked(t *testing.T) {
	b := open(t, nil)
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	if a.State != artefact.Marked || a.Account == "" || strings.Contains(string(a.Account), person) {
		t.Fatalf("%+v", a)
	}
	c, err := b.line.Open(t.Context(), by, a.Number, artefact.API)
	b.must(err)
	bytesOut, err := io.ReadAll(c)
	b.must(err)
	if artefact.Digest(sha256.Sum256(bytesOut)) != a.After || bytes.Equal(bytesOut, picture(t)) {
		t.Fatal("what is handed out is not what was marked")
	}
	report, err := label.Read(media.Memory(bytesOut), label.Options{})
	b.must(err)
	if len(report.Marks) != 1 || report.Marks[0].Fields.ProduceID != string(a.Number) || report.Marks[0].Fields.ContentProducer != producer {
		t.Fatalf("%+v", report.Marks)
	}
	if got := b.types(a.Number); got != "artefact.received artefact.marked artefact.delivered" {
		t.Error(got)
	}
	if got := strings.Join(b.network.seen, " "); got != "artefact.create artefact.deliver" {
		t.Error(got)
	}
	held, err := b.store.RecordsAbout(t.Context(), string(a.Number), 0, 9)
	b.must(err)
	var cited []string
	for _, c := range held[1].Clauses {
		cited = append(cited, string(c))
	}
	for _, want := range []colophon.Clause{colophon.ClauseLM4, colophon.ClauseLM5, colophon.ClauseDS17} {
		if !strings.Contains(strings.Join(cited, " "), string(want)) {
			t.Errorf("the record of marking does not cite %s: %v", want, cited)
		}
	}
}

// TestSignedIsRefused sends in a picture with a few bytes that look like a signature, which no mark may break.
func TestSignedIsRefused(t *testing.T) {
	b := open(t, nil)
	var raw bytes.Buffer
	b.must(png.Encode(&raw, image.NewGray(image.Rect(0, 0, 400, 300))))
	claim := []byte("\x00\x00\x00\x25jumb\x00\x00\x00\x1djumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71\x03c2pa\x00")
	chunk := append([]byte("caBX"), claim...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk))
	chunk = append(binary.BigEndian.AppendUint32(nil, uint32(len(claim))), chunk...)
	const head = 8 + 25 // signature and IHDR
	signed := slices.Insert(raw.Bytes(), head, chunk...)
	report, err := label.Read(media.Memory(signed), label.Options{})
	if err != nil || len(report.Signatures) == 0 {
		t.Fatal("the picture does not look signed", err)
	}
	_, err = b.line.Produce(t.Context(), by, order(), bytes.NewReader(signed))
	b.want(err, stamp.CodeRequired)
	o := order()
	o.Function = stamp.Assist // which gets an offer
	if a, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(signed)); err != nil || a.State != artefact.Marked {
		t.Error(a, err)
	}
	a, err := b.line.Accept(t.Context(), by, order(), bytes.NewReader(signed))
	b.must(err)
	b.want(b.line.Finish(t.Context(), a.Number, nil), stamp.CodeRequired)
	_, err = b.line.Open(t.Context(), by, a.Number, artefact.API)
	b.want(err, production.CodeNotReady)
}

// TestOnceAfterFailure gives an order again that failed: it is done under its next number, once.
func TestOnceAfterFailure(t *testing.T) {
	b := open(t, nil)
	o := order()
	o.Number = "once"
	full := &colophon.Error{Code: "disk-full"}
	b.blobs.fail = full
	if _, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t))); !errors.Is(err, full) {
		t.Fatal(err)
	}
	b.blobs.fail = nil
	first, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	again, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	if first.State != artefact.Marked || first.Number != again.Number || first.Number == o.Number {
		t.Errorf("%+v %+v", first, again)
	}
	if got := b.types(o.Number); got != "artefact.received artefact.failed" {
		t.Error(got)
	}
}

// TestOnceTwiceAtATime has two workers mark one item: the second is answered with what the first one made.
func TestOnceTwiceAtATime(t *testing.T) {
	b := open(t, nil)
	o := order()
	o.Number = "once"
	entered := make(chan struct{})
	b.network.hold = entered // the first one waits for the network log before its item counts as marked
	var other artefact.Artefact
	var failed error
	go func() {
		defer close(entered)
		for {
			if a, err := b.register.Artefact(t.Context(), o.Number); err == nil && a.State == artefact.Received {
				break
			}
			if t.Context().Err() != nil {
				return
			}
		}
		b.network.release()
		other, failed = b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	}()
	a, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(errors.Join(err, failed))
	if got := b.types(o.Number); a.State != artefact.Marked || a.After != other.After || got != "artefact.received artefact.marked" {
		t.Errorf("%+v %s", a, got)
	}
}

// TestFailureIsKept makes the blob store, then the network log, fail: the item is a failed one and nothing is handed out.
func TestFailureIsKept(t *testing.T) {
	b := open(t, nil)
	full := &colophon.Error{Code: "disk-full"}
	b.blobs.fail = full
	if _, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t))); !errors.Is(err, full) {
		t.Fatal(err)
	}
	b.blobs.fail, b.network.fail = nil, full
	if _, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t))); !errors.Is(err, full) {
		t.Fatal(err)
	}
	list, _, err := b.register.Find(t.Context(), artefact.Query{States: []artefact.State{artefact.Failed}}, "", 9)
	b.must(err)
	if len(list) != 2 {
		t.Fatalf("%d failed items", len(list))
	}
	for _, a := range list {
		if a.Reason != "disk-full" {
			t.Error(a.Reason)
		}
		_, err := b.line.Open(t.Context(), by, a.Number, artefact.API)
		b.want(err, production.CodeNotReady)
		if got := b.types(a.Number); got != "artefact.received artefact.failed" {
			t.Error(got)
		}
	}
}

func TestRefused(t *testing.T) {
	b := open(t, func(c *production.Config) { c.MaxSize = 100 })
	none := order()
	none.Account = ""
	for _, test := range []struct {
		order production.Order
		body  string
		code  colophon.Code
	}{
		{order(), "", production.CodeEmpty}, {order(), strings.Repeat("x", 101), production.CodeTooLarge}, {none, "x", production.CodeAccount},
		{production.Order{Account: person, Function: "none"}, "words", stamp.CodeFunction},
	} {
		_, err := b.line.Produce(t.Context(), by, test.order, strings.NewReader(test.body))
		b.want(err, test.code)
	}
	if _, err := b.line.Accept(t.Context(), by, order(), strings.NewReader("\x00\x01\x02")); err == nil {
		t.Error("what can't be marked was accepted")
	}
	list, _, err := b.register.Find(t.Context(), artefact.Query{}, "", 9)
	b.must(err)
	if len(list) != 0 || len(b.blobs.files) != 0 {
		t.Error("something was kept")
	}
}

// TestWaitsSealed gives an item to a job: its bytes wait sealed, and go when it is marked.
func TestWaitsSealed(t *testing.T) {
	b := open(t, nil)
	o := order()
	o.Name = "portrait.of a person"
	a, err := b.line.Accept(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	if a, err = b.register.Artefact(t.Context(), a.Number); err != nil || a.Work == nil || a.Work.Job != "job-1" || len(b.jobs) != 1 || b.jobs[0] != a.Number {
		t.Fatal(a.Work, b.jobs, err)
	}
	if text := string(a.Work.Order); strings.Contains(text, person) || strings.Contains(text, "portrait") || strings.Contains(text, "of a person") {
		t.Error(text)
	}
	for _, blob := range b.blobs.files {
		if bytes.Contains(blob, picture(t)[:64]) {
			t.Error("the bytes wait unsealed")
		}
	}
	_, err = b.line.Open(t.Context(), by, a.Number, artefact.API)
	b.want(err, production.CodeNotReady)
	for range 2 { // a job may be worked twice
		b.must(b.line.Finish(t.Context(), a.Number, nil))
	}
	if a, err = b.register.Artefact(t.Context(), a.Number); err != nil || a.State != artefact.Marked || a.Original != nil {
		t.Fatalf("%+v %v", a, err)
	}
	b.must(b.line.Sweep(t.Context()))
	if len(b.blobs.files) != 1 {
		t.Errorf("%d blobs", len(b.blobs.files))
	}
}

// TestOriginalIsKeptSealed keeps the item as it was before the notice (Labelling Measures Art. 9) for its time.
func TestOriginalIsKeptSealed(t *testing.T) {
	b := open(t, func(c *production.Config) { c.KeepOriginals = 48 * time.Hour })
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	if a, err = b.register.Artefact(t.Context(), a.Number); err != nil || a.Original == nil || a.Original.Key.Box == nil || len(b.blobs.files) != 2 {
		t.Fatalf("%+v %v", a.Original, err)
	}
	b.clock.Set(b.clock.Now().Add(47 * time.Hour))
	b.must(b.line.Sweep(t.Context()))
	if len(b.blobs.files) != 2 {
		t.Fatal("gone too early")
	}
	b.clock.Set(b.clock.Now().Add(2 * time.Hour))
	b.must(b.line.Sweep(t.Context()))
	if len(b.blobs.files) != 1 {
		t.Fatal("not gone")
	}
}

func TestExamine(t *testing.T) {
	b := open(t, nil)
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	marked := b.blobs.files[a.Blob]
	altered := append(bytes.Clone(marked), 0)
	for _, test := range []struct {
		name  string
		bytes []byte
		known int
		same  colophon.Verdict
	}{
		{"handed out", marked, 1, colophon.Passed}, {"before the marks", picture(t), 1, colophon.Failed}, {"altered", altered, 1, colophon.Failed},
		{"strange", []byte("hello"), 0, colophon.Unknown},
	} {
		x, err := b.line.Examine(t.Context(), by, "x", bytes.NewReader(test.bytes))
		b.must(err)
		if len(x.Known) != test.known || x.Identical != test.same {
			t.Errorf("%s: %d known, %v", test.name, len(x.Known), x.Identical)
		}
	}
}

// TestBundle takes a bundle to somebody who has nothing but the log's key.
func TestBundle(t *testing.T) {
	b := open(t, nil)
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	b.want(b.binder.Bundle(t.Context(), by, io.Discard, true, a.Number), production.CodePending)
	b.must(b.log.Drain(t.Context()))
	proven, err := b.binder.Proofs(t.Context(), a.Number)
	b.must(err)
	for _, p := range proven {
		if _, err := p.Proof.Verify(p.Leaf, b.verifier); err != nil {
			t.Error(err)
		}
	}
	for _, files := range []bool{true, false} {
		var zip bytes.Buffer
		b.must(b.binder.Bundle(t.Context(), by, &zip, files, a.Number))
		report, err := evidence.VerifyBundle(bytes.NewReader(zip.Bytes()), int64(zip.Len()), b.verifier)
		b.must(err)
		if report.Verdict != colophon.Passed || len(report.Records) != 2 || report.Policy != production.PolicyVersion() {
			t.Errorf("files %v: %+v", files, report)
		}
		if bytes.Contains(zip.Bytes(), []byte(person)) {
			t.Error("the bundle names the account")
		}
	}
	b.must(b.log.Drain(t.Context()))
	checkpoint, exhibits, err := b.binder.Sample(t.Context(), by, []byte("seed"), 2, nil)
	b.must(err)
	checks, err := evidence.VerifySample([]byte("seed"), 2, checkpoint, exhibits, b.verifier)
	b.must(err)
	if evidence.Overall(checks) != colophon.Passed {
		t.Errorf("%+v", checks)
	}
	_, err = b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	b.must(b.log.Drain(t.Context()))
	older, again, err := b.binder.Sample(t.Context(), by, []byte("seed"), 2, checkpoint) // the inspector holds this one
	b.must(err)
	if !bytes.Equal(older, checkpoint) || !reflect.DeepEqual(again, exhibits) {
		t.Error("the same seed selects others from the same checkpoint")
	}
	if _, _, err := b.binder.Sample(t.Context(), by, []byte("seed"), 2, append(bytes.Clone(checkpoint), 'x')); err == nil {
		t.Error("a changed checkpoint is taken")
	}
	checks, err = evidence.VerifySample([]byte("seed"), 2, checkpoint, exhibits[1:], b.verifier)
	b.must(err)
	if evidence.Overall(checks) == colophon.Passed {
		t.Error("an omission does not show")
	}
}

// keyless are records whose payloads are there and can't be opened for the moment.
type keyless struct {
	records
	ring *evidence.Keyring
}

func (k keyless) Payload(context.Context, string) (evidence.Opening, error) {
	box := evidence.Sealed{Key: evidence.DataKey{Envelope: "rotated"}}
	_, err := k.ring.Unseal(box, "")
	return evidence.Opening{}, err
}

// TestKeyNotAtHand rotates the envelope key under a server that runs: a bundle without payloads would pass for one whose
// payloads were erased.
func TestKeyNotAtHand(t *testing.T) {
	b := open(t, nil)
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(errors.Join(err, b.log.Drain(t.Context())))
	b.binder.Records = keyless{records{b.store}, storetest.Keys(t, "first")}
	b.want(b.binder.Bundle(t.Context(), by, io.Discard, true, a.Number), evidence.CodeKeyUnknown)
}

// TestSameNumber sends in what was handed out: it has its number already.
func TestSameNumber(t *testing.T) {
	b := open(t, nil)
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(err)
	_, err = b.line.Produce(t.Context(), by, order(), bytes.NewReader(b.blobs.files[a.Blob]))
	b.want(err, artefact.CodeExists)
}

// TestOnce gives an order with a number twice, and once more after the process died between entering and marking.
func TestOnce(t *testing.T) {
	b := open(t, nil)
	o := order()
	o.Number = "once-1"
	first, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	again, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	if first.Number != "once-1" || again.After != first.After || b.types(first.Number) != "artefact.received artefact.marked" {
		t.Errorf("%+v %s", again, b.types(first.Number))
	}
	_, err = b.line.Produce(t.Context(), by, o, strings.NewReader("other bytes"))
	b.want(err, artefact.CodeExists)
	o.Number = "once-2"
	died, err := b.register.New(t.Context(), by.Role, artefact.Artefact{Number: o.Number, Function: "person", Account: first.Account, Format: media.JPEG,
		Size: int64(len(picture(t))), Before: first.Before})
	b.must(err)
	resumed, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	if resumed.State != artefact.Marked || b.types(died.Number) != "artefact.received artefact.marked" {
		t.Errorf("%+v", resumed)
	}
	o.Number = "once-3"
	for range 2 {
		a, err := b.line.Accept(t.Context(), by, o, bytes.NewReader(picture(t)))
		b.must(err)
		if a.Number != "once-3" || len(b.jobs) != 1 {
			t.Errorf("%+v %v", a, b.jobs)
		}
	}
}

// TestForgedLabel sends in content with a label that names us, chose its own content number, and was not sealed by us
// (Labelling Measures Art. 10). A label of somebody else is theirs and stays.
func TestForgedLabel(t *testing.T) {
	b := open(t, nil)
	forged := func(producer string, key *label.SigningKey) []byte {
		plan, err := label.Prepare(media.Memory(picture(t)), label.Request{Key: key, Rand: rand.Reader,
			Fields: label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "victim-number-001"}})
		b.must(err)
		var out bytes.Buffer
		b.must(plan.Edit.Apply(&out, media.Memory(picture(t))))
		return out.Bytes()
	}
	for _, key := range []*label.SigningKey{nil, sealing(t)} {
		_, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(forged(producer, key)))
		b.want(err, production.CodeStrange)
	}
	a, err := b.line.Produce(t.Context(), by, order(), bytes.NewReader(forged("another-provider", nil)))
	b.must(err)
	report, err := label.Read(media.Memory(b.blobs.files[a.Blob]), label.Options{})
	b.must(err)
	if a.Number == "victim-number-001" || len(report.Marks) != 1 || report.Marks[0].Fields.ContentProducer != "another-provider" {
		t.Errorf("%s %+v", a.Number, report.Marks)
	}
}

// TestDiedBeforeMarking leaves an item that nobody marked: after a day it is a failed one.
func TestDiedBeforeMarking(t *testing.T) {
	b := open(t, nil)
	a, err := b.register.New(t.Context(), by.Role, artefact.Artefact{Number: "died", Function: "person", Account: "a-1", Format: media.JPEG, Size: 1, Before: artefact.Digest{1}})
	b.must(err)
	b.clock.Set(b.clock.Now().Add(23 * time.Hour))
	b.must(b.line.Sweep(t.Context()))
	if a, err = b.register.Artefact(t.Context(), "died"); err != nil || a.State != artefact.Received {
		t.Errorf("%s %v", a.State, err)
	}
	b.clock.Set(b.clock.Now().Add(2 * time.Hour))
	b.must(b.line.Sweep(t.Context()))
	if a, err = b.register.Artefact(t.Context(), "died"); err != nil || a.State != artefact.Failed || a.Reason != production.CodeFailed {
		t.Errorf("%s %s %v", a.State, a.Reason, err)
	}
}
