package tlog

import (
	"context"
	"errors"

	"github.com/colophon-project/colophon"
)

// Elector decides which of several candidates sequences.
type Elector interface {
	// Lead waits until this process leads. The context that it returns ends when the leadership is lost; resign gives it
	// up and MUST be called.
	Lead(ctx context.Context) (leading context.Context, resign func(), err error)
}

// Sequence runs the sequencer whenever this process leads, until ctx ends. It is for every candidate to call. It returns
// an error when going on could spoil the log; other errors go to Config.Report, and then the place is given up for
// another candidate, or for a new try.
func Sequence(ctx context.Context, elector Elector, config Config) error {
	l := &Log{config: config}
	for ctx.Err() == nil {
		err := lead(ctx, elector, config)
		if overtaken(err) {
			err = nil // another one leads, which is what the election is for
		}
		if fatal(err) {
			return err
		}
		if err != nil && ctx.Err() == nil && config.Report != nil {
			config.Report(err)
		}
		l.wait(ctx, nil, maxPause/10)
	}
	return nil
}

func overtaken(err error) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == CodeOvertaken
}

// lead waits to lead and sequences as long as it does.
func lead(ctx context.Context, elector Elector, config Config) error {
	leading, resign, err := elector.Lead(ctx)
	if err != nil {
		return err
	}
	defer resign()
	l, err := Open(leading, config)
	if err != nil {
		return err
	}
	return errors.Join(l.Run(leading), l.Close())
}
