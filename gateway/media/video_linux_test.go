package media_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/stamp"
)

// film is a short video whose notice is put on without programs of others; GIF moves too.
func film(t *testing.T) []byte {
	files, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name, ".gif") {
			return f.Bytes
		}
	}
	t.Fatal("there is no sample that moves")
	return nil
}

// commission begins a video and returns its identifier.
func (b *bench) commission() string {
	b.Helper()
	b.model.says("POST /videos", []byte(`{"id":"video_up1","status":"queued"}`))
	var to sink
	c := call(shape.Videos, `{"model":"painter","prompt":"a cat runs","seconds":"4","size":"1280x720"}`)
	c.Consents, c.Depicted = []string{"a-token"}, 1
	b.must(b.studio.Serve(b.Context(), c, &to))
	v := to.json(b)
	if v["object"] != "video" || v["status"] != "queued" || v["seconds"] != "4" || v["size"] != "1280x720" || v["model"] != "painter" || v["id"] == "video_up1" {
		b.Fatal(v)
	}
	return v["id"].(string)
}

// status asks how far a video is.
func (b *bench) status(id string) map[string]any {
	b.Helper()
	var to sink
	b.must(b.studio.Video(b.Context(), by, id, false, &to))
	return to.json(b)
}

// TestVideo sees a video through: its consents are spent for its number before the model is asked, and its bytes leave marked.
func TestVideo(t *testing.T) {
	b := open(t, nil)
	id := b.commission()
	if r := b.reserved[0]; len(b.reserved) != 1 || string(r.Number) != id || !slices.Equal(r.Use.Consents, []string{"a-token"}) || r.Use.Depicted != 1 {
		t.Fatalf("%+v", b.reserved)
	}
	if r := b.model.asked[0]; !r.Once {
		t.Error("a second video may be made of one call")
	}
	b.model.says("GET /videos/video_up1", []byte(`{"id":"video_up1","status":"in_progress","progress":40}`))
	if v := b.status(id); v["status"] != "in_progress" || v["progress"] != 40.0 || b.model.asked[1].Target != "target-1" {
		t.Error(v)
	}
	var to sink
	b.want(b.studio.Video(t.Context(), by, id, true, &to), media.CodeVideoWaits)
	b.model.says("GET /videos/video_up1", []byte(`{"id":"video_up1","status":"completed"}`))
	b.model.says("GET /videos/video_up1/content", film(t))
	if v := b.status(id); v["status"] != "in_progress" {
		t.Error("it is done before it is marked", v)
	}
	b.must(b.line.Finish(t.Context(), artefact.Number(id), nil))
	asked := len(b.model.asked)
	if v := b.status(id); v["status"] != "completed" || v["AIGC"].(map[string]any)["ProduceID"] != id || len(b.model.asked) != asked {
		t.Error(v)
	}
	b.must(b.studio.Video(t.Context(), by, id, true, &to))
	if fields := b.labelled(to.body.Bytes()); fields.ProduceID != id || to.header["Content-Type"] != "image/gif" || to.header[media.HeaderContent] != id {
		t.Error(fields, to.header)
	}
	if got := b.types(id); got != "gateway.video-asked gateway.video-begun artefact.received gateway.video-received artefact.marked artefact.delivered" {
		t.Error(got)
	}
	if strings.Contains(b.types(person), "video") {
		t.Error("the account's own identifier is in a record")
	}
}

