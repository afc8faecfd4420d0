package httpapi

import (
	"context"
	"encoding/json"
	"maps"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/filing"
)

// FilingField is a field of the kit.
type FilingField struct {
	Path     string   `json:"path" doc:"Name as JSON; [] stands for the place in a list." example:"algorithm.name"`
	Name     string   `json:"name" doc:"Name for people."`
	Kind     string   `json:"kind" enum:"line,text,date,sha256,count,word,list,part" doc:"What it holds."`
	Words    []string `json:"words,omitempty" nullable:"false" doc:"Of a word: which."`
	Optional bool     `json:"optional,omitempty" doc:"It may stay empty."`
	When     string   `json:"when,omitempty" enum:"provider,supporter,biometric" doc:"It is asked for only then."`
}

// FilingRule is a rule of the linter.
type FilingRule struct {
	ID         string          `json:"id" doc:"Identifier."`
	Codes      []colophon.Code `json:"codes" nullable:"false" doc:"Codes of its findings."`
	Level      string          `json:"level" enum:"note,warning,doubt,breach" doc:"How grave they are."`
	Clause     colophon.Clause `json:"clause" doc:"Clause."`
	Source     string          `json:"source" doc:"Where the rule comes from."`
	Confidence string          `json:"confidence" enum:"primary,secondary,draft" doc:"How sure it is that it is asked for: a law or the form says so; seen in what was published; somebody's draft."`
}

// FilingFinding is one thing that is not consistent, not there or not known.
type FilingFinding struct {
	Rule       string          `json:"rule" doc:"Rule."`
	Code       colophon.Code   `json:"code" doc:"What was found."`
	Text       string          `json:"text" doc:"The same as a sentence."`
	Level      string          `json:"level" enum:"note,warning,doubt,breach" doc:"Breach: a contradiction. Doubt: not known yet, or could not be told."`
	Field      string          `json:"field" doc:"Field of the kit, by its name as JSON; empty for all of it."`
	Name       string          `json:"name,omitempty" doc:"Name of the field for people."`
	Clause     colophon.Clause `json:"clause" doc:"Clause."`
	Source     string          `json:"source" doc:"Where the rule comes from."`
	Confidence string          `json:"confidence" enum:"primary,secondary,draft" doc:"How sure it is that it is asked for."`
}

// filingName is the key of a field's name.
func filingName(path string) string { return "page-label-kit-" + filing.Name(path) }

func viewFinding(say *locale.Printer, f filing.Finding) FilingFinding {
	args := maps.Clone(f.Args)
	for name, key := range map[string]string{"modality": "page-kit-word-", "kind": "page-kit-annex-"} {
		if word := args[name]; word != "" {
			args[name] = say.Say(key + word)
		}
	}
	v := FilingFinding{f.Rule, f.Code, say.Code(f.Code, args), f.Level.String(), f.Field, "", f.Clause, f.Source.Text, string(f.Source.Confidence)}
	if f.Field != "" {
		v.Name = say.Say(filingName(f.Field))
	}
	return v
}

// FilingNumber is a filing number, taken apart.
type FilingNumber struct {
	Digits string `json:"digits" doc:"All 21 digits."`
	Passes bool   `json:"passes" doc:"It passes the check: the last digit follows from the others. That says nothing of whether it was ever given."`
	Class  string `json:"class" doc:"Class of the algorithm, 2 digits."`
	Year   string `json:"year" doc:"Year, 2 digits."`
	Place  string `json:"place" doc:"Division of who filed, 6 digits."`
}

func viewNumber(text string) *FilingNumber {
	n, err := register.CheckFiling(text)
	if err != nil {
		return nil
	}
	return &FilingNumber{n.Digits, n.Checked, n.Class, n.Year, n.Division}
}

// FilingClock is a period of working days.
type FilingClock struct {
	ID     string          `json:"id" enum:"file,change,cancel,decide" doc:"Which: file or change within 10, cancel within 20, decide within 30 working days."`
	State  string          `json:"state" enum:"unknown,waiting,running,over,kept,late" doc:"Unknown: whether it is over depends on holidays that are not known yet."`
	Days   int             `json:"days" doc:"Working days."`
	Theirs bool            `json:"theirs" doc:"The authority has to keep it."`
	From   *time.Time      `json:"from,omitempty" doc:"From when."`
	Until  *time.Time      `json:"until,omitempty" doc:"Last moment of the last day."`
	Done   *time.Time      `json:"done,omitempty" doc:"When the step was taken."`
	Unsure []int           `json:"unsure,omitempty" nullable:"false" doc:"Years whose holidays are not known."`
	Clause colophon.Clause `json:"clause" doc:"Clause."`
	Source string          `json:"source" doc:"Article that it comes from."`
}

