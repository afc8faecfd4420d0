package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/classify"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/features"
	"github.com/colophon-project/colophon/internal/store/held"
	"github.com/colophon-project/colophon/internal/store/policies"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/sight"
)

const (
	// heldPurpose keeps held content from being opened as something else.
	heldPurpose = "held"
	// refreshEvery is how often a node looks for what another one changed, and acts on what people decided.
	refreshEvery = 2 * time.Second
	// sweepPage is how many items one step of a sweep takes.
	sweepPage = 100
	// settling is for how long something that waits for a person may not be in the register yet: its bytes are sealed
	// between the one and the other. What is decided so early is acted on later, unless the process died.
	settling = 10 * time.Minute
)

// screens is the part of a server that screens.
type screens struct {
	curator  *library.Curator
	shelf    *library.Shelf
	policies *policy.Keeper
	engine   *screen.Engine
	docket   *moderation.Docket
	reports  *moderation.Reports
	court    *screening.Court
	held     *held.Held
}

// words is how the library is looked for in text: by all passes.
func words() keyword.Options { return keyword.Options{Sound: true, Loose: true} }

// openScreens opens the feature library, the policy, the engine, and what waits for a person.
func (s *Server) openScreens(ctx context.Context) error {
	kept := features.New(s.store)
	curator, err := library.New(ctx, library.Config{Store: kept, Samples: kept, Recorder: s.recorder, Keys: s.keys.Envelopes, Options: library.Options{Words: words(), Matchers: cmp.Or(s.set.matchers, new(library.Matchers))}})
	if err != nil {
		return err
	}
	var starter []library.Feature
	if s.set.Starter == "on" {
		if starter, err = library.Starter(); err != nil {
			return err
		}
	}
	shelf, err := library.NewShelf(ctx, curator, starter)
	if err != nil {
		return err
	}
	journal := policies.New(s.store)
	keeper, err := policy.NewKeeper(ctx, journal, s.recorder)
	if err != nil {
		return err
	}
	s.screens = screens{curator: curator, shelf: shelf, policies: keeper, held: held.New(s.store)}
	if err := s.openEngine(journal); err != nil {
		return err
	}
	return s.openDocket()
}

func (s *Server) openEngine(journal screen.Journal) error {
	c := screen.Config{Library: s.screens.shelf.Current, Policy: s.screens.policies.Current, Journal: journal, Recorder: s.recorder, Now: time.Now, Rand: rand.Reader,
		Eye: sight.New(s.tools(), sight.Limits{}), Excerpt: s.set.Excerpt}
	if len(s.set.Classifiers) > 0 {
		set, err := s.classifiers()
		if err != nil {
			return err
		}
		c.Classifiers, c.Reader, c.Transcriber = set.Classifiers(), set.TextReader(), set.Transcriber()
	}
	for _, t := range library.Topics() { // what is written in a picture, or said, may be about anything of high risk
		if t.High && c.Reader != nil {
			c.PictureText = append(c.PictureText, t.ID)
		}
		if t.High && c.Transcriber != nil {
			c.Speech = append(c.Speech, t.ID)
		}
	}
	s.screens.engine = screen.New(c)
	return nil
}

// tools are the programs that look into video and sound; nil where they are missing, which is said where they are needed.
func (s *Server) tools() *ffmpeg.Tools {
	tools, err := ffmpeg.Find(s.config.FFmpeg)
	if err != nil {
		return nil
	}
	return tools
}

func (s *Server) classifiers() (*classify.Set, error) {
	endpoints := append([]classify.Endpoint{}, s.set.Classifiers...)
	for i := range endpoints {
		if endpoints[i].KeyFile == "" {
			continue
		}
		text, err := os.ReadFile(endpoints[i].KeyFile)
		if err != nil {
			return nil, durable.Fault(endpoints[i].KeyFile, err)
		}
		endpoints[i].Key = classify.Secret(strings.TrimSpace(string(text)))
	}
	var models fs.FS
	if s.set.Models != "" {
		models = os.DirFS(s.set.Models)
	}
	return classify.New(classify.Config{Endpoints: endpoints, Models: models, Now: time.Now, NewID: uuid.NewString})
}

