package httpapi

import (
	"context"
	"io"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/review/training"
	"github.com/colophon-project/colophon/staff"
)

// DatasetFiles reads manifests of datasets. It keeps none.
type DatasetFiles interface {
	// List enters a manifest as that of a dataset.
	List(ctx context.Context, by ledger.By, id string, from io.Reader) (dataset.Entry, error)
	// Draw does so too, and draws a sample of it.
	Draw(ctx context.Context, by ledger.By, o training.Order, from io.Reader) (training.Sample, error)
}

// maxManifest is the largest manifest, in bytes; an upload may be bounded more tightly.
const maxManifest = 1 << 30

func datasetRoutes() []route {
	return []route{
		{get, "/v1/datasets", "datasets", staff.DatasetRead, "datasets", 0, 200, do((*server).datasetList), "List datasets", 0},
		{post, "/v1/datasets", "add-dataset", staff.DatasetWrite, "datasets", small, 201, once((*server).datasetAdd), "Enter a dataset", 0},
		{get, "/v1/datasets/{id}", "dataset", staff.DatasetRead, "datasets", 0, 200, do((*server).datasetOne), "Show a dataset, its grounds, and how it stands by the yardsticks", 0},
		{post, "/v1/datasets/{id}:change", "change-dataset", staff.DatasetWrite, "datasets", small, 200, once((*server).datasetChange), "Describe a dataset anew, all that people say of it", 0},
		{post, "/v1/datasets/{id}:list", "list-dataset", staff.DatasetWrite, "datasets", 0, 200, do((*server).datasetListed), "Hand in the manifest: what the dataset consists of from now on", upload},
		{post, "/v1/datasets/{id}:sample", "sample-dataset", staff.DatasetWrite, "datasets", 0, 201, do((*server).datasetSample), "Hand in the manifest, and draw a sample of it for machines and people", upload},
		{post, "/v1/datasets/{id}:use", "use-dataset", staff.DatasetWrite, "datasets", small, 200, once((*server).datasetUse), "Say that a version of an algorithm used it", 0},
		{post, "/v1/datasets/{id}:retire", "retire-dataset", staff.DatasetWrite, "datasets", 0, 200, once((*server).datasetRetire), "End a dataset for good", 0},

		{get, "/v1/dataset-removals", "dataset-removals", staff.DatasetRead, "datasets", 0, 200, do((*server).removalList), "List removals that follow from the end of a consent, the newest first", 0},
		{get, "/v1/dataset-removals/{id}", "dataset-removal", staff.DatasetRead, "datasets", 0, 200, do((*server).removalOne), "Show a removal", 0},
		{post, "/v1/dataset-removals/{id}:prove", "prove-removal", staff.DatasetProve, "datasets", 0, 200, do((*server).removalProve), "Say how the items were removed, and have the manifests before and after compared", upload},
		{post, "/v1/dataset-removals/{id}:dismiss", "dismiss-removal", staff.DatasetProve, "datasets", small, 200, once((*server).removalDismiss), "Say why nothing is to be removed", 0},

		{get, "/v1/training-samples", "training-samples", staff.DatasetRead, "datasets", 0, 200, do((*server).trainingList), "List samples of datasets, the newest first", 0},
		{get, "/v1/training-samples/{id}", "training-sample", staff.DatasetRead, "datasets", 0, 200, do((*server).trainingOne), "Show a sample and what it has come to by now", 0},
		{post, "/v1/training-samples/{id}:finish", "finish-training-sample", staff.DatasetWrite, "datasets", 0, 200, once((*server).trainingFinish), "Enter what a sample came to into the dataset", 0},
		{post, "/v1/training-samples/{id}:cancel", "cancel-training-sample", staff.DatasetWrite, "datasets", 0, 200, once((*server).trainingCancel), "End a sample before its time", 0},
	}
}

type datasetOutput struct {
	Replayed
	Body Dataset
}

func (s *server) datasetShown(ctx context.Context, e dataset.Entry, err error) (*datasetOutput, error) {
	if err != nil {
		return nil, err
	}
	return &datasetOutput{Body: viewDataset(ctx, e)}, nil
}

type datasetListInput struct {
	Page
	States []dataset.State `query:"state,explode" nullable:"false" maxItems:"2" enum:"active,retired" doc:"State; may be repeated."`
}

