package httpapi

import (
	"context"
	"encoding/csv"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

func limitsRoutes() []route {
	return []route{
		{get, "/v1/limits", "limits", staff.DeskRead, "desk", 0, 200, do((*server).limitsList), "List versions of the time limits, the newest first", 0},
		{get, "/v1/limits/{id}", "limits-version", staff.DeskRead, "desk", 0, 200, do((*server).limitsOne), "Show a version of the time limits", 0},
		{post, "/v1/limits", "draft-limits", staff.LimitsWrite, "desk", small, 201, once((*server).draftLimits), "Draft time limits", 0},
		{post, "/v1/limits/{id}:publish", "publish-limits", staff.LimitsPublish, "desk", small, 200, once((*server).publishLimits), "Publish what somebody else drafted", 0},
		{post, "/v1/limits/{id}:withdraw", "withdraw-limits", staff.LimitsWrite, "desk", small, 200, once((*server).withdrawLimits), "Take a draft back", 0},
	}
}

// CaseTerm is a length of time.
type CaseTerm struct {
	Hours int `json:"hours,omitempty" minimum:"0" maximum:"8760" doc:"Hours by the clock on the wall; or else days."`
	Days  int `json:"days,omitempty" minimum:"0" maximum:"365" doc:"Working days."`
}

// CaseLimits are the limits of one kind of case.
type CaseLimits struct {
	Kind        string          `json:"kind" maxLength:"64" doc:"Kind of case." example:"likeness"`
	Urgent      bool            `json:"urgent,omitempty" doc:"They count for content of minors and for intimate content without consent."`
	Acknowledge CaseTerm        `json:"acknowledge" doc:"From receipt until it is accepted."`
	Decide      CaseTerm        `json:"decide" doc:"From receipt until it is decided, without pauses."`
	Feedback    CaseTerm        `json:"feedback" doc:"From the decision until it is told."`
	Appeal      *CaseTerm       `json:"appeal,omitempty" doc:"From then, for how long it can be appealed; absent where the decision is the last."`
	Pauses      []colophon.Code `json:"pauses,omitempty" nullable:"false" maxItems:"3" enum:"desk-wait-reporter,desk-wait-authority,desk-wait-other" doc:"For whom the clock of the decision stands still."`
}

func viewCaseTable(t limits.Table) []CaseLimits {
	out := []CaseLimits{}
	for _, r := range t {
		v := CaseLimits{r.Kind, r.Urgent, CaseTerm(r.Acknowledge), CaseTerm(r.Decide), CaseTerm(r.Feedback), nil, r.Pauses}
		if !r.Appeal.None() {
			appeal := CaseTerm(r.Appeal)
			v.Appeal = &appeal
		}
		out = append(out, v)
	}
	return out
}

// LimitsVersion is a table of limits with its history.
type LimitsVersion struct {
	ID        string       `json:"id,omitempty" doc:"Identifier; absent for the starter table."`
	State     limits.State `json:"state" enum:"draft,published,withdrawn" doc:"Where it is."`
	Number    int          `json:"number,omitempty" doc:"Number of a published version; absent for a draft and for the starter table."`
	Starter   bool         `json:"starter,omitempty" doc:"It came with the program, and nobody published it."`
	Reason    string       `json:"reason,omitempty" doc:"What changed and why."`
	Author    string       `json:"author,omitempty" doc:"Staff account that drafted it."`
	Publisher string       `json:"publisher,omitempty" doc:"Staff account that published it."`
	Effective *time.Time   `json:"effective,omitempty" doc:"From when it counts."`
	Limits    []CaseLimits `json:"limits" nullable:"false" doc:"The table."`
}

func viewLimits(v limits.Version) LimitsVersion {
	return LimitsVersion{v.ID, v.State, v.Number, v.Starter, v.Reason, v.Author, v.Publisher, set(v.Effective), viewCaseTable(v.Table)}
}

type limitsListOutput struct {
	Body struct {
		Versions []LimitsVersion `json:"versions" nullable:"false" doc:"The newest first."`
		Next     string          `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) limitsList(ctx context.Context, in *Page) (*limitsListOutput, error) {
	list, next, err := s.CaseLimits.Versions(ctx, in.Cursor, in.Limit)
	out := &limitsListOutput{}
	out.Body.Versions, out.Body.Next = []LimitsVersion{}, next
	for _, v := range list {
		out.Body.Versions = append(out.Body.Versions, viewLimits(v))
	}
	return out, err
}

type limitsOutput struct {
	Replayed
	Body LimitsVersion
}

func shownLimits(v limits.Version, err error) (*limitsOutput, error) {
	if err != nil {
		return nil, err
	}
	return &limitsOutput{Body: viewLimits(v)}, nil
}

func (s *server) limitsOne(ctx context.Context, in *Named) (*limitsOutput, error) {
	return shownLimits(s.CaseLimits.Version(ctx, in.ID))
}

type draftLimitsInput struct {
	Keyed
	Body struct {
		Limits []CaseLimits `json:"limits" nullable:"false" minItems:"1" maxItems:"50" doc:"A row for each kind, and a second one where urgent content has its own."`
		Reason string       `json:"reason" minLength:"1" maxLength:"2048" doc:"What changes and why. It is published."`
	}
}

func (s *server) draftLimits(ctx context.Context, in *draftLimitsInput) (*limitsOutput, error) {
	var table limits.Table
	for _, r := range in.Body.Limits {
		row := limits.Row{Kind: r.Kind, Urgent: r.Urgent, Acknowledge: limits.Term(r.Acknowledge), Decide: limits.Term(r.Decide), Feedback: limits.Term(r.Feedback), Pauses: r.Pauses}
		if r.Appeal != nil {
			row.Appeal = limits.Term(*r.Appeal)
		}
		table = append(table, row)
	}
	return shownLimits(s.CaseLimits.Draft(ctx, ledgerBy(ctx), table, in.Body.Reason))
}

type publishLimitsInput struct {
	Keyed
	Named
	Body struct {
		Effective time.Time `json:"effective,omitzero" doc:"From when it counts; without it at once. Cases that came in before run by what counted then."`
	}
}

func (s *server) publishLimits(ctx context.Context, in *publishLimitsInput) (*limitsOutput, error) {
	return shownLimits(s.CaseLimits.Publish(ctx, ledgerBy(ctx), in.ID, in.Body.Effective))
}

func (s *server) withdrawLimits(ctx context.Context, in *judgeInput) (*limitsOutput, error) {
	return shownLimits(s.CaseLimits.Withdraw(ctx, ledgerBy(ctx), in.ID))
}

// PublicLimits are the limits as everybody may know them.
type PublicLimits struct {
	Number    int          `json:"number,omitempty" doc:"Number of the version; absent for the starter table."`
	Starter   bool         `json:"starter,omitempty" doc:"The table that came with the program; the provider published none."`
	Reason    string       `json:"reason,omitempty" doc:"What changed and why."`
	Effective *time.Time   `json:"effective,omitempty" doc:"From when it counts."`
	Limits    []CaseLimits `json:"limits" nullable:"false" doc:"The table."`
}

func publicLimits(v limits.Version) PublicLimits {
	return PublicLimits{v.Number, v.Starter, v.Reason, set(v.Effective), viewCaseTable(v.Table)}
}

type publicLimitsOutput struct {
	Body struct {
		InForce  PublicLimits   `json:"in_force" doc:"What counts for a case that comes in now."`
		Versions []PublicLimits `json:"versions" nullable:"false" doc:"All that was published, by number; those too that do not count yet."`
	}
}

func (s *server) publicLimits(ctx context.Context, _ *nothing) (*publicLimitsOutput, error) {
	out := &publicLimitsOutput{}
	now, err := s.CaseLimits.InForce(ctx, s.Desk.Now())
	if err != nil {
		return nil, err
	}
	out.Body.InForce, out.Body.Versions = publicLimits(now), []PublicLimits{}
	list, err := s.CaseLimits.Published(ctx)
	for _, v := range list {
		out.Body.Versions = append(out.Body.Versions, publicLimits(v))
	}
	return out, err
}

// CaseFigure counts cases by what happened in a month.
type CaseFigure struct {
	Kind         desk.Kind            `json:"kind,omitempty" doc:"Of which kind; absent for all."`
	Received     int                  `json:"received" doc:"Came in."`
	Anonymous    int                  `json:"anonymous" doc:"Of those: nothing is known of who came."`
	Joined       int                  `json:"joined" doc:"Of those: joined to an earlier case."`
	Withdrawn    int                  `json:"withdrawn" doc:"Of those: withdrawn."`
	Acknowledged int                  `json:"acknowledged" doc:"Were accepted."`
	AckInTime    int                  `json:"acknowledged_in_time" doc:"Of those: in time."`
	Decided      int                  `json:"decided" doc:"Were decided."`
	InTime       int                  `json:"decided_in_time" doc:"Of those: in time."`
	Unsure       int                  `json:"unsure" doc:"Of those: the limit fell into a year whose holidays are not known."`
	Told         int                  `json:"told" doc:"Were told."`
	ToldInTime   int                  `json:"told_in_time" doc:"Of those: in time."`
	Breached     int                  `json:"breached" doc:"Missed a limit."`
	Outcomes     map[desk.Outcome]int `json:"outcomes" doc:"Of those decided, by what came of it."`
	Overturned   int                  `json:"overturned" doc:"Of those decided: changed or reversed on an appeal since."`
	MedianAck    int64                `json:"median_acknowledged_seconds" doc:"Median time from receipt until it was accepted, in seconds."`
	MedianDecide int64                `json:"median_decided_seconds" doc:"Median time from receipt until it was decided, in seconds."`
}

// CaseQuery says how a figure is counted.
type CaseQuery struct {
	Figure   string        `json:"figure" doc:"The figure."`
	Code     colophon.Code `json:"code" doc:"What it means, for programs."`
	Sentence string        `json:"sentence" doc:"For people, in the language that was asked for."`
	Filter   string        `json:"filter" doc:"The filter over the ledger."`
}

// MonthFigures say what the desk did in one month of Beijing time.
type MonthFigures struct {
	Month   string       `json:"month" doc:"The month." example:"2026-11"`
	All     CaseFigure   `json:"all" doc:"Of all kinds."`
	Kinds   []CaseFigure `json:"kinds" nullable:"false" doc:"Of each kind."`
	Queries []CaseQuery  `json:"queries" nullable:"false" doc:"How each figure is counted."`
}

func viewFigure(k desk.Kind, f desk.Figure) CaseFigure {
	return CaseFigure{k, f.Received, f.Anonymous, f.Joined, f.Withdrawn, f.Acknowledged, f.AckInTime, f.Decided, f.InTime, f.Unsure, f.Told, f.ToldInTime, f.Breached, f.Outcomes, f.Overturned,
		int64(f.MedianAck / time.Second), int64(f.MedianDecide / time.Second)}
}

type monthInput struct {
	Month  string `query:"month" required:"true" pattern:"^[0-9]{4}-[0-9]{2}$" patternDescription:"a month such as 2026-11" doc:"Month in Beijing time." example:"2026-11"`
	Format string `query:"format" enum:"json,csv" default:"json" doc:"As JSON, or as a table of lines month, kind, figure, value."`
}

func (s *server) publicFigures(ctx context.Context, in *monthInput) (*stream, error) {
	f, err := s.Desk.Figures(ctx, in.Month)
	if err != nil {
		return nil, err
	}
	say := printer(askerOf(ctx).language)
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		if in.Format == "csv" {
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			writeFigures(w, f)
			return
		}
		writeJSON(w, http.StatusOK, viewFigures(say, f))
	}), nil
}

func viewFigures(say *locale.Printer, f desk.Figures) MonthFigures {
	v := MonthFigures{Month: f.Month, All: viewFigure("", f.All), Kinds: []CaseFigure{}, Queries: []CaseQuery{}}
	for _, k := range f.Kinds {
		v.Kinds = append(v.Kinds, viewFigure(k.Kind, k.Figure))
	}
	for _, q := range f.Queries {
		v.Queries = append(v.Queries, CaseQuery{q.Figure, q.Means, say.Code(q.Means, nil), q.Filter})
	}
	return v
}

// writeFigures writes figures as CSV, a line for each.
func writeFigures(w http.ResponseWriter, f desk.Figures) {
	out := csv.NewWriter(w)
	line := func(kind, figure string, n int64) {
		out.Write([]string{f.Month, kind, figure, strconv.FormatInt(n, 10)}) //nolint:errcheck // nobody is left to be told
	}
	out.Write([]string{"month", "kind", "figure", "value"}) //nolint:errcheck // likewise
	for _, k := range append([]desk.KindFigure{{Kind: "all", Figure: f.All}}, f.Kinds...) {
		v := viewFigure(k.Kind, k.Figure)
		for _, one := range []struct {
			name string
			n    int
		}{{"received", v.Received}, {"anonymous", v.Anonymous}, {"joined", v.Joined}, {"withdrawn", v.Withdrawn}, {"acknowledged", v.Acknowledged}, {"acknowledged_in_time", v.AckInTime}, {"decided", v.Decided},
			{"decided_in_time", v.InTime}, {"unsure", v.Unsure}, {"told", v.Told}, {"told_in_time", v.ToldInTime}, {"breached", v.Breached}, {"overturned", v.Overturned}} {
			line(string(k.Kind), one.name, int64(one.n))
		}
		for _, o := range slices.Concat(desk.Report.Outcomes(), desk.Appeal.Outcomes()) {
			line(string(k.Kind), "outcome_"+string(o), int64(v.Outcomes[o]))
		}
		line(string(k.Kind), "median_acknowledged_seconds", v.MedianAck)
		line(string(k.Kind), "median_decided_seconds", v.MedianDecide)
	}
	out.Flush()
}
