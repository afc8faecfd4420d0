package httpapi_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/algorithm"
	"github.com/colophon-project/colophon/register/annotation"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/review/training"
	"github.com/colophon-project/colophon/staff"
)

// corpus is what datasets and algorithms ask of others, and reads manifests.
type corpus struct {
	*world
	ended   map[string]bool // consents that do not hold any more
	serving string
}

func (c *corpus) Ended(_ context.Context, id string) (string, time.Time, bool, error) {
	if c.ended[id] {
		return "withdrawn", c.clock.Now(), true, nil
	}
	return "given", time.Time{}, false, nil
}

func (c *corpus) Serves(context.Context, []string, []string) (string, error) {
	return strings.Repeat(c.serving, 64), nil
}

func (c *corpus) List(ctx context.Context, by ledger.By, id string, from io.Reader) (dataset.Entry, error) {
	listed, err := dataset.Whole(id, from, func(dataset.Item) {})
	if err != nil {
		return dataset.Entry{}, err
	}
	return c.config.Datasets.List(ctx, by, id, listed)
}

func (c *corpus) Draw(ctx context.Context, by ledger.By, o training.Order, from io.Reader) (training.Sample, error) {
	raw, err := io.ReadAll(from)
	if err != nil {
		return training.Sample{}, err
	}
	return c.config.Training.Draw(ctx, by, o, func() (io.Reader, error) { return strings.NewReader(string(raw)), nil })
}

// openCorpora adds algorithms, datasets and annotation to the world.
func (w *world) openCorpora(rec *evidence.Recorder, keys *evidence.Keyring) {
	w.Helper()
	c := &corpus{world: w, ended: map[string]bool{}, serving: "a"}
	w.corpus = c
	panel := w.config.Panel
	if panel == nil {
		panel = sample.NewPanel(ledgers.Of[sample.Item](w.store, sample.Ledger), rec, time.Hour)
	}
	limit, err := dataset.RemovalLimit()
	w.must(err)
	w.config.Algorithms = algorithm.New(ledgers.Of[algorithm.Algorithm](w.store, algorithm.Ledger), rec, c)
	w.config.Datasets = dataset.New(dataset.Config{Datasets: ledgers.Of[dataset.Dataset](w.store, dataset.Ledger), Removals: ledgers.Of[dataset.Removal](w.store, dataset.RemovalLedger), Recorder: rec, Consents: c, Versions: w.config.Algorithms, Limit: limit})
	w.config.Annotation = annotation.New(ledgers.Of[annotation.Rule](w.store, annotation.RuleLedger), ledgers.Of[annotation.Taker](w.store, annotation.TakerLedger), ledgers.Of[annotation.Check](w.store, annotation.CheckLedger), rec)
	w.config.Training = training.New(training.Config{Samples: ledgers.Of[training.Sample](w.store, training.Ledger), Texts: ledgers.Of[training.Texts](w.store, training.TextsLedger), Recorder: rec, Keys: keys, Datasets: w.config.Datasets, Panel: panel})
	w.config.DatasetFiles = c
}

var engineering = ledger.By{Role: "engineer", ID: "somebody"}

func datasetText(consents ...string) map[string]any {
	return map[string]any{"names": map[string]string{"zh": "语料", "en": "Corpus"}, "modalities": []string{"text"}, "origin": "own", "source": "our own pages", "personal": "yes", "bases": []string{"consent"}, "consents": append([]string{}, consents...), "biometric": "no", "minors": "no"}
}

func algorithmText() map[string]any {
	return map[string]any{"names": map[string]string{"zh": "对话", "en": "Dialogue"}, "kind": "generation", "origin": "own", "models": []string{"m"}}
}

const corpusManifest = "id,text,source,consent\n1,one,web,c-1\n2,two,web,\n"

// algorithm with one version that serves.
func (w *world) versioned() string {
	w.Helper()
	id := w.unique("algorithm")
	_, err := w.config.Algorithms.Add(w.Context(), engineering, id, algorithm.Description{Names: register.Names{ZH: "对话", EN: "Dialogue"}, Kind: "generation", Origin: algorithm.Own, Models: []string{"m"}})
	w.must(err)
	_, err = w.config.Algorithms.Declare(w.Context(), engineering, id, algorithm.Version{Name: "1"})
	w.must(err)
	return id
}

