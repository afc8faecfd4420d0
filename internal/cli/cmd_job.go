package cli

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

type jobCommand struct {
	remote
	List    jobListCommand    `cmd:""`
	Retry   jobRetryCommand   `cmd:""`
	Discard jobDiscardCommand `cmd:""`
}

type jobListCommand struct {
	State string `placeholder:"WORD" default:"dead" enum:"dead,waiting,running,done"`
}

// Run lists jobs in one state, the oldest first, and says how many there are in the others.
func (c *jobListCommand) Run(s *session, j *jobCommand) error {
	return j.call(s, func(ctx context.Context, server *client.Client) error {
		w := tabwriter.NewWriter(s.Stdout, 0, 4, 2, ' ', 0)
		for l := (client.Listing{Filter: url.Values{"state": {c.State}}}); ; {
			list, next, depth, err := server.Jobs(ctx, l)
			if err != nil {
				return err
			}
			for _, one := range list {
				if s.json {
					s.printJSON(one)
					continue
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%d/%d\t%s\t%s\n", locale.Visible(one.ID), s.word("page-job-state-", one.State), s.word("page-job-kind-", one.Kind), one.Attempt, one.Attempts,
					one.Created.Local().Format(time.DateTime), s.lastTrouble(one))
			}
			if l.Cursor = next; next != "" {
				continue
			}
			if err := w.Flush(); err != nil || s.json {
				return err
			}
			n := func(state string) string { return strconv.FormatInt(depth[state], 10) }
			fmt.Fprintln(s.Stdout, s.say.Say("job-depth", "dead", n("dead"), "running", n("running"), "waiting", n("waiting")))
			return nil
		}
	})
}

// lastTrouble says what went wrong the last time that a job was tried.
func (s *session) lastTrouble(j client.Job) string {
	if len(j.Troubles) == 0 {
		return ""
	}
	code := j.Troubles[len(j.Troubles)-1].Code
	return whole(code, s.say.Code(code, nil))
}

// whole is a sentence, or its code where the sentence lacks what it is about, which is not kept with the code.
func whole(code colophon.Code, sentence string) string {
	if strings.Contains(sentence, "…") {
		return locale.Visible(string(code))
	}
	return locale.Visible(sentence)
}

// word is a word of a family that has a sentence, and else the word itself.
func (s *session) word(family, word string) string {
	if s.say.Has(family + word) {
		return s.say.Say(family + word)
	}
	return strings.TrimSpace(locale.Visible(word))
}

type jobStep struct {
	ID string `arg:"" name:"id"`
}

func (c *jobStep) run(s *session, j *jobCommand, step string) error {
	return j.call(s, func(ctx context.Context, server *client.Client) error {
		if err := server.JudgeJob(ctx, c.ID, step); err != nil {
			return err
		}
		if s.json {
			s.printJSON(map[string]string{"id": c.ID, "step": step})
			return nil
		}
		fmt.Fprintln(s.Stdout, s.say.Say("job-"+step+"-done", "id", locale.Visible(c.ID)))
		return nil
	})
}

type jobRetryCommand struct{ jobStep }

// Run has a dead job worked again.
func (c *jobRetryCommand) Run(s *session, j *jobCommand) error { return c.run(s, j, "retry") }

type jobDiscardCommand struct{ jobStep }

// Run throws a dead job away.
func (c *jobDiscardCommand) Run(s *session, j *jobCommand) error { return c.run(s, j, "discard") }
