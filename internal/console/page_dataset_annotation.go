package console

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/register/annotation"
	"github.com/colophon-project/colophon/staff"
)

const (
	annotationPath = "/annotation-rules"
	annotatorsPath = "/annotators"
	checksPath     = "/annotation-checks"
)

func annotationPages() []page {
	return slices.Concat(annotationList().rows(), start(annotationPath+"/new", annotationPath, ruleDraft()), annotationSheet().rows(), annotatorList().rows(), start(annotatorsPath+"/new", annotatorsPath, annotatorEnter()), annotatorSheet().rows(),
		checkedList().rows(), start(checksPath+"/new", checksPath, checkEnter()))
}

func ruleState(r client.AnnotationRule) cell {
	return state("page-annotation-state-", r.State, map[string]tone{"draft": wait, "in-force": good})
}

func ruleLink(id string) string      { return annotationPath + "/" + escaped(id) }
func annotatorLink(id string) string { return annotatorsPath + "/" + escaped(id) }

func annotationLeads() []lead {
	return []lead{{annotationPath, "page-annotation-rules", staff.DatasetRead}, {annotatorsPath, "page-annotators", staff.DatasetRead}, {checksPath, "page-annotation-checks", staff.DatasetRead}}
}

func annotationList() list[client.AnnotationRule] {
	return list[client.AnnotationRule]{
		name: "annotation-rules", path: annotationPath, title: "page-annotation-rules", group: groupGovernance, action: staff.DatasetRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.AnnotationRule, string, error) {
			return c.AnnotationRules(ctx, l)
		},
		columns: []column[client.AnnotationRule]{
			{name: "annotation-rule", long: true, cell: func(r client.AnnotationRule) cell { return named(r.Title).to(ruleLink(r.ID)) }},
			{name: "rule-version", cell: func(r client.AnnotationRule) cell { return count(int64(r.Version)) }},
			{name: "state", cell: ruleState},
			{name: "rule-kind", cell: func(r client.AnnotationRule) cell { return word("page-annotation-kind-", r.Kind) }},
			{name: "rule-part", cell: func(r client.AnnotationRule) cell { return text(strconv.Itoa(r.Part) + " %") }},
			{name: "rule-share", cell: func(r client.AnnotationRule) cell { return text(percent(r.Share)) }},
			{name: "made", side: true, cell: func(r client.AnnotationRule) cell { return moment(r.Made) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-annotation-state-", options: texts(annotation.States())}},
		deeds:   append([]lead{{annotationPath + "/new", "page-deed-rule-draft", staff.DatasetWrite}}, annotationLeads()[1:]...),
		says:    of("page-annotation-kind-", annotation.Kinds()...),
	}
}

func ruleDraft() deed[none] {
	return deed[none]{
		name: "rule-draft", action: staff.DatasetWrite, record: "annotation-rule.drafted",
		fields: []field[none]{{name: "rule-name", kind: "text", required: true, hint: true, most: 64}, {name: "rule-kind", kind: "choice", words: "page-annotation-kind-", options: annotation.Kinds(), required: true, hint: true}, {name: "name-zh", kind: "text", required: true}, {name: "name-en", kind: "text", required: true},
			{name: "rule-text", kind: "area", required: true, hint: true, most: 200_000}, {name: "rule-part", kind: "number", required: true, hint: true}, {name: "rule-share", kind: "number", required: true, hint: true}},
		do: func(v *visit, _ none) (string, error) {
			part, err := v.sentNumber("rule-part", 100)
			if err != nil {
				return "", err
			}
			share, err := v.sentNumber("rule-share", 100)
			if err != nil {
				return "", err
			}
			r, err := v.api().DraftAnnotationRule(v.r.Context(), client.AnnotationRule{Name: strings.TrimSpace(v.sent("rule-name")), Kind: v.sent("rule-kind"), Title: client.TextPair{ZH: v.sent("name-zh"), EN: v.sent("name-en")}, Text: prose(v.sent("rule-text")), Part: int(part), Share: int(share) * 10_000})
			return ruleLink(r.ID), err
		},
	}
}

func annotationSheet() sheet[client.AnnotationRule] {
	step := func(name, step, record string, danger bool, may func(client.AnnotationRule) bool) deed[client.AnnotationRule] {
		return deed[client.AnnotationRule]{name: name, step: step, action: staff.DatasetProve, record: record, danger: danger, may: may, do: func(v *visit, r client.AnnotationRule) (string, error) {
			_, err := v.api().StepAnnotationRule(v.r.Context(), r.ID, step)
			return "", err
		}}
	}
	return sheet[client.AnnotationRule]{
		path: annotationPath + "/{id}", title: "page-annotation-rule", action: staff.DatasetRead,
		fetch: func(v *visit, id string) (client.AnnotationRule, error) {
			return v.api().AnnotationRule(v.r.Context(), id)
		},
		heading: func(r client.AnnotationRule) cell { return named(r.Title) },
		facts: func(r client.AnnotationRule) []fact {
			return []fact{{"state", ruleState(r)}, {"rule-name", ident(r.Name)}, {"rule-version", count(int64(r.Version))}, {"rule-kind", word("page-annotation-kind-", r.Kind)}, {"rule-part", text(strconv.Itoa(r.Part) + " %")}, {"rule-share", text(percent(r.Share))}, {"sha256", ident(r.SHA256)},
				{"author", cell{Text: r.Author, Staff: true}}, {"made", moment(r.Made)}, {"approver", cell{Text: r.Approver, Staff: true}}, {"approved-at", sometime(r.Approved)}, {"ended", sometime(r.Ended)}}
		},
		parts: func(v *visit, r client.AnnotationRule) ([]part, error) {
			checks, _, err := v.api().AnnotationChecks(v.r.Context(), client.Listing{Filter: map[string][]string{"rule": {r.ID}}, Limit: walkSize})
			if err != nil {
				return nil, err
			}
			people, _, err := gathered(v.r.Context(), v.api().Annotators, nil, mostSorted)
			if err != nil {
				return nil, err
			}
			people = slices.DeleteFunc(people, func(a client.Annotator) bool {
				return !slices.ContainsFunc(a.Trainings, func(t client.AnnotatorTraining) bool { return t.Rule == r.ID })
			})
			return []part{{Title: "page-rule-text", Prose: r.Text},
				{Title: "page-rule-trained", Empty: "page-rule-trained-none", Table: tableOf("page-rule-trained", annotatorColumns(), people), Ways: []lead{{to: annotatorsPath, title: "page-annotators"}}},
				{Title: "page-annotation-checks", Empty: "page-annotation-checks-none", Table: tableOf("page-annotation-checks", checkColumns(), checks), Ways: []lead{{to: checksPath, title: "page-annotation-checks"}}}}, nil
		},
		labels: []string{"rule-name", "sha256", "author", "approver", "approved-at", "ended", "annotator", "annotator-duty", "annotator-trained", "check-batch", "check-share", "check-checked", "check-labels", "check-wrong", "check-untold", "check-must", "made"},
		says:   slices.Concat(of("page-annotation-kind-", annotation.Kinds()...), of("page-annotator-duty-", annotation.Duties()...), of("page-annotator-state-", "active", "left"), of("page-verdict-", verdicts()...)),
		deeds: []deed[client.AnnotationRule]{
			step("rule-approve", "approve", "annotation-rule.approved annotation-rule.replaced", false, func(r client.AnnotationRule) bool { return r.State == "draft" }),
			step("rule-withdraw", "withdraw", "annotation-rule.withdrawn", true, func(r client.AnnotationRule) bool { return r.State == "draft" || r.State == "in-force" }),
		},
	}
}

func annotatorState(a client.Annotator) cell {
	return state("page-annotator-state-", a.State, map[string]tone{"active": good})
}

func annotatorColumns() []column[client.Annotator] {
	return []column[client.Annotator]{
		{name: "annotator", cell: func(a client.Annotator) cell { return ident(a.ID).to(annotatorLink(a.ID)) }},
		{name: "annotator-duty", cell: func(a client.Annotator) cell { return word("page-annotator-duty-", a.Duty) }},
		{name: "state", cell: annotatorState},
		{name: "annotator-trained", cell: func(a client.Annotator) cell {
			n := 0
			for _, t := range a.Trainings {
				if t.Passed {
					n++
				}
			}
			return count(int64(n))
		}},
	}
}

func annotatorList() list[client.Annotator] {
	return list[client.Annotator]{
		name: "annotators", path: annotatorsPath, title: "page-annotators", action: staff.DatasetRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Annotator, string, error) {
			return c.Annotators(ctx, l)
		},
		columns: annotatorColumns(),
		deeds:   append([]lead{{annotatorsPath + "/new", "page-deed-annotator-enter", staff.DatasetWrite}}, annotationLeads()[0], annotationLeads()[2]),
		says:    slices.Concat(of("page-annotator-duty-", annotation.Duties()...), of("page-annotator-state-", "active", "left")),
	}
}

func annotatorEnter() deed[none] {
	return deed[none]{
		name: "annotator-enter", action: staff.DatasetWrite, record: "annotator.entered",
		fields: []field[none]{{name: "annotator", kind: "text", required: true, hint: true, most: 64}, {name: "annotator-duty", kind: "choice", words: "page-annotator-duty-", options: annotation.Duties(), required: true}},
		do: func(v *visit, _ none) (string, error) {
			a, err := v.api().EnterAnnotator(v.r.Context(), strings.TrimSpace(v.sent("annotator")), v.sent("annotator-duty"))
			return annotatorLink(a.ID), err
		},
	}
}

// rulesInForce are the versions that people are trained in, by identifier, with their names.
func rulesInForce(v *visit, states ...string) (ids []string, names map[string]string, err error) {
	names = map[string]string{}
	list, _, err := gathered(v.r.Context(), v.api().AnnotationRules, map[string][]string{"state": states}, mostSorted)
	for _, r := range list {
		ids = append(ids, r.ID)
		names[r.ID] = v.pair(r.Title) + " · " + strconv.Itoa(r.Version)
	}
	return ids, names, err
}

func ruleField[T any](states ...string) field[T] {
	return field[T]{name: "annotation-rule", kind: "choice", required: true, hint: true,
		choices: func(v *visit, _ T) ([]string, error) {
			ids, _, err := rulesInForce(v, states...)
			return ids, err
		},
		names: func(v *visit) map[string]string {
			_, names, _ := rulesInForce(v, states...)
			return names
		}}
}

func annotatorSheet() sheet[client.Annotator] {
	active := func(a client.Annotator) bool { return a.State == "active" }
	return sheet[client.Annotator]{
		path: annotatorsPath + "/{id}", title: "page-annotator", action: staff.DatasetRead,
		fetch: func(v *visit, id string) (client.Annotator, error) { return v.api().Annotator(v.r.Context(), id) },
		facts: func(a client.Annotator) []fact {
			return []fact{{"annotator", ident(a.ID)}, {"state", annotatorState(a)}, {"annotator-duty", word("page-annotator-duty-", a.Duty)}, {"entered", moment(a.Entered)}}
		},
		parts: func(v *visit, a client.Annotator) ([]part, error) {
			_, names, err := rulesInForce(v, texts(annotation.States())...)
			if err != nil {
				return nil, err
			}
			return []part{{Title: "page-annotator-trainings", Empty: "page-annotator-trainings-none", Table: tableOf("page-annotator-trainings", []column[client.AnnotatorTraining]{
				{name: "annotation-rule", cell: func(t client.AnnotatorTraining) cell { return text(names[t.Rule]).to(ruleLink(t.Rule)) }},
				{name: "training-day", cell: func(t client.AnnotatorTraining) cell { return moment(t.Day) }},
				{name: "training-passed", cell: func(t client.AnnotatorTraining) cell { return whether(t.Passed) }},
				{name: "training-paper", side: true, cell: func(t client.AnnotatorTraining) cell { return ident(t.Paper) }},
				{name: "by", side: true, cell: func(t client.AnnotatorTraining) cell { return cell{Text: t.By, Staff: true} }},
			}, a.Trainings)}}, nil
		},
		labels: []string{"entered", "annotation-rule", "training-day", "training-passed", "training-paper", "by", "annotator-duty"},
		says:   slices.Concat(of("page-annotator-duty-", annotation.Duties()...), of("page-annotator-state-", "active", "left")),
		deeds: []deed[client.Annotator]{
			{name: "annotator-train", step: "train", action: staff.DatasetWrite, record: "annotator.trained", upload: maxFilingForm, may: active,
				fields: []field[client.Annotator]{ruleField[client.Annotator]("in-force"), {name: "training-day", kind: "day", required: true}, {name: "training-passed", kind: "yes"}, {name: "training-paper", kind: "text", hint: true, most: 64}, {name: "training-paper-file", kind: "file"}},
				do: func(v *visit, a client.Annotator) (string, error) {
					day, err := v.sentDate("training-day")
					if err != nil {
						return "", err
					}
					paper, err := v.paperDigest("training-paper")
					if err == nil {
						_, err = v.api().TrainAnnotator(v.r.Context(), a.ID, v.sent("annotation-rule"), day, v.sent("training-passed") != "", paper)
					}
					return "", err
				}},
			{name: "annotator-leave", step: "leave", action: staff.DatasetWrite, record: "annotator.left", danger: true, may: active, do: func(v *visit, a client.Annotator) (string, error) {
				_, err := v.api().AnnotatorLeaves(v.r.Context(), a.ID)
				return "", err
			}},
		},
	}
}

func checkColumns() []column[client.AnnotationCheck] {
	return []column[client.AnnotationCheck]{
		{name: "check-batch", cell: func(c client.AnnotationCheck) cell { return ident(c.Check.Batch).to(ruleLink(c.Check.Rule)) }},
		{name: "state", cell: func(c client.AnnotationCheck) cell { return verdict(c.Verdict) }},
		{name: "check-share", cell: func(c client.AnnotationCheck) cell { return text(percent(c.Share) + " / " + percent(c.Mark)) }},
		{name: "check-checked", cell: func(c client.AnnotationCheck) cell { return count(int64(c.Check.Checked)) }},
		{name: "check-must", cell: func(c client.AnnotationCheck) cell { return count(int64(c.Must)) }},
		{name: "check-labels", side: true, cell: func(c client.AnnotationCheck) cell { return count(int64(c.Check.Labels)) }},
		{name: "check-wrong", side: true, cell: func(c client.AnnotationCheck) cell { return count(int64(c.Check.Wrong)) }},
		{name: "check-untold", side: true, cell: func(c client.AnnotationCheck) cell { return count(int64(c.Check.Untold)) }},
		{name: "made", side: true, cell: func(c client.AnnotationCheck) cell { return moment(c.At) }},
	}
}

func checkedList() list[client.AnnotationCheck] {
	return list[client.AnnotationCheck]{
		name: "annotation-checks", path: checksPath, title: "page-annotation-checks", action: staff.DatasetRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.AnnotationCheck, string, error) {
			return c.AnnotationChecks(ctx, l)
		},
		columns: checkColumns(),
		filters: []filter{{name: "dataset", kind: "text"}},
		deeds:   append([]lead{{checksPath + "/new", "page-deed-check-enter", staff.DatasetWrite}}, annotationLeads()[:2]...),
		says:    of("page-verdict-", verdicts()...),
	}
}

