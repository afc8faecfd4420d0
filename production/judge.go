package production

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/stamp"
)

// Question is what a judge is asked about an item that came in.
type Question struct {
	By       evidence.Role
	Number   artefact.Number
	Subject  evidence.Subject
	Function stamp.Function
	Format   media.Format
	Source   media.Source
}

// Answer says how an item that was not refused goes on.
type Answer struct {
	Judgement string // identifier
	// Wait says that the judge entered the item among what waits for a person.
	Wait bool
}

// judge asks the judge about an item. Without one nothing is asked: the deployment screens elsewhere.
func (l *Line) judge(ctx context.Context, q Question) (Answer, error) {
	if l.c.Judge == nil {
		return Answer{}, nil
	}
	return l.c.Judge(ctx, q)
}

// judgeAll judges an item that a job marks, unless a person cleared it, and reports whether it goes on.
func (l *Line) judgeAll(ctx context.Context, a artefact.Artefact, o Order, src media.Source) (bool, error) {
	if a.Work.Cleared != "" {
		return true, nil
	}
	answer, err := l.judge(ctx, Question{system, a.Number, a.Account, o.Function, a.Format, src})
	if err != nil || !answer.Wait {
		return err == nil, err
	}
	_, err = l.c.Register.Hold(ctx, system, a.Number, answer.Judgement)
	return false, err
}

// hold enters an item that a person has to decide about. Its bytes wait sealed.
func (l *Line) hold(ctx context.Context, by By, in *received, o Order, entry artefact.Artefact) (artefact.Artefact, error) {
	entry, err := l.await(ctx, in, o, entry)
	if err != nil {
		return artefact.Artefact{}, err
	}
	entry.State = artefact.Held
	if err := <-in.logged; err != nil {
		return artefact.Artefact{}, err
	}
	return l.c.Register.New(ctx, by.Role, entry)
}

// await fills in what an item needs that is marked later: the order without what leads to a person, and the sealed bytes.
func (l *Line) await(ctx context.Context, in *received, o Order, entry artefact.Artefact) (artefact.Artefact, error) {
	o.Account, o.Name = "", "content"+extension(o.Name)
	order, err := json.Marshal(o)
	if err != nil {
		return entry, err
	}
	entry.Work = &artefact.Work{Order: order}
	entry.Original, err = l.keep(ctx, in.src, in.subject, max(l.c.KeepOriginals, Waiting))
	return entry, err
}

// Release has an item marked that was held, because of a person's decision about a judgement. One that is not held any
// more is left as it is.
func (l *Line) Release(ctx context.Context, n artefact.Number, judgement string) error {
	_, err := l.c.Register.Clear(ctx, system, n, judgement)
	return unlessPast(err)
}

// Refuse ends an item that was held, or was about to be when the process died.
func (l *Line) Refuse(ctx context.Context, n artefact.Number) error {
	a, err := l.c.Register.Artefact(ctx, n)
	if err != nil || a.State != artefact.Held && a.State != artefact.Received {
		return unlessPast(err)
	}
	_, err = l.c.Register.Failed(ctx, system, n, CodeRefused)
	return unlessPast(err)
}

// unlessPast drops the error of a step that an item has behind it, and of an item that was never entered.
func unlessPast(err error) error {
	var e *colophon.Error
	if errors.As(err, &e) && (e.Code == artefact.CodeStep || e.Code == artefact.CodeMissing) {
		return nil
	}
	return err
}

// Look opens an item that is held, as it came in, for a person who decides about it. Who calls it records the reading.
func (l *Line) Look(ctx context.Context, n artefact.Number) (File, media.Format, error) {
	a, err := l.c.Register.Artefact(ctx, n)
	if err != nil {
		return nil, "", err
	}
	if a.State != artefact.Held {
		return nil, "", &colophon.Error{Kind: colophon.Conflict, Code: CodeNotReady, Args: colophon.Args{"state": string(a.State)}}
	}
	f, err := l.original(ctx, a)
	return f, a.Format, err
}

// original opens the bytes of an item as it came in.
func (l *Line) original(ctx context.Context, a artefact.Artefact) (File, error) {
	if a.Original == nil {
		return nil, &colophon.Error{Kind: colophon.Missing, Code: CodeNotKept}
	}
	key, err := l.c.Keys.Unseal(a.Original.Key, originalUse)
	if err != nil {
		return nil, err
	}
	return l.c.Blobs.OpenSealed(ctx, a.Original.Blob, key)
}