// FilingSubmission says how a filing was handed in.
type FilingSubmission struct {
	Reference string    `json:"reference,omitempty" doc:"That the authority's system gave."`
	Proof     string    `json:"proof" doc:"SHA-256 of the receipt."`
	At        time.Time `json:"at" doc:"When."`
}

// FilingDecision is what the authority said.
type FilingDecision struct {
	Filed  bool          `json:"filed" doc:"It was filed."`
	Number *FilingNumber `json:"number,omitempty" doc:"The number."`
	Reason string        `json:"reason,omitempty" doc:"Why not."`
	At     time.Time     `json:"at" doc:"When."`
}

// Filing is a filing of an algorithm, without its kit.
type Filing struct {
	ID         string            `json:"id" doc:"Identifier."`
	State      filing.State      `json:"state" enum:"draft,proposed,approved,submitted,filed,refused,amended,cancelled,withdrawn" doc:"Where it is."`
	Function   string            `json:"function" doc:"Function, as the register names it."`
	Name       string            `json:"name,omitempty" doc:"Name of the algorithm."`
	Part       int               `json:"part" doc:"1 for the first, one more with each amendment."`
	Version    int               `json:"version" doc:"Goes up with each change of the kit."`
	SHA256     string            `json:"sha256" doc:"Of the kit as canonical JSON, in hexadecimal."`
	Made       time.Time         `json:"made" doc:"When it was drafted."`
	Authors    []string          `json:"authors" nullable:"false" doc:"Staff accounts that wrote in it."`
	Reviewer   string            `json:"reviewer,omitempty" doc:"Staff account that approved it."`
	Note       string            `json:"note,omitempty" doc:"Why it was returned, withdrawn or cancelled."`
	Amends     string            `json:"amends,omitempty" doc:"The filing before."`
	AmendedBy  string            `json:"amended_by,omitempty" doc:"The filing that takes its place."`
	Unknown    int               `json:"unknown" doc:"Fields that the form asks for and that are not known yet, without those of people."`
	Number     *FilingNumber     `json:"number,omitempty" doc:"Number of the algorithm, of one that has one."`
	Clocks     []FilingClock     `json:"clocks" nullable:"false" doc:"Periods."`
	Submission *FilingSubmission `json:"submission,omitempty" doc:"How it was handed in."`
	Decision   *FilingDecision   `json:"decision,omitempty" doc:"What the authority said."`
}

// FilingWhole is a filing with its kit.
type FilingWhole struct {
	Filing
	Kit   json.RawMessage `json:"kit" doc:"What is filed, by the fields that filing-form lists. An empty text is not known yet."`
	Open  []string        `json:"open" nullable:"false" doc:"Fields that the form asks for and that are not known yet."`
	Files []FilingFile    `json:"files" nullable:"false" doc:"Files whose bytes are kept: annexes and the receipt."`
}

// FilingFile is a file of a filing.
type FilingFile struct {
	SHA256 string `json:"sha256" doc:"SHA-256, in hexadecimal."`
	Size   int64  `json:"size" doc:"Bytes."`
	Type   string `json:"type" doc:"Media type."`
}

func (s *server) viewFiling(_ context.Context, d filing.Draft) Filing {
	v := Filing{ID: d.ID, State: d.State, Function: d.Function, Name: d.Kit.Algorithm.Name, Part: d.Part, Version: d.Version, SHA256: d.SHA256, Made: d.Made, Authors: append([]string{}, d.Authors...), Reviewer: d.Reviewer,
		Note: d.Note, Amends: d.Amends, AmendedBy: d.AmendedBy, Unknown: len(d.Kit.Open()), Number: viewNumber(d.Kit.Algorithm.Number), Clocks: []FilingClock{}}
	for _, c := range s.FilingDesk.Clocks(d.Days) {
		state := string(c.State)
		if c.State == filing.Untold {
			state = "unknown"
		}
		v.Clocks = append(v.Clocks, FilingClock{c.ID, state, c.Days, c.Theirs, set(c.From), set(c.Until), set(c.Done), c.Unsure, c.Clause, c.Text})
	}
	if x := d.Submission; x != nil {
		v.Submission = &FilingSubmission{x.Reference, x.Proof, x.At}
	}
	if x := d.Decision; x != nil {
		v.Decision = &FilingDecision{x.Filed, viewNumber(x.Number), x.Reason, x.At}
		if x.Filed {
			v.Number = v.Decision.Number
		}
	}
	return v
}