// TestVideoOfAnother keeps videos from other keys, and out of lists once they are deleted.
func TestVideoOfAnother(t *testing.T) {
	b := open(t, nil)
	first, second := b.commission(), b.commission()
	other := by
	other.ID = "key-2"
	b.want(b.studio.Video(t.Context(), other, first, false, &sink{}), media.CodeVideo)
	b.want(b.studio.DeleteVideo(t.Context(), other, first, &sink{}), media.CodeVideo)
	b.want(b.studio.Video(t.Context(), by, "no-such", false, &sink{}), media.CodeVideo)
	list := func(by production.By, after string, limit int) (ids []string, more any) {
		var to sink
		b.must(b.studio.Videos(t.Context(), by, after, limit, &to))
		v := to.json(t)
		for _, d := range v["data"].([]any) {
			ids = append(ids, d.(map[string]any)["id"].(string))
		}
		return ids, v["has_more"]
	}
	if ids, more := list(by, "", 1); !slices.Equal(ids, []string{second}) || more != true {
		t.Error(ids, more)
	}
	if ids, more := list(by, second, 9); !slices.Equal(ids, []string{first}) || more != false {
		t.Error(ids, more)
	}
	if ids, _ := list(other, "", 9); len(ids) != 0 {
		t.Error(ids)
	}
	var to sink
	b.must(b.studio.DeleteVideo(t.Context(), by, first, &to))
	if v := to.json(t); v["deleted"] != true {
		t.Error(v)
	}
	b.want(b.studio.Video(t.Context(), by, first, false, &sink{}), media.CodeVideo)
	if ids, _ := list(by, "", 9); !slices.Equal(ids, []string{second}) {
		t.Error(ids)
	}
}

// TestVideoDoesNotLeave has videos end otherwise.
func TestVideoDoesNotLeave(t *testing.T) {
	for name, it := range map[string]struct {
		set    func(*bench)
		status string
		code   any
		held   any
	}{
		"the model failed": {func(b *bench) {
			b.model.says("GET /videos/video_up1", []byte(`{"status":"failed","error":{"message":"x"}}`))
		}, "failed", "video_generation_failed", nil},
		"screening refused": {func(b *bench) { b.refuse[digest(film(t))] = policy.Refuse }, "failed", "content_filter", nil},
		"a person looks":    {func(b *bench) { b.refuse[digest(film(t))] = policy.Review }, "in_progress", nil, "held-1"},
		"it is a page": {func(b *bench) {
			b.model.says("GET /videos/video_up1/content", []byte("<html><body>busy</body></html>"))
		}, "", gateway.CodeAnswer, nil},
		"it is of no format": {func(b *bench) { b.model.says("GET /videos/video_up1/content", []byte{0, 1, 2, 3}) }, "", production.CodeFormat, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, nil)
			id := b.commission()
			b.model.says("GET /videos/video_up1", []byte(`{"status":"completed"}`))
			b.model.says("GET /videos/video_up1/content", film(t))
			it.set(b)
			err := b.studio.Video(t.Context(), by, id, false, &sink{})
			if it.status == "" {
				b.want(err, it.code.(colophon.Code))
				return
			}
			b.must(err)
			var e *colophon.Error
			if err := b.line.Finish(t.Context(), artefact.Number(id), nil); err != nil && !errors.As(err, &e) {
				t.Fatal(err)
			}
			v := b.status(id)
			code := any(nil)
			if f, ok := v["error"].(map[string]any); ok {
				code = f["code"]
			}
			if v["status"] != it.status || code != it.code || v["held"] != it.held {
				t.Error(v)
			}
			b.want(b.studio.Video(t.Context(), by, id, true, &sink{}), media.CodeVideoWaits)
		})
	}
}

// TestVideoThatNobodyBegan has the model refuse, and the process die before it knows: there is no second video of one call.
func TestVideoThatNobodyBegan(t *testing.T) {
	b := open(t, nil)
	fault := &upstream.Failure{Status: 400, Err: &colophon.Error{Kind: colophon.Invalid, Code: upstream.CodeRefused}}
	b.model.answers["POST /videos"] = answer{err: fault}
	b.want(b.studio.Serve(t.Context(), call(shape.Videos, `{"model":"painter","prompt":"a cat"}`), &sink{}), upstream.CodeRefused)
	if v := b.status(string(b.reserved[0].Number)); v["status"] != "failed" {
		t.Error(v)
	}
	died := make(chan struct{})
	b.model.before = func(context.Context) { panic(died) }
	func() {
		defer func() {
			if recover() != died {
				t.Error("no panic")
			}
		}()
		b.studio.Serve(t.Context(), call(shape.Videos, `{"model":"painter","prompt":"a cat"}`), &sink{})
	}()
	b.model.before = nil
	if b.gate.done != 2 {
		t.Error("what was begun was not ended")
	}
	id := string(b.reserved[1].Number)
	if v := b.status(id); v["status"] != "queued" {
		t.Error(v)
	}
	b.clock.Set(b.clock.Now().Add(time.Hour))
	if v := b.status(id); v["status"] != "failed" || v["error"].(map[string]any)["message"] != string(media.CodeVideoLost) {
		t.Error(v)
	}
}

