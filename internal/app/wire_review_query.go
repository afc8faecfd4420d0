package app

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/people"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
	"github.com/colophon-project/colophon/staff"
)

// What queries of security assessments saw, as sentences.
const (
	sawStaff    colophon.Code = "review-saw-staff"      // args "looked", "officers", "reviewers"
	sawOneStaff colophon.Code = "review-saw-staff-less" // args "looked", "officers", "reviewers"
	sawWords    colophon.Code = "review-saw-words"      // args "entries", "least"
	sawBanks    colophon.Code = "review-saw-banks"      // args "looked", "fit"
	sawNoBank   colophon.Code = "review-saw-no-bank"    // no bank of test questions is approved
	sawBankLess colophon.Code = "review-saw-banks-less" // arg "looked": none of them is large enough
)

const (
	// runCounts is for how long an assessment run speaks for a model.
	runCounts = 365 * 24 * time.Hour
	// growthShare and growthLeast say what a marked growth is. The law names no figure; these are ours: half as many users
	// again as at the last assessment, and a thousand at least.
	growthShare, growthLeast = 0.5, 1000
)

// reviewQueries are the queries of security assessments that no duty has. Those of duties are asked by the same names.
func reviewQueries() map[string]query {
	return map[string]query{
		"staff-roles": (*Server).seeStaff, "tools-reviewed": (*Server).seeTools, "standard-keywords": (*Server).seeWords, "standard-banks": (*Server).seeBanks,
		"standard-evaluation": (*Server).seeOutput,
	}
}

// probed is the running system as security assessments ask it.
type probed struct{ *Server }

// Ask implements security.Source.
func (p probed) Ask(ctx context.Context, name string) (security.Answer, error) {
	ask, ok := reviewQueries()[name]
	if !ok {
		ask, ok = queries()[name]
	}
	if !ok {
		return security.Answer{}, &colophon.Error{Kind: colophon.Internal, Code: codeNoQuery, Args: colophon.Args{"probe": name}}
	}
	limited, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	found, err := ask(p.Server, limited, time.Now().UTC().Truncate(time.Millisecond))
	if err != nil {
		p.log.ErrorContext(ctx, "query of a security assessment", "query", name, "error", err)
		return security.Answer{}, err
	}
	return security.Answer{Verdict: found.verdict.String(), Why: found.code, Args: found.args, Count: found.looked, Against: max(found.against, len(found.amiss)), Of: sampleKind(name), Sample: shortened(append(slices.Clone(found.amiss), found.sample...))}, nil
}

// sampleKind says what the identifiers of a query name, where a page shows each of them.
func sampleKind(query string) string {
	switch query {
	case "staff-roles":
		return "staff"
	case "deliveries-logged", "judged", "label-read-back", "identity-held", "packs-ready":
		return "artefact"
	case "impact-assessed", "tools-reviewed":
		return "function"
	case "orders-effective":
		return "order"
	case "cases-in-time":
		return "case"
	case "reports-filed":
		return "report-duty"
	case "standard-banks":
		return "bank"
	}
	return ""
}

// seeStaff looks whether somebody answers for security, and somebody reviews content.
func (s *Server) seeStaff(ctx context.Context, _ time.Time) (saw, error) {
	kept := people.New(s.store, prover{s.recorder})
	officers, reviewers := 0, 0
	var c count
	err := every(func(after string) ([]staff.Account, string, error) {
		list, err := kept.Accounts(ctx, staff.ID(after), 200)
		if err != nil || len(list) < 200 {
			return list, "", err
		}
		return list, string(list[len(list)-1].ID), nil
	}, func(a staff.Account) error {
		if a.Disabled || len(a.Passkeys) == 0 && a.Password == "" && len(a.Identities) == 0 { // invited, and can't sign in yet
			return nil
		}
		if slices.Contains(a.Roles, staff.Officer) {
			officers++
		}
		if slices.Contains(a.Roles, staff.Reviewer) {
			reviewers++
		}
		c.look(string(a.ID), colophon.Passed)
		return nil
	})
	found := saw{verdict: good(officers > 0 && reviewers > 0), code: sawStaff, looked: c.looked, sample: c.sample,
		args: colophon.Args{"looked": strconv.Itoa(c.looked), "officers": strconv.Itoa(officers), "reviewers": strconv.Itoa(reviewers)}}
	if found.verdict == colophon.Failed {
		found.code = sawOneStaff
	}
	return found, err
}