// wait waits, or returns early when the context ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Server) openDocket() (err error) {
	plan, err := moderation.DefaultPlan()
	if err != nil {
		return err
	}
	if s.set.Plan != "" {
		text, err := os.ReadFile(s.set.Plan)
		if err != nil {
			return durable.Fault(s.set.Plan, err)
		}
		if plan, err = moderation.ParsePlan(text); err != nil {
			return err
		}
	}
	for _, q := range plan.Queues {
		// The bytes of an item of the production line are gone then, and a job must mark it before.
		if latest := slices.Max(append(slices.Collect(maps.Values(q.Deadlines)), q.Deadline)); s.set.Judge == "on" && time.Duration(latest) > production.Waiting-24*time.Hour {
			return &colophon.Error{Kind: colophon.Invalid, Code: moderation.CodePlan, Args: colophon.Args{"field": "deadline"}}
		}
	}
	v := &s.screens
	if v.docket, err = moderation.NewDocket(v.held, s.recorder, s.keys.Envelopes, plan); err != nil {
		return err
	}
	s.packs.wake = make(chan moderation.Duty, wakes)
	v.reports = moderation.NewReports(duties{v.held, s.packs.wake}, s.recorder, plan.Report)
	v.court = &screening.Court{Engine: heard{v.engine, s.log}, Streams: v.engine, Docket: v.docket, Reports: v.reports, Rand: rand.Reader, Seal: func(ctx context.Context, r io.Reader, key []byte) (string, error) {
		d, _, err := s.blobs.PutSealed(ctx, r, key, heldPurpose)
		return blob.FormatDigest(d), err
	}}
	return nil
}

// heard is an engine whose log says why a check did not run. No text of what was judged stands in these errors.
type heard struct {
	*screen.Engine
	log *slog.Logger
}

// Judge implements screening.Engine.
func (e heard) Judge(ctx context.Context, item screen.Item) (screen.Judgement, error) {
	j, err := e.Engine.Judge(ctx, item)
	for _, r := range j.Runs {
		if r.Err != nil {
			e.log.WarnContext(ctx, "check", "check", r.Check, "outcome", string(r.Outcome), "error", r.Err)
		}
	}
	if j.Decision.Fault != nil {
		e.log.ErrorContext(ctx, "policy", "error", j.Decision.Fault)
	}
	return j, err
}

// Judge implements httpapi.Screener.
func (s *Server) Judge(ctx context.Context, by production.By, account string, item screen.Item) (screening.Outcome, error) {
	item.Subject = evidence.System
	if account != "" {
		var err error
		if item.Subject, err = s.accounts.Subject(ctx, account); err != nil {
			return screening.Outcome{}, err
		}
	}
	if err := (networkLog{s}).Log(ctx, item.Subject, "screen."+string(item.Surface), by); err != nil {
		return screening.Outcome{}, err
	}
	out, err := s.screens.court.Judge(ctx, by.Role, item, nil)
	if err == nil {
		s.judged(ctx, item, out)
	}
	return out, err
}

// JudgeFile implements httpapi.Screener.
func (s *Server) JudgeFile(ctx context.Context, by production.By, account string, item screen.Item, name string, body io.Reader) (screening.Outcome, error) {
	file := &spool{dir: s.spoolDir()}
	defer file.Close()
	if _, err := io.Copy(file, body); err != nil {
		return screening.Outcome{}, err
	}
	item.Parts = []screen.Part{{Name: "file", Media: &screen.Media{Name: name, Source: file.Source()}}}
	return s.Judge(ctx, by, account, item)
}

