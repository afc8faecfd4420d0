package app

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/job"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/review/bank"
	assess "github.com/colophon-project/colophon/review/run"
	"github.com/colophon-project/colophon/review/sample"
)

const (
	kindRun = "assessment-run"
	// judgeLease is how long a reviewer has what he took of a sample.
	judgeLease = 30 * time.Minute
	// runBusy is how long a run that somebody else works is left alone.
	runBusy = 10 * time.Second
	// runHold is how long a run stays with a worker of another node from whom nothing is heard.
	runHold = 5 * time.Minute
	// runTimeout is for one try of a question.
	runTimeout = 2 * time.Minute
)

// assessments are the assessment runner and what belongs to it. Samples of other things are judged by the same panel.
type assessments struct {
	banks  *bank.Keeper
	panel  *sample.Panel
	keeper *assess.Keeper
	judges []assess.Judge
	proxy  *gateway.Proxy // asks models for runs; nil where there is none
	paper  *document.Writer
	node   string // name of this process, which no other one has or had
	tries  atomic.Int64
}

func (s *Server) openRuns(context.Context) (err error) {
	v := &s.runs
	v.banks = bank.NewKeeper(ledgers.Of[bank.Version](s.store, bank.Ledger), s.recorder, s.keys.Envelopes)
	v.panel = sample.NewPanel(ledgers.Of[sample.Item](s.store, sample.Ledger), s.recorder, judgeLease, colophon.ClauseDS20)
	v.keeper = assess.New(assess.Config{Runs: ledgers.Joined(s.store, assess.Ledger, s.enqueueRuns), Batches: ledgers.Of[assess.Batch](s.store, assess.LedgerBatches), Recorder: s.recorder, Keys: s.keys.Envelopes, Banks: v.banks, Panel: v.panel, Hold: runHold})
	if v.node, err = s.recorder.NewID(); err != nil {
		return err
	}
	chinese, err := locale.For(locale.Chinese)
	if err != nil {
		return err
	}
	english, err := locale.For(locale.English)
	if err != nil {
		return err
	}
	v.paper = document.New(chinese.Say, english.Say)
	v.judges, err = s.runJudges()
	return err
}

// enqueueRuns has a run worked that a person started.
func (s *Server) enqueueRuns(ctx context.Context, tx *store.Tx, list []ledger.Entry[assess.Run]) error {
	for _, e := range list {
		if e.Value.Due {
			if err := s.enqueue(ctx, tx, kindRun, runArgs{e.ID}); err != nil {
				return err
			}
		}
	}
	return nil
}

type runArgs struct {
	Run string `json:"run"`
}

func (s *Server) runWorkers() []job.Worker {
	return []job.Worker{job.Work(kindRun, job.Limits{AtOnce: 2, Attempts: 20, Timeout: 24 * time.Hour}, func(ctx context.Context, t *job.Task, a runArgs) error {
		return s.workRun(ctx, t, a.Run)
	})}
}

// workRun works a run to its end, or until something is in its way. What a person has to look at stands in the run, and the job
// is done; a run that the process took with it is gone on with by the job of the next one.
func (s *Server) workRun(ctx context.Context, t *job.Task, id string) error {
	r, err := s.runs.keeper.Run(ctx, id)
	if err != nil || !r.Wanted {
		return err
	}
	told := -1
	_, err = s.runs.keeper.Work(ctx, id, assess.Options{Worker: s.runs.next(), Gone: s.workerGone, Judges: s.runs.judges, Pool: assess.Pool{Asker: asker{s}, Parallel: s.set.RunParallel, Timeout: runTimeout},
		Progress: func(p assess.Progress) {
			if p.State != assess.Running || p.Of == 0 || p.Asked*100/p.Of == told {
				return
			}
			told = p.Asked * 100 / p.Of
			if err := t.Progress(ctx, told, ""); err != nil {
				s.log.WarnContext(ctx, "progress", "error", err)
			}
		}})
	var e *colophon.Error
	switch {
	case isCode(err, assess.CodeBusy):
		return job.Later(err, runBusy)
	case err == nil || ctx.Err() != nil || !errors.As(err, &e) || e.Kind == colophon.Internal:
		return err
	}
	s.log.WarnContext(ctx, "an assessment run stopped", "run", id, "code", string(e.Code))
	return nil // it stands in the run, and a person starts it again
}

// next is the name of a worker that there was never before.
func (v *assessments) next() string {
	return v.node + "/" + strconv.FormatInt(v.tries.Add(1), 10)
}

// workerGone reports that a worker is certainly gone: on SQLite no process but this one works on the data.
func (s *Server) workerGone(worker string) bool {
	return s.set.Postgres == "" && !strings.HasPrefix(worker, s.runs.node+"/")
}

// runSheets are samples of the answers of runs as reviewers see them.
type runSheets struct{ *Server }

// Owns implements httpapi.PanelSource.
func (r runSheets) Owns(sheet string) bool {
	_, kind, ok := strings.Cut(sheet, ".")
	return ok && (kind == string(bank.Generation) || kind == string(bank.ShouldRefuse) || kind == string(bank.ShouldNotRefuse))
}

// About implements httpapi.PanelSource.
func (r runSheets) About(ctx context.Context, sheet string) (httpapi.PanelAbout, error) {
	id, kind, _ := strings.Cut(sheet, ".")
	v, err := r.runs.keeper.Run(ctx, id)
	return httpapi.PanelAbout{Sheet: sheet, Kind: "run", Of: id, Name: v.Plan.Name, Ask: kind, Open: v.State == assess.Judging}, err
}

// Sheets implements httpapi.PanelSource.
func (r runSheets) Sheets(ctx context.Context) (list []httpapi.PanelAbout, err error) {
	for after := ""; ; {
		runs, next, err := r.runs.keeper.Runs(ctx, after, sweepPage, assess.Judging)
		if err != nil {
			return nil, err
		}
		for _, v := range runs {
			for _, kind := range bank.Kinds() {
				if v.Drawn[kind] > 0 {
					list = append(list, httpapi.PanelAbout{Sheet: assess.Sheet(v.ID, kind), Kind: "run", Of: v.ID, Name: v.Plan.Name, Ask: string(kind), Open: v.State == assess.Judging})
				}
			}
		}
		if after = next; next == "" {
			return list, nil
		}
	}
}

// Show implements httpapi.PanelSource.
func (r runSheets) Show(ctx context.Context, by ledger.By, item sample.Item) (httpapi.PanelContent, error) {
	v, err := r.runs.keeper.Show(ctx, by, item.ID)
	if err != nil {
		return httpapi.PanelContent{}, err
	}
	c := httpapi.PanelContent{Topic: v.Question.Topic(), Parts: []httpapi.PanelPart{{Name: "question", Text: v.Question.Text}}}
	if v.Text != "" {
		c.Parts = append(c.Parts, httpapi.PanelPart{Name: "answer", Text: v.Text, Cut: v.Cut})
	}
	c.Facts = []httpapi.PanelFact{{Name: "outcome", Value: v.Outcome.String()}}
	return c, nil
}
