package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
)

const (
	filmRate    = 10 // pictures in a second
	filmSize    = "640x360"
	mostSeconds = 12
	mostFilms   = 1000 // that are remembered; the oldest go first
	patience    = 2    // how often a film's state is asked until it is made
)

// film is a job that makes a film.
type film struct {
	id, prompt, size, seconds string
	width, height, length     int
	born                      int64
	asked, needed             int
	failed                    bool
}

// film answers POST /v1/videos.
func (m *Model) film(x *exchange) {
	in := struct {
		Model, Prompt, Size string
		Seconds             string
	}{}
	if x.check(x.read()) {
		return
	}
	if typ, _, _ := mime.ParseMediaType(x.request.Header.Get("Content-Type")); typ == "multipart/form-data" {
		x.request.Body = io.NopCloser(bytes.NewReader(x.body))
		in.Model, in.Prompt, in.Size, in.Seconds = x.request.FormValue("model"), x.request.FormValue("prompt"), x.request.FormValue("size"), x.request.FormValue("seconds")
	} else if x.check(x.parse(&in)) {
		return
	}
	f := &film{prompt: plain(in.Prompt), size: in.Size, seconds: in.Seconds, born: x.now.Unix(), needed: patience}
	if f.size == "" {
		f.size = filmSize
	}
	if f.seconds == "" {
		f.seconds = "4"
	}
	_, broken := fmt.Sscanf(f.size, "%dx%d", &f.width, &f.height)
	length, unread := strconv.Atoi(f.seconds)
	f.length = length
	switch {
	case in.Model != Video:
		x.refuse(noModel(in.Model))
	case in.Prompt == "":
		x.refuse(bad("prompt", "there is no prompt"))
	case broken != nil || f.width < 16 || f.height < 16 || f.width > 1920 || f.height > 1920 || f.width%2+f.height%2 > 0:
		x.refuse(bad("size", "size is WIDTHxHEIGHT, each even and from 16 to 1920"))
	case unread != nil || f.length < 1 || f.length > mostSeconds:
		x.refuse(bad("seconds", "seconds are from 1 to %d", mostSeconds))
	case m.config.Tools == nil:
		x.refuse(fault{Status: http.StatusNotImplemented, Message: "films can't be made without ffmpeg"})
	case x.begin(in.Prompt):
	default:
		f.needed, f.failed = x.switches.number("polls", patience), x.switches.Has("failed")
		x.json(http.StatusOK, m.remember(f))
	}
}

// remember keeps a film, and describes it.
func (m *Model) remember(f *film) object {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.made++
	f.id = fmt.Sprintf("video_sample%d", m.made)
	if len(m.filmed) == mostFilms {
		delete(m.films, m.filmed[0])
		m.filmed = m.filmed[1:]
	}
	m.films[f.id], m.filmed = f, append(m.filmed, f.id)
	return f.describe()
}

// describe is how far a film is. The caller holds the lock.
func (f *film) describe() object {
	all := object{"id": f.id, "object": "video", "model": Video, "created_at": f.born, "completed_at": nil, "expires_at": nil, "error": nil, "prompt": f.prompt, "size": f.size, "seconds": f.seconds, "status": "in_progress", "progress": 100 * min(f.asked, f.needed) / max(1, f.needed)}
	switch {
	case f.done() && f.failed:
		all["status"], all["error"] = "failed", object{"code": "sample_failed", "message": "the sample model was told to fail"}
	case f.done():
		all["status"], all["completed_at"] = "completed", f.born+int64(f.needed)
	case f.asked == 0:
		all["status"] = "queued"
	}
	return all
}

func (f *film) done() bool { return f.asked >= f.needed }

// one is the film that a request is about; false where there is none, which is answered.
func (x *exchange) one() (*film, bool) {
	x.model.mu.Lock()
	f, ok := x.model.films[x.request.PathValue("id")]
	x.model.mu.Unlock()
	if !ok {
		x.refuse(fault{Status: http.StatusNotFound, Message: "there is no such film", Param: "video_id"})
	}
	return f, ok
}

// filmState answers GET /v1/videos/{id}.
func (m *Model) filmState(x *exchange) {
	f, ok := x.one()
	if !ok {
		return
	}
	m.mu.Lock()
	f.asked++
	state := f.describe()
	m.mu.Unlock()
	x.json(http.StatusOK, state)
}

// dropFilm answers DELETE /v1/videos/{id}.
func (m *Model) dropFilm(x *exchange) {
	f, ok := x.one()
	if !ok {
		return
	}
	m.mu.Lock()
	delete(m.films, f.id)
	m.mu.Unlock()
	x.json(http.StatusOK, object{"id": f.id, "object": "video.deleted", "deleted": true})
}

// filmContent answers GET /v1/videos/{id}/content.
func (m *Model) filmContent(x *exchange) {
	f, ok := x.one()
	if !ok {
		return
	}
	m.mu.Lock()
	ready := f.done() && !f.failed
	m.mu.Unlock()
	if !ready {
		x.refuse(fault{Status: http.StatusNotFound, Message: "the film is not made yet"})
		return
	}
	switch x.request.URL.Query().Get("variant") {
	case "thumbnail":
		picture, err := draw(f.prompt, f.width, f.height).encode("webp")
		if !x.check(err) {
			x.answer(http.StatusOK, "image/webp", picture)
		}
	case "", "video":
		body, err := m.shoot(x.request.Context(), f)
		if !x.check(err) {
			x.answer(http.StatusOK, "video/mp4", body)
		}
	default:
		x.refuse(bad("variant", "variant is video or thumbnail"))
	}
}

// mostFilm bounds a film in bytes.
const mostFilm = 64 << 20

// shoot makes a film: the picture of the prompt passes by, and a tone sounds.
func (m *Model) shoot(ctx context.Context, f *film) (body []byte, err error) {
	scratch, err := m.config.Tools.Scratch()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, scratch.Close()) }()
	args := []string{"-f", "rawvideo", "-pix_fmt", "rgba", "-s", f.size, "-r", strconv.Itoa(filmRate), "-i", "pipe:0", "-f", "lavfi", "-i", "sine=frequency=440:duration=" + strconv.Itoa(f.length),
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", "-y", scratch.Path("film.mp4")}
	reel := &reel{picture: draw(f.prompt, f.width, f.height), left: f.length * filmRate}
	if err := m.config.Tools.Run(ctx, args, reel, nil, nil); err != nil {
		return nil, err
	}
	return scratch.Read("film.mp4", mostFilm)
}

// reel reads as the frames of a film, one after the other.
type reel struct {
	picture drawing
	shift   int
	left    int // frames
	frame   []byte
}

// Read reads frames, each a little further to the left.
func (r *reel) Read(p []byte) (int, error) {
	if len(r.frame) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		line := 4 * r.picture.Rect.Dx()
		at := 4 * (r.shift % r.picture.Rect.Dx())
		for y := range r.picture.Rect.Dy() {
			row := r.picture.Pix[y*r.picture.Stride : y*r.picture.Stride+line]
			r.frame = append(append(r.frame, row[at:]...), row[:at]...)
		}
		r.left, r.shift = r.left-1, r.shift+4
	}
	n := copy(p, r.frame)
	r.frame = r.frame[n:]
	return n, nil
}
