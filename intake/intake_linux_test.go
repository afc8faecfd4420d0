package intake_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	pngs "github.com/colophon-project/colophon/internal/media/png"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

const (
	platform = "001191110102MACQD9K6420001"
	producer = "00119144030008867405X210001"
	account  = "user-8731"
)

var key = production.By{Role: production.Application, ID: "key-1", Source: netip.MustParseAddrPort("192.0.2.1:4711")}

// blobs keeps bytes in memory.
type blobs struct{ files sync.Map }

type opened struct{ *bytes.Reader }

func (opened) Close() error  { return nil }
func (o opened) Size() int64 { return o.Reader.Size() }

func (b *blobs) Put(_ context.Context, r io.Reader) (string, error) {
	text, err := io.ReadAll(r)
	sum := sha256.Sum256(text)
	ref := hex.EncodeToString(sum[:])
	b.files.Store(ref, text)
	return ref, err
}

func (b *blobs) Open(_ context.Context, ref string) (production.File, error) {
	text, ok := b.files.Load(ref)
	if !ok {
		return nil, errors.New("no such blob")
	}
	return opened{bytes.NewReader(text.([]byte))}, nil
}

func (b *blobs) PutSealed(ctx context.Context, r io.Reader, _ []byte) (string, error) {
	return b.Put(ctx, r)
}
func (b *blobs) OpenSealed(ctx context.Context, ref string, _ []byte) (production.File, error) {
	return b.Open(ctx, ref)
}
func (b *blobs) Delete(_ context.Context, ref string) error { b.files.Delete(ref); return nil }

type temporary struct{ bytes.Buffer }

func (*temporary) Close() error           { return nil }
func (t *temporary) Source() media.Source { return media.Memory(t.Bytes()) }

type accounts struct{}

func (accounts) Subject(context.Context, string) (evidence.Subject, error) { return "s-1", nil }

// network counts the lines of the network log, and can fail.
type network struct {
	mu   sync.Mutex
	seen []string
	err  error
}

func (n *network) Log(_ context.Context, _ evidence.Subject, operation string, by production.By) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !by.Source.IsValid() {
		return errors.New("a line of the log says from where")
	}
	n.seen = append(n.seen, operation)
	return n.err
}

// bench is a line over a real store.
type bench struct {
	*testing.T
	ctx     context.Context
	clock   *storetest.Clock
	store   *store.Store
	keys    *evidence.Keyring
	rec     *evidence.Recorder
	blobs   *blobs
	network *network
	line    *intake.Line
}

func open(t *testing.T, set func(*intake.Config)) *bench {
	t.Helper()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "k1"), clock.Now
	b := &bench{T: t, ctx: t.Context(), clock: clock, store: storetest.Open(t, config), keys: config.Keys, rec: storetest.Recorder(t, config.Keys, clock.Now), blobs: &blobs{}, network: &network{}}
	c := intake.Config{Entries: ledgers.Of[intake.Taken](b.store, intake.EntryLedger), Recorder: b.rec, Keys: config.Keys, Accounts: accounts{}, Network: b.network, Blobs: b.blobs,
		Spool: func() (production.Temporary, error) { return &temporary{}, nil }, Platform: platform, Detectors: []intake.Detector{intake.Notices{Press: &stamp.Press{}}},
		Keep: time.Hour, MaxSize: 64 << 20, AtOnce: 2}
	if set != nil {
		set(&c)
	}
	b.line = intake.NewLine(c)
	return b
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) take(u intake.Upload, file []byte) *intake.Result {
	b.Helper()
	r, err := b.line.Take(b.ctx, key, u, bytes.NewReader(file))
	b.must(err)
	b.Cleanup(func() { r.Close() })
	return r
}

