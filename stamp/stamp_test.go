package stamp_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
	"github.com/colophon-project/colophon/stamp"
)

const producer = "001191110000000000000E10000"

func production() label.Request {
	return label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: producer}, NewID: func() (string, error) { return "id-1", nil }}
}

func platform() label.Request {
	return label.Request{Propagation: &label.Propagation{Propagator: "platform", State: label.Possible}, NewID: func() (string, error) { return "p-1", nil }}
}

// pressed stamps content in memory and reads it back.
func pressed(t *testing.T, p *stamp.Press, content []byte, name string, req stamp.Request) ([]byte, *stamp.Plan, error) {
	t.Helper()
	req.Label.Name = name
	src := media.Memory(content)
	plan, err := p.Prepare(t.Context(), src, req)
	if err != nil {
		return nil, nil, err
	}
	out := content
	if plan.Changed() {
		var b bytes.Buffer
		if err := plan.Edit.Apply(&b, src); err != nil {
			t.Fatal(err)
		}
		out = b.Bytes()
	}
	var side media.Source
	if plan.Action == label.Beside {
		side = media.Memory(plan.Sidecar)
	}
	if err := plan.ReadBack(t.Context(), media.Memory(out), side); err != nil {
		return nil, nil, err
	}
	return out, plan, nil
}

