package app

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/duty"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store"
)

// What queries of duties saw, as sentences.
const (
	sawAll     colophon.Code = "duty-saw-all"     // arg "looked"
	sawAmiss   colophon.Code = "duty-saw-amiss"   // args "looked", "amiss"
	sawUntold  colophon.Code = "duty-saw-untold"  // args "looked", "untold"
	sawNothing colophon.Code = "duty-saw-nothing" // there is nothing to look at yet
	sawBroken  colophon.Code = "duty-saw-broken"  // the query could not be run to its end
)

const (
	// querySample is how many of the newest entries a query looks at.
	querySample = 50
	// queryKept is how many identifiers of what it looked at a query keeps, and as many of what was amiss. It counts all.
	queryKept = 1000
	// aboutMost is how many of the records about one thing are looked at, the first ones.
	aboutMost = 10_000
	// queryTime is how long one query may take, and pagesTime one that opens pages in a browser.
	queryTime, pagesTime = 2 * time.Minute, 8 * time.Minute
)

// saw is what a query came to. Its zero value could not tell.
type saw struct {
	verdict colophon.Verdict
	code    colophon.Code
	args    colophon.Args
	looked  int
	against int       // how much of it is not as expected, where that is more than amiss lists
	amiss   []string  // of what was looked at, what is not as expected
	until   time.Time // when a pass ends before its time to live; zero for its time to live
	sample  []string  // what was looked at
}

// query asks live records about a duty. An error means that it could not tell.
type query func(s *Server, ctx context.Context, now time.Time) (saw, error)

// queries are the queries that the catalogue names.
func queries() map[string]query {
	all := map[string]query{}
	for _, part := range []map[string]query{ruleQueries(), contentQueries(), accountQueries(), registerQueries(), deskQueries(), modelQueries()} {
		maps.Copy(all, part)
	}
	return all
}

// count weighs things one by one. However many there are it keeps the first ones only.
type count struct {
	looked, against, untold int
	amiss, sample           []string
}

// look weighs one thing.
func (c *count) look(id string, v colophon.Verdict) {
	c.looked++
	if len(c.sample) < queryKept {
		c.sample = append(c.sample, id)
	}
	switch v {
	case colophon.Failed:
		if c.against++; len(c.amiss) < queryKept {
			c.amiss = append(c.amiss, id)
		}
	case colophon.Unknown:
		c.untold++
	}
}

// saw is what was weighed: one thing amiss is a failure, and where there was nothing nothing can be told.
func (c *count) saw() saw {
	s := saw{looked: c.looked, against: c.against, amiss: c.amiss, sample: c.sample, args: colophon.Args{"looked": strconv.Itoa(c.looked)}}
	switch {
	case c.against > 0:
		s.verdict, s.code, s.args["amiss"] = colophon.Failed, sawAmiss, strconv.Itoa(c.against)
	case c.looked == 0:
		return saw{code: sawNothing}
	case c.untold > 0:
		s.code, s.args["untold"] = sawUntold, strconv.Itoa(c.untold)
	default:
		s.verdict, s.code = colophon.Passed, sawAll
	}
	return s
}

// good is passed or failed.
func good(ok bool) colophon.Verdict {
	if ok {
		return colophon.Passed
	}
	return colophon.Failed
}

// shows is the artefact of a query: what it saw.
type shows struct {
	Probe   string           `json:"probe"`
	Version int              `json:"version"`
	At      time.Time        `json:"at"`
	Verdict colophon.Verdict `json:"verdict"`
	Code    colophon.Code    `json:"code"`
	Args    colophon.Args    `json:"args,omitempty"`
	Looked  int              `json:"looked"`
	Amiss   []string         `json:"amiss"`
	Sample  []string         `json:"sample"`
}