func (w *world) corpusOf(consents ...string) string {
	w.Helper()
	id := w.unique("corpus")
	_, err := w.config.Datasets.Add(w.Context(), engineering, id, dataset.Description{Names: register.Names{ZH: "语料", EN: "Corpus"}, Modalities: []string{"text"}, Origin: "own", Source: "our own pages", Personal: dataset.Yes, Bases: []string{"consent"}, Consents: consents})
	w.must(err)
	return id
}

// removalOf is an open removal whose items are gone already.
func (w *world) removalOf() string {
	w.Helper()
	consent := w.unique("c")
	id := w.corpusOf(consent)
	_, err := w.corpus.List(w.Context(), engineering, id, strings.NewReader("id,text,consent\n1,one,"+consent+"\n2,two,\n"))
	w.must(err)
	w.corpus.ended[consent] = true
	w.must(w.config.Datasets.Follow(w.Context()))
	_, err = w.corpus.List(w.Context(), engineering, id, strings.NewReader("id,text,consent\n2,two,\n"))
	w.must(err)
	list, _, err := w.config.Datasets.Removals(w.Context(), dataset.RemovalQuery{Dataset: id})
	w.must(err)
	return list[0].ID
}

// drawnSample is a sample that people judge; all of it where told.
func (w *world) drawnSample(judged bool) string {
	w.Helper()
	s, err := w.corpus.Draw(w.Context(), engineering, training.Order{Dataset: w.corpusOf()}, strings.NewReader("id,text\n1,one\n"))
	w.must(err)
	panel := w.config.Panel
	if panel == nil || !judged {
		return s.ID
	}
	for _, by := range []ledger.By{{Role: "reviewer", ID: "one"}, {Role: "reviewer", ID: "two"}} {
		list, err := panel.Take(w.Context(), by, training.Sheet(s.ID), 1)
		w.must(err)
		_, err = panel.Judge(w.Context(), by, list[0].ID, colophon.Passed, "")
		w.must(err)
	}
	return s.ID
}

func (w *world) rule(approved bool) string {
	w.Helper()
	e, err := w.config.Annotation.Draft(w.Context(), engineering, annotation.Rule{Name: w.unique("rule"), Kind: "safety", Title: register.Names{ZH: "规则", EN: "Rule"}, Text: "Say what you see.", Part: 10, Share: 950_000})
	w.must(err)
	if approved {
		_, err = w.config.Annotation.Approve(w.Context(), ledger.By{Role: "officer", ID: "somebody-else"}, e.ID)
		w.must(err)
	}
	return e.ID
}

func (w *world) trainee(duty, rule string) string {
	w.Helper()
	id := w.unique("a")
	_, err := w.config.Annotation.Enter(w.Context(), engineering, id, duty)
	w.must(err)
	if rule != "" {
		_, err = w.config.Annotation.Train(w.Context(), engineering, id, annotation.Training{Rule: rule, Day: w.clock.Now(), Passed: true})
		w.must(err)
	}
	return id
}

