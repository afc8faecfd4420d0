package console

import (
	"context"
	"slices"
	"strconv"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/review/training"
	"github.com/colophon-project/colophon/staff"
)

func trainingStates() []string { return texts(training.States()) }

func trainingState(t client.TrainingSample) cell {
	return state("page-training-state-", t.State, map[string]tone{"drawing": wait, "judging": wait, "done": good})
}

func trainingList() list[client.TrainingSample] {
	return list[client.TrainingSample]{
		name: "training-samples", path: samplesPath, title: "page-training-samples", action: staff.DatasetRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.TrainingSample, string, error) {
			return c.TrainingSamples(ctx, l)
		},
		columns: []column[client.TrainingSample]{
			{name: "training-sample", cell: func(t client.TrainingSample) cell { return ident(t.ID).to(trainingLink(t.ID)) }},
			{name: "state", cell: trainingState},
			{name: "dataset", cell: func(t client.TrainingSample) cell { return ident(t.Dataset).to(datasetLink(t.Dataset)) }},
			{name: "dataset-items", cell: func(t client.TrainingSample) cell { return count(int64(t.Items)) }},
			{name: "sample-drawn", cell: func(t client.TrainingSample) cell { return count(int64(t.Drawn)) }},
			{name: "made", side: true, cell: func(t client.TrainingSample) cell { return moment(t.Made) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-training-state-", options: trainingStates()}, {name: "dataset", kind: "text"}},
		deeds:   []lead{{datasetsPath, "page-datasets", staff.DatasetRead}},
	}
}

func trainingSheet() sheet[client.TrainingSample] {
	step := func(name, step, record string, danger bool, may func(client.TrainingSample) bool) deed[client.TrainingSample] {
		return deed[client.TrainingSample]{name: name, step: step, action: staff.DatasetWrite, record: record, danger: danger, may: may, do: func(v *visit, t client.TrainingSample) (string, error) {
			_, err := v.api().StepTrainingSample(v.r.Context(), t.ID, step)
			return "", err
		}}
	}
	going := func(t client.TrainingSample) bool { return t.State == "drawing" || t.State == "judging" }
	return sheet[client.TrainingSample]{
		path: samplesPath + "/{id}", title: "page-training-sample", action: staff.DatasetRead,
		fetch: func(v *visit, id string) (client.TrainingSample, error) {
			return v.api().TrainingSample(v.r.Context(), id)
		},
		facts: func(t client.TrainingSample) []fact {
			list := []fact{{"state", trainingState(t)}, {"dataset", ident(t.Dataset).to(datasetLink(t.Dataset))}, {"dataset-digest", ident(t.Digest)}, {"dataset-items", count(int64(t.Items))}, {"sample-drawn", count(int64(t.Drawn))}, {"sample-open", count(int64(t.Open))},
				{"pairs-judged", count(int64(t.Pairs))}, {"pairs-agreed", count(int64(t.Agreed))}}
			if t.Kappa != nil {
				list = append(list, fact{"kappa", text(strconv.FormatFloat(float64(*t.Kappa)/1e6, 'f', 2, 64))})
			}
			m := t.Machine
			list = append(list, fact{"machine-drawn", count(int64(m.Drawn))}, fact{"machine-passed", count(int64(m.Passed))}, fact{"machine-failed", count(int64(m.Failed))}, fact{"machine-unknown", count(int64(m.Unknown))})
			for _, j := range m.Judges {
				list = append(list, fact{"machine-judges", text(j)})
			}
			if t.Each > 0 {
				list = append(list, fact{"sample-each", count(int64(t.Each))})
			}
			return append(list, fact{"draw-seed", text(strconv.FormatUint(uint64(t.Seed), 10))}, fact{"made", moment(t.Made)}, fact{"by", cell{Text: t.By, Staff: true}}, fact{"ended", sometime(t.Ended)})
		},
		ways: func(v *visit, t client.TrainingSample) []lead {
			if t.State != "judging" || !v.actor().May(staff.PanelRead) {
				return nil
			}
			return []lead{{to: panelLink(t.Sheet), title: "page-training-judge"}}
		},
		parts: func(v *visit, t client.TrainingSample) ([]part, error) {
			say := v.speakers[v.lang]
			return []part{{Title: "page-training-results", Lead: "page-training-results-lead", Table: tableOf("page-training-results", []column[client.SampleResult]{
				{name: "yardstick", cell: func(r client.SampleResult) cell { return word("page-yardstick-", r.Yardstick) }},
				{name: "source-name", cell: func(r client.SampleResult) cell { return text(r.Source) }},
				{name: "state", cell: func(r client.SampleResult) cell {
					return state("page-corpus-", r.Verdict, map[string]tone{"passed": good, "failed": bad, "could-not-tell": wait})
				}},
				{name: "source-share", cell: func(r client.SampleResult) cell {
					if r.Known == 0 {
						return cell{}
					}
					return text(percent(r.Share))
				}},
				{name: "yardstick-share", cell: func(r client.SampleResult) cell {
					if r.Yardstick == "source" {
						return text(say.Say("page-yardstick-share-most", "share", percent(r.Mark)))
					}
					return text(say.Say("page-yardstick-share-least", "share", percent(r.Mark)))
				}},
				{name: "source-judged", cell: func(r client.SampleResult) cell { return count(int64(r.Known)) }},
				{name: "result-must", side: true, cell: func(r client.SampleResult) cell { return count(int64(r.Must)) }},
				{name: "machine-unknown", side: true, cell: func(r client.SampleResult) cell { return count(int64(r.Unknown)) }},
			}, t.Results)}}, nil
		},
		labels: []string{"dataset-digest", "sample-open", "pairs-judged", "pairs-agreed", "kappa", "machine-drawn", "machine-passed", "machine-failed", "machine-unknown", "machine-judges", "draw-seed", "made", "by", "ended", "yardstick", "source-name", "source-share", "yardstick-share", "source-judged", "result-must", "sample-each"},
		says:   slices.Concat(datasetWords(), []string{"page-training-judge", "page-yardstick-share-least", "page-yardstick-share-most"}),
		deeds: []deed[client.TrainingSample]{
			step("training-finish", "finish", "dataset.sampled training.finished training.forgotten", false, func(t client.TrainingSample) bool { return t.State == "judging" }),
			step("training-cancel", "cancel", "training.cancelled sample.withdrawn training.forgotten", true, going),
		},
	}
}
