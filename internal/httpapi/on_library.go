package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// maxImport is the largest file of features, in bytes.
const maxImport = 64 << 20

// Shelf is what the library holds beside what its curator knows: the starter, and the keys that sign its files.
type Shelf struct {
	// InForce is the set that judges: what is active, and the starter until somebody decided about it.
	InForce func() *library.Set
	// Refresh takes up at once what an act changed; other nodes follow within seconds.
	Refresh func(context.Context) error
	// Signer signs the files that are handed out.
	Signer note.Signer
	// Trusted are the keys whose files are taken as signed.
	Trusted []note.Verifier
}

// FeatureEntry is what a proposal says about a feature.
type FeatureEntry struct {
	ID       string   `json:"id,omitempty" maxLength:"128" doc:"Identifier; one is drawn where it is absent." example:"zh-fraud-0001"`
	Kind     string   `json:"kind,omitempty" enum:"keyword,rule,pattern,picture,digest,person,source-unit" default:"keyword" doc:"How it is recognised."`
	Value    string   `json:"value" minLength:"1" maxLength:"4096" doc:"Keyword, rule, expression of RE2, PDQ hash, SHA-256, or name." example:"刷单返利"`
	Aliases  []string `json:"aliases,omitempty" nullable:"false" maxItems:"64" doc:"Other names of a keyword, a person or a source unit."`
	Category string   `json:"category" minLength:"1" maxLength:"64" doc:"Category of the taxonomy." example:"fraud"`
	Level    string   `json:"level" enum:"allow,note,review,block" doc:"How much a hit weighs; allow takes away the hits within it."`
	Language string   `json:"language,omitempty" maxLength:"16" doc:"Language of the value." example:"zh"`
	Source   string   `json:"source,omitempty" maxLength:"4096" doc:"Where it was taken from."`
	From     string   `json:"from,omitempty" format:"date" doc:"First day of validity."`
	Until    string   `json:"until,omitempty" format:"date" doc:"Last day of validity."`
	Anywhere bool     `json:"anywhere,omitempty" doc:"Found within words too, in scripts with spaces."`
	Standard string   `json:"standard" minLength:"1" maxLength:"4096" doc:"Entry standard that it meets."`
	Reason   string   `json:"reason" minLength:"1" maxLength:"4096" doc:"Why it is to stand in the library."`
}