// labelled makes a file with the label of a producer in one of the three states.
func labelled(t *testing.T, file []byte, fields label.Fields) []byte {
	t.Helper()
	plan, err := label.Prepare(media.Memory(file), label.Request{Options: label.Options{Name: "a.md"}, Fields: fields})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := plan.Edit.Apply(&out, media.Memory(file)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func picture(t *testing.T) []byte {
	return mediatest.FFmpeg(t, "plain.png", "-f", "lavfi", "-i", "testsrc=s=320x240:d=1", "-frames:v", "1")
}

func bytesOf(t *testing.T, src media.Source) []byte {
	t.Helper()
	text := make([]byte, src.Size())
	if _, err := src.ReadAt(text, 0); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return text
}

func reasons(r *intake.Result) (list []string) {
	for _, reason := range r.Detail.Reasons {
		list = append(list, reason.By+" "+string(reason.Outcome))
	}
	return list
}

func findings(r *intake.Result) (list []colophon.Code) { return r.Entry.Value.Findings }

func want(t *testing.T, err error, kind colophon.Kind, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Errorf("%v, want %v %s", err, kind, code)
	}
}

// eye is a detector.
type eye struct {
	name string
	saw  intake.Sighting
	err  error
	see  func()
}

func (e eye) Name() string { return e.name }
func (e eye) Detect(context.Context, intake.Sample) (intake.Sighting, error) {
	if e.see != nil {
		e.see()
	}
	return e.saw, e.err
}

// TestStates goes through the states of Labelling Measures Art. 6 (1) to (3), and what is left.
func TestStates(t *testing.T) {
	t.Parallel()
	plain := picture(t)
	made := label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p-1"}
	possible, suspected := made, made
	possible.Label, suspected.Label = label.Possible, label.Suspected
	noticed := []byte("【人工智能生成】\n\nSome text.\n")
	for _, c := range []struct {
		name        string
		file        []byte
		declaration intake.Declaration
		detectors   []intake.Detector
		state       intake.State
		action      intake.Action
		complete    bool
		label       string
		finding     colophon.Code
	}{
		{"label 1", labelled(t, plain, made), intake.Silent, nil, intake.Confirmed, intake.Propagated, true, "1", intake.FindingNotAsked},
		{"label 1, denied", labelled(t, plain, made), intake.NotGenerated, nil, intake.Confirmed, intake.Propagated, true, "1", intake.FindingAgainst},
		{"label 2", labelled(t, plain, possible), intake.Silent, nil, intake.Possible, intake.Propagated, true, "2", ""},
		{"label 3, declared", labelled(t, plain, suspected), intake.Generated, nil, intake.Suspected, intake.Propagated, true, "3", intake.FindingBeyond},
		{"declared", plain, intake.Generated, []intake.Detector{eye{name: "never", err: errors.New("asked")}}, intake.Possible, intake.Labelled, true, "2", ""},
		{"seen", plain, intake.NotGenerated, []intake.Detector{eye{name: "classifier", saw: intake.Sighting{Seen: true, Version: "m-1", Score: 0.93}}}, intake.Suspected, intake.Labelled, true, "3", ""},
		{"notice", noticed, intake.Silent, nil, intake.Suspected, intake.Beside, true, "3", label.CodeNoPlace},
		{"not seen", plain, intake.Silent, []intake.Detector{eye{name: "classifier"}}, intake.None, intake.Left, true, "", label.CodeNoLabel},
		{"detector fails", plain, intake.Silent, []intake.Detector{eye{name: "classifier", err: errors.New("down")}}, intake.None, intake.Left, false, "", ""},
		{"detector breaks", plain, intake.Silent, []intake.Detector{eye{name: "classifier", see: func() { panic("fault") }}}, intake.None, intake.Left, false, "", ""},
		{"damaged", plain[:len(plain)/2], intake.Silent, nil, intake.None, intake.Left, false, "", label.CodeReadFailed},
		{"unknown format", []byte{1, 2, 3, 4}, intake.Generated, nil, intake.Possible, intake.Beside, false, "2", label.CodeNotRecognised},
	} {
		b := open(t, func(config *intake.Config) {
			if c.detectors != nil {
				config.Detectors = c.detectors
			}
		})
		r := b.take(intake.Upload{Declaration: c.declaration, Keep: true}, c.file)
		v := r.Entry.Value
		if r.Entry.State != string(c.state) || v.Action != c.action || v.Complete != c.complete {
			t.Errorf("%s: %s, %s, complete %v: %v %v", c.name, r.Entry.State, v.Action, v.Complete, reasons(r), findings(r))
		}
		if c.finding != "" && !slices.Contains(v.Findings, c.finding) {
			t.Errorf("%s: findings %v, want %s", c.name, v.Findings, c.finding)
		}
		if got := r.Detail.Fields; c.label == "" && got != nil || c.label != "" && (got == nil || got.Label != c.label || got.ContentPropagator != platform) {
			t.Errorf("%s: the label is %+v", c.name, got)
		}
		if words := c.state.Words("zh"); (words == "") != (c.state == intake.None) {
			t.Errorf("%s: to show: %q", c.name, words)
		}
		if !r.Changed() && !bytes.Equal(bytesOf(t, r.Source), c.file) {
			t.Errorf("%s: the file is another", c.name)
		}
		records, err := b.store.RecordsAbout(b.ctx, r.Entry.ID, 0, 10)
		b.must(err)
		if len(records) != 1 || records[0].Type != intake.RecordTaken || !slices.Contains(records[0].Clauses, colophon.ClauseLM6) {
			t.Errorf("%s: records %v", c.name, records)
		}
	}
}

// TestElements has exiftool read what a platform added: on a labelled file fields 5 to 7 alone are others.
func TestElements(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	fields := label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p-1", ReservedCode1: "own"}
	r := b.take(intake.Upload{Declaration: intake.Silent, Asked: true, Number: "n-1"}, labelled(t, picture(t), fields))
	var got label.Fields
	b.must(json.Unmarshal([]byte(aigc(t, "a.png", bytesOf(t, r.Source))), &got))
	fields.ContentPropagator, fields.PropagateID = platform, "n-1"
	if got != fields {
		t.Errorf("exiftool reads %+v, want %+v", got, fields)
	}
	r = b.take(intake.Upload{Declaration: intake.Generated, Asked: true, Number: "n-2"}, picture(t))
	b.must(json.Unmarshal([]byte(aigc(t, "b.png", bytesOf(t, r.Source))), &got))
	if want := (label.Fields{Label: label.Possible, ContentProducer: platform, ProduceID: "n-2", ContentPropagator: platform, PropagateID: "n-2"}); got != want {
		t.Errorf("exiftool reads %+v, want %+v", got, want)
	}
	again := b.take(intake.Upload{Declaration: intake.NotGenerated, Number: "n-3"}, bytesOf(t, r.Source))
	if again.Entry.State != string(intake.Possible) || again.Detail.Fields.ContentProducer != platform || again.Detail.Fields.ProduceID != "n-2" || again.Detail.Fields.PropagateID != "n-3" {
		t.Errorf("taken in again: %s %+v", again.Entry.State, again.Detail.Fields)
	}
}

func aigc(t *testing.T, name string, file []byte) string {
	t.Helper()
	for tag, value := range mediatest.Exiftool(t, name, file) {
		if strings.HasSuffix(strings.ToLower(tag), "aigc") {
			return value
		}
	}
	t.Fatal("exiftool sees no label")
	return ""
}

// TestClauses names the duties of platforms and users.
func TestClauses(t *testing.T) {
	t.Parallel()
	report, err := label.Read(media.Memory(labelled(t, picture(t), label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p"})), label.Options{})
	if err != nil {
		t.Fatal(err)
	}
	clauses := map[colophon.Code]colophon.Clause{}
	for _, f := range intake.Judge(report, intake.NotGenerated, false, nil).Findings {
		clauses[f.Code] = f.Clause
	}
	if clauses[intake.FindingNotAsked] != colophon.ClauseLM6 || clauses[intake.FindingAgainst] != colophon.ClauseLM10 {
		t.Error(clauses)
	}
}

// TestKept has a file fetched, recorded each time, and ended when its time is over.
func TestKept(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	r := b.take(intake.Upload{Account: account, Declaration: intake.Generated, Asked: true, Keep: true}, picture(t))
	id := r.Entry.ID
	e, file, err := b.line.Open(b.ctx, key, id)
	b.must(err)
	got, err := io.ReadAll(file)
	b.must(err)
	if !bytes.Equal(got, bytesOf(t, r.Source)) || e.Value.Deliveries != 1 {
		t.Error("the file is another, or the delivery was not counted", e.Value.Deliveries)
	}
	if needed, err := b.line.Referenced(b.ctx, r.Entry.Value.Blob); err != nil || !needed {
		t.Error("the bytes are not needed", err)
	}
	if n, err := b.line.Sweep(b.ctx, 10); n != 0 || err != nil {
		t.Error("swept too soon", n, err)
	}
	b.clock.Set(b.clock.Now().Add(2 * time.Hour))
	if n, err := b.line.Sweep(b.ctx, 10); n != 1 || err != nil {
		t.Error("not swept", n, err)
	}
	if needed, err := b.line.Referenced(b.ctx, r.Entry.Value.Blob); err != nil || needed {
		t.Error("the bytes are still needed", err)
	}
	_, _, err = b.line.Open(b.ctx, key, id)
	want(t, err, colophon.Missing, intake.CodeNotKept)
	none := b.take(intake.Upload{Keep: true}, picture(t))
	_, _, err = b.line.Open(b.ctx, key, none.Entry.ID)
	want(t, err, colophon.Missing, intake.CodeUnchanged)
	_, err = b.line.Sidecar(b.ctx, key, id)
	want(t, err, colophon.Missing, intake.CodeNoSidecar)
	_, err = b.line.Entry(b.ctx, "nothing")
	want(t, err, colophon.Missing, intake.CodeMissing)
	second := b.take(intake.Upload{Account: account, Declaration: intake.Generated, Keep: true}, picture(t))
	b.must(b.line.Forget(b.ctx, key, "s-1"))
	_, _, err = b.line.Open(b.ctx, key, second.Entry.ID)
	want(t, err, colophon.Missing, intake.CodeNotKept)
	if seen := strings.Join(b.network.seen, " "); strings.Count(seen, "intake.take") != 3 || strings.Count(seen, "intake.deliver") != 1 {
		t.Error("the network log has", seen)
	}
	records, err := b.store.RecordsAbout(b.ctx, id, 0, 10)
	b.must(err)
	var types []string
	for _, rec := range records {
		types = append(types, string(rec.Type))
	}
	if strings.Join(types, " ") != "intake.taken intake.delivered intake.file-ended" {
		t.Error(types)
	}
}

// TestNoAnswerWithoutLog has nothing taken in when the network log can't be written.
func TestNoAnswerWithoutLog(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.network.err = errors.New("disk full")
	if _, err := b.line.Take(b.ctx, key, intake.Upload{}, bytes.NewReader(picture(t))); err == nil {
		t.Error("taken in")
	}
	list, _, err := b.line.Page(b.ctx, ledger.Query{})
	if err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	b := open(t, func(c *intake.Config) { c.MaxSize = 100 })
	for _, c := range []struct {
		u    intake.Upload
		body string
		kind colophon.Kind
		code colophon.Code
	}{
		{intake.Upload{}, "", colophon.Invalid, production.CodeEmpty},
		{intake.Upload{}, strings.Repeat("x", 101), colophon.Invalid, production.CodeTooLarge},
		{intake.Upload{Declaration: "maybe"}, "x", colophon.Invalid, intake.CodeInvalid},
		{intake.Upload{Number: "a b"}, "x", colophon.Invalid, intake.CodeInvalid},
		{intake.Upload{Account: strings.Repeat("x", 300)}, "x", colophon.Invalid, intake.CodeInvalid},
	} {
		_, err := b.line.Take(b.ctx, key, c.u, strings.NewReader(c.body))
		want(t, err, c.kind, c.code)
	}
	_, err := open(t, func(c *intake.Config) { c.Platform = "" }).line.Take(t.Context(), key, intake.Upload{}, strings.NewReader("x"))
	want(t, err, colophon.Conflict, intake.CodePlatform)
}

// samples are real files of others, with what this has to say of each when nobody declares anything.
var samples = map[string]intake.State{
	"labelled/doubao.png": intake.Confirmed,
}

// TestSamples takes in every file of the sample collection, undeclared and declared, and holds each answer to the rules.
func TestSamples(t *testing.T) {
	t.Parallel()
	root := os.Getenv("COLOPHON_SAMPLES")
	if root == "" {
		t.Log("COLOPHON_SAMPLES is not set, so nothing of others is read")
		return
	}
	b := open(t, nil)
	var files []string
	b.must(filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, p)
		}
		return err
	}))
	for _, p := range files {
		file, err := os.ReadFile(p)
		b.must(err)
		name, err := filepath.Rel(root, p)
		b.must(err)
		var states []string
		for _, d := range []intake.Declaration{intake.Silent, intake.Generated} {
			r, err := b.line.Take(b.ctx, key, intake.Upload{Name: filepath.Base(p), Declaration: d, Asked: true}, bytes.NewReader(file))
			if err != nil {
				t.Errorf("%s, %s: %v", name, d, err)
				continue
			}
			states = append(states, r.Entry.State+"/"+string(r.Entry.Value.Action))
			if d == intake.Generated && r.Entry.State == string(intake.None) || !r.Changed() && !bytes.Equal(bytesOf(t, r.Source), file) {
				t.Errorf("%s, %s: %s, changed %v", name, d, r.Entry.State, r.Changed())
			}
			if s, ok := samples[filepath.ToSlash(name)]; ok && r.Entry.State != string(s) {
				t.Errorf("%s, %s: %s, want %s", name, d, r.Entry.State, s)
			}
			if strings.HasPrefix(name, "c2pa") && r.Changed() && slices.Contains(findings(r), label.CodeSigned) {
				t.Errorf("%s, %s: a signed file was changed", name, d)
			}
			states = append(states, strings.Join(reasons(r), ", "))
			b.must(r.Close())
		}
		t.Logf("%s: %s", name, strings.Join(states, " | "))
	}
}

