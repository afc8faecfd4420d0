package httpapi_test

import (
	"context"
	"crypto/rand"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/features"
	"github.com/colophon-project/colophon/internal/store/held"
	"github.com/colophon-project/colophon/internal/store/policies"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/screen/sight"
)

// Words of the library that tests screen with, and what the shipped policy does about them when somebody asks.
const (
	reviewed = "刷单返利日结" // fraud: a person looks
	refused  = "出售枪支弹药" // weapons: illegal, refused
	limited  = "烧炭自杀教程" // self-harm: limited, with help
	newsy    = "本台独家快讯" // news: a person looks, whatever the surface, and another one before it is released
)

const csvHead = "id,kind,value,category,level,language,source,standard,reason\n"

// screens is the part of a world that screens: Screener and Beheld over real pieces.
type screens struct {
	*world
	shelf *library.Shelf
	court *screening.Court
	kept  *blobs
}

// openScreens does what the program does when it starts, with a library of a few entries.
func (w *world) openScreens(kept *blobs, rec *evidence.Recorder, ring *evidence.Keyring, signer note.Signer) {
	ctx := w.Context()
	stored := features.New(w.store)
	curator, err := library.New(ctx, library.Config{Store: stored, Samples: stored, Recorder: rec, Keys: ring})
	w.must(err)
	starter, err := library.ReadCSV(strings.NewReader(csvHead+
		"t-fraud,keyword,"+reviewed+",fraud,block,zh,test,standard,reason\n"+
		"t-weapons,keyword,"+refused+",weapons,block,zh,test,standard,reason\n"+
		"t-news,keyword,"+newsy+",news,review,zh,test,standard,reason\n"+
		"t-picture,picture,"+strings.Repeat("96c3", 16)+",sexual,block,,test,standard,reason\n"+
		"t-file,digest,"+sha(text("known"))+",minors,block,,test,standard,reason\n"+
		"t-harm,keyword,"+limited+",self-harm,block,zh,test,standard,reason\n"), library.Defaults{})
	w.must(err)
	shelf, err := library.NewShelf(ctx, curator, starter)
	w.must(err)
	journal := policies.New(w.store)
	keeper, err := policy.NewKeeper(ctx, journal, rec)
	w.must(err)
	plan, err := moderation.DefaultPlan()
	w.must(err)
	waiting := held.New(w.store)
	docket, err := moderation.NewDocket(waiting, rec, ring, plan)
	w.must(err)
	reports := moderation.NewReports(waiting, rec, plan.Report)
	engine := screen.New(screen.Config{Library: shelf.Current, Policy: keeper.Current, Journal: journal, Recorder: rec, Now: w.clock.Now, Rand: rand.Reader, Eye: sight.New(nil, sight.Limits{}),
		PictureText: []library.Category{"minors"}})
	w.screens = &screens{w, shelf, &screening.Court{Engine: engine, Docket: docket, Reports: reports, Seal: kept.PutSealed, Rand: rand.Reader}, kept}
	w.config.Screener, w.config.Beheld, w.config.Curator, w.config.Policies, w.config.Docket, w.config.Reports = w.screens, w.screens, curator, keeper, docket, reports
	w.config.Shelf = httpapi.Shelf{InForce: shelf.Current, Refresh: shelf.Refresh, Signer: signer, Trusted: []note.Verifier{w.verifier}}
}

func (s *screens) Judge(ctx context.Context, by production.By, account string, item screen.Item) (screening.Outcome, error) {
	item.Subject = evidence.System
	if account != "" {
		var err error
		if item.Subject, err = s.accounts.Subject(ctx, account); err != nil {
			return screening.Outcome{}, err
		}
	}
	if err := s.network.Log(ctx, item.Subject, "screen."+string(item.Surface), by); err != nil {
		return screening.Outcome{}, err
	}
	return s.court.Judge(ctx, by.Role, item, nil)
}

func (s *screens) JudgeFile(ctx context.Context, by production.By, account string, item screen.Item, name string, body io.Reader) (screening.Outcome, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return screening.Outcome{}, err
	}
	item.Parts = []screen.Part{{Name: "file", Media: &screen.Media{Name: name, Source: media.Memory(text)}}}
	return s.Judge(ctx, by, account, item)
}

// judge is what the production line asks.
func (s *screens) judge(ctx context.Context, q production.Question) (production.Answer, error) {
	item := screen.Item{Subject: q.Subject, About: string(q.Number), Surface: screen.Output, Function: string(q.Function),
		Parts: []screen.Part{{Name: "content", Media: &screen.Media{Format: q.Format, Source: q.Source}}}}
	out, err := s.court.Judge(ctx, q.By, item, &moderation.Content{Format: httpapi.HeldArtefact})
	if err == nil && out.Action == policy.Refuse {
		err = &colophon.Error{Kind: colophon.Refused, Code: production.CodeRefused, Args: colophon.Args{"judgement": out.ID}, Clauses: out.Clauses}
	}
	return production.Answer{Judgement: out.ID, Wait: out.Held != ""}, err
}

func (s *screens) Look(ctx context.Context, it moderation.Item, c moderation.Content) (production.File, media.Format, error) {
	if c.Format == httpapi.HeldArtefact {
		return s.line.Look(ctx, artefact.Number(it.About))
	}
	f, err := s.kept.OpenSealed(ctx, c.Blob, c.Key)
	return f, media.Unknown, err
}
