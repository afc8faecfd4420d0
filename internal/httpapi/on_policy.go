package httpapi

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/staff"
)

// PolicyRow is one row of the decision table. A cell is * for everything, or words separated by |.
type PolicyRow struct {
	ID       string `json:"id" maxLength:"64" doc:"Identifier, once in a table." example:"gambling-block"`
	Category string `json:"category" maxLength:"4096" doc:"Categories of the taxonomy." example:"gambling|fraud"`
	Level    string `json:"level" maxLength:"4096" doc:"Levels of a finding: note, review, block; unknown where a check did not run." example:"block"`
	Surface  string `json:"surface" maxLength:"4096" doc:"Where content stands: input, output, upload." example:"*"`
	Class    string `json:"class" maxLength:"4096" doc:"Classes of accounts." example:"*"`
	When     string `json:"when,omitempty" maxLength:"1024" doc:"A further condition in CEL over category, level, surface, class, check, how, fn (the function), runes, score and distance." example:"how == 'sound' && runes >= 4"`
	Action   string `json:"action" enum:"allow,label,limit,review,refuse" doc:"What is done. Of several findings the severest action counts."`
	Help     string `json:"help,omitempty" maxLength:"64" doc:"Name of what the person is told in addition."`
	Reason   string `json:"reason" maxLength:"1024" doc:"Why, for whoever reads the table."`
}

// PolicyFact is what a row sees of one finding.
type PolicyFact struct {
	Category string  `json:"category" maxLength:"64" doc:"Category of the taxonomy."`
	Level    string  `json:"level" enum:"note,review,block,unknown" doc:"How much it weighs."`
	Surface  string  `json:"surface,omitempty" enum:"input,output,upload" doc:"Where the content stands."`
	Class    string  `json:"class,omitempty" maxLength:"64" doc:"Class of the account."`
	Check    string  `json:"check,omitempty" maxLength:"64" doc:"Which check saw it."`
	How      string  `json:"how,omitempty" maxLength:"64" doc:"Pass of a keyword: plain, sound, loose."`
	Function string  `json:"function,omitempty" maxLength:"64" doc:"The function that it is of."`
	Runes    int     `json:"runes,omitempty" minimum:"0" doc:"Length of the feature; of one found by its sound, in syllables."`
	Score    float64 `json:"score,omitempty" minimum:"0" maximum:"1" doc:"From a classifier."`
	Distance int     `json:"distance,omitempty" minimum:"0" doc:"From a picture of the library, in bits."`
}

// PolicyCase is a recorded judgement and what has to come of it.
type PolicyCase struct {
	Name  string       `json:"name" maxLength:"64" doc:"Name, once in a table."`
	Facts []PolicyFact `json:"facts" nullable:"false" maxItems:"200" doc:"What was seen."`
	Want  string       `json:"want" enum:"allow,label,limit,review,refuse" doc:"What has to be decided."`
}

// PolicyTable is a decision table.
type PolicyTable struct {
	Version string       `json:"version" minLength:"1" maxLength:"64" pattern:"^[0-9a-z-]+$" patternDescription:"lower-case letters, digits and hyphens" doc:"Name of the version; it never means another table."`
	Made    *time.Time   `json:"made,omitempty" readOnly:"true" doc:"When it was made."`
	By      string       `json:"by,omitempty" readOnly:"true" doc:"Who made it."`
	Rows    []PolicyRow  `json:"rows" nullable:"false" minItems:"1" maxItems:"500" doc:"Rows; the first that fits a finding decides about it."`
	Cases   []PolicyCase `json:"cases" nullable:"false" maxItems:"5000" doc:"Cases that must come out as they say."`
}

// PolicyChange counts judgements in which one action becomes another.
type PolicyChange struct {
	Category string   `json:"category,omitempty" doc:"Whose findings are decided otherwise; absent for the judgement as a whole."`
	From     string   `json:"from" doc:"Action by the table in force."`
	To       string   `json:"to" doc:"Action by the version."`
	Count    int      `json:"count" doc:"Judgements."`
	Examples []string `json:"examples" nullable:"false" doc:"Identifiers of some, the newest."`
}