// seeTools looks whether a review covers what serves each live function that makes or edits faces or voices, or counts as risky:
// one of the function itself, or of each algorithm that is described for it.
func (s *Server) seeTools(ctx context.Context, _ time.Time) (saw, error) {
	behind := map[string][]string{}
	err := every(func(after string) ([]algorithm.Entry, string, error) {
		return s.corpora.algorithms.Algorithms(ctx, []algorithm.State{algorithm.Active}, after, 200)
	}, func(e algorithm.Entry) error {
		for _, id := range e.Value.Functions {
			behind[id] = append(behind[id], e.ID)
		}
		return nil
	})
	if err != nil {
		return saw{}, err
	}
	var c count
	err = s.live(ctx, func(f register.Snapshot) error {
		if !f.High() {
			return nil
		}
		names := behind[f.ID]
		if len(names) == 0 {
			names = []string{f.ID}
		}
		v := colophon.Passed
		for _, name := range names {
			a, err := s.oversight.mechanism.State(ctx, name)
			switch {
			case a.State == mechanism.Current && err == nil:
			case err != nil || a.State == mechanism.Untold:
				if v == colophon.Passed {
					v = colophon.Unknown
				}
			default:
				v = colophon.Failed
			}
		}
		c.look(f.ID, v)
		return nil
	})
	return c.saw(), err
}

// seeWords looks whether the feature library has as many keywords as the standard wants.
func (s *Server) seeWords(context.Context, time.Time) (saw, error) {
	n := s.screens.curator.Current().Coverage().Words
	if n.Least == 0 {
		return saw{code: sawNothing}, nil
	}
	return saw{verdict: good(n.Enough()), code: sawWords, looked: n.Entries, args: colophon.Args{"entries": strconv.Itoa(n.Entries), "least": strconv.Itoa(n.Least)}}, nil
}

// seeBanks looks whether an approved bank has as many questions as each yardstick wants.
func (s *Server) seeBanks(ctx context.Context, _ time.Time) (saw, error) {
	list, _, err := s.runs.banks.Versions(ctx, []bank.State{bank.Approved}, "", querySample)
	if err != nil {
		return saw{}, err
	}
	if len(list) == 0 {
		return saw{verdict: colophon.Failed, code: sawNoBank}, nil
	}
	var c count
	for _, v := range list {
		b, err := s.runs.banks.Open(ctx, v.ID)
		if err != nil {
			return saw{}, err
		}
		c.look(v.ID, good(!slices.ContainsFunc(b.Coverage().Held, func(h bank.Held) bool { return h.Verdict == colophon.Failed })))
	}
	found := saw{verdict: colophon.Failed, code: sawBankLess, looked: c.looked, amiss: c.amiss, sample: c.sample, args: colophon.Args{"looked": strconv.Itoa(c.looked)}}
	if fit := c.looked - c.against; fit > 0 { // one that is large enough is what is asked for
		found.verdict, found.code, found.amiss, found.args["fit"] = colophon.Passed, sawBanks, nil, strconv.Itoa(fit)
	}
	return found, nil
}

// Now implements security.Source.
func (p probed) Now(ctx context.Context) (security.Baseline, error) {
	b := security.Baseline{Models: map[string]string{}}
	accounts, err := ledgers.Of[identity.Verification](p.store, identity.VerificationLedger).Count(ctx, ledger.Query{})
	if err != nil {
		return b, err
	}
	b.Accounts = accounts
	return b, every(func(after string) ([]register.Entry, string, error) {
		return p.functions.Functions(ctx, register.Query{After: after, Limit: 200})
	}, func(e register.Entry) error {
		b.Models[e.ID] = e.Value.Facts
		return nil
	})
}