func picture(t *testing.T) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 320, 240))
	for y := range 240 {
		for x := range 320 {
			img.Set(x, y, color.NRGBA{uint8(x), uint8(y), uint8(x * y), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func code(err error) colophon.Code {
	var e *colophon.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func has(findings []colophon.Finding, c colophon.Code) bool {
	for _, f := range findings {
		if f.Code == c {
			return true
		}
	}
	return false
}

// TestBothMarksInOneFile stamps a picture and stamps it again: the second run changes nothing.
func TestBothMarksInOneFile(t *testing.T) {
	t.Parallel()
	p := &stamp.Press{}
	out, plan, err := pressed(t, p, picture(t), "a.png", stamp.Request{Label: production()})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Notice.State != stamp.Put || plan.Notice.Ink < notice.MinInk || plan.Notice.Contrast < notice.MinContrast || plan.Action != label.Labelled {
		t.Errorf("%+v %v", plan.Notice, plan.Action)
	}
	report, err := label.Read(media.Memory(out), label.Options{})
	if err != nil || len(report.Marks) != 1 || report.Marks[0].Fields.ContentProducer != producer {
		t.Fatalf("%+v %v", report, err)
	}
	again, plan, err := pressed(t, p, out, "a.png", stamp.Request{Label: production()})
	if err != nil || plan.Notice.State != stamp.There || plan.Action != label.Kept || plan.Changed() || !bytes.Equal(again, out) {
		t.Errorf("%v %+v", err, plan)
	}
}

// TestLabelKeepsItsHistory gives content with the label of another a notice, and content with both a platform's fields.
func TestLabelKeepsItsHistory(t *testing.T) {
	t.Parallel()
	p := &stamp.Press{Unmarked: true}
	bare, plan, err := pressed(t, p, picture(t), "a.png", stamp.Request{Label: production(), Choice: stamp.None})
	if err != nil || plan.Notice.State != stamp.Omitted || !has(plan.Findings, stamp.CodeOmitted) {
		t.Fatalf("%v %+v", err, plan)
	}
	other := production()
	other.Fields.ContentProducer = "another"
	noticed, plan, err := pressed(t, p, bare, "a.png", stamp.Request{Label: other})
	if err != nil || plan.Action != label.Kept || plan.Notice.State != stamp.Put {
		t.Fatalf("%v %+v", err, plan)
	}
	spread, plan, err := pressed(t, p, noticed, "a.png", stamp.Request{Label: platform()})
	if err != nil || plan.Notice.State != stamp.Around || plan.Notice.Around != "人工智能生成" {
		t.Fatalf("%v %+v", err, plan)
	}
	report, err := label.Read(media.Memory(spread), label.Options{})
	if err != nil || len(report.Marks) != 1 {
		t.Fatalf("%+v %v", report, err)
	}
	f := report.Marks[0].Fields
	if f.Label != label.Belongs || f.ContentProducer != producer || f.ProduceID != "id-1" || f.ContentPropagator != "platform" || f.PropagateID != "p-1" {
		t.Errorf("%+v", f)
	}
}

// TestAroundSaysTheState covers Labelling Measures Art. 6 (colophon.ClauseLM6): unlabelled content that a platform classes.
func TestAroundSaysTheState(t *testing.T) {
	t.Parallel()
	for state, words := range map[string]string{label.Possible: "可能为人工智能生成", label.Suspected: "疑似人工智能生成"} {
		req := platform()
		req.Propagation.State = state
		_, plan, err := pressed(t, &stamp.Press{}, picture(t), "a.png", stamp.Request{Label: req})
		if err != nil || plan.Notice.Around != words || plan.Notice.State != stamp.Around || !has(plan.Findings, stamp.CodeAround) {
			t.Errorf("%s: %v %+v", state, err, plan)
		}
	}
}

// TestNobodyLeavesTheNoticeOut covers Deep Synthesis Art. 17 (colophon.ClauseDS17) and Labelling Measures Art. 9
// (colophon.ClauseLM9).
func TestNobodyLeavesTheNoticeOut(t *testing.T) {
	t.Parallel()
	open, closed := &stamp.Press{Unmarked: true}, &stamp.Press{}
	for _, policy := range stamp.Policies() {
		req := stamp.Request{Label: production(), Function: policy.Function, Choice: stamp.None}
		_, plan, err := pressed(t, closed, picture(t), "a.png", req)
		if policy.Required {
			if code(err) != stamp.CodeRequired {
				t.Errorf("%s: %v", policy.Function, err)
			}
		} else if err != nil || plan.Notice.State != stamp.Offered || !has(plan.Findings, stamp.CodeOffered) {
			t.Errorf("%s: %v %+v", policy.Function, err, plan)
		}
		if _, plan, err = pressed(t, open, picture(t), "a.png", req); err != nil || policy.Required && plan.Notice.State != stamp.Omitted {
			t.Errorf("%s: %v %+v", policy.Function, err, plan)
		}
	}
	if _, _, err := pressed(t, open, picture(t), "a.png", stamp.Request{Label: production(), Function: "painting"}); code(err) != stamp.CodeFunction {
		t.Errorf("%v", err)
	}
}

// TestTextGetsItsSidecarForWhatItBecame gives a text a notice; its label file names the text with the notice.
func TestTextGetsItsSidecarForWhatItBecame(t *testing.T) {
	t.Parallel()
	p := &stamp.Press{}
	out, plan, err := pressed(t, p, []byte("正文。\n"), "a.txt", stamp.Request{Label: production()})
	if err != nil || plan.Action != label.Beside || !plan.Changed() || !strings.Contains(string(out), "人工智能生成") {
		t.Fatalf("%v %q %+v", err, out, plan)
	}
	// The same text without its notice, with the label file of the time: both marks continue.
	side := plan.Sidecar
	first := []byte("正文。\n")
	req := production()
	bare, err := (&stamp.Press{Unmarked: true}).Prepare(t.Context(), media.Memory(first), stamp.Request{Label: withName(req, "b.txt"), Choice: stamp.None})
	if err != nil {
		t.Fatal(err)
	}
	req.Fields.ContentProducer = "another"
	req.Sidecar = media.Memory(bare.Sidecar)
	_, plan, err = pressed(t, p, first, "b.txt", stamp.Request{Label: req})
	if err != nil || plan.Action != label.Beside || !plan.Continues || plan.Fields.ContentProducer != producer || bytes.Equal(plan.Sidecar, side) == false {
		t.Errorf("%v %+v\n%s\n%s", err, plan, plan.Sidecar, side)
	}
}

func withName(r label.Request, name string) label.Request {
	r.Name = name
	return r
}

// TestReadBackFailsWithoutTheNotice writes something else than the plan: the label alone.
func TestReadBackFailsWithoutTheNotice(t *testing.T) {
	t.Parallel()
	src := media.Memory(picture(t))
	req := production()
	plan, err := (&stamp.Press{}).Prepare(t.Context(), src, stamp.Request{Label: req})
	if err != nil {
		t.Fatal(err)
	}
	bare, err := label.Prepare(src, req)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := bare.Edit.Apply(&out, src); err != nil {
		t.Fatal(err)
	}
	if err := plan.ReadBack(t.Context(), media.Memory(out.Bytes()), nil); code(err) != stamp.CodeReadBack {
		t.Errorf("%v", err)
	}
}

// TestReadBackLooksForANoticeThatWasThere labels a picture that shows the notice, and writes one that does not.
func TestReadBackLooksForANoticeThatWasThere(t *testing.T) {
	t.Parallel()
	bare := media.Memory(picture(t))
	edit, _, err := plate.Put(bare, media.PNG, notice.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var shown, wrong bytes.Buffer
	if err := edit.Apply(&shown, bare); err != nil {
		t.Fatal(err)
	}
	_, plan, err := pressed(t, &stamp.Press{}, shown.Bytes(), "a.png", stamp.Request{Label: production()})
	if err != nil || plan.Notice.State != stamp.There || plan.Action != label.Labelled {
		t.Fatalf("%v %+v", err, plan)
	}
	other, err := label.Prepare(bare, production())
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Edit.Apply(&wrong, bare); err != nil {
		t.Fatal(err)
	}
	if err := plan.ReadBack(t.Context(), media.Memory(wrong.Bytes()), nil); code(err) != stamp.CodeReadBack {
		t.Errorf("%v", err)
	}
}

// TestWithoutFFmpeg is what needs the program saying so, and what does not need it going on.
func TestWithoutFFmpeg(t *testing.T) {
	t.Parallel()
	mp3 := append([]byte{0xFF, 0xFB, 0x90, 0x64}, make([]byte, 413)...)
	mp3 = append(mp3, mp3...)
	if _, _, err := pressed(t, &stamp.Press{}, mp3, "a.mp3", stamp.Request{Label: production()}); code(err) != ffmpeg.CodeMissing {
		t.Errorf("%v", err)
	}
}

// TestSoundInAVideoFormat stamps an MP4 file that has sound alone, and a video in text, so that both kinds are read back.
func TestSoundInAVideoFormat(t *testing.T) {
	t.Parallel()
	tools, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	p := &stamp.Press{Tools: tools}
	sound := mediatest.FFmpeg(t, "a.mp4", "-f", "lavfi", "-i", "sine=d=2:r=16000", "-c:a", "aac")
	out, plan, err := pressed(t, p, sound, "a.mp4", stamp.Request{Label: production()})
	if err != nil || plan.Notice.State != stamp.Put || plan.Notice.Words != "·– ··" || plan.Notice.Around != "" {
		t.Fatalf("%v %+v", err, plan)
	}
	if _, plan, err = pressed(t, p, out, "a.mp4", stamp.Request{Label: production()}); err != nil || plan.Notice.State != stamp.There || plan.Changed() {
		t.Errorf("%v %+v", err, plan)
	}
	film := mediatest.FFmpeg(t, "b.mp4", "-f", "lavfi", "-i", "testsrc2=s=160x120:r=10:d=3", "-c:v", "libx264", "-preset", "ultrafast", "-g", "10")
	out, plan, err = pressed(t, p, film, "b.mp4", stamp.Request{Label: production()})
	if err != nil || plan.Notice.State != stamp.Put || plan.Notice.Method != "packets" || plan.Notice.Around != "人工智能生成" {
		t.Fatalf("%v %+v", err, plan)
	}
	if _, plan, err = pressed(t, p, out, "b.mp4", stamp.Request{Label: production()}); err != nil || plan.Notice.State != stamp.There || plan.Changed() {
		t.Errorf("%v %+v", err, plan)
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	tools, err := ffmpeg.Find("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	mp3 := append([]byte{0xFF, 0xFB, 0x90, 0x64}, make([]byte, 413)...)
	mp3 = append(mp3, mp3...)
	req := production()
	req.Name = "a.mp3"
	if _, err := (&stamp.Press{Tools: tools}).Prepare(ctx, media.Memory(mp3), stamp.Request{Label: req}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