// PolicyComparison says what a version would decide otherwise than the table in force.
type PolicyComparison struct {
	Against    string         `json:"against" doc:"Version that it was compared with."`
	By         string         `json:"by" doc:"Staff account that compared."`
	At         time.Time      `json:"at" doc:"When."`
	From       time.Time      `json:"from" doc:"Beginning of the days."`
	To         time.Time      `json:"to" doc:"End of the days."`
	Judgements int            `json:"judgements" doc:"Judgements with findings; the others are allowed by every table."`
	Whole      bool           `json:"whole" doc:"No judgement of these days was left out."`
	Stricter   int            `json:"stricter" doc:"Judgements whose action becomes severer."`
	Milder     int            `json:"milder" doc:"Judgements whose action becomes milder."`
	Changes    []PolicyChange `json:"changes" nullable:"false" doc:"By category and actions."`
}

// PolicyRelease says that a version was put in force.
type PolicyRelease struct {
	Number int64     `json:"number" doc:"Counts from 1 over all versions."`
	By     string    `json:"by" doc:"Staff account."`
	At     time.Time `json:"at" doc:"When."`
}

// PolicyVersion is a table with its history.
type PolicyVersion struct {
	Table      PolicyTable       `json:"table" doc:"The table."`
	Digest     string            `json:"digest" doc:"SHA-256 of the table as canonical JSON, in hexadecimal."`
	Origin     string            `json:"origin,omitempty" doc:"Name of the key that signed it, where it was imported."`
	Reason     string            `json:"reason" doc:"Why it was proposed."`
	By         string            `json:"by" doc:"Staff account that proposed it."`
	At         time.Time         `json:"at" doc:"When it was proposed."`
	Comparison *PolicyComparison `json:"comparison,omitempty" doc:"The last dry run."`
	Releases   []PolicyRelease   `json:"releases" nullable:"false" doc:"When it was put in force."`
}

func viewTable(t policy.Table) PolicyTable {
	v := PolicyTable{Version: t.Version, Made: set(t.Made), By: t.By, Rows: []PolicyRow{}, Cases: []PolicyCase{}}
	for _, r := range t.Rows {
		v.Rows = append(v.Rows, PolicyRow{r.ID, r.Category, r.Level, r.Surface, r.Class, r.When, r.Action.String(), r.Help, r.Reason})
	}
	for _, c := range t.Cases {
		k := PolicyCase{c.Name, []PolicyFact{}, c.Want.String()}
		for _, f := range c.Facts {
			k.Facts = append(k.Facts, viewFact(f))
		}
		v.Cases = append(v.Cases, k)
	}
	return v
}

func viewFact(f policy.Fact) PolicyFact {
	return PolicyFact{f.Category, string(f.Level), f.Surface, f.Class, f.Check, f.How, f.Function, f.Runes, f.Score, f.Distance}
}

// table reads a table from the request; the keeper says by whom it was made and when.
func (v PolicyTable) table() policy.Table {
	t := policy.Table{Version: v.Version}
	for _, r := range v.Rows {
		action, _ := policy.ParseAction(r.Action) // the schema has none else
		t.Rows = append(t.Rows, policy.Row{ID: r.ID, Category: r.Category, Level: r.Level, Surface: r.Surface, Class: r.Class, When: r.When, Action: action, Help: r.Help, Reason: r.Reason})
	}
	for _, c := range v.Cases {
		want, _ := policy.ParseAction(c.Want)
		k := policy.Case{Name: c.Name, Want: want}
		for _, f := range c.Facts {
			k.Facts = append(k.Facts, policy.Fact{Category: f.Category, Level: policy.Level(f.Level), Surface: f.Surface, Class: f.Class, Check: f.Check, How: f.How,
				Function: f.Function, Runes: f.Runes, Score: f.Score, Distance: f.Distance})
		}
		t.Cases = append(t.Cases, k)
	}
	return t
}

func viewVersion(p policy.Version) PolicyVersion {
	v := PolicyVersion{Table: viewTable(p.Table), Digest: hex.EncodeToString(p.Digest[:]), Origin: p.Origin, Reason: p.Reason, By: p.By, At: p.At, Releases: []PolicyRelease{}}
	for _, r := range p.Releases {
		v.Releases = append(v.Releases, PolicyRelease{r.Number, r.By, r.At})
	}
	if p.Comparison != nil {
		c := viewComparison(*p.Comparison)
		v.Comparison = &c
	}
	return v
}

