package ledger_test

import (
	"testing"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

func TestPerson(t *testing.T) {
	t.Parallel()
	for _, role := range []evidence.Role{"officer", "reviewer", "engineer", "auditor"} {
		if !(ledger.By{Role: role, ID: "staff-1"}).Person() || (ledger.By{Role: role}).Person() {
			t.Errorf("%s", role)
		}
	}
	for _, role := range []evidence.Role{"", "system", "application", "subject", "user"} {
		if (ledger.By{Role: role, ID: "a"}).Person() {
			t.Errorf("%q is a person of the staff", role)
		}
	}
}