// corpusExample makes the request of [world.example] for routes of algorithms, datasets and annotation.
func (w *world) corpusExample(row httpapi.Row, _ staff.Role, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	path := row.Path
	var body any
	switch row.ID {
	case "algorithms", "datasets", "dataset-removals", "training-samples", "annotation-rules", "annotators", "annotation-checks":
	case "add-algorithm":
		body = map[string]any{"id": w.unique("added"), "algorithm": algorithmText()}
	case "algorithm", "retire-algorithm":
		made(w.versioned)
	case "change-algorithm":
		made(w.versioned)
		body = map[string]any{"algorithm": algorithmText()}
	case "declare-version":
		made(w.versioned)
		body = map[string]any{"version": "2"}
	case "bind-version":
		made(w.versioned)
		body = map[string]any{"version": "1"}
	case "add-dataset":
		body = map[string]any{"id": w.unique("added"), "dataset": datasetText()}
	case "dataset", "retire-dataset":
		made(func() string { return w.corpusOf() })
	case "change-dataset":
		made(func() string { return w.corpusOf() })
		body = map[string]any{"dataset": datasetText()}
	case "list-dataset", "sample-dataset":
		made(func() string { return w.corpusOf() })
		body = []byte(corpusManifest)
	case "use-dataset":
		algorithm := strangeID
		if may {
			algorithm = w.versioned()
		}
		made(func() string { return w.corpusOf() })
		body = map[string]any{"algorithm": algorithm, "version": "1", "purpose": "tuning"}
	case "dataset-removal":
		made(w.removalOf)
	case "prove-removal":
		made(w.removalOf)
		return w.multipart(strings.Replace(path, "{id}", id, 1), "how", "deleted"), true
	case "dismiss-removal":
		made(w.removalOf)
		body = map[string]any{"reason": "nothing of it was kept"}
	case "training-sample", "cancel-training-sample":
		made(func() string { return w.drawnSample(false) })
	case "finish-training-sample":
		made(func() string { return w.drawnSample(true) })
	default:
		return w.annotationExample(row, may)
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", id, 1), body), true
}

func (w *world) annotationExample(row httpapi.Row, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	var body any
	switch row.ID {
	case "draft-annotation-rule":
		body = map[string]any{"name": w.unique("rule"), "kind": "safety", "title": map[string]string{"zh": "规则", "en": "Rule"}, "text": "Say what you see.", "part": 10, "share": 950_000}
	case "annotation-rule", "approve-annotation-rule", "withdraw-annotation-rule":
		made(func() string { return w.rule(false) })
	case "enter-annotator":
		body = map[string]any{"id": w.unique("a"), "duty": "annotate"}
	case "annotator", "annotator-leaves":
		made(func() string { return w.trainee("annotate", "") })
	case "train-annotator":
		rule := strangeID
		if may {
			rule = w.rule(true)
		}
		made(func() string { return w.trainee("annotate", "") })
		body = map[string]any{"rule": rule, "day": w.clock.Now(), "passed": true}
	case "enter-annotation-check":
		rule, first, second := strangeID, "a", "b"
		if may {
			rule = w.rule(true)
			first, second = w.trainee("annotate", rule), w.trainee("check", rule)
		}
		body = map[string]any{"rule": rule, "batch": "week-47", "labels": 100, "checked": 20, "wrong": 0, "annotators": []string{first}, "checker": second}
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(row.Path, "{id}", id, 1), body), true
}

// TestRemovalForm: the form brings both manifests or none, once for its key, and a dataset that is gone is an empty file.
func TestRemovalForm(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer]
	path := func(id string) string { return "/v1/dataset-removals/" + id + ":prove" }
	id := w.removalOf()
	var r httpapi.DatasetRemoval
	w.ask("GET", "/v1/dataset-removals/"+id, nil).by(officer).want(200, &r)
	before, after := "id,text,consent\n1,one,"+r.Consent+"\n2,two,\n", "id,text,consent\n2,two,\n"
	prove := func(pairs ...string) call { return w.multipart(path(id), pairs...).by(officer) }
	w.ask("POST", path(id), map[string]any{"how": "deleted"}).by(officer).wantCode(415, httpapi.CodeContentType)
	prove("file", before, "file", after).wantCode(422, dataset.CodeInvalid)
	prove("how", "deleted", "file", after, "file", before).wantCode(409, dataset.CodeBefore)
	prove("how", "deleted", "file", before).wantCode(409, dataset.CodeAfter)
	prove("how", "deleted", "file", before, "file", "name\n").wantCode(422, dataset.CodeColumns)
	prove("how", "deleted", "file", before, "file", after, "file", after).wantCode(422, dataset.CodeInvalid)
	prove("how", "deleted", "colour", "red").wantCode(400, httpapi.CodeForm)
	prove("how", "deleted", "file", before, "file", after).want(200, &r)
	if r.State != dataset.Proven || r.Proof.Verdict != "passed" || r.Proof.Still != 0 {
		t.Errorf("%+v", r.Proof)
	}
	w.ask("POST", "/v1/datasets/"+r.Dataset+":list", []byte("")).by(officer).wantCode(422, dataset.CodeEmpty)
	id = w.removalOf()
	w.ask("GET", "/v1/dataset-removals/"+id, nil).by(officer).want(200, &r)
	var d httpapi.Dataset
	if w.ask("POST", "/v1/datasets/"+r.Dataset+":list", []byte("")).by(officer).want(200, &d); d.Manifest == nil || d.Manifest.Items != 0 {
		t.Errorf("%+v", d.Manifest)
	}
	prove("how", "deleted").want(200, &r)
	if r.Proof.Verdict != "could-not-tell" {
		t.Errorf("%+v", r.Proof)
	}
}