func viewComparison(c policy.Comparison) PolicyComparison {
	v := PolicyComparison{c.Against, c.By, c.At, c.From, c.To, c.Judgements, c.Whole, c.Stricter, c.Milder, []PolicyChange{}}
	for _, x := range c.Changes {
		v.Changes = append(v.Changes, PolicyChange{x.Category, x.From.String(), x.To.String(), x.Count, append([]string{}, x.Examples...)})
	}
	return v
}

// officer is the asker as the keeper of policies knows people.
func officer(ctx context.Context) policy.Actor {
	by := askerOf(ctx).by
	return policy.Actor{ID: by.ID, Role: by.Role}
}

type policyOutput struct {
	Body struct {
		Version string      `json:"version" doc:"Version in force."`
		Shipped bool        `json:"shipped" doc:"It is the table that the program comes with, and nobody released another."`
		Table   PolicyTable `json:"table" doc:"The table."`
	}
}

func (s *server) policy(ctx context.Context, _ *struct{}) (*policyOutput, error) {
	out := &policyOutput{}
	now := s.Policies.Current()
	released, err := s.Policies.Versions(ctx, policy.VersionQuery{InForce: true, Limit: 1})
	out.Body.Version, out.Body.Shipped, out.Body.Table = now.Version(), len(released) == 0, viewTable(now.Table())
	return out, err
}

type policiesOutput struct {
	Body struct {
		Versions []PolicyVersion `json:"versions" nullable:"false" doc:"The last proposed first."`
		Next     string          `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

type policiesInput struct {
	Page
	State string `query:"state" enum:"offered" doc:"offered leaves those alone that wait: proposed since the last release, and never released."`
}

func (s *server) policies(ctx context.Context, in *policiesInput) (*policiesOutput, error) {
	after, err := policy.ParsePlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := s.Policies.Versions(ctx, policy.VersionQuery{Offered: in.State == "offered", After: after, Limit: in.Limit})
	out := &policiesOutput{}
	out.Body.Versions = []PolicyVersion{}
	for _, v := range list {
		out.Body.Versions = append(out.Body.Versions, viewVersion(v))
	}
	if len(list) == in.Limit {
		last := list[len(list)-1]
		out.Body.Next = policy.Place{At: last.At, Name: last.Table.Version}.String()
	}
	return out, err
}

type policyVersionOutput struct {
	Replayed
	Body PolicyVersion
}

func (s *server) policyVersion(ctx context.Context, in *Named) (*policyVersionOutput, error) {
	v, err := s.Policies.Version(ctx, in.ID)
	return &policyVersionOutput{Body: viewVersion(v)}, err
}

type proposePolicyInput struct {
	Keyed
	Body struct {
		Table  PolicyTable `json:"table" doc:"The table."`
		Reason string      `json:"reason" minLength:"1" maxLength:"1024" doc:"Why it is proposed."`
	}
}

func (s *server) proposePolicy(ctx context.Context, in *proposePolicyInput) (*policyVersionOutput, error) {
	v, err := s.Policies.Propose(ctx, officer(ctx), in.Body.Table.table(), in.Body.Reason)
	return &policyVersionOutput{Body: viewVersion(v)}, err
}

type comparePolicyInput struct {
	Keyed
	Named
	Body struct {
		Days int `json:"days" minimum:"1" maximum:"400" default:"30" doc:"Over the judgements of so many days."`
	}
}

type comparePolicyOutput struct {
	Replayed
	Body PolicyComparison
}

func (s *server) comparePolicy(ctx context.Context, in *comparePolicyInput) (*comparePolicyOutput, error) {
	c, err := s.Policies.Compare(ctx, officer(ctx), in.ID, in.Body.Days)
	return &comparePolicyOutput{Body: viewComparison(c)}, err
}

type releasePolicyInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"1024" doc:"Why it is put in force."`
	}
}

type releasePolicyOutput struct {
	Replayed
	Body PolicyRelease
}

func (s *server) releasePolicy(ctx context.Context, in *releasePolicyInput) (*releasePolicyOutput, error) {
	r, err := s.Policies.Release(ctx, officer(ctx), in.ID, in.Body.Reason)
	return &releasePolicyOutput{Body: PolicyRelease{r.Number, r.By, r.At}}, err
}