type datasetListOutput struct {
	Body struct {
		Datasets []Dataset `json:"datasets" nullable:"false" doc:"By identifier."`
		Next     string    `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) datasetList(ctx context.Context, in *datasetListInput) (*datasetListOutput, error) {
	list, next, err := s.Datasets.Datasets(ctx, in.States, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &datasetListOutput{}
	out.Body.Datasets, out.Body.Next = []Dataset{}, next
	for _, e := range list {
		out.Body.Datasets = append(out.Body.Datasets, viewDataset(ctx, e))
	}
	return out, nil
}

func (s *server) datasetOne(ctx context.Context, in *Named) (*datasetOutput, error) {
	e, err := s.Datasets.Dataset(ctx, in.ID)
	return s.datasetShown(ctx, e, err)
}

type datasetAddInput struct {
	Keyed
	Body struct {
		ID      string      `json:"id" minLength:"1" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" patternDescription:"lower-case letters, digits and hyphens" doc:"Identifier that you choose." example:"portraits-2026"`
		Dataset DatasetText `json:"dataset" doc:"What it is."`
	}
}

func (s *server) datasetAdd(ctx context.Context, in *datasetAddInput) (*datasetOutput, error) {
	e, err := s.Datasets.Add(ctx, ledgerBy(ctx), in.Body.ID, in.Body.Dataset.description())
	return s.datasetShown(ctx, e, err)
}

type datasetChangeInput struct {
	Keyed
	Named
	Body struct {
		Dataset DatasetText `json:"dataset" doc:"What it is, all of it."`
	}
}

func (s *server) datasetChange(ctx context.Context, in *datasetChangeInput) (*datasetOutput, error) {
	e, err := s.Datasets.Describe(ctx, ledgerBy(ctx), in.ID, in.Body.Dataset.description())
	return s.datasetShown(ctx, e, err)
}

type datasetListedInput struct {
	Upload
	Named
}

func (s *server) datasetListed(ctx context.Context, in *datasetListedInput) (*datasetOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	e, err := s.DatasetFiles.List(ctx, ledgerBy(ctx), in.ID, http.MaxBytesReader(nil, io.NopCloser(body), maxManifest))
	return s.datasetShown(ctx, e, err)
}

type datasetSampleInput struct {
	Upload
	Named
	Seed  uint32 `query:"seed" doc:"By which chance draws; the same seed draws the same items again."`
	Least int    `query:"least" minimum:"0" maximum:"1000000" doc:"How many items people judge at least; what the yardstick asks for by itself."`
	Each  int    `query:"each" minimum:"0" maximum:"1000000" doc:"How many of each source at least. The share is that of the sample then."`
}

func (s *server) datasetSample(ctx context.Context, in *datasetSampleInput) (*trainingOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	o := training.Order{Dataset: in.ID, Seed: in.Seed, Quota: sample.Quota{Least: in.Least, Each: in.Each}}
	drawn, err := s.DatasetFiles.Draw(ctx, ledgerBy(ctx), o, http.MaxBytesReader(nil, io.NopCloser(body), maxManifest))
	if err != nil {
		return nil, err
	}
	return s.trainingOne(ctx, &Named{drawn.ID})
}

type datasetUseInput struct {
	Keyed
	Named
	Body struct {
		Algorithm string `json:"algorithm" minLength:"1" maxLength:"64" doc:"The algorithm."`
		Version   string `json:"version" minLength:"1" maxLength:"256" doc:"A version that was declared."`
		Purpose   string `json:"purpose" enum:"pretraining,tuning,evaluation,retrieval" doc:"What for."`
	}
}

func (s *server) datasetUse(ctx context.Context, in *datasetUseInput) (*datasetOutput, error) {
	e, err := s.Datasets.Use(ctx, ledgerBy(ctx), in.ID, dataset.Use{Algorithm: in.Body.Algorithm, Version: in.Body.Version, Purpose: in.Body.Purpose})
	return s.datasetShown(ctx, e, err)
}

func (s *server) datasetRetire(ctx context.Context, in *struct {
	Keyed
	Named
}) (*datasetOutput, error) {
	e, err := s.Datasets.Retire(ctx, ledgerBy(ctx), in.ID)
	return s.datasetShown(ctx, e, err)
}

type removalListInput struct {
	Page
	Dataset string                 `query:"dataset" maxLength:"64" doc:"Dataset."`
	Consent string                 `query:"consent" maxLength:"64" doc:"Consent."`
	States  []dataset.RemovalState `query:"state,explode" nullable:"false" maxItems:"3" enum:"open,proven,dismissed" doc:"State; may be repeated."`
}

