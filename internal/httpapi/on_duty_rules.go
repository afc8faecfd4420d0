package httpapi

import (
	"context"
	"time"

	rulebook "github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/staff"
)

func systemRoutes() []route {
	return []route{
		{get, "/v1/systems", "systems", staff.SystemsRead, "duties", 0, 200, do((*server).systems), "List the provider's systems of rules with the version that is in force of each", 0},
		{get, "/v1/system-versions", "system-versions", staff.SystemsRead, "duties", 0, 200, do((*server).systemVersions), "List versions of systems of rules, the newest first", 0},
		{post, "/v1/system-versions", "draft-system", staff.SystemsWrite, "duties", large, 201, once((*server).draftSystem), "Write a version of a system of rules", 0},
		{get, "/v1/system-versions/{id}", "system-version", staff.SystemsRead, "duties", 0, 200, do((*server).systemVersion), "Show a version of a system of rules", 0},
		{post, "/v1/system-versions/{id}:approve", "approve-system", staff.SystemsApprove, "duties", small, 200, once((*server).approveSystem), "Put in force what somebody else wrote", 0},
		{post, "/v1/system-versions/{id}:withdraw", "withdraw-system", staff.SystemsWrite, "duties", small, 200, once((*server).withdrawSystem), "Take a draft back", 0},
		{post, "/v1/system-versions/{id}:review", "review-system", staff.SystemsApprove, "duties", small, 200, once((*server).reviewSystem), "Say that a version still fits, and when it is looked at next", 0},
		{get, "/v1/public/systems", "public-systems", "", "duties", 0, 200, do((*server).publicSystems), "The systems of rules that the provider publishes, as they are in force", 0},
	}
}

// SystemReview says that somebody looked whether a version still fits.
type SystemReview struct {
	At   time.Time `json:"at" doc:"When."`
	By   string    `json:"by" doc:"Staff account."`
	Note string    `json:"note" doc:"What was found."`
	Next string    `json:"next" doc:"The next day of review."`
}

// SystemVersion is a version of a system of rules.
type SystemVersion struct {
	ID        string          `json:"id" doc:"Identifier."`
	State     rulebook.State  `json:"state" enum:"draft,approved,withdrawn" doc:"Where it is."`
	System    rulebook.System `json:"system" doc:"System of rules." example:"data-security"`
	Number    int             `json:"number,omitempty" doc:"Of approved versions of the system, from 1; absent before."`
	Title     string          `json:"title" doc:"Title."`
	Text      string          `json:"text" doc:"In Chinese, as Markdown."`
	English   string          `json:"english,omitempty" doc:"A translation."`
	Public    bool            `json:"public" doc:"Everybody may read it while it is in force."`
	Owner     string          `json:"owner" doc:"Staff account that answers for it."`
	Review    string          `json:"review" doc:"The day by which it is to be reviewed, in Beijing."`
	Change    string          `json:"change" doc:"What changed and why."`
	Digest    string          `json:"digest" doc:"SHA-256 of the document's canonical JSON, in hexadecimal."`
	Author    string          `json:"author" doc:"Staff account that wrote it."`
	Approver  string          `json:"approver,omitempty" doc:"Staff account that approved it."`
	Effective *time.Time      `json:"effective,omitempty" doc:"Since when it is in force."`
	Reviews   []SystemReview  `json:"reviews" nullable:"false" doc:"In their order."`
}

func viewSystem(v rulebook.Version) SystemVersion {
	d := v.Document
	out := SystemVersion{v.ID, v.State, d.System, v.Number, d.Title, d.Text, d.English, d.Public, d.Owner, d.Review, d.Change, v.Digest, v.Author, v.Approver, set(v.Effective), []SystemReview{}}
	for _, r := range v.Reviews {
		out.Reviews = append(out.Reviews, SystemReview(r))
	}
	return out
}

// SystemStanding says how a system of rules stands.
type SystemStanding struct {
	System  rulebook.System `json:"system" doc:"System of rules." example:"data-security"`
	Verdict string          `json:"verdict" enum:"passed,failed" doc:"passed: a version is in force, and its review is not over."`
	Until   *time.Time      `json:"until,omitempty" doc:"When its review is over."`
	Version *SystemVersion  `json:"version,omitempty" doc:"In force; absent for none."`
}

type systemsInput struct {
	At time.Time `query:"at" doc:"When it is asked for; now where it is left out."`
}

type systemsOutput struct {
	Body struct {
		Systems []SystemStanding `json:"systems" nullable:"false" doc:"The eight of Deep Synthesis Provisions Art. 7, then the two texts of Generative AI Measures Art. 10."`
	}
}

func (s *server) systems(ctx context.Context, in *systemsInput) (*systemsOutput, error) {
	if in.At.IsZero() {
		in.At = s.Duties.Now()
	}
	list, err := s.Rulebook.Standings(ctx, in.At)
	out := &systemsOutput{}
	out.Body.Systems = []SystemStanding{}
	for _, st := range list {
		v := SystemStanding{System: st.System, Verdict: st.Verdict.String(), Until: set(st.Until)}
		if st.Version.ID != "" {
			version := viewSystem(st.Version)
			v.Version = &version
		}
		out.Body.Systems = append(out.Body.Systems, v)
	}
	return out, err
}

