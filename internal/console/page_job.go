package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func jobPages() []page {
	return slices.Concat(jobList().rows(), jobSheet().rows(), []page{
		{method: get, path: "/settings", action: staff.SettingsRead, title: "page-settings", menu: true, group: groupSystem, words: settingWords(), do: showSettings},
	})
}

func jobStates() []string { return []string{"dead", "running", "waiting", "done"} }

// jobKinds are the kinds of background work.
func jobKinds() []string {
	return []string{"artefact-mark", "intake-scan", "webhook-event", "webhook-message", "assessment-run", "inspect-pages", "sweep-artefacts", "sweep-intake", "sweep-blobs", "sweep-staff", "sweep-answers", "supersede-agreements", "lapse-functions",
		"end-verifications", "expire-links", "tend-consents", "expire-orders", "sweep-assessments", "count-faces", "probe", "run-probes", "sweep-streams", "expire-held", "sweep-held", "expire-measures", "settle-signals", "sweep-tallies",
		"sweep-company", "sweep-usage", "purge", "end-restrictions"}
}

func jobWords() []string {
	var words []string
	for _, k := range jobKinds() {
		words = append(words, "page-job-kind-"+k)
	}
	for _, s := range jobStates() {
		words = append(words, "page-job-state-"+s)
	}
	return words
}

func jobState(j client.Job) cell {
	return state("page-job-state-", j.State, map[string]tone{"dead": bad, "running": wait, "done": good})
}

func jobList() list[client.Job] {
	return list[client.Job]{
		name: "jobs", path: "/jobs", title: "page-jobs", group: groupSystem, action: staff.JobRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Job, string, error) {
			jobs, next, _, err := c.Jobs(ctx, l)
			return jobs, next, err
		},
		columns: []column[client.Job]{
			{name: "job-kind", cell: func(j client.Job) cell { return word("page-job-kind-", j.Kind).to("/jobs/" + escaped(j.ID)) }},
			{name: "state", cell: jobState},
			{name: "attempts", cell: func(j client.Job) cell { return count(int64(j.Attempt)) }},
			{name: "percent", side: true, cell: func(j client.Job) cell {
				if j.Percent == 0 { // most do not tell
					return cell{}
				}
				return count(int64(j.Percent))
			}},
			{name: "created", cell: func(j client.Job) cell { return moment(j.Created) }},
			{name: "identifier", side: true, cell: func(j client.Job) cell { return ident(j.ID) }},
			{name: "trouble", side: true, cell: func(j client.Job) cell {
				if len(j.Troubles) == 0 {
					return cell{}
				}
				return word("", string(j.Troubles[len(j.Troubles)-1].Code))
			}},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-job-state-", options: jobStates(), shows: "dead"}},
		says:    jobWords(),
	}
}

func jobSheet() sheet[client.Job] {
	judge := func(name, step, record string, danger bool) deed[client.Job] {
		return deed[client.Job]{name: name, step: step, action: staff.JobRetry, record: record, danger: danger, may: func(j client.Job) bool { return j.State == "dead" },
			do: func(v *visit, j client.Job) (string, error) {
				to := ""
				if step == "discard" {
					to = "/jobs"
				}
				return to, v.api().JudgeJob(v.r.Context(), j.ID, step)
			}}
	}
	return sheet[client.Job]{
		path: "/jobs/{id}", title: "page-job", action: staff.JobRead, template: "job",
		fetch:   func(v *visit, id string) (client.Job, error) { return v.api().Job(v.r.Context(), id) },
		heading: func(j client.Job) cell { return word("page-job-kind-", j.Kind) },
		facts: func(j client.Job) []fact {
			return []fact{{"state", jobState(j)}, {"attempts", text(jobAttempts(j))}, {"created", moment(j.Created)}, {"not-before", dueOf(j)}, {"ended", sometime(j.Ended)}, {"identifier", ident(j.ID)}}
		},
		parts: func(_ *visit, j client.Job) ([]part, error) {
			return []part{{Title: "page-job-troubles", Lead: "page-job-troubles-lead", Empty: "page-job-troubles-none", Table: tableOf("page-job-troubles", []column[client.JobTrouble]{
				{name: "attempt", cell: func(t client.JobTrouble) cell { return count(int64(t.Attempt)) }},
				{name: "at", cell: func(t client.JobTrouble) cell { return moment(t.At) }},
				{name: "trouble", cell: func(t client.JobTrouble) cell { return word("", string(t.Code)) }},
			}, j.Troubles)}}, nil
		},
		more:   func(_ *visit, j client.Job) (any, error) { return j, nil },
		labels: []string{"attempt", "not-before", "ended"},
		deeds:  []deed[client.Job]{judge("job-retry", "retry", "job.retried", false), judge("job-discard", "discard", "job.discarded", true)},
	}
}

func jobAttempts(j client.Job) string {
	return grouped(int64(j.Attempt)) + " / " + grouped(int64(j.Attempts))
}

// dueOf is when a job that waits is begun.
func dueOf(j client.Job) cell {
	if j.State != "waiting" {
		return cell{}
	}
	return moment(j.Due)
}

// settingParts are the settings in groups, each named by its sentence. What is in no group stands in the last.
func settingParts() []settingPart {
	return []settingPart{
		{Title: "page-settings-provider", keys: "producer provider-name provider-contact report-responsible pack-forms operator platform-size report-at-once drill-months platform language appeal"},
		{Title: "page-settings-reach", keys: "listen public-url tls-cert tls-key trusted-proxies proxy-header browser inspection-hosts webhook-hosts recall-hosts recall-every"},
		{Title: "page-settings-data", keys: "data postgres blobs log log-name keys seal timestamp timestamp-ca"},
		{Title: "page-settings-keep", keys: "keep-originals keep-logs keep-assessments intake-keep"},
		{Title: "page-settings-screening", keys: "screen-artefacts starter-library screen-excerpt moderation-plan classifier-models sample-model"},
		{Title: "page-settings-people", keys: "admission prompt-text holidays accounts-per-person verification-tries verification-days verification-days-phone"},
		{Title: "page-settings-load", keys: "run-parallel max-upload marking signed concurrency rate connections connections-per-address memory-target pause drain workers jobs ffmpeg traces log-level"},
		{Title: "page-settings-more"},
	}
}

func settingWords() []string {
	words := []string{"page-origin-default", "page-origin-file", "page-origin-environment", "page-origin-flag"}
	for _, p := range settingParts() {
		words = append(words, p.Title)
	}
	return words
}

type settingPart struct {
	Title    string
	keys     string
	Settings []client.Setting
}

func showSettings(v *visit) error {
	list, err := v.api().Settings(v.r.Context())
	if err != nil {
		return err
	}
	parts := settingParts()
	for _, s := range list {
		i := slices.IndexFunc(parts, func(p settingPart) bool { return slices.Contains(strings.Fields(p.keys), s.Key) })
		if i < 0 {
			i = len(parts) - 1
		}
		s.About = capital(s.About)
		parts[i].Settings = append(parts[i].Settings, s)
	}
	return v.show("settings", slices.DeleteFunc(parts, func(p settingPart) bool { return len(p.Settings) == 0 }))
}
