package media

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// mostVideos is the longest page of videos.
const mostVideos = 100

// create answers a call for a video: the job of the model is begun, and its consents are spent.
func (s *Studio) create(ctx context.Context, c gateway.Call, to gateway.Sink, o *gateway.Observation) error {
	w, doc, err := s.open(c, stamp.Other, o)
	if err != nil {
		return err
	}
	defer w.end()
	wish, err := wishes(c)
	if err != nil {
		return err
	}
	bring, err := brought(doc)
	if err != nil {
		return err
	}
	if err := w.begin(ctx, bring); err != nil {
		return err
	}
	e, err := w.enter(wish)
	if err != nil {
		return err
	}
	e, err = w.commission(e, doc)
	if err != nil {
		return err
	}
	film, err := s.film(ctx, e, 0)
	if err != nil {
		return err
	}
	return object(to, map[string]string{HeaderContent: e.ID}, film)
}

// enter keeps that a video is about to be asked for, after the consents that it needs were spent for its number.
func (w *work) enter(wish wanted) (Entry, error) {
	if err := w.reserve(1); err != nil {
		return Entry{}, err
	}
	j := Job{Model: w.model.Name, Key: w.By.ID, Class: w.class, Use: w.use(), Size: word(wish.Size), Seconds: seconds(wish.Seconds)}
	e := Entry{ID: string(w.number), Subject: w.admitted.Subject, State: string(Asked), Value: j, Keys: []ledger.Key{{Name: keyed, Value: w.By.ID}}}
	return w.jobs.Add(w.ctx, e, private{w.Account}, videoAct(RecordVideoAsked, w.By.Role, e.ID, j))
}

// commission asks the model. It is asked once: a second time would be a second video.
func (w *work) commission(e Entry, doc *shape.Document) (Entry, error) {
	r := w.post("/videos", doc)
	r.Once = true
	body, resp, err := w.ask(r)
	var f far
	if err == nil {
		if fault := json.Unmarshal(body, &f); fault != nil || f.ID == "" || len(f.ID) > mostName || url.PathEscape(f.ID) != f.ID {
			err = badAnswer(fault)
		}
	}
	ctx := context.WithoutCancel(w.ctx)
	if err != nil {
		_, fault := w.broken(ctx, w.By.Role, e, CodeVideoFailed)
		return e, errors.Join(err, fault)
	}
	return w.step(ctx, w.By.Role, e.ID, Asked, Begun, RecordVideoBegun, func(j *Job) { j.Target, j.Upstream = resp.Target.Name, f.ID })
}

// film is a video as the interface shows it.
type film struct {
	ID       string          `json:"id"`
	Object   string          `json:"object"`
	Model    string          `json:"model"`
	Status   string          `json:"status"` // queued, in_progress, completed, failed
	Progress int             `json:"progress"`
	Created  int64           `json:"created_at"`
	Done     int64           `json:"completed_at,omitempty"`
	Size     string          `json:"size,omitempty"`
	Seconds  string          `json:"seconds,omitempty"`
	Held     string          `json:"held,omitempty"` // what waits for a person
	Error    *failure        `json:"error"`
	Number   artefact.Number `json:"content_number"`
	Label    json.RawMessage `json:"AIGC,omitempty"`
}

type failure struct {
	Code    string        `json:"code"`
	Message colophon.Code `json:"message"`
}