// TestRefusedReservation has no consent be good: the model is not asked.
func TestRefusedReservation(t *testing.T) {
	b := open(t, func(c *media.Config) {
		c.Reserve = func(context.Context, production.Asked) error {
			return &colophon.Error{Kind: colophon.Refused, Code: "admission-consent-few", Clauses: []colophon.Clause{colophon.ClauseDS14}}
		}
	})
	b.want(b.studio.Serve(t.Context(), call(shape.Videos, `{"model":"painter","prompt":"a cat"}`), &sink{}), "admission-consent-few")
	if len(b.model.asked) != 0 {
		t.Error("the model was asked")
	}
}

// tone is a sound of some seconds. Open says that its header leaves the length open, as one does that is written while it is made.
func tone(seconds int, open bool) []byte {
	const rate = 16000
	samples := rate * seconds
	size := uint32(2 * samples)
	riff, data := 36+size, size
	if open {
		riff, data = math.MaxUint32, math.MaxUint32
	}
	out := []byte("RIFF")
	out = binary.LittleEndian.AppendUint32(out, riff)
	out = append(out, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	out = binary.LittleEndian.AppendUint32(out, rate)
	out = binary.LittleEndian.AppendUint32(out, 2*rate)
	out = append(out, "\x02\x00\x10\x00data"...)
	out = binary.LittleEndian.AppendUint32(out, data)
	for i := range samples {
		out = binary.LittleEndian.AppendUint16(out, uint16(int16(8000*math.Sin(float64(i)/8))))
	}
	return out
}

// TestSpeech has a model speak: the sound leaves marked, and what can't be marked is refused before the model is asked.
func TestSpeech(t *testing.T) {
	for name, open := range map[string]bool{"": false, "of open length": true} {
		t.Run("a sound "+name, func(t *testing.T) { speaks(t, open) })
	}
	b := open(t, nil)
	for body, code := range map[string]colophon.Code{
		`{"model":"painter","input":"hello","voice":"v","response_format":"pcm"}`:  media.CodePCM,
		`{"model":"painter","input":"hello","voice":"v","stream_format":"sse"}`:    gateway.CodeNoStream,
		`{"model":"painter","input":"` + bad + `","voice":"v"}`:                    gateway.CodeInput,
		`{"model":"painter","input":"x","voice":"v","instructions":"` + bad + `"}`: gateway.CodeInput,
	} {
		b.want(b.studio.Serve(t.Context(), call(shape.Speech, body), &sink{}), code)
	}
	if len(b.model.asked) != 0 {
		t.Error("the model was asked")
	}
	b.model.says("POST /audio/speech", []byte(`{"error":"busy"}`))
	b.want(b.studio.Serve(t.Context(), call(shape.Speech, `{"model":"painter","input":"hello","voice":"v"}`), &sink{}), gateway.CodeAnswer)
}

func speaks(t *testing.T, header bool) {
	b := open(t, nil)
	b.model.says("POST /audio/speech", tone(2, header))
	var to sink
	b.must(b.studio.Serve(t.Context(), call(shape.Speech, `{"model":"painter","input":"good morning","voice":"v","response_format":"wav"}`), &to))
	fields := b.labelled(to.body.Bytes())
	if to.header["Content-Type"] != "audio/wav" || to.header[media.HeaderContent] != fields.ProduceID || !strings.Contains(to.header["AIGC"], fields.ProduceID) {
		t.Error(to.header)
	}
	if !slices.Contains(b.court.seen(screen.Input), "good morning") || b.gate.asked[0].Model.Class != stamp.Voice {
		t.Error(b.court.seen(screen.Input), b.gate.asked[0].Model.Class)
	}
	if a, err := b.register.Artefact(t.Context(), artefact.Number(fields.ProduceID)); err != nil || a.Function != string(stamp.Voice) || a.State != artefact.Delivered {
		t.Error(a.Function, a.State, err)
	}
}