func checkEnter() deed[none] {
	return deed[none]{
		name: "check-enter", action: staff.DatasetWrite, record: "annotation.checked",
		fields: []field[none]{ruleField[none]("in-force", "replaced"), {name: "dataset", kind: "text", hint: true, most: 64}, {name: "check-batch", kind: "text", required: true, hint: true, most: 64}, {name: "check-labels", kind: "number", required: true}, {name: "check-checked", kind: "number", required: true},
			{name: "check-wrong", kind: "number", required: true}, {name: "check-untold", kind: "number"}, {name: "check-annotators", kind: "area", required: true, hint: true}, {name: "checker", kind: "text", required: true, most: 64}},
		do: func(v *visit, _ none) (string, error) {
			t := client.AnnotationCheckText{Rule: v.sent("annotation-rule"), Dataset: strings.TrimSpace(v.sent("dataset")), Batch: strings.TrimSpace(v.sent("check-batch")), Annotators: splitLines(v.sent("check-annotators")), Checker: strings.TrimSpace(v.sent("checker"))}
			for name, at := range map[string]*int{"check-labels": &t.Labels, "check-checked": &t.Checked, "check-wrong": &t.Wrong, "check-untold": &t.Untold} {
				n, err := v.sentNumber(name, 1_000_000_000)
				if err != nil {
					return "", err
				}
				*at = int(n)
			}
			c, err := v.api().EnterAnnotationCheck(v.r.Context(), t)
			return ruleLink(c.Check.Rule), err
		},
	}
}