// film shows a video as far as it is known here. Progress is what the model said of it.
func (s *Studio) film(ctx context.Context, e Entry, progress int) (film, error) {
	v := film{ID: e.ID, Object: "video", Model: e.Value.Model, Status: "queued", Progress: progress, Created: e.Made.Unix(), Size: e.Value.Size, Seconds: e.Value.Seconds, Number: artefact.Number(e.ID)}
	switch State(e.State) {
	case Begun:
		if progress > 0 {
			v.Status = "in_progress"
		}
		return v, nil
	case Broken:
		v.Status, v.Error = "failed", &failure{"video_generation_failed", e.Value.Failure}
		return v, nil
	case Received:
	default:
		return v, nil
	}
	a, err := s.c.Artefacts.Artefact(ctx, v.Number)
	if err != nil {
		return v, err
	}
	v.Status, v.Progress = "in_progress", 99
	switch a.State {
	case artefact.Marked, artefact.Delivered:
		v.Status, v.Progress, v.Done = "completed", 100, a.Changed.Unix()
		v.Label, err = labelOf(a)
	case artefact.Held:
		if s.c.Held != nil {
			v.Held, err = s.c.Held(ctx, v.Number)
		}
	case artefact.Received:
	default:
		v.Status, v.Error = "failed", &failure{"video_generation_failed", a.Reason}
		if a.Reason == production.CodeRefused {
			v.Error.Code = contentFilter
		}
	}
	return v, err
}

// Video answers how far a video is, or with its content. An error means that nothing was begun.
func (s *Studio) Video(ctx context.Context, by production.By, id string, content bool, to gateway.Sink) error {
	e, err := s.job(ctx, by, id)
	if err != nil {
		return err
	}
	e, progress, err := s.advance(ctx, by, e)
	if err != nil {
		return err
	}
	v, err := s.film(ctx, e, progress)
	if err != nil {
		return err
	}
	if !content {
		return object(to, map[string]string{HeaderContent: e.ID}, v)
	}
	if v.Status != "completed" {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeVideoWaits, Args: colophon.Args{"state": v.Status}}
	}
	c, err := s.c.Line.Open(ctx, by, v.Number, artefact.API)
	if err != nil {
		return err
	}
	defer c.Close()
	header := map[string]string{"Content-Type": mimeOf(c.Artefact.Format), "Content-Length": strconv.FormatInt(c.Size(), 10), HeaderContent: e.ID, mark.Key: string(v.Label)}
	if err := to.Begin(200, header); err != nil {
		return err
	}
	if _, err := io.Copy(writer{to}, c); err != nil {
		return err
	}
	return to.Flush()
}

// writer writes into a sink.
type writer struct{ gateway.Sink }

// Write implements io.Writer.
func (w writer) Write(p []byte) (int, error) {
	if err := w.Sink.Write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Videos answers with a page of the videos of who asks, the newest first. No model is asked how far they are.
func (s *Studio) Videos(ctx context.Context, by production.By, after string, limit int, to gateway.Sink) error {
	if limit <= 0 || limit > mostVideos {
		limit = mostVideos
	}
	states := []string{string(Asked), string(Begun), string(Received), string(Broken)}
	entries, next, err := s.jobs.Page(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyed, Value: by.ID}}, States: states, After: after, Newest: true, Limit: limit})
	if err != nil {
		return err
	}
	page := struct {
		Object string  `json:"object"`
		Data   []film  `json:"data"`
		First  *string `json:"first_id"`
		Last   *string `json:"last_id"`
		More   bool    `json:"has_more"`
	}{Object: "list", Data: []film{}, More: next != ""}
	for _, e := range entries {
		v, err := s.film(ctx, e, 0)
		if err != nil {
			return err
		}
		page.Data = append(page.Data, v)
	}
	if n := len(entries); n > 0 {
		page.First, page.Last = &entries[0].ID, &entries[n-1].ID
	}
	return object(to, map[string]string{}, page)
}

// DeleteVideo ends a video: it is not taken in any more, and is not handed out by this way. What was made of it stays in the
// register, as of any item.
func (s *Studio) DeleteVideo(ctx context.Context, by production.By, id string, to gateway.Sink) error {
	e, err := s.job(ctx, by, id)
	if err != nil {
		return err
	}
	for State(e.State) != Deleted { // somebody else may move it meanwhile
		if e, err = s.step(ctx, by.Role, id, State(e.State), Deleted, RecordVideoDeleted, nil); err != nil {
			return err
		}
	}
	return object(to, map[string]string{}, map[string]any{"id": id, "object": "video.deleted", "deleted": true})
}
