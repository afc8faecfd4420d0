package app

import (
	"cmp"
	"flag"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// glance opens a page in languages, and looks at it as it is looked at in each.
func (c *city) glance(role staff.Role, path, name string, languages ...string) {
	c.Helper()
	b := c.tab(role)
	for _, lang := range languages {
		b.Open(path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "lang=" + lang)
		b.Look(name+"-"+lang, browsertest.In(lang)...)
	}
}

// TestGovernedLooks looks at the pages of duties, systems of rules, runs, reviews, inspections and incidents.
func TestGovernedLooks(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx, one := t.Context(), c.client(c.first)
	run := strings.TrimPrefix(c.pages["run"], "/runs/")
	within(t, func() bool {
		r := fine(one.TestRun(ctx, run))(c.hands)
		return r.Trouble != "" || r.State == "judging" && r.Judged != nil
	})
	if r := fine(one.TestRun(ctx, run))(c.hands); r.Trouble != "" {
		t.Fatalf("%s %s", r.Trouble, r.Said)
	}
	drawn := fine(one.SampleRun(ctx, run, "generation", 4, 0))(c.hands)
	for i, who := range []string{c.first, c.second} {
		for range 3 {
			by := c.client(who)
			item := fine(by.NextPanelItem(ctx, drawn.Panel))(c.hands)
			c.must(by.JudgePanelItem(ctx, item.ID, []string{"passed", "failed"}[i], ""))
		}
	}
	assessments, _, err := one.Assessments(ctx, api.Listing{Filter: url.Values{"function": {"portrait-swap"}}})
	c.must(err)
	year := fine(one.Calendar(ctx, time.Now(), time.Now().AddDate(1, 0, 0), ""))(c.hands)
	for ref, title := range map[string]string{"obligation": "A waiver ends: Taken up, handled and answered in time (ds-12-3)", "rules": "System of rules to be reviewed: user registration"} {
		if !slices.ContainsFunc(year.Dates, func(d api.CalendarDate) bool { return d.Ref == ref && d.Title == title }) {
			t.Errorf("the calendar does not say %q: %+v", title, year.Dates)
		}
	}
	reviewer := c.client(c.session(staff.Reviewer))
	item := fine(reviewer.NextPanelItem(ctx, drawn.Panel))(c.hands)

	at := map[string]string{"assessment": "/assessments/" + assessments[0].ID, "run-result": c.pages["run"] + "/result", "panels": "/panels", "panel": "/panels/" + drawn.Panel}
	for name, path := range c.pages {
		if !strings.HasPrefix(name, "observation-") && !strings.HasPrefix(name, "system-") {
			at[name] = path
		}
	}
	at["observation"], at["system"], at["system-public"] = c.pages["observation-network-log"], c.pages["system-emergency"], "/provider-rules/registration"
	for _, path := range strings.Fields("/obligations /obligations/list /obligations/coming /obligations/ds-7-1 /obligations/ds-12-3 /probes /probes/clone-without-consent /observations /duty-facts /duty-waivers /systems /systems/versions /provider-rules /banks /runs /reviews /ethics-committee /security-triggers /inspections /incidents /drills /drills/standing /illegal-outputs /calendar") {
		at[strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-")] = path
	}
	c.glance(staff.Reviewer, "/judge/"+item.ID, "judge", "en", "zh")
	first := strings.Fields("obligations run-result judge inspection ethics security mechanism assessment obligations-ds-7-1 incident run panel bank probes observation calendar systems")
	order := func(name string) int {
		if i := slices.Index(first, name); i >= 0 {
			return i
		}
		return len(first)
	}
	for i, name := range slices.SortedFunc(maps.Keys(at), func(a, b string) int { return cmp.Or(order(a)-order(b), cmp.Compare(a, b)) }) {
		if i%20 == 19 { // a tab lives no longer than four minutes
			delete(c.tabs, staff.Officer)
		}
		languages := []string{"en", "zh"}
		if order(name) == len(first) && flag.Lookup("pictures").Value.String() == "" { // plain lists, and pages that other tests see too
			languages = languages[1:]
		}
		c.glance(staff.Officer, at[name], name, languages...)
	}
	for _, shot := range []struct {
		role       staff.Role
		path, name string
	}{
		{staff.Officer, "/obligations", "14-duties"}, {staff.Officer, at["run-result"], "16-result"}, {staff.Reviewer, "/judge/" + item.ID, "17-judge"},
		{staff.Officer, at["incident"], "18-incident"}, {staff.Officer, at["inspection"], "19-inspection"}, {staff.Officer, "/calendar", "20-calendar"},
	} {
		if browsertest.Touring() {
			c.tab(shot.role).Open(shot.path)
			c.tab(shot.role).Tour("tour-"+shot.name, "body")
		}
	}
}
