package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/staff"
)

func algorithmRoutes() []route {
	return []route{
		{get, "/v1/algorithms", "algorithms", staff.RegisterRead, "algorithms", 0, 200, do((*server).algorithmList), "List algorithms", 0},
		{post, "/v1/algorithms", "add-algorithm", staff.RegisterChange, "algorithms", small, 201, once((*server).algorithmAdd), "Enter an algorithm", 0},
		{get, "/v1/algorithms/{id}", "algorithm", staff.RegisterRead, "algorithms", 0, 200, do((*server).algorithmOne), "Show an algorithm with its versions and what serves it now", 0},
		{post, "/v1/algorithms/{id}:change", "change-algorithm", staff.RegisterChange, "algorithms", small, 200, once((*server).algorithmChange), "Describe an algorithm anew, all but its versions", 0},
		{post, "/v1/algorithms/{id}:declare", "declare-version", staff.RegisterChange, "algorithms", small, 200, once((*server).algorithmDeclare), "Declare a version", 0},
		{post, "/v1/algorithms/{id}:bind", "bind-version", staff.RegisterChange, "algorithms", small, 200, once((*server).algorithmBind), "Say that what serves now is a version", 0},
		{post, "/v1/algorithms/{id}:retire", "retire-algorithm", staff.RegisterChange, "algorithms", 0, 200, once((*server).algorithmRetire), "End an algorithm for good", 0},
	}
}

// AlgorithmText describes an algorithm.
type AlgorithmText struct {
	Names     TextPair         `json:"names" doc:"What it is called."`
	Kind      string           `json:"kind" enum:"generation,recommendation,ranking,retrieval,scheduling" doc:"Kind by Algorithm Recommendation Provisions Art. 2."`
	Origin    algorithm.Origin `json:"origin" enum:"own,third-party" doc:"Whose it is. What you trained or tuned is your own."`
	Supplier  string           `json:"supplier,omitempty" maxLength:"256" doc:"The organisation that a third party's comes from."`
	Number    string           `json:"number,omitempty" maxLength:"256" doc:"Number under which it, or its model, is filed."`
	Contract  string           `json:"contract,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of the contract with the supplier, which lies elsewhere."`
	Paper     string           `json:"paper,omitempty" maxLength:"256" doc:"By which name or number the contract is found."`
	Functions []string         `json:"functions,omitempty" nullable:"false" maxItems:"64" doc:"Functions of the register that are made with it."`
	Models    []string         `json:"models,omitempty" nullable:"false" maxItems:"64" doc:"Models of the gateway that answer for it."`
}

func (t AlgorithmText) description() algorithm.Description {
	return algorithm.Description{Names: register.Names(t.Names), Kind: t.Kind, Origin: t.Origin, Supplier: t.Supplier, Number: t.Number, Contract: t.Contract, Paper: t.Paper, Functions: t.Functions, Models: t.Models}
}

// AlgorithmVersion is a version of an algorithm.
type AlgorithmVersion struct {
	Name    string     `json:"name" doc:"Name."`
	Weights string     `json:"weights,omitempty" doc:"SHA-256 of its weights."`
	Note    string     `json:"note,omitempty" doc:"What is new."`
	Added   time.Time  `json:"added" doc:"When it was declared."`
	By      string     `json:"by" doc:"Staff account that declared it."`
	Serving string     `json:"serving,omitempty" doc:"Digest of what served when somebody said that it is this version."`
	Bound   *time.Time `json:"bound,omitempty" doc:"When that was said."`
	Binder  string     `json:"binder,omitempty" doc:"Staff account that said it."`
}

// AlgorithmServing is what served from some time on.
type AlgorithmServing struct {
	Digest  string    `json:"digest" doc:"Digest of what served: the models of its functions as the register describes them, and the places of its models."`
	Since   time.Time `json:"since" doc:"When it was first seen."`
	Version string    `json:"version,omitempty" doc:"The declared version that it is; absent where nobody said."`
}

// ProvenReason is one thing that keeps a verdict from having passed.
type ProvenReason struct {
	Verdict string `json:"verdict" enum:"failed,could-not-tell" doc:"What it comes to."`
	Sentence
}

// Algorithm is an algorithm as it is kept, with what serves it now.
type Algorithm struct {
	ID         string             `json:"id" doc:"Identifier."`
	State      algorithm.State    `json:"state" enum:"active,retired" doc:"Where it is."`
	Algorithm  AlgorithmText      `json:"algorithm" doc:"What it is."`
	Versions   []AlgorithmVersion `json:"versions" nullable:"false" doc:"Versions, the latest last."`
	Told       bool               `json:"told" doc:"It can be told what serves it."`
	Serving    *AlgorithmServing  `json:"serving,omitempty" doc:"What serves it now; absent where that can't be told."`
	Seen       []AlgorithmServing `json:"seen" nullable:"false" doc:"What served it, the latest last."`
	Provenance string             `json:"provenance" enum:"passed,failed,could-not-tell" doc:"Whether it is known where it comes from and by what right it is used."`
	Reasons    []ProvenReason     `json:"reasons" nullable:"false" doc:"Why that has not passed."`
	Changed    time.Time          `json:"changed" doc:"When it was changed last."`
}