// TestAlgorithms: what serves is told with its version, and what nobody declared is told as such.
func TestAlgorithms(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	engineer := w.people[staff.Engineer]
	id := w.versioned()
	var a httpapi.Algorithm
	w.ask("POST", "/v1/algorithms/"+id+":bind", map[string]any{"version": "1"}).by(engineer).want(200, &a)
	if !a.Told || a.Serving == nil || a.Serving.Version != "1" || a.Provenance != "passed" {
		t.Errorf("%+v", a)
	}
	w.corpus.serving = "b"
	w.ask("GET", "/v1/algorithms/"+id, nil).by(engineer).want(200, &a)
	if a.Serving == nil || a.Serving.Version != "" || a.Serving.Digest != strings.Repeat("b", 64) {
		t.Errorf("%+v", a.Serving)
	}
	w.ask("POST", "/v1/algorithms/"+id+":bind", map[string]any{"version": "9"}).by(engineer).wantCode(404, algorithm.CodeNoVersion)
	w.ask("POST", "/v1/algorithms", map[string]any{"id": "third", "algorithm": map[string]any{"names": map[string]string{"zh": "甲", "en": "A"}, "kind": "generation", "origin": "third-party"}}).by(engineer).want(201, &a)
	if a.Provenance != "failed" || len(a.Reasons) != 3 || a.Reasons[0].Sentence.Sentence == "" {
		t.Errorf("%+v", a.Reasons)
	}
}

// TestAnnotation covers Generative AI Measures Art. 8: rules that another person approves, people who were trained in them, and
// checks that somebody else made.
func TestAnnotation(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	engineer, officer := w.people[staff.Engineer], w.people[staff.Officer]
	draft := func() (r httpapi.AnnotationRule) {
		w.ask("POST", "/v1/annotation-rules", map[string]any{"name": "safety", "kind": "safety", "title": map[string]string{"zh": "规则", "en": "Rule"}, "text": "Say what you see.", "part": 10, "share": 950_000}).by(engineer).want(201, &r)
		return r
	}
	rule := draft()
	check := func(first, second string, checked, wrong, untold int) call {
		return w.ask("POST", "/v1/annotation-checks", map[string]any{"rule": rule.ID, "batch": "week-47", "labels": 1000, "checked": checked, "wrong": wrong, "untold": untold, "annotators": []string{first}, "checker": second}).by(engineer)
	}
	check("a", "b", 100, 0, 0).wantCode(409, annotation.CodeNotForce)
	w.ask("POST", "/v1/annotation-rules/"+rule.ID+":approve", nil).by(officer).want(200, &rule)
	if rule.State != annotation.InForce || rule.Version != 1 || rule.Approver == "" {
		t.Errorf("%+v", rule)
	}
	first, second, untrained := w.trainee("annotate", rule.ID), w.trainee("check", rule.ID), w.trainee("annotate", "")
	check(untrained, second, 100, 0, 0).wantCode(403, annotation.CodeUntrained)
	check(first, first, 100, 0, 0).wantCode(403, annotation.CodeSelf)
	check(second, first, 100, 0, 0).wantCode(403, annotation.CodeDuty)
	for _, c := range []struct {
		checked, wrong, untold int
		want                   string
	}{{100, 5, 0, "passed"}, {100, 6, 0, "failed"}, {99, 0, 0, "could-not-tell"}, {104, 3, 4, "could-not-tell"}, {0, 0, 0, "could-not-tell"}} {
		var got httpapi.AnnotationCheck
		check(first, second, c.checked, c.wrong, c.untold).want(201, &got)
		if got.Verdict != c.want || got.Must != 100 {
			t.Errorf("%+v: %+v", c, got)
		}
	}
	later := draft()
	w.ask("POST", "/v1/annotation-rules/"+later.ID+":approve", nil).by(officer).want(200, nil)
	w.ask("GET", "/v1/annotation-rules/"+rule.ID, nil).by(officer).want(200, &rule)
	if later.Version != 2 || rule.State != annotation.Replaced {
		t.Errorf("%+v %+v", later, rule)
	}
	if colophon.ClauseGenAI8 != "genai-8" {
		t.Error(colophon.ClauseGenAI8)
	}
}
