package httpapi

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/register"
	"github.com/colophon-project/colophon/register/dataset"
	"github.com/colophon-project/colophon/review/sample"
	"github.com/colophon-project/colophon/review/training"
)

// DatasetText describes a dataset.
type DatasetText struct {
	Names      TextPair    `json:"names" doc:"What it is called."`
	Modalities []string    `json:"modalities" nullable:"false" minItems:"1" maxItems:"5" enum:"text,image,audio,video,other" doc:"Kinds of content."`
	Origin     string      `json:"origin" enum:"own,open,licensed,purchased,users,public-web,synthetic,other" doc:"Where it comes from: collected by yourself, under an open licence, licensed, purchased, from users, from public pages, generated, other."`
	Source     string      `json:"source" minLength:"1" maxLength:"4000" doc:"Where it came from, and how."`
	Licence    string      `json:"licence,omitempty" maxLength:"4000" doc:"Licence or contract, by name."`
	Paper      string      `json:"paper,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of the licence or contract, which lies elsewhere."`
	Items      int64       `json:"items,omitempty" minimum:"0" doc:"How many items, as you say."`
	Bytes      int64       `json:"bytes,omitempty" minimum:"0" doc:"How many bytes, as you say."`
	Personal   dataset.Tri `json:"personal,omitempty" enum:"yes,no" doc:"Whether personal information is in it; absent where nobody said."`
	Kinds      []string    `json:"kinds,omitempty" nullable:"false" maxItems:"32" doc:"Which personal information, in words."`
	Bases      []string    `json:"bases,omitempty" nullable:"false" maxItems:"7" enum:"consent,contract,duty,emergency,news,disclosed,law" doc:"Grounds by Personal Information Protection Law Art. 13."`
	Ground     string      `json:"ground,omitempty" maxLength:"4000" doc:"The ground in words."`
	Proof      string      `json:"proof,omitempty" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 in hexadecimal" doc:"SHA-256 of what proves consents that are not kept here."`
	Consents   []string    `json:"consents,omitempty" nullable:"false" maxItems:"1000" doc:"Consents kept here that it rests on. They have to allow training."`
	Biometric  dataset.Tri `json:"biometric,omitempty" enum:"yes,no" doc:"Whether it shows faces, voices or bodies; absent where nobody said."`
	Biometrics []string    `json:"biometrics,omitempty" nullable:"false" maxItems:"3" enum:"face,voice,body" doc:"Which."`
	Minors     dataset.Tri `json:"minors,omitempty" enum:"yes,no" doc:"Whether it is of people under 14 too; absent where nobody said."`
}

func (t DatasetText) description() dataset.Description {
	return dataset.Description{Names: register.Names(t.Names), Modalities: t.Modalities, Origin: t.Origin, Source: t.Source, Licence: t.Licence, Paper: t.Paper, Items: t.Items, Bytes: t.Bytes,
		Personal: t.Personal, Kinds: t.Kinds, Bases: t.Bases, Ground: t.Ground, Proof: t.Proof, Consents: t.Consents, Biometric: t.Biometric, Biometrics: t.Biometrics, Minors: t.Minors}
}

// DatasetCount is how many items there are of one thing.
type DatasetCount struct {
	Name  string `json:"name" doc:"Source, or identifier of a consent."`
	Items int    `json:"items" doc:"How many items."`
}

// DatasetManifest is what a manifest came to. What it lists is not kept.
type DatasetManifest struct {
	Digest   string         `json:"digest" doc:"Digest of the dataset: SHA-256 over its items, whatever their order."`
	Items    int            `json:"items" doc:"How many items."`
	Sources  []DatasetCount `json:"sources" nullable:"false" doc:"Items by source, where it names sources."`
	Consents []DatasetCount `json:"consents" nullable:"false" doc:"Items by consent."`
	At       time.Time      `json:"at" doc:"When it was handed in."`
	By       string         `json:"by" doc:"Staff account."`
}

// DatasetUse says that a version of an algorithm used a dataset.
type DatasetUse struct {
	Algorithm string    `json:"algorithm" doc:"The algorithm."`
	Version   string    `json:"version" doc:"Its version."`
	Purpose   string    `json:"purpose" enum:"pretraining,tuning,evaluation,retrieval" doc:"What for."`
	Digest    string    `json:"digest,omitempty" doc:"Digest of the dataset then."`
	At        time.Time `json:"at" doc:"When it was entered."`
	By        string    `json:"by" doc:"Staff account."`
}

