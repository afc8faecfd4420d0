package label_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/label"
)

const (
	producer   = "001191110102MACQD9K64010000"
	propagator = "00119144030008867405X220001"
)

// markdown is the smallest file that can hold a label.
const markdown = "# Title\n"

func produce(id string) label.Request {
	return label.Request{Options: label.Options{Name: "a.md"}, Fields: label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: id}}
}

func platform(id, state string) label.Request {
	return label.Request{Options: label.Options{Name: "a.md"}, Propagation: &label.Propagation{Propagator: propagator, ID: id, State: state}}
}

// written prepares, applies and reads back a labelling in memory.
func written(t *testing.T, text []byte, req label.Request) (*label.Plan, []byte) {
	t.Helper()
	src := bytes.NewReader(text)
	plan, err := label.Prepare(src, req)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Edit == nil {
		return plan, text
	}
	var out bytes.Buffer
	if err := plan.Edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	if err := plan.ReadBack(bytes.NewReader(out.Bytes()), nil); err != nil {
		t.Fatal(err)
	}
	return plan, out.Bytes()
}

func report(t *testing.T, text []byte, opts label.Options) *label.Report {
	t.Helper()
	if opts.Name == "" {
		opts.Name = "a.md"
	}
	r, err := label.Read(bytes.NewReader(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func codes(findings []colophon.Finding) []colophon.Code {
	var list []colophon.Code
	for _, f := range findings {
		list = append(list, f.Code)
	}
	return list
}

func TestFirstLabelNamesTheProducerTwice(t *testing.T) {
	t.Parallel()
	plan, text := written(t, []byte(markdown), produce("p1"))
	want := label.Fields{Label: "1", ContentProducer: producer, ProduceID: "p1", ContentPropagator: producer, PropagateID: "p1"}
	if diff := cmp.Diff(want, plan.Fields); diff != "" {
		t.Error(diff)
	}
	r := report(t, text, label.Options{})
	if r.Conformity() != label.Conforming {
		t.Errorf("%v: %+v", r.Conformity(), r.Marks)
	}
}

// TestUnlabelledIsTold: Labelling Measures Art. 5.
func TestUnlabelledIsTold(t *testing.T) {
	t.Parallel()
	r := report(t, []byte(markdown), label.Options{})
	if r.Conformity() != label.Unmarked || len(r.Findings) != 1 || r.Findings[0].Clause != colophon.ClauseLM5 {
		t.Errorf("%v %+v", r.Conformity(), r.Findings)
	}
}

func TestLabelledFileIsKept(t *testing.T) {
	t.Parallel()
	_, text := written(t, []byte(markdown), produce("p1"))
	plan, again := written(t, text, produce("p2"))
	if plan.Action != label.Kept || plan.Fields.ProduceID != "p1" || !bytes.Equal(again, text) {
		t.Errorf("%+v", plan)
	}
}

// TestPropagationChangesFieldsFiveToSeven: Labelling Measures Art. 6.
func TestPropagationChangesFieldsFiveToSeven(t *testing.T) {
	t.Parallel()
	_, text := written(t, []byte(markdown), produce("p1"))
	plan, text := written(t, text, platform("q1", ""))
	want := label.Fields{Label: "1", ContentProducer: producer, ProduceID: "p1", ContentPropagator: propagator, PropagateID: "q1"}
	if diff := cmp.Diff(want, plan.Fields); diff != "" || plan.Action != label.Propagated {
		t.Error(plan.Action, diff)
	}
	if got := report(t, text, label.Options{}).Marks[0].Fields; got != want {
		t.Errorf("%+v", got)
	}
}

// TestPlatformClassesUnlabelledFiles: Labelling Measures Art. 6 (2) and (3).
func TestPlatformClassesUnlabelledFiles(t *testing.T) {
	t.Parallel()
	_, err := label.Prepare(strings.NewReader(markdown), platform("q1", ""))
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != label.CodeStateMissing || !slices.Contains(e.Clauses, colophon.ClauseLM6) {
		t.Errorf("without a state: %v", err)
	}
	for _, state := range []string{label.Possible, label.Suspected} {
		for _, empty := range []bool{false, true} {
			req := platform("q1", state)
			req.Propagation.NoProducer = empty
			plan, text := written(t, []byte(markdown), req)
			want := label.Fields{Label: state, ContentProducer: propagator, ProduceID: "q1", ContentPropagator: propagator, PropagateID: "q1"}
			if empty {
				want.ContentProducer, want.ProduceID = "", ""
			}
			if diff := cmp.Diff(want, plan.Fields); diff != "" {
				t.Error(diff)
			}
			if c := report(t, text, label.Options{}).Conformity(); c != label.Conforming {
				t.Errorf("state %s, empty %v: %v", state, empty, c)
			}
		}
	}
}

// TestLabelOfAnotherStays: Labelling Measures Art. 10, Deep Synthesis Provisions Art. 18.
func TestLabelOfAnotherStays(t *testing.T) {
	t.Parallel()
	_, text := written(t, []byte(markdown), produce("p1"))
	req := produce("p2")
	req.ReplaceOwn, req.Fields.ContentProducer = true, "somebody-else"
	_, err := label.Prepare(bytes.NewReader(text), req)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != label.CodeNotOwn || !slices.Equal(e.Clauses, []colophon.Clause{colophon.ClauseLM10, colophon.ClauseDS18}) {
		t.Errorf("%v", err)
	}
}

func TestOwnLabelIsReplacedAndThePlatformsStays(t *testing.T) {
	t.Parallel()
	_, text := written(t, []byte(markdown), produce("p1"))
	_, text = written(t, text, platform("q1", ""))
	req := produce("")
	req.ReplaceOwn = true
	req.NewID = func() (string, error) { t.Error("a new number was made"); return "x", nil }
	plan, _ := written(t, text, req)
	want := label.Fields{Label: "1", ContentProducer: producer, ProduceID: "p1", ContentPropagator: propagator, PropagateID: "q1"}
	if diff := cmp.Diff(want, plan.Fields); diff != "" || plan.Action != label.Replaced {
		t.Error(plan.Action, diff)
	}
	req = produce("p2")
	req.ReplaceOwn = true
	plan, _ = written(t, text, req)
	if plan.Fields.ProduceID != "p2" || plan.Fields.PropagateID != "q1" {
		t.Errorf("%+v", plan.Fields)
	}
}

func TestCarriedAsFound(t *testing.T) {
	t.Parallel()
	text := []byte("---\nAIGC:\n  Label: \"1\"\n  ContentProducer: \"Minimax Agent 智能\"\n  ProduceID: \"p1\"\n---\n" + markdown)
	plan, out := written(t, text, platform("q1", ""))
	if !slices.Contains(codes(plan.Findings), label.CodeCarried) {
		t.Errorf("findings: %+v", plan.Findings)
	}
	got := report(t, out, label.Options{}).Marks[0].Fields
	if got.ContentProducer != "Minimax Agent 智能" || got.ContentPropagator != propagator {
		t.Errorf("%+v", got)
	}
}

// TestTwoLabelsFail: GB 45438-2025 6.1 c).
func TestTwoLabelsFail(t *testing.T) {
	t.Parallel()
	value := string(mediatest.Value("p1"))
	html := "<!DOCTYPE html><html><head><meta name='AIGC' content='" + value + "'><meta name='AIGC' content='" + value + "'></head><body></body></html>"
	r := report(t, []byte(html), label.Options{Name: "a.html"})
	i := slices.Index(codes(r.Findings), label.CodeTwoLabels)
	if r.Conformity() != label.NotConforming || i < 0 || r.Findings[i].Clause != colophon.ClauseGB61 {
		t.Errorf("%v %+v", r.Conformity(), r.Findings)
	}
	req := platform("q1", "")
	req.Name = "a.html"
	_, err := label.Prepare(strings.NewReader(html), req)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != label.CodeWhichLabel {
		t.Errorf("continuing one of two labels: %v", err)
	}
}

func TestTextGetsASidecar(t *testing.T) {
	t.Parallel()
	req := produce("p1")
	req.Name = "a.txt"
	src := strings.NewReader("plain words\n")
	plan, err := label.Prepare(src, req)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Action != label.Beside || !slices.Contains(codes(plan.Findings), label.CodeNoPlace) {
		t.Fatalf("%+v", plan)
	}
	if err := plan.ReadBack(src, bytes.NewReader(plan.Sidecar)); err != nil {
		t.Fatal(err)
	}
	r := report(t, []byte("plain words\n"), label.Options{Name: "a.txt", Sidecar: bytes.NewReader(plan.Sidecar)})
	if r.Conformity() != label.Conforming {
		t.Errorf("%v %+v", r.Conformity(), r.Findings)
	}
	r = report(t, []byte("other words\n"), label.Options{Name: "a.txt", Sidecar: bytes.NewReader(plan.Sidecar)})
	if r.Conformity() != label.CouldNotTell || !slices.Contains(codes(r.Findings), label.CodeSidecarOther) {
		t.Errorf("a sidecar of another file: %v %+v", r.Conformity(), r.Findings)
	}
}

func TestSignedFileGetsASidecar(t *testing.T) {
	t.Parallel()
	text, ok := mediatest.Sample(t, "c2pa/C.jpg")
	if !ok {
		return
	}
	req := produce("p1")
	req.Name = "C.jpg"
	src := bytes.NewReader(text)
	plan, err := label.Prepare(src, req)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Action != label.Beside || !slices.Contains(codes(plan.Findings), label.CodeBreakSignature) {
		t.Errorf("%+v", plan)
	}
	if err := plan.ReadBack(src, bytes.NewReader(plan.Sidecar)); err != nil {
		t.Error(err)
	}
	req.AllowBreakSignature = true
	plan, _ = written(t, text, req)
	if plan.Action != label.Labelled || !slices.Contains(codes(plan.Findings), label.CodeSignatureBroken) {
		t.Errorf("%+v", plan)
	}
}

// TestForeignValueIsNotLost holds a key AIGC with something else in it: a label would overwrite it.
func TestForeignValueIsNotLost(t *testing.T) {
	t.Parallel()
	for value, action := range map[string]label.Action{
		`'{"enabled":true}'`: label.Beside,
		`eyJMYWJlbCI6IjEifQ`: label.Beside,
		`''`:                 label.Labelled,
		`'{}'`:               label.Kept,
	} {
		html := "<!DOCTYPE html><html><head><meta name='AIGC' content=" + value + "></head><body></body></html>"
		req := produce("p1")
		req.Name = "a.html"
		plan, err := label.Prepare(strings.NewReader(html), req)
		if err != nil {
			t.Fatal(err)
		}
		if plan.Action != action || slices.Contains(codes(plan.Findings), label.CodeKeyTaken) != (action == label.Beside) {
			t.Errorf("%s: %s %+v", value, plan.Action, plan.Findings)
		}
		if action == label.Beside {
			if err := plan.ReadBack(strings.NewReader(html), bytes.NewReader(plan.Sidecar)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestSidecarDoesNotContradict refuses to replace a label inside a file by one beside it; continuing it is fine.
func TestSidecarDoesNotContradict(t *testing.T) {
	t.Parallel()
	_, text := written(t, []byte(markdown), produce("p1"))
	req := produce("")
	req.ReplaceOwn, req.Place, req.Fields.Label = true, media.PlaceSidecar, label.Possible
	_, err := label.Prepare(bytes.NewReader(text), req)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != label.CodeSecondLabel {
		t.Errorf("replacing beside: %v", err)
	}
	req = platform("q1", "")
	req.Place = media.PlaceSidecar
	plan, err := label.Prepare(bytes.NewReader(text), req)
	if err != nil {
		t.Fatal(err)
	}
	r := report(t, text, label.Options{Sidecar: bytes.NewReader(plan.Sidecar)})
	if plan.Action != label.Beside || r.Conformity() != label.Conforming {
		t.Errorf("continuing beside: %s %+v", plan.Action, r.Findings)
	}
}

func TestSealedLabelVerifies(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	req := produce("p1")
	req.Key, req.Rand = key, rand.Reader
	_, text := written(t, []byte(markdown), req)
	mark := report(t, text, label.Options{Pinned: []label.PublicKey{key.Public()}}).Marks[0]
	if mark.Seal.State != label.SealPinned || mark.Seal2.State != label.SealAbsent {
		t.Errorf("%+v", mark.Seal)
	}
	req = platform("q1", "")
	req.Key, req.Rand = key, rand.Reader
	_, text = written(t, text, req)
	r := report(t, text, label.Options{})
	if r.Marks[0].Seal.State != label.SealUnknownKey || r.Marks[0].Seal2.State != label.SealUnknownKey || r.Conformity() != label.Conforming {
		t.Errorf("%v %+v", r.Conformity(), r.Marks[0])
	}
	broken := bytes.Replace(text, []byte(`"p1"`), []byte(`"p9"`), 1)
	if bytes.Equal(broken, text) {
		t.Fatal("the number was not found")
	}
	r = report(t, broken, label.Options{})
	if r.Marks[0].Seal.State != label.SealBroken || r.Conformity() != label.NotConforming {
		t.Errorf("after a change: %v %v", r.Marks[0].Seal.State, r.Conformity())
	}
}

func testKey(t *testing.T) *label.SigningKey {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pem")
	mediatest.Output(t, "openssl", "genpkey", "-algorithm", "SM2", "-out", path)
	key, err := label.ParseSigningKey(mediatest.Output(t, "cat", path))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWrongPlaceIsRefused(t *testing.T) {
	t.Parallel()
	req := produce("p1")
	req.Place = media.PlaceEXIF
	_, err := label.Prepare(strings.NewReader(markdown), req)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != label.CodePlaceUnknown || !slices.Contains(e.Clauses, colophon.ClausePGPlace) || e.Args["places"] == "" {
		t.Errorf("%v", err)
	}
}

func TestRealLabelledPicture(t *testing.T) {
	t.Parallel()
	text, ok := mediatest.Sample(t, "labelled/doubao.png")
	if !ok {
		return
	}
	r := report(t, text, label.Options{Name: "doubao.png"})
	if len(r.Marks) != 1 || r.Marks[0].Fields.ContentProducer != producer || r.Conformity() != label.Conforming {
		t.Fatalf("%v %+v", r.Conformity(), r)
	}
	for _, code := range []colophon.Code{label.CodeFieldBlank, media.CodeXMPWrapper} {
		if !slices.Contains(codes(r.Marks[0].Findings), code) {
			t.Errorf("%s is not reported: %v", code, codes(r.Marks[0].Findings))
		}
	}
	req := platform("q1", "")
	req.Name = "doubao.png"
	plan, _ := written(t, text, req)
	if plan.Fields.ProduceID != r.Marks[0].Fields.ProduceID || plan.Fields.PropagateID != "q1" {
		t.Errorf("%+v", plan.Fields)
	}
}

func TestWrongExtensionIsTold(t *testing.T) {
	t.Parallel()
	r := report(t, []byte("%PDF-1.7\n"), label.Options{Name: "a.jpg"})
	if !slices.Contains(codes(r.Findings), label.CodeExtension) || r.Conformity() != label.CouldNotTell {
		t.Errorf("%v %v", r.Conformity(), codes(r.Findings))
	}
}

// TestEncryptedFileGetsASidecar: nobody can look into it, so nobody can say that it has no label of its own.
func TestEncryptedFileGetsASidecar(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	plain, locked := filepath.Join(dir, "plain.pdf"), filepath.Join(dir, "locked.pdf")
	mediatest.Output(t, "qpdf", "--empty", plain)
	mediatest.Output(t, "qpdf", "--encrypt", "u", "o", "256", "--", plain, locked)
	text := mediatest.Output(t, "cat", locked)
	req := produce("p1")
	req.Name = "locked.pdf"
	src := bytes.NewReader(text)
	plan, err := label.Prepare(src, req)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Action != label.Beside || !slices.Contains(codes(plan.Findings), label.CodeReadFailed) {
		t.Errorf("%+v", plan)
	}
	if err := plan.ReadBack(src, bytes.NewReader(plan.Sidecar)); err != nil {
		t.Error(err)
	}
	r := report(t, text, label.Options{Name: "locked.pdf", Sidecar: bytes.NewReader(plan.Sidecar)})
	if r.Conformity() != label.CouldNotTell || len(r.Marks) != 1 {
		t.Errorf("%v %+v", r.Conformity(), r)
	}
}

// TestDamageIsNotAbsence: a file that is cut short may have had a label behind the cut.
func TestDamageIsNotAbsence(t *testing.T) {
	t.Parallel()
	wav := mediatest.FFmpeg(t, "a.wav", "-f", "lavfi", "-i", "sine=duration=1")
	mkv := mediatest.FFmpeg(t, "a.mkv", "-f", "lavfi", "-i", "sine=duration=1")
	for name, text := range map[string][]byte{"a.wav": wav[:len(wav)/2], "a.mkv": mkv[:len(mkv)/2]} {
		if r := report(t, text, label.Options{Name: name}); r.Conformity() != label.CouldNotTell {
			t.Errorf("%s cut in half: %v %+v", name, r.Conformity(), r.Findings)
		}
	}
}