// judgeArtefact judges what a function produced, before it is marked.
func (s *Server) judgeArtefact(ctx context.Context, q production.Question) (production.Answer, error) {
	item := screen.Item{Subject: q.Subject, About: string(q.Number), Surface: screen.Output, Function: string(q.Function),
		Parts: []screen.Part{{Name: "content", Media: &screen.Media{Format: q.Format, Source: q.Source}}}}
	// The bytes wait where the production line keeps them.
	out, err := s.screens.court.Judge(ctx, q.By, item, &moderation.Content{Format: httpapi.HeldArtefact})
	if err != nil {
		return production.Answer{}, err
	}
	answer := production.Answer{Judgement: out.ID, Wait: out.Held != ""}
	if out.Action == policy.Refuse {
		err = &colophon.Error{Kind: colophon.Refused, Code: production.CodeRefused, Args: colophon.Args{"judgement": out.ID}, Clauses: out.Clauses}
	}
	return answer, err
}

// decided acts on what became of a held item. It may be called again for the same.
func (s *Server) decided(ctx context.Context, it moderation.Item) error {
	if err := errors.Join(s.screens.court.Decided(ctx, it), s.ruled(ctx, it)); err != nil || it.About == "" {
		return err
	}
	n, release := artefact.Number(it.About), it.Outcome == moderation.Release
	a, err := s.register.Artefact(ctx, n)
	var e *colophon.Error
	missing := errors.As(err, &e) && e.Code == artefact.CodeMissing
	if err != nil && !missing {
		return err
	}
	if coming := missing || release && a.State == artefact.Received && a.Work != nil && a.Work.Cleared == ""; coming && time.Since(it.Created) < settling {
		return &colophon.Error{Kind: colophon.Conflict, Code: production.CodeNotReady, Args: colophon.Args{"state": string(artefact.Received)}}
	}
	if release {
		return s.line.Release(ctx, n, it.Why.Judgement)
	}
	return s.line.Refuse(ctx, n)
}

// follow takes up what other nodes and people changed, until ctx ends.
func (s *Server) follow(ctx context.Context) {
	for wait(ctx, refreshEvery) == nil {
		err := errors.Join(s.screens.shelf.Refresh(ctx), s.screens.policies.Refresh(ctx), s.standing.Refresh(ctx))
		_, told := s.screens.docket.Tell(ctx, system, s.decided)
		if err = errors.Join(err, told); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "screening", "error", err)
		}
	}
}

// expire refuses what nobody decided in time.
func (s *Server) expire(ctx context.Context) error {
	for {
		n, err := s.screens.docket.Expire(ctx, sweepPage)
		if err != nil || n == 0 {
			return err
		}
	}
}

// sweepHeld takes away the content of items that nobody needs any more, and samples whose time is over.
func (s *Server) sweepHeld(ctx context.Context) error {
	for {
		list, err := s.screens.docket.Spent(ctx, sweepPage)
		if err != nil {
			return err
		}
		for _, it := range list {
			if it.Blob != "" {
				if err := (blobs{s.blobs}).Delete(ctx, it.Blob); err != nil {
					return err
				}
			}
			if _, err := s.screens.docket.EndContent(ctx, it.ID); err != nil {
				return err
			}
		}
		if len(list) == 0 {
			break
		}
	}
	for {
		n, err := s.screens.curator.ExpireSamples(ctx)
		if err != nil || n == 0 {
			return err
		}
	}
}

// Look implements httpapi.Beheld.
func (s *Server) Look(ctx context.Context, it moderation.Item, c moderation.Content) (production.File, media.Format, error) {
	if c.Format == httpapi.HeldArtefact {
		return s.line.Look(ctx, artefact.Number(it.About))
	}
	d, err := blob.ParseDigest(c.Blob)
	if err != nil {
		return nil, "", err
	}
	f, err := s.blobs.GetSealed(ctx, d, c.Key, heldPurpose)
	return f, media.Unknown, err
}

// libraryShelf is the library as the API shows it.
func (s *Server) libraryShelf() httpapi.Shelf {
	return httpapi.Shelf{InForce: s.screens.shelf.Current, Refresh: s.screens.shelf.Refresh, Signer: s.keys.Signer, Trusted: append([]note.Verifier{}, s.keys.Verifiers...)}
}