type removalListOutput struct {
	Body struct {
		Removals []DatasetRemoval `json:"removals" nullable:"false" doc:"The newest first."`
		Next     string           `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) removalList(ctx context.Context, in *removalListInput) (*removalListOutput, error) {
	list, next, err := s.Datasets.Removals(ctx, dataset.RemovalQuery{Dataset: in.Dataset, Consent: in.Consent, States: in.States, After: in.Cursor, Limit: in.Limit})
	out := &removalListOutput{}
	out.Body.Removals, out.Body.Next = []DatasetRemoval{}, next
	for _, e := range list {
		out.Body.Removals = append(out.Body.Removals, s.viewRemoval(e))
	}
	return out, err
}

type removalOutput struct {
	Replayed
	Body DatasetRemoval
}

func (s *server) removalOne(ctx context.Context, in *Named) (*removalOutput, error) {
	e, err := s.Datasets.Removal(ctx, in.ID)
	return &removalOutput{Body: s.viewRemoval(e)}, err
}

type removalProveInput struct {
	Keyed
	Named
	Upload
}

// removalBody describes the form that proves a removal.
func removalBody() *huma.RequestBody {
	digits, two := 64, 2
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"how"}, Properties: map[string]*huma.Schema{
		"how":   {Type: huma.TypeString, Description: "How the items were removed, also from copies and backups."},
		"paper": {Type: huma.TypeString, Pattern: "^[0-9a-f]{64}$", MaxLength: &digits, Description: "SHA-256 of the protocol, which lies elsewhere."},
		"file":  {Type: huma.TypeArray, MaxItems: &two, Items: &huma.Schema{Type: huma.TypeString, Format: "binary"}, Description: "The manifest before, then the manifest in force. Without the first it could not tell whether the items are gone."},
	}}
	return &huma.RequestBody{Required: true, Description: "A form: the fields, and two parts named file, the manifests. They are read and not kept; together they are no larger than an upload may be. Where items of the consent are found the answer is 409, a record says so, and the removal stays open.",
		Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
}

func (s *server) removalProve(ctx context.Context, in *removalProveInput) (*removalOutput, error) {
	return formOnce(s, ctx, "prove-removal", in.Key, in, func() (*removalOutput, error) {
		r, err := s.Datasets.Removal(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		c := dataset.NewComparison(r.Value)
		v, _, err := formOf(s, &in.Upload, 2*maxManifest, func(part *multipart.Part) (struct{}, error) { return struct{}{}, c.Take(part) }, "how", "paper")
		if err != nil {
			return nil, err
		}
		e, err := s.Datasets.Prove(ctx, ledgerBy(ctx), in.ID, dataset.Proof{How: v.Get("how"), Paper: v.Get("paper")}, c)
		return &removalOutput{Body: s.viewRemoval(e)}, err
	})
}

type removalDismissInput struct {
	Keyed
	Named
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"4000" doc:"Why nothing is to be removed."`
	}
}

func (s *server) removalDismiss(ctx context.Context, in *removalDismissInput) (*removalOutput, error) {
	e, err := s.Datasets.Dismiss(ctx, ledgerBy(ctx), in.ID, in.Body.Reason)
	return &removalOutput{Body: s.viewRemoval(e)}, err
}

type trainingListInput struct {
	Page
	Dataset string           `query:"dataset" maxLength:"64" doc:"Dataset."`
	States  []training.State `query:"state,explode" nullable:"false" maxItems:"4" enum:"drawing,judging,done,cancelled" doc:"State; may be repeated."`
}

type trainingListOutput struct {
	Body struct {
		Samples []TrainingSample `json:"samples" nullable:"false" doc:"The newest first, without what they have come to."`
		Next    string           `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) trainingList(ctx context.Context, in *trainingListInput) (*trainingListOutput, error) {
	list, next, err := s.Training.Samples(ctx, in.Dataset, in.States, in.Cursor, in.Limit)
	out := &trainingListOutput{}
	out.Body.Samples, out.Body.Next = []TrainingSample{}, next
	for _, one := range list {
		out.Body.Samples = append(out.Body.Samples, viewTraining(one))
	}
	return out, err
}

type trainingOutput struct {
	Replayed
	Body TrainingSample
}

func (s *server) trainingOne(ctx context.Context, in *Named) (*trainingOutput, error) {
	one, results, tally, err := s.Training.Result(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	v := viewTraining(one)
	v.Open = tally.States[sample.Waiting] + tally.States[sample.Once] + tally.States[sample.Disputed]
	v.Pairs, v.Agreed = tally.Kappa.Pairs, tally.Kappa.Agreed
	if tally.Kappa.Defined {
		v.Kappa = &tally.Kappa.Value
	}
	v.Results = viewResults(results)
	return &trainingOutput{Body: v}, nil
}

type trainingStepInput struct {
	Keyed
	Named
}

func (s *server) trainingFinish(ctx context.Context, in *trainingStepInput) (*trainingOutput, error) {
	if _, err := s.Training.Finish(ctx, ledgerBy(ctx), in.ID); err != nil {
		return nil, err
	}
	return s.trainingOne(ctx, &in.Named)
}

func (s *server) trainingCancel(ctx context.Context, in *trainingStepInput) (*trainingOutput, error) {
	if _, err := s.Training.Cancel(ctx, ledgerBy(ctx), in.ID); err != nil {
		return nil, err
	}
	return s.trainingOne(ctx, &in.Named)
}