// SampleResult is what a sample came to, held against a yardstick of GB/T 45654-2025. Shares are in parts per million.
type SampleResult struct {
	Sample    string            `json:"sample" doc:"The sample."`
	Digest    string            `json:"digest" doc:"Digest of the dataset that was sampled."`
	Yardstick dataset.Yardstick `json:"yardstick" enum:"corpus-people,corpus-machine,source" doc:"Corpus-people: what people found right; corpus-machine: what machines did; source: what people found illegal, of one source."`
	Source    string            `json:"source,omitempty" doc:"The source that it is of; absent where the dataset names none."`
	Of        int               `json:"of" doc:"Items there are."`
	Must      int               `json:"must" doc:"Items that have to be judged; all there are, where those are fewer."`
	Hits      int               `json:"hits" doc:"Numerator."`
	Known     int               `json:"known" doc:"Denominator."`
	Unknown   int               `json:"unknown" doc:"Of these nobody could tell; not in the denominator."`
	Share     int               `json:"share" doc:"The share."`
	Low       int               `json:"low" doc:"Of the interval that covers 95 of 100."`
	High      int               `json:"high" doc:"Of the interval that covers 95 of 100."`
	Mark      int               `json:"mark" doc:"The share of the yardstick: a least share, of a source a limit."`
	Machine   string            `json:"machine,omitempty" doc:"What judged, with its version, where a machine did."`
	Verdict   string            `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What it comes to."`
	At        time.Time         `json:"at" doc:"When it was counted."`
}

func viewResults(list []dataset.Result) []SampleResult {
	out := []SampleResult{}
	for _, r := range list {
		out = append(out, SampleResult{r.Sample, r.Digest, r.Yardstick, r.Source, r.Of, r.Must, r.Hits, r.Known, r.Unknown, r.Share, r.Low, r.High, r.Mark, r.Machine, colophon.Verdict(r.Verdict).String(), r.At})
	}
	return out
}

// DatasetYardstick is how a dataset stands by one yardstick, as it is now.
type DatasetYardstick struct {
	Yardstick       dataset.Yardstick `json:"yardstick" enum:"corpus-people,corpus-machine,source" doc:"The yardstick."`
	Verdict         string            `json:"verdict" enum:"passed,failed,could-not-tell" doc:"What was not sampled, or is another one since, can't be told."`
	Sampled         bool              `json:"sampled" doc:"The dataset was sampled as it is."`
	Stale           bool              `json:"stale" doc:"It was sampled as it was before."`
	Least           int               `json:"least" doc:"Items that have to be judged; 0 for none that anybody says."`
	LeastPart       int               `json:"least_part" doc:"The same as a part of all, in hundredths."`
	Share           int               `json:"share" doc:"The share, in parts per million."`
	AtMost          bool              `json:"at_most" doc:"The share is a limit."`
	LeastConfidence string            `json:"least_confidence,omitempty" doc:"How sure the number is."`
	LeastSource     string            `json:"least_source,omitempty" doc:"Where it comes from."`
	ShareConfidence string            `json:"share_confidence" doc:"How sure the share is."`
	ShareSource     string            `json:"share_source" doc:"Where it comes from."`
	Results         []SampleResult    `json:"results" nullable:"false" doc:"What samples came to."`
}

// Dataset is a dataset as it is kept.
type Dataset struct {
	ID         string             `json:"id" doc:"Identifier."`
	State      dataset.State      `json:"state" enum:"active,retired" doc:"Where it is."`
	Dataset    DatasetText        `json:"dataset" doc:"What it is."`
	Manifest   *DatasetManifest   `json:"manifest,omitempty" doc:"The manifest in force; absent where none was handed in."`
	Before     []DatasetManifest  `json:"before" nullable:"false" doc:"Manifests before it, the latest first."`
	Uses       []DatasetUse       `json:"uses" nullable:"false" doc:"Versions that used it."`
	Grounds    string             `json:"grounds" enum:"passed,failed,could-not-tell" doc:"Whether it may be held and used, by what is said of it."`
	Reasons    []ProvenReason     `json:"reasons" nullable:"false" doc:"Why that has not passed."`
	Yardsticks []DatasetYardstick `json:"yardsticks" nullable:"false" doc:"How it stands by each."`
	Barred     bool               `json:"barred" doc:"No version may use it: a source has too much that is illegal."`
	Removals   int                `json:"removals" doc:"Open removals."`
	Late       int                `json:"late" doc:"Of them, those that are overdue."`
	Changed    time.Time          `json:"changed" doc:"When it was changed last."`
}