type systemVersionsInput struct {
	Page
	System rulebook.System `query:"system" maxLength:"64" doc:"System of rules."`
}

type systemVersionsOutput struct {
	Body struct {
		Versions []SystemVersion `json:"versions" nullable:"false" doc:"The newest first."`
		Next     string          `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) systemVersions(ctx context.Context, in *systemVersionsInput) (*systemVersionsOutput, error) {
	list, next, err := s.Rulebook.Versions(ctx, in.System, in.Cursor, in.Limit)
	out := &systemVersionsOutput{}
	out.Body.Versions, out.Body.Next = []SystemVersion{}, next
	for _, v := range list {
		out.Body.Versions = append(out.Body.Versions, viewSystem(v))
	}
	return out, err
}

type systemOutput struct {
	Replayed
	Body SystemVersion
}

func shownSystem(v rulebook.Version, err error) (*systemOutput, error) {
	if err != nil {
		return nil, err
	}
	return &systemOutput{Body: viewSystem(v)}, nil
}

func (s *server) systemVersion(ctx context.Context, in *Named) (*systemOutput, error) {
	return shownSystem(s.Rulebook.Version(ctx, in.ID))
}

type draftSystemInput struct {
	Keyed
	Body struct {
		System  rulebook.System `json:"system" minLength:"1" maxLength:"64" doc:"System of rules." example:"data-security"`
		Title   string          `json:"title" minLength:"1" maxLength:"200" doc:"Title."`
		Text    string          `json:"text" minLength:"1" maxLength:"262144" doc:"In Chinese, as Markdown."`
		English string          `json:"english,omitempty" maxLength:"262144" doc:"A translation."`
		Public  bool            `json:"public,omitempty" doc:"Everybody may read it while it is in force. The texts of Generative AI Measures Art. 10 have to be."`
		Owner   string          `json:"owner" minLength:"1" maxLength:"128" doc:"Staff account that answers for it."`
		Review  string          `json:"review" minLength:"10" maxLength:"10" doc:"The day by which it is to be reviewed, in Beijing; a year at most." example:"2027-06-30"`
		Change  string          `json:"change" minLength:"1" maxLength:"1300" doc:"What changes and why."`
	}
}

func (s *server) draftSystem(ctx context.Context, in *draftSystemInput) (*systemOutput, error) {
	b := in.Body
	return shownSystem(s.Rulebook.Draft(ctx, ledgerBy(ctx), rulebook.Document{System: b.System, Title: b.Title, Text: b.Text, English: b.English, Public: b.Public, Owner: b.Owner, Review: b.Review, Change: b.Change}))
}

func (s *server) approveSystem(ctx context.Context, in *publishLimitsInput) (*systemOutput, error) {
	return shownSystem(s.Rulebook.Approve(ctx, ledgerBy(ctx), in.ID, in.Body.Effective))
}

func (s *server) withdrawSystem(ctx context.Context, in *dutyNoteInput) (*systemOutput, error) {
	return shownSystem(s.Rulebook.Withdraw(ctx, ledgerBy(ctx), in.ID, in.Body.Note))
}

type reviewSystemInput struct {
	Keyed
	Named
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"1300" doc:"What was found. It stands in the record: name nobody."`
		Next string `json:"next" minLength:"10" maxLength:"10" doc:"The next day of review, in Beijing; a year at most." example:"2027-06-30"`
	}
}

func (s *server) reviewSystem(ctx context.Context, in *reviewSystemInput) (*systemOutput, error) {
	return shownSystem(s.Rulebook.Review(ctx, ledgerBy(ctx), in.ID, in.Body.Note, in.Body.Next))
}

// PublicSystem is a system of rules as everybody may read it: without who wrote, owns or approved it.
type PublicSystem struct {
	System    rulebook.System `json:"system" doc:"System of rules." example:"data-security"`
	Number    int             `json:"number" doc:"Version."`
	Title     string          `json:"title" doc:"Title."`
	Text      string          `json:"text" doc:"In Chinese, as Markdown."`
	English   string          `json:"english,omitempty" doc:"A translation."`
	Digest    string          `json:"digest" doc:"SHA-256 of the document's canonical JSON, in hexadecimal."`
	Effective time.Time       `json:"effective" doc:"Since when it is in force."`
	Review    string          `json:"review" doc:"The day by which it is to be reviewed."`
	Reviewed  *time.Time      `json:"reviewed,omitempty" doc:"When it was last reviewed; absent where it was not."`
}

type publicSystemsOutput struct {
	Body struct {
		Systems []PublicSystem `json:"systems" nullable:"false" doc:"Those that are published."`
	}
}

func (s *server) publicSystems(ctx context.Context, _ *struct{}) (*publicSystemsOutput, error) {
	list, err := s.Rulebook.Standings(ctx, s.Duties.Now())
	out := &publicSystemsOutput{}
	out.Body.Systems = []PublicSystem{}
	for _, st := range list {
		d := st.Version.Document
		if st.Version.ID == "" || !d.Public {
			continue
		}
		v := PublicSystem{d.System, st.Version.Number, d.Title, d.Text, d.English, st.Version.Digest, st.Version.Effective, d.Review, nil}
		for _, r := range st.Version.Reviews {
			v.Review, v.Reviewed = r.Next, set(r.At)
		}
		out.Body.Systems = append(out.Body.Systems, v)
	}
	return out, err
}