// Watch implements security.Source.
func (p probed) Watch(ctx context.Context, since security.Baseline) ([]security.Signal, error) {
	list, err := p.watchFunctions(ctx, since)
	if err != nil {
		return nil, err
	}
	now, err := p.Now(ctx)
	if err != nil {
		return list, err
	}
	if more := now.Accounts - since.Accounts; !since.At.IsZero() && more >= growthLeast && float64(more) >= growthShare*float64(since.Accounts) {
		list = append(list, security.Signal{Kind: security.Growth, Ref: "since-" + since.At.UTC().Format(time.DateOnly), At: time.Now().UTC().Truncate(time.Millisecond)})
	}
	spread, err := p.watchSpread(ctx, since)
	if err != nil {
		return list, err
	}
	orders, err := p.watchOrders(ctx, since)
	return slices.Concat(list, spread, orders), err
}

// watchFunctions tells of services with the properties of a public forum: of their first function a launch, of others a new
// function, and of what was assessed and is another one since new technology.
func (p probed) watchFunctions(ctx context.Context, since security.Baseline) ([]security.Signal, error) {
	var list []security.Signal
	seen, opinion := map[string]bool{}, map[string]bool{}
	for id := range since.Models {
		switch e, err := p.functions.Function(ctx, id); {
		case err == nil:
			seen[e.Service] = true
		case !isMissing(err):
			return nil, err
		}
	}
	err := every(func(after string) ([]register.Entry, string, error) {
		return p.functions.Functions(ctx, register.Query{After: after, Limit: 200})
	}, func(e register.Entry) error {
		if register.State(e.State) == register.Retired {
			return nil
		}
		if _, known := opinion[e.Value.Service]; !known {
			of, err := p.functions.Service(ctx, e.Value.Service)
			if err != nil {
				return err
			}
			opinion[e.Value.Service] = of.Value.Opinion
		}
		if !opinion[e.Value.Service] {
			return nil
		}
		facts, assessed := since.Models[e.ID]
		one := security.Signal{Ref: e.ID, At: e.Made, Live: e.Value.Live}
		switch {
		case !assessed && !seen[e.Value.Service]:
			one.Kind, one.Ref, seen[e.Value.Service] = security.Launch, e.Value.Service, true
		case !assessed:
			one.Kind = security.Function
		case facts != e.Value.Facts:
			one.Kind, one.Ref, one.At = security.Technology, e.ID+"@"+e.Value.Facts[:min(12, len(e.Value.Facts))], e.Changed
			if !one.Live.IsZero() { // it was live already when it changed
				one.Live = e.Changed
			}
		default:
			return nil
		}
		list = append(list, one)
		return nil
	})
	return list, err
}

// watchSpread tells of incidents in which illegal content spread.
func (p probed) watchSpread(ctx context.Context, since security.Baseline) ([]security.Signal, error) {
	var list []security.Signal
	err := every(func(after string) ([]report.Incident, string, error) {
		return p.incidents.Incidents(ctx, report.Query{Kind: report.Content, After: after, Limit: 200})
	}, func(v report.Incident) error {
		if !v.Made.After(since.At) { // the newest come first
			return errEnough
		}
		list = append(list, security.Signal{Kind: security.Spread, Ref: v.ID, At: v.Knew})
		return nil
	})
	return list, err
}

// watchOrders tells of control orders that go back to the word of an authority: that is a notice in writing.
func (p probed) watchOrders(ctx context.Context, since security.Baseline) ([]security.Signal, error) {
	var list []security.Signal
	err := every(func(after string) ([]incident.Entry, string, error) {
		return p.orders.Page(ctx, ledger.Query{Newest: true, After: after, Limit: 200})
	}, func(e incident.Entry) error {
		if !e.Made.After(since.At) {
			return errEnough
		}
		if e.Value.Basis == incident.Authority && !e.Value.Drill {
			list = append(list, security.Signal{Kind: security.Notice, Ref: e.ID, At: e.Made})
		}
		return nil
	})
	return list, err
}