func viewManifest(l dataset.Listed) DatasetManifest {
	v := DatasetManifest{l.Digest, l.Items, []DatasetCount{}, []DatasetCount{}, l.At, l.By}
	for _, c := range l.Sources {
		v.Sources = append(v.Sources, DatasetCount(c))
	}
	for _, c := range l.Consents {
		v.Consents = append(v.Consents, DatasetCount(c))
	}
	return v
}

func viewDataset(ctx context.Context, e dataset.Entry) Dataset {
	say, d := printer(askerOf(ctx).language), e.Value
	v := Dataset{ID: e.ID, State: dataset.State(e.State), Before: []DatasetManifest{}, Uses: viewUses(d.Uses), Reasons: []ProvenReason{}, Yardsticks: []DatasetYardstick{}, Removals: d.Open, Late: d.Late, Changed: e.Changed,
		Dataset: DatasetText{TextPair(d.Names), d.Modalities, d.Origin, d.Source, d.Licence, d.Paper, d.Items, d.Bytes, d.Personal, d.Kinds, d.Bases, d.Ground, d.Proof, d.Consents, d.Biometric, d.Biometrics, d.Minors}}
	for i := len(d.Manifests) - 1; i >= 0; i-- {
		if one := viewManifest(d.Manifests[i]); i == len(d.Manifests)-1 {
			v.Manifest = &one
		} else {
			v.Before = append(v.Before, one)
		}
	}
	grounds, reasons := d.Grounds()
	v.Grounds = grounds.String()
	for _, r := range reasons {
		v.Reasons = append(v.Reasons, ProvenReason{r.Verdict.String(), *sentence(say, r.Code, nil)})
	}
	_, v.Barred = d.Barred()
	for _, row := range d.Rows() {
		y, _ := sample.YardstickOf(string(row.Yardstick))
		one := DatasetYardstick{row.Yardstick, row.Verdict.String(), row.Sampled, row.Stale, y.Least, y.LeastPart, y.Share, y.AtMost, string(y.LeastConfidence), y.LeastSource, string(y.ShareConfidence), y.ShareSource, viewResults(row.Results)}
		v.Yardsticks = append(v.Yardsticks, one)
	}
	return v
}

func viewUses(list []dataset.Use) []DatasetUse {
	out := []DatasetUse{}
	for _, u := range list {
		out = append(out, DatasetUse(u))
	}
	return out
}

// RemovalProof says how items were removed.
type RemovalProof struct {
	After   string    `json:"after" doc:"Digest of the dataset without the items."`
	Removed int       `json:"removed" doc:"Items that the manifest before named as resting on the consent."`
	Paper   string    `json:"paper,omitempty" doc:"SHA-256 of the protocol."`
	How     string    `json:"how" doc:"How."`
	Verdict string    `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Passed: no item of the consent is in the manifest after. Failed: some are. Could not tell: nobody handed in the manifest before, or it names no item of the consent, so that it is a statement."`
	Still   int       `json:"still" doc:"Items of the consent that were found in the manifest after."`
	At      time.Time `json:"at" doc:"When."`
	By      string    `json:"by" doc:"Staff account."`
}

// DatasetRemoval is what follows for a dataset from the end of a consent.
type DatasetRemoval struct {
	ID       string               `json:"id" doc:"Identifier."`
	State    dataset.RemovalState `json:"state" enum:"open,proven,dismissed" doc:"Where it is."`
	Dataset  string               `json:"dataset" doc:"The dataset."`
	Consent  string               `json:"consent" doc:"The consent that ended."`
	Why      string               `json:"why" doc:"How it ended."`
	Ended    time.Time            `json:"ended" doc:"When it ended."`
	Opened   time.Time            `json:"opened" doc:"When the removal was opened."`
	Due      time.Time            `json:"due" doc:"Until when the items have to be gone."`
	Late     bool                 `json:"late" doc:"It was, or is, later than that."`
	Before   string               `json:"before,omitempty" doc:"Digest of the dataset when it was opened."`
	Items    int                  `json:"items" doc:"Items that rest on the consent, as the manifest says; 0 where it says nothing."`
	Uses     []DatasetUse         `json:"uses" nullable:"false" doc:"Versions that had used the dataset by then."`
	Proof    *RemovalProof        `json:"proof,omitempty" doc:"The last proof: how it ended, or, of an open removal, one that failed."`
	Reason   string               `json:"reason,omitempty" doc:"Why nothing was removed."`
	Days     int                  `json:"days" doc:"The limit in days."`
	Basis    string               `json:"basis" doc:"Where the limit comes from."`
	Sureness string               `json:"confidence" doc:"How sure it is."`
}