// exportPolicy hands out a version as a signed note, which another deployment that trusts the key imports.
func (s *server) exportPolicy(ctx context.Context, in *Named) (*stream, error) {
	v, err := s.Policies.Version(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	file, err := policy.Export(v.Table, s.Shelf.Signer)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="policy-`+fileName(in.ID)+`.txt"`)
		w.Write(file) //nolint:errcheck // nobody is left to be told
	}), nil
}

type importPolicyInput struct {
	Upload
	Reason string `query:"reason" required:"true" minLength:"1" maxLength:"1024" doc:"Why it is proposed."`
}

// importPolicy proposes a table that a trusted key signed.
func (s *server) importPolicy(ctx context.Context, in *importPolicyInput) (*policyVersionOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	file, err := io.ReadAll(io.LimitReader(body, policy.MaxTable+1))
	if err != nil {
		return nil, err
	}
	v, err := s.Policies.Import(ctx, officer(ctx), file, in.Reason, s.Shelf.Trusted...)
	return &policyVersionOutput{Body: viewVersion(v)}, err
}

type judgementsInput struct {
	Page
	ID       string           `query:"id" maxLength:"64" doc:"Identifier of one judgement."`
	From     time.Time        `query:"from" doc:"At or after this."`
	To       time.Time        `query:"to" doc:"Before this."`
	Action   string           `query:"action" enum:"allow,label,limit,review,refuse" doc:"What was decided."`
	Category string           `query:"category" maxLength:"64" doc:"Something of this category was found."`
	Verdicts []string         `query:"verdict,explode" nullable:"false" maxItems:"3" enum:"passed,failed,could-not-tell" doc:"What was found; may be repeated."`
	Surface  string           `query:"surface" enum:"input,output,upload" doc:"Where the content stood."`
	Subject  evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of an account."`
	About    string           `query:"about" maxLength:"256" doc:"What was judged, such as a content number."`
}

// Judged is a judgement as it is kept: what was decided and by which facts, without any text.
type Judged struct {
	ID       string           `json:"id" doc:"Identifier."`
	At       time.Time        `json:"at" doc:"When."`
	Subject  evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	Surface  string           `json:"surface" doc:"Where the content stood."`
	Class    string           `json:"class,omitempty" doc:"Class of the account."`
	Function string           `json:"function,omitempty" doc:"The function that it is of."`
	Action   string           `json:"action" doc:"What was decided."`
	Verdict  string           `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Passed only where every check that had to run did."`
	Policy   string           `json:"policy" doc:"Version of the policy."`
	Library  string           `json:"library" doc:"Version of the feature library."`
	Facts    []PolicyFact     `json:"facts" nullable:"false" doc:"What the policy was asked about."`
}

type judgementsOutput struct {
	Body struct {
		Judgements []Judged `json:"judgements" nullable:"false" doc:"The newest first."`
		Next       string   `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

// verdicts are those that have names.
func verdicts(names []string) (list []colophon.Verdict) {
	for _, v := range []colophon.Verdict{colophon.Unknown, colophon.Passed, colophon.Failed} {
		if slices.Contains(names, v.String()) {
			list = append(list, v)
		}
	}
	return list
}

func (s *server) judgements(ctx context.Context, in *judgementsInput) (*judgementsOutput, error) {
	if err := askerOf(ctx).mayOfAll(staff.ScreenRead); err != nil {
		return nil, err
	}
	after, err := policy.ParsePlace(in.Cursor)
	if err != nil {
		return nil, err
	}
	action, _ := policy.ParseAction(in.Action)
	list, err := s.Policies.Past(ctx, policy.PastQuery{ID: in.ID, From: in.From, To: in.To, Action: action, Category: in.Category, Subject: in.Subject, About: in.About, Surface: in.Surface, Verdicts: verdicts(in.Verdicts), After: after, Limit: in.Limit})
	out := &judgementsOutput{}
	out.Body.Judgements = []Judged{}
	for _, j := range list {
		v := Judged{j.ID, j.At, j.Subject, j.Surface, j.Class, j.Function, j.Action.String(), j.Verdict.String(), j.Policy, j.Library, []PolicyFact{}}
		for _, f := range j.Facts {
			v.Facts = append(v.Facts, viewFact(f))
		}
		out.Body.Judgements = append(out.Body.Judgements, v)
	}
	if len(list) == in.Limit {
		last := list[len(list)-1]
		out.Body.Next = policy.Place{At: last.At, Name: last.ID}.String()
	}
	return out, err
}
