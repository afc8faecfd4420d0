package media

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// Types of records about videos. That they were judged, marked and handed over is recorded as of any item.
const (
	RecordVideoAsked    evidence.Type = "gateway.video-asked"
	RecordVideoBegun    evidence.Type = "gateway.video-begun"
	RecordVideoReceived evidence.Type = "gateway.video-received"
	RecordVideoFailed   evidence.Type = "gateway.video-failed"
	RecordVideoDeleted  evidence.Type = "gateway.video-deleted"
)

// VideoLedger is the name of the ledger of videos.
const VideoLedger = "gateway-video"

// State is how far a video is.
type State string

// States of videos.
const (
	Asked    State = "asked"    // the model is about to be asked; nobody knows whether it was
	Begun    State = "begun"    // the model makes it
	Received State = "received" // it is an artefact here, which says how far it is
	Broken   State = "failed"
	Deleted  State = "deleted"
)

// Job is a video that a model makes, as it is kept. The identifier of its entry is the content number, and the one that
// callers know. The account's own identifier is sealed beside it.
type Job struct {
	Model    string         `json:"model"`
	Target   string         `json:"target,omitempty"`   // that makes it
	Upstream string         `json:"upstream,omitempty"` // its name there
	Key      string         `json:"key"`                // API key that asked for it
	Class    stamp.Function `json:"class"`
	Use      production.Use `json:"use"`
	Size     string         `json:"size,omitempty"`
	Seconds  string         `json:"seconds,omitempty"`
	Failure  colophon.Code  `json:"failure,omitempty"`
}

// Entry is a video in its ledger.
type Entry = ledger.Entry[Job]

// private is what is sealed of a video.
type private struct {
	Account string `json:"account"`
}

const (
	keyed = "key"
	// lostAfter is when a video counts as failed of which nobody knows whether the model was asked.
	lostAfter = 15 * time.Minute
	// mostName is the longest name that a model may give to a video, in bytes.
	mostName = 200
)

// Codes of why a video failed.
const (
	CodeVideoFailed colophon.Code = "gateway-video-failed" // the model says so
	CodeVideoLost   colophon.Code = "gateway-video-lost"   // nobody knows whether the model was asked
)

func videoAct(typ evidence.Type, role evidence.Role, id string, j Job) ledger.Act {
	payload := map[string]string{"number": id, "model": j.Model, "target": j.Target, "function": j.Use.Function, "failure": string(j.Failure)}
	return ledger.Act{Type: typ, Role: role, Clauses: []colophon.Clause{colophon.ClauseDS16}, Payload: payload}
}

// step moves a video from a state to another. One that is elsewhere already is left as it is.
func (s *Studio) step(ctx context.Context, role evidence.Role, id string, from, to State, typ evidence.Type, change func(*Job)) (Entry, error) {
	e, err := s.jobs.Change(ctx, id, func(e *Entry) (ledger.Act, error) {
		if State(e.State) != from {
			return ledger.Act{}, ledger.ErrSame
		}
		if change != nil {
			change(&e.Value)
		}
		e.State = string(to)
		return videoAct(typ, role, id, e.Value), nil
	})
	return e, err
}

func (s *Studio) broken(ctx context.Context, role evidence.Role, e Entry, why colophon.Code) (Entry, error) {
	return s.step(ctx, role, e.ID, State(e.State), Broken, RecordVideoFailed, func(j *Job) { j.Failure = why })
}

// job returns a video of whoever asks.
func (s *Studio) job(ctx context.Context, by production.By, id string) (Entry, error) {
	e, err := s.jobs.Get(ctx, id)
	if err == nil && (e.Value.Key != by.ID || State(e.State) == Deleted) {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeVideo}
	}
	return e, err
}

// far is how a model says how far a video is.
type far struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Progress any    `json:"progress"`
}

// advance asks the model how far a video is, and takes it in once it is there.
func (s *Studio) advance(ctx context.Context, by production.By, e Entry) (Entry, int, error) {
	switch State(e.State) {
	case Asked:
		if s.c.Now().Sub(e.Made) < lostAfter {
			return e, 0, nil
		}
		e, err := s.broken(ctx, by.Role, e, CodeVideoLost)
		return e, 0, err
	case Begun:
	default:
		return e, 0, nil
	}
	var f far
	if err := s.inquire(ctx, e, &f); err != nil {
		return e, 0, err
	}
	switch f.Status {
	case "completed", "succeeded":
		e, err := s.take(ctx, by, e)
		return e, 0, err
	case "failed", "cancelled", "expired":
		e, err := s.broken(ctx, by.Role, e, CodeVideoFailed)
		return e, 0, err
	}
	done, _ := f.Progress.(float64)
	return e, min(max(int(done), 0), 99), nil
}

func (s *Studio) inquire(ctx context.Context, e Entry, f *far) error {
	resp, err := s.c.Upstreams.Do(ctx, upstream.Request{Model: e.Value.Model, Target: e.Value.Target, Method: "GET", Path: "/videos/" + e.Value.Upstream, Accept: "application/json", Most: 1 << 20})
	if err != nil {
		return err
	}
	err = json.NewDecoder(resp.Body).Decode(f)
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return badAnswer(err)
	}
	return nil
}

// take has the bytes of a video entered: it is admitted again, by the consents that were spent for its number, and a job
// judges and marks it.
func (s *Studio) take(ctx context.Context, by production.By, e Entry) (Entry, error) {
	var p private
	kept, err := s.jobs.Open(e, &p)
	if err != nil {
		return e, err
	}
	if !kept { // the account was erased
		return s.broken(ctx, by.Role, e, artefact.CodeForgotten)
	}
	resp, err := s.c.Upstreams.Do(ctx, upstream.Request{Model: e.Value.Model, Target: e.Value.Target, Method: "GET", Path: "/videos/" + e.Value.Upstream + "/content", Accept: "*/*", Most: s.c.Film})
	if err != nil {
		return e, err
	}
	body := bufio.NewReaderSize(resp.Body, media.HeadSize)
	if head, _ := body.Peek(media.HeadSize); kindOf(head) == media.ModalityText { // what goes wrong later is told by Accept
		return e, errors.Join(badAnswer(nil), resp.Body.Close())
	}
	_, err = s.c.Line.Accept(ctx, by, production.Order{Number: artefact.Number(e.ID), Function: e.Value.Class, Account: p.Account, Use: e.Value.Use}, body)
	err = errors.Join(err, resp.Body.Close())
	if err != nil && !exists(err) { // somebody else took it at the same time
		return e, err
	}
	return s.step(ctx, by.Role, e.ID, Begun, Received, RecordVideoReceived, nil)
}

func exists(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == artefact.CodeExists
}

// seconds is how long a video is to be, as the interface has it: a number as text.
func seconds(v any) string {
	switch v := v.(type) {
	case string:
		return word(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}
