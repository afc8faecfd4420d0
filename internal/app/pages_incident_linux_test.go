package app

import (
	"strings"
	"testing"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/staff"
)

// TestIncidentByPages has an officer open an incident in the browser, tell a fact, draft the report and read it, plan a drill, and
// find it all in the calendar. The pages look as they must.
func TestIncidentByPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx, one := t.Context(), c.client(c.first)
	officer := c.tab(staff.Officer)
	officer.Open("/sign-in?lang=en")
	officer.Open("/incidents/new")
	officer.Click("input[value=security]")
	officer.Put("#incident-title", "strange sign-ins")
	officer.Put("#incident-about", "function dialogue")
	officer.Press("main form .do button", ".facts")
	id := strings.TrimPrefix(browsertest.Ask[string](officer, "location.pathname"), "/incidents/")
	officer.Says("Network security", "first report", "Could not tell", "Running")
	if strings.Contains(officer.Text(), "strange sign-ins") {
		t.Error("what is sealed is shown before somebody asks for it")
	}
	officer.Press(`form[action$="/read"] button`, ".prose")
	officer.Says("strange sign-ins")
	officer.Open("/incidents/" + id + "/learn")
	officer.Put("#incident-fact", "persons")
	officer.Put("#incident-least", "1000000")
	officer.Put("#incident-why", "counted")
	officer.Press("main form .do button", ".notice[role=status]")
	officer.Says("Serious at least")
	officer.Open("/incidents/" + id + "/report")
	officer.Put("#report-form", "first-report")
	officer.Press("main form .do button", ".facts")
	officer.Press(`form[action$="/read"] button`, "#field-effect")
	officer.Says("not known yet")
	report := strings.TrimPrefix(browsertest.Ask[string](officer, "location.pathname"), "/incident-reports/")
	report = strings.TrimSuffix(report, "/read")
	d := fine(one.ReadIncidentReport(ctx, report))(c.hands)
	if d.Report.Incident != id || len(d.Fields) == 0 {
		t.Errorf("%+v", d.Report)
	}
	drill := fine(one.PlanDrill(ctx, "security", time.Now().Add(24*time.Hour), "a key leaks"))(c.hands)
	list := fine(one.OpenCorrection(ctx, api.CorrectionDraft{Title: "illegal output", Origin: "incident/" + id, Function: "dialogue"}))(c.hands)
	officer.Open("/calendar")
	officer.Says("Drill: network security", "First report of an incident")
	for name, path := range map[string]string{"incidents": "/incidents", "incident": "/incidents/" + id, "incident-report": "/incident-reports/" + report, "drills": "/drills/standing", "drill": "/drills/" + drill.ID, "correction": "/illegal-outputs/" + list.ID, "calendar": "/calendar"} {
		officer.Open("/sign-in?lang=zh")
		officer.Open(path)
		officer.Look(name+"-zh", browsertest.In("zh")...)
	}
	officer.Open("/sign-in?lang=en")
	officer.Open("/incidents/" + id)
	officer.Look("incident-en", browsertest.In("en")...)
}
