package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/internal/locale"
)

// Codes of errors about a server that a command talks to.
const (
	codeNoServer   colophon.Code = "remote-no-server"
	codeServerURL  colophon.Code = "remote-server-url"  // arg "value"
	codeServerDown colophon.Code = "remote-unreachable" // the server does not answer
)

// remote are the flags of commands that talk to a running server. The key never stands in a flag, which others could read.
type remote struct {
	Server string `placeholder:"URL"`
	APIKey string `name:"api-key" placeholder:"FILE"`
}

// call has a server do something, and tells what went wrong in our own words.
func (r remote) call(s *session, do func(context.Context, *client.Client) error) error {
	return reach(s, r.Server, cmp.Or(r.APIKey, s.Getenv("COLOPHON_API_KEY")), do)
}

// reach does the same with the key of a file, or with none.
func reach(s *session, address, file string, do func(context.Context, *client.Client) error) error {
	address = cmp.Or(address, s.Getenv("COLOPHON_SERVER"))
	if address == "" {
		return invalid(codeNoServer)
	}
	c := client.Config{URL: address, Language: string(s.say.Language)}
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return durable.Fault(file, err)
		}
		c.Key = strings.TrimSpace(string(text))
	}
	speaker, err := client.New(c)
	if err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: codeServerURL, Args: colophon.Args{"value": address}, Err: err}
	}
	if err := do(s.ctx, speaker); err != nil {
		s.printFields(err)
		s.stop(answered(err))
	}
	return nil
}

// chosen are the parameters of a list that a person gave.
func chosen(words map[string]string) url.Values {
	filter := url.Values{}
	for name, value := range words {
		if value != "" {
			filter.Set(name, value)
		}
	}
	return filter
}

// tableOf prints all that a server lists by a filter, page after page, as [table] does.
func tableOf[T any](ctx context.Context, s *session, filter url.Values, fetch func(context.Context, client.Listing) ([]T, string, error), row func(T) []string) error {
	w := s.columns()
	for l := (client.Listing{Filter: filter}); ; {
		list, next, err := fetch(ctx, l)
		if err != nil {
			return err
		}
		rows(s, w, list, row)
		if l.Cursor = next; next == "" {
			return w.Flush()
		}
	}
}

// table prints a list: each as JSON where that is wanted, and as a row of columns elsewhere. Row is called for both, so that it
// may set the exit code.
func table[T any](s *session, list []T, row func(T) []string) error {
	w := s.columns()
	rows(s, w, list, row)
	return w.Flush()
}

func rows[T any](s *session, w *columns, list []T, row func(T) []string) {
	for _, one := range list {
		cells := row(one)
		if s.json {
			s.printJSON(one)
			continue
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
}

// plain prints a value as JSON where that is wanted, and reports whether nothing is left to print, as after an error.
func (s *session) plain(v any, err error) (bool, error) {
	if err == nil && s.json {
		s.printJSON(v)
	}
	return err != nil || s.json, err
}

// locally is a time as it is here, and empty where there is none.
func locally(at *time.Time) string {
	if at == nil || at.IsZero() {
		return ""
	}
	return at.Local().Format(time.DateTime)
}

// printFields says which parameters, fields or lines of a file the server does not take.
func (s *session) printFields(err error) {
	var wrong *client.Error
	if !errors.As(err, &wrong) {
		return
	}
	for _, f := range wrong.Fields {
		if s.json {
			s.printJSON(f)
		} else {
			fmt.Fprintf(s.Stderr, "%s: %s\n", locale.Visible(f.Field), locale.Visible(f.Rule))
		}
	}
}

// answered is an error of the server, or of the way there, as this program has errors.
func answered(err error) error {
	var e *client.Error
	var ours *colophon.Error
	switch {
	case errors.As(err, &e):
		kinds := map[int]colophon.Kind{http.StatusNotFound: colophon.Missing, http.StatusConflict: colophon.Conflict, http.StatusUnauthorized: colophon.Refused, http.StatusForbidden: colophon.Refused}
		kind, ok := kinds[e.Status]
		if !ok {
			kind = colophon.Invalid
		}
		return &colophon.Error{Kind: kind, Code: e.Code, Args: e.Args, Clauses: e.Clauses, Err: err}
	case errors.As(err, &ours):
		return err
	}
	return &colophon.Error{Kind: colophon.Conflict, Code: codeServerDown, Err: err}
}