// TestMaterials checks apps for an app store (Labelling Measures Art. 7).
func TestMaterials(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	store := &intake.AppStore{Book: ledger.Book[intake.Materials]{Store: ledgers.Of[intake.Materials](b.store, intake.MaterialLedger), Recorder: b.rec, Keys: b.keys},
		Notices: intake.Notices{Press: &stamp.Press{}}, Spool: func() (production.Temporary, error) { return &temporary{}, nil }, MaxSize: 1 << 20}
	fields := label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p-1"}
	plain := picture(t)
	bare, good := []byte("---\ntitle: x\n---\n\nText.\n"), labelled(t, []byte("> 【人工智能生成】\n\nText.\n"), fields)
	for _, c := range []struct {
		name    string
		offers  bool
		files   map[string][]byte
		verdict string
		code    colophon.Code
	}{
		{"good", true, map[string][]byte{"a.md": good}, "passed", intake.MaterialsGood},
		{"nothing to see", true, nil, "failed", intake.MaterialsNone},
		{"no label", true, map[string][]byte{"a.md": bare}, "failed", intake.MaterialsBroken},
		{"no notice", true, map[string][]byte{"a.md": labelled(t, bare, fields)}, "failed", intake.MaterialsBroken},
		{"a notice that nobody can find", true, map[string][]byte{"a.png": labelled(t, plain, fields)}, "could-not-tell", intake.MaterialsUnclear},
		{"damaged", true, map[string][]byte{"a.png": plain[:len(plain)/2]}, "could-not-tell", intake.MaterialsUnclear},
		{"offers none", false, map[string][]byte{"a.png": plain}, "could-not-tell", intake.MaterialsNotAsked},
		{"offers none, and makes some", false, map[string][]byte{"a.png": labelled(t, plain, fields)}, "failed", intake.MaterialsContrary},
	} {
		var names []string
		for name := range c.files {
			names = append(names, name)
		}
		e, err := store.Check(b.ctx, key, intake.Statement{App: "app-1", Offers: c.offers}, func() (string, io.Reader, error) {
			if len(names) == 0 {
				return "", nil, io.EOF
			}
			name := names[0]
			names = names[1:]
			return name, bytes.NewReader(c.files[name]), nil
		})
		b.must(err)
		if e.State != c.verdict || e.Value.Code != c.code {
			t.Errorf("%s: %s %s %+v", c.name, e.State, e.Value.Code, e.Value.Materials)
		}
		records, err := b.store.RecordsAbout(b.ctx, e.ID, 0, 10)
		b.must(err)
		if len(records) != 1 || !slices.Contains(records[0].Clauses, colophon.ClauseLM7) {
			t.Errorf("%s: %v", c.name, records)
		}
	}
	_, err := store.Check(b.ctx, key, intake.Statement{}, nil)
	want(t, err, colophon.Invalid, intake.CodeInvalid)
}

