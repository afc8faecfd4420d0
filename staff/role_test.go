package staff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/staff"
)

// TestAllowed is the table of who may do what, written down a second time: a change of the rules is a change of both.
func TestAllowed(t *testing.T) {
	const table = `
		                  officer reviewer engineer auditor key
		overview.read     yes     yes      yes      yes     yes
		artefact.create   yes     -        yes      -       yes
		artefact.read     yes     yes      yes      yes     yes
		artefact.verify   yes     yes      yes      yes     yes
		artefact.heal     yes     yes      yes      -       yes
		evidence.read     yes     -        -        yes     yes
		evidence.verify   yes     yes      yes      yes     yes
		evidence.hold     yes     -        -        -       -
		subject.erase     yes     -        -        -       -
		bundle.make       yes     -        -        -       yes
		network-log.read  -       -        -        yes     -
		keys.rotate       yes     -        yes      -       -
		staff.read        yes     -        -        yes     -
		staff.manage      yes     -        -        -       -
		apikey.read       yes     -        yes      yes     -
		apikey.manage     yes     -        yes      -       -
		job.read          yes     -        yes      yes     -
		job.retry         yes     -        yes      -       -
		gateway.use       yes     -        yes      -       yes
		gateway.read      yes     -        yes      yes     yes
		gateway.manage    yes     -        yes      -       -
		screen.use        yes     yes      yes      -       yes
		screen.read       yes     yes      -        yes     yes
		feature.read      yes     yes      yes      yes     yes
		feature.propose   yes     yes      yes      -       yes
		feature.review    yes     yes      -        -       -
		feature.manage    yes     -        -        -       -
		policy.read       yes     yes      yes      yes     yes
		policy.propose    yes     -        yes      -       -
		policy.release    yes     -        -        -       -
		held.read         yes     yes      -        yes     yes
		held.decide       yes     yes      -        -       -
		report-duty.read  yes     yes      -        yes     yes
		report-duty.file  yes     -        -        -       -
		account.read      yes     yes      -        yes     yes
		account.verify    yes     -        -        -       yes
		account.import    yes     -        yes      -       -
		account.approve   yes     -        -        -       -
		link.mint         yes     -        -        -       yes
		consent.read      yes     yes      -        yes     yes
		consent.ask       yes     -        -        -       yes
		consent.manage    yes     -        -        -       -
		assessment.read   yes     -        yes      yes     yes
		assessment.write  yes     -        yes      -       -
		assessment.approve yes     -        -        -       -
		measure.read      yes     yes      -        yes     yes
		measure.take      yes     yes      -        -       -
		measure.confirm   yes     -        -        -       -
		measure.notify    yes     yes      -        -       yes
		standing.rules    yes     -        -        -       -
		agreement.read    yes     yes      yes      yes     yes
		agreement.draft   yes     -        yes      -       -
		agreement.publish yes     -        -        -       -
		agreement.accept  yes     -        -        -       yes
		register.read     yes     yes      yes      yes     yes
		register.change   yes     -        yes      -       -
		register.live     yes     -        -        -       -
		card.issue        yes     -        -        -       -
		listing.read      yes     yes      yes      yes     yes
		listing.use       yes     yes      yes      -       yes
		listing.decide    yes     yes      -        -       -
		oversight.read    yes     yes      yes      yes     yes
		oversight.write   yes     -        yes      -       -
		oversight.decide  yes     -        -        -       -
		ethics.vote       yes     yes      yes      -       -
		order.read        yes     yes      yes      yes     yes
		order.issue       yes     -        yes      -       -
		order.release     yes     -        yes      -       -
		admission.ask     yes     -        yes      -       yes
		admission.read    yes     yes      -        yes     yes
		intake.use        yes     -        yes      -       yes
		intake.read       yes     yes      yes      yes     yes
		webhook.manage    yes     -        yes      -       -
		desk.read         yes     yes      -        yes     -
		desk.decide       yes     yes      -        -       -
		desk.appeal       yes     -        -        -       -
		desk.submit       yes     yes      -        -       yes
		copy.request      yes     -        -        -       yes
		copy.read         yes     yes      -        yes     -
		copy.decide       yes     -        -        -       -
		limits.write      yes     -        -        -       -
		limits.publish    yes     -        -        -       -
		refutation.read   yes     yes      -        yes     yes
		refutation.write  yes     yes      -        -       -
		refutation.publish yes     -        -        -       -
		notice.deliver    yes     -        -        -       yes
		recall.read       yes     yes      yes      yes     yes
		recall.follow     yes     -        yes      -       -
		inspection.read   yes     yes      yes      yes     yes
		inspection.run    yes     -        yes      -       yes
		dataset.read      yes     yes      yes      yes     yes
		dataset.write     yes     -        yes      -       -
		dataset.prove     yes     -        -        -       -
		bank.read         yes     yes      yes      yes     yes
		bank.write        yes     -        yes      -       -
		bank.approve      yes     -        -        -       -
		run.read          yes     yes      yes      yes     yes
		run.write         yes     -        yes      -       -
		panel.read        yes     yes      -        yes     yes
		panel.judge       yes     yes      -        -       -
		duty.read         yes     yes      yes      yes     yes
		duty.run          yes     -        yes      -       -
		duty.say          yes     -        yes      -       -
		duty.decide       yes     -        -        -       -
		systems.read      yes     yes      yes      yes     yes
		systems.write     yes     -        yes      -       -
		systems.approve   yes     -        -        -       -
		filing.read       yes     -        yes      yes     -
		filing.write      yes     -        yes      -       -
		filing.approve    yes     -        -        -       -
		filing.people     yes     -        -        -       -
		filing-list.read  yes     yes      yes      yes     yes
		filing-list.import yes    -        yes      -       -
		pack.read         yes     yes      -        yes     -
		pack.write        yes     yes      -        -       -
		pack.file         yes     -        -        -       -
		incident.read     yes     yes      yes      yes     yes
		incident.open     yes     yes      yes      -       yes
		incident.handle   yes     -        yes      -       -
		incident.file     yes     -        -        -       -
		incident.decide   yes     -        -        -       -
		drill.manage      yes     -        yes      -       -
		calendar.read     yes     -        yes      yes     yes
		session.end       yes     yes      yes      yes     -
		settings.read     yes     -        yes      yes     -
		settings.change   yes     -        yes      -       -`
	var rows []staff.Action
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		if i == 0 {
			continue
		}
		cells := strings.Fields(line)
		action := staff.Action(cells[0])
		rows = append(rows, action)
		for j, role := range staff.Roles() {
			if got := staff.Allowed(role, action); got != (cells[j+1] == "yes") {
				t.Errorf("%s, %s: allowed %v", role, action, got)
			}
		}
		if got := staff.AllowedToKeys(action); got != (cells[5] == "yes") {
			t.Errorf("API key, %s: allowed %v", action, got)
		}
	}
	if !slices.Equal(rows, staff.Actions()) {
		t.Errorf("the actions are %v, the table has %v", staff.Actions(), rows)
	}
	for _, role := range append(staff.Roles(), "", "system", "root") {
		if staff.Allowed(role, "") || staff.Allowed(role, "artefact.*") {
			t.Errorf("%q may do what is no action", role)
		}
	}
}

// TestAuditorReads is the rule that an auditor changes nothing, and that only auditors read the network log.
func TestAuditorReads(t *testing.T) {
	for _, action := range staff.Actions() {
		if staff.Allowed(staff.Auditor, action) && !staff.ReadsOnly(action) {
			t.Errorf("an auditor may %s", action)
		}
	}
	for _, role := range staff.Roles() {
		if staff.Allowed(role, staff.NetworkLogRead) != (role == staff.Auditor) {
			t.Errorf("%s and the network log", role)
		}
	}
}

func TestActor(t *testing.T) {
	both := staff.Actor{Account: "a", Roles: []staff.Role{staff.Reviewer, staff.Auditor}}
	if !both.May(staff.NetworkLogRead) || !both.May(staff.ArtefactRead) || both.May(staff.StaffManage) {
		t.Error("several roles")
	}
	if (staff.Actor{Roles: staff.Roles()}).May(staff.ArtefactRead) {
		t.Error("nobody may do something")
	}
}