// FilingPerson is somebody whom a filing names.
type FilingPerson struct {
	Name  string `json:"name,omitempty" maxLength:"512" doc:"Name."`
	Post  string `json:"post,omitempty" maxLength:"512" doc:"Post."`
	ID    string `json:"id,omitempty" maxLength:"512" doc:"Number of the identity document."`
	Phone string `json:"phone,omitempty" maxLength:"512" doc:"Telephone number."`
	Mail  string `json:"mail,omitempty" maxLength:"512" doc:"E-mail address."`
}

// FilingPeople are the people whom a filing names.
type FilingPeople struct {
	Legal       FilingPerson `json:"legal,omitzero" doc:"Legal representative."`
	Responsible FilingPerson `json:"responsible,omitzero" doc:"Who answers for the security of algorithms."`
	Contact     FilingPerson `json:"contact,omitzero" doc:"Contact."`
	Head        FilingPerson `json:"head,omitzero" doc:"Head of the dedicated institution."`
}

func (p *FilingPeople) people() *filing.People {
	if p == nil {
		return nil
	}
	return &filing.People{Legal: filing.Person(p.Legal), Responsible: filing.Person(p.Responsible), Contact: filing.Person(p.Contact), Head: filing.Person(p.Head)}
}

type filingPeopleOutput struct {
	Body struct {
		Kept   bool         `json:"kept" doc:"What is sealed can be read."`
		People FilingPeople `json:"people" doc:"The people."`
	}
}

func (s *server) filingPeople(ctx context.Context, in *Named) (*filingPeopleOutput, error) {
	p, kept, err := s.Filings.People(ctx, ledgerBy(ctx), in.ID)
	out := &filingPeopleOutput{}
	out.Body.Kept, out.Body.People = kept, FilingPeople{FilingPerson(p.Legal), FilingPerson(p.Responsible), FilingPerson(p.Contact), FilingPerson(p.Head)}
	return out, err
}

// PublicAlgorithm is what everybody may know of the filing of a live function.
type PublicAlgorithm struct {
	Service  string         `json:"service" doc:"Service that it belongs to."`
	Offered  TextPair       `json:"offered" doc:"Name of the service."`
	Function string         `json:"function" doc:"Function."`
	Names    TextPair       `json:"names" doc:"Name of the function."`
	State    string         `json:"state" enum:"not-needed,preparing,submitted,filed,changed,cancelled" doc:"How far its filing is."`
	Number   *FilingNumber  `json:"number,omitempty" doc:"Filing number."`
	Link     string         `json:"link,omitempty" doc:"To what the authority makes public of it."`
	Since    *time.Time     `json:"since,omitempty" doc:"Since when it is filed."`
	Text     *PublicityText `json:"text,omitempty" doc:"What was filed to be made public, in Chinese."`
}

// PublicityText is what is made public of an algorithm.
type PublicityText struct {
	Name      string `json:"name" doc:"Name of the algorithm."`
	Principle string `json:"principle" doc:"How it works in principle."`
	Mechanism string `json:"mechanism" doc:"How it runs."`
	Scene     string `json:"scene" doc:"Where it is used."`
	Purpose   string `json:"purpose" doc:"What for."`
}

type publicAlgorithmsOutput struct {
	Body struct {
		Algorithms []PublicAlgorithm `json:"algorithms" nullable:"false" doc:"By service and function."`
	}
}

func (s *server) publicAlgorithms(ctx context.Context, _ *struct{}) (*publicAlgorithmsOutput, error) {
	list, err := s.Register.Public(ctx)
	if err != nil {
		return nil, err
	}
	out := &publicAlgorithmsOutput{}
	out.Body.Algorithms = []PublicAlgorithm{}
	for _, p := range list {
		for _, f := range p.Functions {
			t := f.Function
			v := PublicAlgorithm{Service: p.ID, Offered: TextPair(p.Service.Names), Function: f.ID, Names: TextPair(t.Names), State: string(t.Filing.State), Number: viewNumber(t.Filing.Number), Link: t.Filing.Link}
			d, filed, err := s.Filings.Published(ctx, f.ID)
			if err != nil {
				return nil, err
			}
			if filed {
				text := d.Kit.Public
				v.Since, v.Text = set(d.Decision.At), &PublicityText{text.Name, text.Principle, text.Mechanism, text.Scene, text.Purpose}
			}
			out.Body.Algorithms = append(out.Body.Algorithms, v)
		}
	}
	return out, nil
}
