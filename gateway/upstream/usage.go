package upstream

import (
	"time"

	"github.com/colophon-project/colophon/evidence"
)

// Usage is what an account used of a model on one day, or one call of it.
type Usage struct {
	Account  evidence.Subject // pseudonym
	Model    string           // as the gateway names it
	Day      time.Time        // any time on it; days are of UTC
	Requests int64            // calls, with those that were blocked
	Blocked  int64            // calls that were refused or held by screening
	Input    int64            // units that the upstream counted of what went in; tokens mostly
	Output   int64            // and of what came out
}

// UsageQuery says which usage is asked for. The zero value means all.
type UsageQuery struct {
	Account  evidence.Subject
	Model    string
	From, To time.Time // days; To is included; zero for no end
	// Sum adds the days up: the rows have none.
	Sum bool
	// After is the last row of the page before; nil for the first page.
	After *Usage
	Limit int // 0 for MaxUsage
}

// MaxUsage is the most rows that a query returns.
const MaxUsage = 1000

// Date is a day as it is written and kept: 2026-11-22.
func Date(t time.Time) string { return t.UTC().Format(time.DateOnly) }