func (s *server) viewRemoval(e ledger.Entry[dataset.Removal]) DatasetRemoval {
	r, limit := e.Value, s.Datasets.Limit()
	v := DatasetRemoval{ID: e.ID, State: dataset.RemovalState(e.State), Dataset: r.Dataset, Consent: r.Consent, Why: r.Why, Ended: r.Ended, Opened: e.Made, Due: r.Due, Late: r.Late, Before: r.Before, Items: r.Items,
		Uses: viewUses(r.Uses), Reason: r.Reason, Days: limit.Days, Basis: limit.Source, Sureness: limit.Confidence}
	if p := r.Proof; p != nil {
		v.Proof = &RemovalProof{p.After, p.Removed, p.Paper, p.How, colophon.Verdict(p.Verdict).String(), p.Still, p.At, p.By}
	}
	return v
}

// MachinePart is what machines said of the items that were drawn for them.
type MachinePart struct {
	Drawn   int      `json:"drawn" doc:"Items."`
	Passed  int      `json:"passed" doc:"Nothing was found."`
	Failed  int      `json:"failed" doc:"Something was."`
	Unknown int      `json:"unknown" doc:"Nobody could tell; an item without a text is one."`
	Judges  []string `json:"judges" nullable:"false" doc:"What judged, each with its version."`
}

// TrainingSample is a sample of a dataset.
type TrainingSample struct {
	ID      string         `json:"id" doc:"Identifier."`
	State   training.State `json:"state" enum:"drawing,judging,done,cancelled" doc:"Drawing: or it broke off, and is cancelled and drawn again. Done: what it came to stands in the dataset."`
	Sheet   string         `json:"sheet" doc:"The panel on which people judge it."`
	Dataset string         `json:"dataset" doc:"The dataset."`
	Digest  string         `json:"digest" doc:"Digest of the dataset."`
	Items   int            `json:"items" doc:"Items there are."`
	Seed    uint32         `json:"seed" doc:"By which chance drew; for machines by the next number."`
	Least   int            `json:"least" doc:"How many items people had to judge at least."`
	Each    int            `json:"each" doc:"How many of each source at least. Where it is not 0 the share is that of the sample, not of the dataset."`
	Drawn   int            `json:"drawn" doc:"Items that people judge."`
	Open    int            `json:"open" doc:"Of them, those that still have to be judged; of one sample alone."`
	Machine MachinePart    `json:"machine" doc:"What machines said."`
	Pairs   int            `json:"pairs" doc:"Items that two people judged; of one sample alone."`
	Agreed  int            `json:"agreed" doc:"Of them, those on which the two agreed."`
	Kappa   *int           `json:"kappa,omitempty" doc:"How much they agree beyond chance (Cohen), in parts per million; absent where it is not defined."`
	Results []SampleResult `json:"results" nullable:"false" doc:"What it has come to by now; of one sample alone, or one that is done."`
	By      string         `json:"by" doc:"Staff account that drew it."`
	Made    time.Time      `json:"made" doc:"When."`
	Ended   *time.Time     `json:"ended,omitempty" doc:"When it was finished or cancelled."`
}

func viewTraining(t training.Sample) TrainingSample {
	v := TrainingSample{ID: t.ID, State: t.State, Sheet: training.Sheet(t.ID), Dataset: t.Dataset, Digest: t.Digest, Items: t.Items, Seed: t.Seed, Least: t.Quota.Least, Each: t.Quota.Each, Drawn: t.Drawn,
		Machine: MachinePart(t.Machine), By: t.By, Made: t.Made, Ended: set(t.Ended)}
	v.Results = viewResults(t.Results)
	return v
}
