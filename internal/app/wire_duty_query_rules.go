package app

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/workday"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen/library"
)

// What queries about rules and papers saw, as sentences.
const (
	sawPolicy     colophon.Code = "duty-saw-policy"      // args "number", "until"
	sawPolicyOver colophon.Code = "duty-saw-policy-over" // args "number", "until"
	sawPolicyNone colophon.Code = "duty-saw-policy-none" // no version is in force
	sawNoDrill    colophon.Code = "duty-saw-no-drill"    // arg "looked"
	sawDrills     colophon.Code = "duty-saw-drills"      // args "looked", "drill"
	sawBundle     colophon.Code = "duty-saw-bundle"      // arg "records"
	sawBundleBad  colophon.Code = "duty-saw-bundle-bad"  // arg "records"
	sawFaces      colophon.Code = "duty-saw-faces"       // args "faces", "overdue"
	sawNoMethod   colophon.Code = "duty-saw-no-method"   // nobody is verified here
	sawShort      colophon.Code = "duty-saw-short"       // args "months", "least"
)

const (
	logMonths        = 6  // Cybersecurity Law Art. 23, Labelling Measures Art. 9
	assessmentMonths = 36 // Personal Information Protection Law Art. 56
	// drillEvery is how old the last drill of an order may be.
	drillEvery = 183 * 24 * time.Hour
	// orderTime is by when an order has to have taken effect.
	orderTime = 10 * time.Second
)

func ruleQueries() map[string]query {
	all := map[string]query{
		"library-procedure": (*Server).seeLibrary, "network-log": (*Server).seeNetworkLog, "reports-filed": (*Server).seeReports, "orders-effective": (*Server).seeOrders,
		"packs-ready": (*Server).seeBundle, "faces-counted": (*Server).seeFaces, "other-method": (*Server).seeMethods, "texts-published": (*Server).seeTexts,
	}
	for _, system := range policy.Systems() {
		all["policy-"+string(system)] = func(s *Server, ctx context.Context, now time.Time) (saw, error) { return s.seePolicy(ctx, system, now) }
	}
	return all
}

// seePolicy looks whether a system of rules is in force. That it is kept is for other probes.
func (s *Server) seePolicy(ctx context.Context, system policy.System, now time.Time) (saw, error) {
	st, err := s.rulebook.Standing(ctx, system, now)
	if err != nil {
		return saw{}, err
	}
	if st.Version.ID == "" {
		return saw{verdict: st.Verdict, code: sawPolicyNone}, nil
	}
	found := saw{verdict: st.Verdict, code: sawPolicy, looked: 1, sample: []string{st.Version.ID},
		args: policyArgs(st)}
	if st.Verdict != colophon.Passed {
		found.code, found.amiss = sawPolicyOver, found.sample
	} else {
		found.until = st.Until
	}
	return found, nil
}

// policyArgs tell which version it is, and the last day before its review.
func policyArgs(st policy.Standing) colophon.Args {
	return colophon.Args{"number": strconv.Itoa(st.Version.Number), "until": st.Until.Add(-time.Second).In(workday.Beijing()).Format(time.DateOnly)}
}

// seeLibrary looks at what is in force of the feature library.
func (s *Server) seeLibrary(ctx context.Context, _ time.Time) (saw, error) {
	list, err := s.screens.curator.Features(ctx, library.Query{State: library.Active, Limit: 1000})
	var c count
	for _, f := range list {
		c.look(f.ID, good(f.Standard != "" && f.Reason != "" && f.Reviewer != "" && f.Reviewer != f.Proposer))
	}
	return c.saw(), err
}

// seeNetworkLog reads lines of the last day of the network log. A record says that it did.
func (s *Server) seeNetworkLog(ctx context.Context, now time.Time) (saw, error) {
	if s.set.KeepLogs < logMonths {
		return shortPeriod(s.set.KeepLogs, logMonths), nil
	}
	own, err := s.ownSubjects(ctx)
	if err != nil {
		return saw{}, err
	}
	q := store.NetworkQuery{From: now.AddDate(0, 0, -1), To: now, Limit: 20 * querySample}
	rec, err := s.recorder.New(recordPeeked, evidence.System, system, []colophon.Clause{colophon.ClauseDS10}, map[string]any{"probe": "network-log", "from": q.From.UnixMilli(), "to": q.To.UnixMilli()})
	if err != nil {
		return saw{}, err
	}
	lines, err := s.store.ReadNetworkLog(ctx, rec, q)
	var c count
	for _, l := range lines {
		if own[l.Subject] {
			continue
		}
		if c.looked == querySample {
			break
		}
		c.look(l.ID, good(l.Subject != "" && l.Operation != "" && l.At > 0 && l.Source != (netip.AddrPort{})))
	}
	return c.saw(), err
}

func shortPeriod(months, least int) saw {
	return saw{verdict: colophon.Failed, code: sawShort, args: colophon.Args{"months": strconv.Itoa(months), "least": strconv.Itoa(least)}}
}

// seeReports looks whether a duty to report is open past its limit. Where none is it names some that there are.
func (s *Server) seeReports(ctx context.Context, _ time.Time) (saw, error) {
	var c count
	late, _, err := s.screens.reports.Overdue(ctx, "", querySample)
	for _, d := range late {
		c.look(d.ID, colophon.Failed)
	}
	if err != nil || len(late) > 0 {
		return c.saw(), err
	}
	list, _, err := s.screens.reports.Duties(ctx, moderation.DutyQuery{Limit: querySample})
	for _, d := range list {
		c.look(d.ID, colophon.Passed)
	}
	return c.saw(), err
}