// Feature is an entry of the library with how far it got.
type Feature struct {
	FeatureEntry
	State    library.State `json:"state" enum:"proposed,reviewed,replayed,active,retired,rejected" doc:"How far it got."`
	Batch    string        `json:"batch" doc:"Identifier of what was proposed together."`
	Proposer string        `json:"proposer" doc:"Staff account, API key, or system."`
	Proposed time.Time     `json:"proposed" doc:"When it was proposed."`
	Reviewer string        `json:"reviewer,omitempty" doc:"Staff account of whoever reviewed it."`
	Changed  time.Time     `json:"changed" doc:"When it changed last."`
	Since    int64         `json:"since,omitempty" doc:"Version of the library with which it became active."`
	Gone     int64         `json:"gone,omitempty" doc:"Version with which it was retired."`
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

func viewFeature(f library.Feature) Feature {
	return Feature{FeatureEntry{f.ID, string(f.Kind), f.Value, f.Aliases, string(f.Category), f.Level.String(), f.Language, f.Source, day(f.From), day(f.Until), f.Anywhere, f.Standard, f.Reason},
		f.State, f.Batch, f.Proposer, f.Proposed, f.Reviewer, f.Changed, f.Since, f.Gone}
}

func (e FeatureEntry) feature() (library.Feature, error) {
	level, _ := keyword.ParseLevel(e.Level) // the schema has none else
	f := library.Feature{ID: e.ID, Kind: library.Kind(e.Kind), Value: e.Value, Aliases: e.Aliases, Category: library.Category(e.Category), Level: level, Language: e.Language,
		Source: e.Source, Anywhere: e.Anywhere, Standard: e.Standard, Reason: e.Reason}
	for _, d := range []struct {
		to         *time.Time
		text, name string
	}{{&f.From, e.From, "from"}, {&f.Until, e.Until, "until"}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.to, err = time.Parse(time.DateOnly, d.text); err != nil {
			return f, invalid("body.features."+d.name, "expected a day")
		}
	}
	return f, nil
}

// FeatureBatch is what was proposed together.
type FeatureBatch struct {
	ID       string                `json:"id" doc:"Identifier."`
	Proposer string                `json:"proposer" doc:"Staff account, API key, or system."`
	Proposed time.Time             `json:"proposed" doc:"When it was proposed."`
	Origin   string                `json:"origin" doc:"Where it came from, in words."`
	Digest   string                `json:"digest" doc:"SHA-256 over the content of its features, in hexadecimal."`
	Count    int                   `json:"count" doc:"How many features it has."`
	States   map[library.State]int `json:"states" doc:"How many of them are in each state."`
}

func viewBatch(b library.Batch) FeatureBatch {
	return FeatureBatch{b.ID, b.Proposer, b.Proposed, b.Origin, b.Digest.String(), b.Count, b.States}
}

// curator is the asker as the curator knows people.
func curator(ctx context.Context) library.Actor {
	by := askerOf(ctx).by
	return library.Actor{ID: by.ID, Role: by.Role}
}

// CoverageCount is how many entries there are, and how many there are to be.
type CoverageCount struct {
	Entries   int            `json:"entries" doc:"Entries that look for words in text."`
	Languages map[string]int `json:"languages" doc:"Of them, by language."`
	Least     int            `json:"least,omitempty" doc:"How many there are to be by GB/T 45654; absent where nobody says."`
	Enough    bool           `json:"enough" doc:"There are as many."`
}

// CoverageTopic is a category with its entries.
type CoverageTopic struct {
	Category string         `json:"category" doc:"Category."`
	Zh       string         `json:"zh" doc:"Name in Chinese."`
	En       string         `json:"en" doc:"Name in English."`
	Risks    []string       `json:"risks" nullable:"false" doc:"Risks of GB/T 45654 Annex A that it belongs to."`
	High     bool           `json:"high" doc:"What could not be checked for it must not pass."`
	Illegal  bool           `json:"illegal" doc:"What is found of it and refused must be reported."`
	Words    CoverageCount  `json:"words" doc:"Entries that look for words."`
	Other    map[string]int `json:"other" doc:"Entries of other kinds."`
}

// CoverageRisk is a risk of the annex with its entries.
type CoverageRisk struct {
	ID          string        `json:"id" doc:"Place in the annex." example:"A.1.f"`
	Zh          string        `json:"zh" doc:"Name in Chinese."`
	En          string        `json:"en" doc:"Name in English."`
	Unconfirmed bool          `json:"unconfirmed,omitempty" doc:"Its place or words are not confirmed."`
	Words       CoverageCount `json:"words" doc:"Entries that look for words."`
}

// LibraryCoverage counts the features in force against the yardsticks of GB/T 45654.
type LibraryCoverage struct {
	InForce  string          `json:"in_force" doc:"Version that judges; it says starter while nobody decided about the starter library."`
	Version  int64           `json:"version" doc:"Number of the last version; 0 before the first."`
	Digest   string          `json:"digest,omitempty" doc:"SHA-256 over the active features of that version, in hexadecimal."`
	Standard string          `json:"standard" doc:"Standard of the taxonomy."`
	Note     string          `json:"note" doc:"What of the taxonomy is not confirmed."`
	Words    CoverageCount   `json:"words" doc:"All entries that look for words."`
	Topics   []CoverageTopic `json:"topics" nullable:"false" doc:"By category."`
	Risks    []CoverageRisk  `json:"risks" nullable:"false" doc:"By risk."`
}

func viewCount(c library.Count) CoverageCount {
	return CoverageCount{c.Entries, c.Language, c.Least, c.Enough()}
}

type coverageOutput struct{ Body LibraryCoverage }

func (s *server) coverage(ctx context.Context, _ *struct{}) (*coverageOutput, error) {
	set := s.Shelf.InForce()
	c := set.Coverage()
	out := &coverageOutput{LibraryCoverage{InForce: set.Version().String(), Standard: c.Standard, Note: c.Note, Words: viewCount(c.Words), Topics: []CoverageTopic{}, Risks: []CoverageRisk{}}}
	for _, t := range c.Topics {
		other := map[string]int{}
		for kind, n := range t.Other {
			other[string(kind)] = n
		}
		out.Body.Topics = append(out.Body.Topics, CoverageTopic{string(t.Topic.ID), t.Topic.Zh, t.Topic.En, append([]string{}, t.Topic.Risks...), t.Topic.High, t.Topic.Illegal, viewCount(t.Words), other})
	}
	for _, r := range c.Risks {
		out.Body.Risks = append(out.Body.Risks, CoverageRisk{r.Risk.ID, r.Risk.Zh, r.Risk.En, r.Risk.Unconfirmed, viewCount(r.Words)})
	}
	last, err := s.Curator.Versions(ctx, 0, 1)
	if len(last) > 0 {
		out.Body.Version, out.Body.Digest = last[0].Number, last[0].Digest.String()
	}
	return out, err
}

type featuresInput struct {
	State    library.State `query:"state" enum:"proposed,reviewed,replayed,active,retired,rejected" doc:"How far they got."`
	Kind     library.Kind  `query:"kind" enum:"keyword,rule,pattern,picture,digest,person,source-unit" doc:"How they are recognised."`
	Category string        `query:"category" maxLength:"64" doc:"Category of the taxonomy."`
	Batch    string        `query:"batch" maxLength:"64" doc:"Identifier of what was proposed together."`
	ID       string        `query:"id" maxLength:"128" doc:"Identifier of one feature."`
	Contains string        `query:"contains" maxLength:"256" doc:"Stands in the value."`
	Page
}

type featuresOutput struct {
	Body struct {
		Features []Feature `json:"features" nullable:"false" doc:"By identifier."`
		Next     string    `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) features(ctx context.Context, in *featuresInput) (*featuresOutput, error) {
	q := library.Query{State: in.State, Kind: in.Kind, Category: library.Category(in.Category), Batch: in.Batch, Contains: in.Contains, After: in.Cursor, Limit: in.Limit}
	if in.ID != "" {
		q.IDs = []string{in.ID}
	}
	list, err := s.Curator.Features(ctx, q)
	out := &featuresOutput{}
	out.Body.Features = []Feature{}
	for _, f := range list {
		out.Body.Features = append(out.Body.Features, viewFeature(f))
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].ID
	}
	return out, err
}

type batchesInput struct {
	ID     string          `query:"id" maxLength:"64" doc:"Identifier of one batch."`
	States []library.State `query:"state,explode" nullable:"false" maxItems:"6" enum:"proposed,reviewed,replayed,active,retired,rejected" doc:"A feature of them is in this state; may be repeated."`
	Page
}

type batchesOutput struct {
	Body struct {
		Batches []FeatureBatch `json:"batches" nullable:"false" doc:"The last first."`
		Next    string         `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) batches(ctx context.Context, in *batchesInput) (*batchesOutput, error) {
	list, err := s.Curator.Batches(ctx, library.BatchQuery{ID: in.ID, States: in.States, Below: in.Cursor, Limit: in.Limit})
	out := &batchesOutput{}
	out.Body.Batches = []FeatureBatch{}
	for _, b := range list {
		out.Body.Batches = append(out.Body.Batches, viewBatch(b))
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].ID
	}
	return out, err
}

type proposeFeaturesInput struct {
	Keyed
	Body struct {
		Origin   string         `json:"origin" minLength:"1" maxLength:"256" doc:"Where they came from, in words." example:"weekly list of the provincial office"`
		Features []FeatureEntry `json:"features" nullable:"false" minItems:"1" maxItems:"1000" doc:"Features; more at a time by an import."`
	}
}

type batchOutput struct {
	Replayed
	Body FeatureBatch
}

func (s *server) proposeFeatures(ctx context.Context, in *proposeFeaturesInput) (*batchOutput, error) {
	var list []library.Feature
	for _, e := range in.Body.Features {
		f, err := e.feature()
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	b, err := s.Curator.Propose(ctx, curator(ctx), in.Body.Origin, list)
	return &batchOutput{Body: viewBatch(b)}, err
}

type importFeaturesInput struct {
	Upload
	Origin   string `query:"origin" required:"true" minLength:"1" maxLength:"256" doc:"Where they came from, in words."`
	Format   string `query:"format" enum:"csv,json" default:"csv" doc:"CSV with a header that names value (or keyword), category and level, or lines of JSON as an export has them."`
	Language string `query:"language" maxLength:"16" doc:"For rows that name none."`
	Standard string `query:"standard" maxLength:"256" doc:"Entry standard, for rows that name none."`
	Reason   string `query:"reason" maxLength:"1024" doc:"Reason, for rows that name none."`
	Source   string `query:"source" maxLength:"256" doc:"Source, for rows that name none."`
	Signed   bool   `query:"signed" doc:"Of JSON: take it only if a key of this deployment signed it."`
}

// importFeatures proposes what stands in a file, as one batch.
func (s *server) importFeatures(ctx context.Context, in *importFeaturesInput) (*batchOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	from := &remembering{from: http.MaxBytesReader(nil, io.NopCloser(body), maxImport)}
	d := library.Defaults{Language: in.Language, Source: in.Source, Standard: in.Standard, Reason: in.Reason}
	var list []library.Feature
	if in.Format == "csv" {
		list, err = library.ReadCSV(from, d)
	} else {
		var trusted []note.Verifier
		if in.Signed {
			trusted = s.Shelf.Trusted
		}
		var file library.File
		file, err = library.ReadJSON(from, d, trusted...)
		list = file.Features
	}
	if err = cmp.Or(from.err, err); err != nil {
		return nil, err
	}
	b, err := s.Curator.Propose(ctx, curator(ctx), in.Origin, list)
	return &batchOutput{Body: viewBatch(b)}, err
}

// remembering keeps the error of a body that could not be read: a parser would take it for one of a line.
type remembering struct {
	from io.Reader
	err  error
}

// Read reads from the body.
func (r *remembering) Read(b []byte) (int, error) {
	n, err := r.from.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// Selected says which features an act is about.
type Selected struct {
	Batch  string   `json:"batch,omitempty" maxLength:"64" doc:"All of this batch that the act is possible for; or else ids."`
	IDs    []string `json:"ids,omitempty" nullable:"false" maxItems:"500" doc:"Identifiers of features."`
	Reason string   `json:"reason,omitempty" maxLength:"4096" doc:"Why; a rejection and a retirement need it."`
}

func (v Selected) selection() library.Selection { return library.Selection{Batch: v.Batch, IDs: v.IDs} }

type selectInput struct {
	Keyed
	Body Selected
}

type countOutput struct {
	Replayed
	Body struct {
		Count int `json:"count" doc:"Features that were changed."`
	}
}

func counted(n int, err error) (*countOutput, error) {
	out := &countOutput{}
	out.Body.Count = n
	return out, err
}

func (s *server) reviewFeatures(ctx context.Context, in *selectInput) (*countOutput, error) {
	return counted(s.Curator.Review(ctx, curator(ctx), in.Body.selection()))
}

func (s *server) rejectFeatures(ctx context.Context, in *selectInput) (*countOutput, error) {
	n, err := s.Curator.Reject(ctx, curator(ctx), in.Body.selection(), in.Body.Reason)
	if err == nil {
		err = s.Shelf.Refresh(ctx)
	}
	return counted(n, err)
}

// LibraryVersion is a state of the library.
type LibraryVersion struct {
	Number int64     `json:"number" doc:"Counts from 1."`
	Digest string    `json:"digest" doc:"SHA-256 over the active features, in hexadecimal."`
	Count  int       `json:"count" doc:"Active features."`
	At     time.Time `json:"at" doc:"When it came into force."`
}

type versionOutput struct {
	Replayed
	Body LibraryVersion
}

// versioned answers with a version that is in force.
func (s *server) versioned(ctx context.Context, v library.Version, err error) (*versionOutput, error) {
	if err == nil {
		err = s.Shelf.Refresh(ctx)
	}
	return &versionOutput{Body: LibraryVersion{v.Number, hex.EncodeToString(v.Digest[:]), v.Count, v.At}}, err
}

func (s *server) activateFeatures(ctx context.Context, in *selectInput) (*versionOutput, error) {
	v, err := s.Curator.Activate(ctx, curator(ctx), in.Body.selection())
	return s.versioned(ctx, v, err)
}

func (s *server) retireFeatures(ctx context.Context, in *selectInput) (*versionOutput, error) {
	v, err := s.Curator.Retire(ctx, curator(ctx), in.Body.selection(), in.Body.Reason)
	return s.versioned(ctx, v, err)
}

// ReplayReport says what a change of the library would do to the stored samples.
type ReplayReport struct {
	Verdict  string         `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Could not tell where something could not be tried, or a sample could not be read."`
	Samples  int            `json:"samples" doc:"Samples that were read."`
	Unread   int            `json:"unread" doc:"Samples that could not be opened."`
	Untried  int            `json:"untried" doc:"Features that no text can tell of: pictures, digests, source units."`
	Gains    int            `json:"gains" doc:"Samples that some feature newly hits."`
	Losses   int            `json:"losses" doc:"Samples that some feature stops hitting."`
	Gaining  []string       `json:"gaining,omitempty" nullable:"false" doc:"Identifiers of some samples that are newly hit."`
	Losing   []string       `json:"losing,omitempty" nullable:"false" doc:"Identifiers of some that are hit no more."`
	Features []ReplayEffect `json:"features,omitempty" nullable:"false" doc:"Features that gain or lose most."`
}

// ReplayEffect is what one feature gains and loses.
type ReplayEffect struct {
	Feature string `json:"feature" doc:"Identifier."`
	Gains   int    `json:"gains,omitempty" doc:"Samples that it newly hits."`
	Losses  int    `json:"losses,omitempty" doc:"Samples that it stops hitting."`
}

type replayOutput struct {
	Replayed
	Body ReplayReport
}

func (s *server) replayFeatures(ctx context.Context, in *selectInput) (*replayOutput, error) {
	r, err := s.Curator.Replay(ctx, curator(ctx), in.Body.selection(), in.Body.Reason)
	return viewReplay(r), err
}

func viewReplay(r library.Report) *replayOutput {
	out := &replayOutput{Body: ReplayReport{r.Verdict.String(), r.Samples, r.Unread, r.Untried, r.Gains, r.Losses, r.Gaining, r.Losing, nil}}
	for _, f := range r.Features {
		out.Body.Features = append(out.Body.Features, ReplayEffect(f))
	}
	return out
}

type exportInput struct {
	Format  string `query:"format" enum:"csv,json" default:"json" doc:"Lines of JSON under a note that the log key signs, or CSV."`
	Version int64  `query:"version" minimum:"0" doc:"Number of the version; the last by itself."`
}

// rehearseFeatures tells what it would change to retire features; nothing is changed or recorded.
func (s *server) rehearseFeatures(ctx context.Context, in *rehearseInput) (*replayOutput, error) {
	r, err := s.Curator.Rehearse(ctx, curator(ctx), in.Body.selection())
	return viewReplay(r), err
}

type rehearseInput struct{ Body Selected }

// exportFeatures hands out the features that are active in a version. The file is made whole first: half of it would be
// taken for the whole.
func (s *server) exportFeatures(ctx context.Context, in *exportInput) (*stream, error) {
	v, list, err := s.Curator.At(ctx, in.Version)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	kind := "application/jsonl"
	if in.Format == "csv" {
		kind, err = "text/csv; charset=utf-8", library.WriteCSV(&file, list)
	} else {
		err = library.WriteJSON(&file, v, list, s.Shelf.Signer)
	}
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="library-`+strconv.FormatInt(v.Number, 10)+"."+in.Format+`"`)
		w.Write(file.Bytes()) //nolint:errcheck // nobody is left to be told
	}), nil
}

// SampleEntry is a text that changes of the library are replayed over.
type SampleEntry struct {
	Text   string    `json:"text" minLength:"1" maxLength:"65536" doc:"The text. It is sealed."`
	Origin string    `json:"origin" minLength:"1" maxLength:"256" doc:"Where it came from, in words; no personal data." example:"help page"`
	Until  time.Time `json:"until" doc:"When it goes."`
}

type addSamplesInput struct {
	Keyed
	Body struct {
		Samples []SampleEntry `json:"samples" nullable:"false" minItems:"1" maxItems:"500" doc:"Samples."`
	}
}

type addSamplesOutput struct {
	Replayed
	Body struct {
		IDs []string `json:"ids" nullable:"false" doc:"Identifiers, in the same order."`
	}
}

func (s *server) addSamples(ctx context.Context, in *addSamplesInput) (*addSamplesOutput, error) {
	var list []library.Specimen
	for _, e := range in.Body.Samples {
		list = append(list, library.Specimen{Origin: e.Origin, Text: e.Text, Until: e.Until})
	}
	ids, err := s.Curator.AddSamples(ctx, curator(ctx), list)
	out := &addSamplesOutput{}
	out.Body.IDs = append([]string{}, ids...)
	return out, err
}

// LibrarySample is a sample without its text.
type LibrarySample struct {
	ID      string           `json:"id" doc:"Identifier."`
	Subject evidence.Subject `json:"subject" doc:"Pseudonym of whom it came from; system for nobody."`
	Origin  string           `json:"origin" doc:"Where it came from."`
	Added   time.Time        `json:"added" doc:"When it was added."`
	Until   time.Time        `json:"until" doc:"When it goes."`
}

type samplesOutput struct {
	Body struct {
		Samples []LibrarySample `json:"samples" nullable:"false" doc:"By identifier."`
		Next    string          `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) samples(ctx context.Context, in *Page) (*samplesOutput, error) {
	list, err := s.Curator.ListSamples(ctx, in.Cursor, in.Limit)
	out := &samplesOutput{}
	out.Body.Samples = []LibrarySample{}
	for _, x := range list {
		out.Body.Samples = append(out.Body.Samples, LibrarySample{x.ID, x.Subject, x.Origin, x.Added, x.Until})
	}
	if len(list) == in.Limit {
		out.Body.Next = list[len(list)-1].ID
	}
	return out, err
}

type removeSamplesInput struct {
	Keyed
	Body struct {
		IDs    []string `json:"ids" nullable:"false" minItems:"1" maxItems:"500" doc:"Identifiers."`
		Reason string   `json:"reason" minLength:"1" maxLength:"1024" doc:"Why."`
	}
}

func (s *server) removeSamples(ctx context.Context, in *removeSamplesInput) (*judgeOutput, error) {
	return &judgeOutput{}, s.Curator.RemoveSamples(ctx, curator(ctx), in.Body.IDs, in.Body.Reason)
}