// RunProbe implements httpapi.DutyDesk: it runs a query now, and enters what it saw.
func (s *Server) RunProbe(ctx context.Context, name, asked string) (duty.Observation, error) {
	p, err := s.duties.Catalogue().Probe(name)
	if err != nil {
		return duty.Observation{}, err
	}
	run, ok := queries()[name]
	if p.Kind != duty.Query || !ok {
		return duty.Observation{}, &colophon.Error{Kind: colophon.Refused, Code: codeNoQuery, Args: colophon.Args{"probe": name}}
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	most := queryTime
	if name == "filing-shown" {
		most = pagesTime
	}
	limited, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	found, err := run(s, limited, now)
	if err != nil {
		if ctx.Err() != nil {
			return duty.Observation{}, err
		}
		s.log.ErrorContext(ctx, "query of a duty", "probe", name, "error", err)
		found = saw{code: sawBroken}
	}
	return s.observed(ctx, p, asked, now, found)
}

// codeNoQuery says that a probe is no query, so that nobody runs it by asking.
const codeNoQuery colophon.Code = "duty-no-query" // arg "probe"

func (s *Server) observed(ctx context.Context, p duty.Probe, asked string, now time.Time, found saw) (duty.Observation, error) {
	artefact, err := evidence.Canonical(shows{p.Name, p.Version, now, found.verdict, found.code, found.args, found.looked, append([]string{}, found.amiss...), append([]string{}, found.sample...)})
	if err != nil {
		return duty.Observation{}, err
	}
	chinese, err := locale.For(locale.Chinese)
	if err != nil {
		return duty.Observation{}, err
	}
	o := duty.Observation{Probe: p.Name, Version: p.Version, Collected: now, To: found.until, Expected: p.Expect.ZH, Actual: chinese.Code(found.code, found.args), Code: found.code, Args: found.args,
		Samples: shortened(append(slices.Clone(found.amiss), found.sample...)), Outcome: duty.OutcomeOf(found.verdict), Asked: asked}
	return s.duties.Observe(ctx, ledger.By{Role: system}, o, artefact)
}

// shortened lists identifiers once, and no more than an observation holds. The artefact has more.
func shortened(list []string) []string {
	var kept []string
	for _, id := range list {
		if id != "" && len(id) <= 128 && !strings.ContainsAny(id, " \t\r\n") && !slices.Contains(kept, id) && len(kept) < querySample {
			kept = append(kept, id)
		}
	}
	return kept
}

// watchDuties runs the queries whose time has come, looks whether what shows the last runs is still there, and writes down
// which states changed.
func (s *Server) watchDuties(ctx context.Context) error {
	due, err := s.duties.Due(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range due {
		if p.Kind != duty.Query || queries()[p.Name] == nil {
			continue
		}
		if _, err := s.RunProbe(ctx, p.Name, ""); err != nil {
			failed = errors.Join(failed, err)
		}
		if ctx.Err() != nil {
			return failed
		}
	}
	_, err = s.duties.Sweep(ctx)
	return errors.Join(failed, err)
}

// recheckDuties reads what shows the last run of each probe again.
func (s *Server) recheckDuties(ctx context.Context) error {
	var failed error
	for _, p := range s.duties.Catalogue().Probes() {
		list, _, err := s.duties.Observations(ctx, p.Name, "", 1)
		if err == nil && len(list) > 0 {
			_, err = s.duties.Recheck(ctx, list[0].ID)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// newest lists the newest records of a type.
func (s *Server) newest(ctx context.Context, typ evidence.Type, limit int) ([]evidence.Held, error) {
	return s.store.FindRecords(ctx, store.RecordQuery{Type: typ, Newest: true, Limit: limit})
}

// told opens the payload of a record; false where it is gone.
func (s *Server) told(ctx context.Context, id string, into any) (bool, error) {
	o, err := s.store.Payload(ctx, id)
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind != colophon.Internal {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(o.Payload, into)
}

// about lists the first records that are about a thing.
func (s *Server) about(ctx context.Context, thing string) ([]evidence.Held, error) {
	return s.store.RecordsAbout(ctx, thing, 0, aboutMost)
}

// errEnough ends a walk through a list: nothing further on is asked about.
var errEnough = errors.New("enough was looked at")

// every goes through all pages of a list, however long it is. What bounds it is the context of whoever reads the pages: a list
// that was not read to its end is an error, since nothing could be told of the rest.
func every[T any](page func(after string) ([]T, string, error), fn func(T) error) error {
	for after := ""; ; {
		list, next, err := page(after)
		if err != nil {
			return err
		}
		for _, v := range list {
			switch err := fn(v); {
			case errors.Is(err, errEnough):
				return nil
			case err != nil:
				return err
			}
		}
		if next == "" {
			return nil
		}
		if next == after {
			return errors.New("going through a list: a page leads to itself")
		}
		after = next
	}
}