// seeOrders looks whether the orders of a year took effect in time: by what a node said of each, and no node handed anything out
// after that time. And it looks when the last drill was that the program did not hold by itself.
func (s *Server) seeOrders(ctx context.Context, now time.Time) (saw, error) {
	var c count
	var drill time.Time
	own, err := s.ownSubjects(ctx)
	if err != nil {
		return saw{}, err
	}
	err = every(func(after string) ([]incident.Entry, string, error) {
		return s.orders.Page(ctx, ledger.Query{Newest: true, After: after, Limit: 200})
	}, func(e incident.Entry) error {
		by := e.Made.Add(orderTime)
		switch {
		case e.Made.Before(now.AddDate(-1, 0, 0)):
			return errEnough
		case by.After(now): // it has time left
			return nil
		}
		acks, err := s.orders.Acks(ctx, e.ID)
		if err != nil {
			return err
		}
		ok := slices.ContainsFunc(acks, func(a incident.Ack) bool { return !a.Effective.After(by) }) && !slices.ContainsFunc(acks, func(a incident.Ack) bool { return a.LastOutput.After(by) })
		if c.look(e.ID, good(ok)); ok && e.Value.Drill && !own[e.Subject] && e.Made.After(drill) {
			drill = e.Made
		}
		return nil
	})
	if err != nil {
		return saw{}, err
	}
	found := c.saw()
	switch {
	case found.verdict == colophon.Passed && now.Sub(drill) > drillEvery:
		found.verdict, found.code = colophon.Failed, sawNoDrill
	case found.verdict == colophon.Passed:
		found.code, found.args["drill"], found.until = sawDrills, drill.In(workday.Beijing()).Format(time.DateOnly), drill.Add(drillEvery)
	}
	return found, nil
}

// seeBundle hands out what an inspector would get about some items, to nobody, and verifies it.
func (s *Server) seeBundle(ctx context.Context, _ time.Time) (saw, error) {
	items, err := s.marked(ctx, 3)
	if err != nil || len(items) == 0 {
		return saw{code: sawNothing}, err
	}
	found := saw{looked: len(items), args: colophon.Args{"records": strconv.Itoa(len(items))}}
	var numbers []artefactNumber
	for _, a := range items {
		numbers, found.sample = append(numbers, a.Number), append(found.sample, string(a.Number))
	}
	untold := saw{code: sawUntold, looked: len(items), sample: found.sample, args: colophon.Args{"looked": strconv.Itoa(len(items)), "untold": strconv.Itoa(len(items))}}
	var to bytes.Buffer
	var pending *colophon.Error
	switch err := s.binder.Bundle(ctx, production.By{Role: system}, &to, false, numbers...); {
	case errors.As(err, &pending) && pending.Code == production.CodePending: // no checkpoint covers what was made just now
		return untold, nil
	case err != nil:
		return saw{}, err
	}
	report, err := evidence.VerifyBundle(bytes.NewReader(to.Bytes()), int64(to.Len()), s.keys.Verifiers...)
	if err != nil {
		return saw{}, err
	}
	switch found.verdict = report.Verdict; found.verdict {
	case colophon.Passed:
		found.code = sawBundle
	case colophon.Failed:
		found.code, found.amiss = sawBundleBad, found.sample
	default:
		return untold, nil
	}
	return found, nil
}

// seeFaces counts the people whose faces are stored, and looks at the duties to file that follow.
func (s *Server) seeFaces(ctx context.Context, _ time.Time) (saw, error) {
	f, err := s.ahead.faces.Figures(ctx)
	if err != nil || f.Faces < 0 {
		return saw{}, errors.Join(err, errors.New("counting faces: they could not be counted"))
	}
	return saw{verdict: good(f.Overdue == 0), code: sawFaces, looked: f.Faces, args: colophon.Args{"faces": strconv.Itoa(f.Faces), "overdue": strconv.Itoa(f.Overdue)}}, nil
}

// seeMethods looks whether beside each way of verification that uses a face there is another that is worth as much.
func (s *Server) seeMethods(context.Context, time.Time) (saw, error) {
	now, later := s.identities.Sources()
	all := append(append([]identity.Facts{}, now...), later...)
	if len(all) == 0 {
		return saw{code: sawNoMethod}, nil
	}
	var c count
	for _, f := range all {
		ok := !f.Face
		for _, other := range all {
			ok = ok || !other.Face && other.Level.Satisfies(f.Level)
		}
		c.look(f.Name, good(ok))
	}
	return c.saw(), nil
}

// seeTexts looks whether rules, convention and agreement are in force, in Chinese, and on the public page.
func (s *Server) seeTexts(ctx context.Context, _ time.Time) (saw, error) {
	current, err := s.agreements.Current(ctx)
	if err != nil {
		return saw{}, err
	}
	var c count
	for _, kind := range []agreement.Kind{agreement.Rules, agreement.Convention, agreement.Terms} {
		ok := false
		for _, e := range current {
			if e.Value.Audience != agreement.Users || e.Value.Kind != kind || e.Value.Texts.In("zh") == "" {
				continue
			}
			status, _, err := s.visit(ctx, "GET", "/rules/"+e.ID, "")
			if err != nil {
				return saw{}, err
			}
			ok = status == 200
		}
		c.look(string(kind), good(ok))
	}
	return c.saw(), nil
}