func (s *server) viewAlgorithm(ctx context.Context, e algorithm.Entry) Algorithm {
	say, a := printer(askerOf(ctx).language), e.Value
	v := Algorithm{ID: e.ID, State: algorithm.State(e.State), Changed: e.Changed, Versions: []AlgorithmVersion{}, Seen: []AlgorithmServing{}, Reasons: []ProvenReason{},
		Algorithm: AlgorithmText{TextPair(a.Names), a.Kind, a.Origin, a.Supplier, a.Number, a.Contract, a.Paper, a.Functions, a.Models}}
	for _, one := range a.Versions {
		v.Versions = append(v.Versions, AlgorithmVersion{one.Name, one.Weights, one.Note, one.Added, one.By, one.Serving, set(one.Bound), one.Binder})
	}
	for _, one := range a.Seen {
		v.Seen = append(v.Seen, AlgorithmServing(one))
	}
	provenance, reasons := a.Provenance()
	v.Provenance = provenance.String()
	for _, r := range reasons {
		v.Reasons = append(v.Reasons, ProvenReason{r.Verdict.String(), *sentence(say, r.Code, nil)})
	}
	digest, since, ok := s.Algorithms.Serving(ctx, e.ID)
	if v.Told = ok; ok {
		v.Serving = &AlgorithmServing{Digest: digest, Since: since, Version: a.Named(digest)}
	}
	return v
}

type algorithmOutput struct {
	Replayed
	Body Algorithm
}

func (s *server) algorithmShown(ctx context.Context, e algorithm.Entry, err error) (*algorithmOutput, error) {
	if err != nil {
		return nil, err
	}
	return &algorithmOutput{Body: s.viewAlgorithm(ctx, e)}, nil
}

type algorithmListInput struct {
	Page
	States []algorithm.State `query:"state,explode" nullable:"false" maxItems:"2" enum:"active,retired" doc:"State; may be repeated."`
}

type algorithmListOutput struct {
	Body struct {
		Algorithms []Algorithm `json:"algorithms" nullable:"false" doc:"By identifier."`
		Next       string      `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) algorithmList(ctx context.Context, in *algorithmListInput) (*algorithmListOutput, error) {
	list, next, err := s.Algorithms.Algorithms(ctx, in.States, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &algorithmListOutput{}
	out.Body.Algorithms, out.Body.Next = []Algorithm{}, next
	for _, e := range list {
		out.Body.Algorithms = append(out.Body.Algorithms, s.viewAlgorithm(ctx, e))
	}
	return out, nil
}

func (s *server) algorithmOne(ctx context.Context, in *Named) (*algorithmOutput, error) {
	e, err := s.Algorithms.Algorithm(ctx, in.ID)
	return s.algorithmShown(ctx, e, err)
}

type algorithmAddInput struct {
	Keyed
	Body struct {
		ID        string        `json:"id" minLength:"1" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" patternDescription:"lower-case letters, digits and hyphens" doc:"Identifier that you choose." example:"dialogue-core"`
		Algorithm AlgorithmText `json:"algorithm" doc:"What it is."`
	}
}

func (s *server) algorithmAdd(ctx context.Context, in *algorithmAddInput) (*algorithmOutput, error) {
	e, err := s.Algorithms.Add(ctx, ledgerBy(ctx), in.Body.ID, in.Body.Algorithm.description())
	return s.algorithmShown(ctx, e, err)
}

type algorithmChangeInput struct {
	Keyed
	Named
	Body struct {
		Algorithm AlgorithmText `json:"algorithm" doc:"What it is, all of it."`
	}
}

func (s *server) algorithmChange(ctx context.Context, in *algorithmChangeInput) (*algorithmOutput, error) {
	e, err := s.Algorithms.Describe(ctx, ledgerBy(ctx), in.ID, in.Body.Algorithm.description())
	return s.algorithmShown(ctx, e, err)
}

type algorithmDeclareInput struct {
	Keyed
	Named
	Body struct {
		Version string `json:"version" minLength:"1" maxLength:"256" doc:"Name of the version." example:"2.1"`
		Weights string `json:"weights,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of its weights, where you have them."`
		Note    string `json:"note,omitempty" maxLength:"2000" doc:"What is new."`
	}
}

func (s *server) algorithmDeclare(ctx context.Context, in *algorithmDeclareInput) (*algorithmOutput, error) {
	e, err := s.Algorithms.Declare(ctx, ledgerBy(ctx), in.ID, algorithm.Version{Name: in.Body.Version, Weights: in.Body.Weights, Note: in.Body.Note})
	return s.algorithmShown(ctx, e, err)
}

type algorithmBindInput struct {
	Keyed
	Named
	Body struct {
		Version string `json:"version" minLength:"1" maxLength:"256" doc:"A declared version."`
	}
}

func (s *server) algorithmBind(ctx context.Context, in *algorithmBindInput) (*algorithmOutput, error) {
	e, err := s.Algorithms.Bind(ctx, ledgerBy(ctx), in.ID, in.Body.Version)
	return s.algorithmShown(ctx, e, err)
}

func (s *server) algorithmRetire(ctx context.Context, in *struct {
	Keyed
	Named
}) (*algorithmOutput, error) {
	e, err := s.Algorithms.Retire(ctx, ledgerBy(ctx), in.ID)
	return s.algorithmShown(ctx, e, err)
}