// TestWild takes in forms of labels as they were met in the field.
func TestWild(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	png := picture(t)
	jpeg := mediatest.FFmpeg(t, "plain.jpg", "-f", "lavfi", "-i", "testsrc=s=320x240:d=1", "-frames:v", "1")
	segment := func(marker byte, text string) []byte {
		return slices.Concat(jpeg[:2], []byte{0xff, marker, byte((len(text) + 2) >> 8), byte(len(text) + 2)}, []byte(text), jpeg[2:])
	}
	for _, c := range []struct {
		name  string
		file  []byte
		state intake.State
	}{
		{"app11.jpg", segment(0xeb, `AIGC{"Label":"1","ContentProducer":"`+producer+`","ProduceID":"1","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}`), intake.Confirmed},
		{"a.md", []byte("---\ntitle: x\nAIGC:\n    ContentProducer: Minimax Agent AI\n    Label: AIGC\n    ProduceID: \"12\"\n---\n\nText.\n"), intake.Confirmed},
		{"inline.md", []byte("---\nAIGC: {\"Label\":\"2\",\"ContentProducer\":\"x\",\"ProduceID\":\"1\"}\n---\n\nText.\n"), intake.Possible},
		{"number.html", []byte(`<!doctype html><html><head><meta name="AIGC" content="{&quot;Label&quot;:3,&quot;ContentProducer&quot;:&quot;x&quot;,&quot;ProduceID&quot;:&quot;1&quot;}"></head><body>Text.</body></html>`), intake.Suspected},
		{"spelling.md", []byte("---\nAIGC:\n  Label: \"1\"\n  ContentProducer: x\n  ProduceID: \"1\"\n  ReserveCode1: \"\"\n  Propagator: y\n  PropatorID: \"2\"\n---\n\nText.\n"), intake.Confirmed},
		{"shell.md", []byte("---\nAIGC:\n  Label: \"\"\n  ContentProducer: \"\"\n  ProduceID: \"\"\n---\n\nText.\n"), intake.Suspected},
		{"strange.md", []byte("---\nAIGC:\n  Label: \"7\"\n  ContentProducer: x\n  ProduceID: \"1\"\n---\n\nText.\n"), intake.Suspected},
		{"iptc.png", mediatest.Apply(t, pngs.Container{}, media.PNG, png, media.Put{Place: media.PlaceXMP, Value: []byte(`{"Label":"3","ContentProducer":"x","ProduceID":"1"}`), DigitalSourceType: mediatest.SourceType}), intake.Suspected},
		{"term.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><metadata>` + mediatest.SourceType + `</metadata></svg>`), intake.Suspected},
		{"talk.md", []byte("The term is " + mediatest.SourceType + ".\n"), intake.None},
	} {
		r := b.take(intake.Upload{Name: c.name, Asked: true}, c.file)
		if r.Entry.State != string(c.state) {
			t.Errorf("%s: %s, want %s: %v %v", c.name, r.Entry.State, c.state, r.Detail.Reasons, findings(r))
		}
		if c.state != intake.None && r.Entry.Value.Action != intake.Propagated && r.Entry.Value.Action != intake.Labelled {
			t.Errorf("%s: %s %v", c.name, r.Entry.Value.Action, r.Detail.Findings)
		}
	}
}
