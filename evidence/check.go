package evidence

import (
	"cmp"
	"strconv"

	"github.com/colophon-project/colophon"
)

// Check is one thing that was looked at and what came of it.
type Check struct {
	Part    string // structure, manifest, checkpoint, timestamp, record, proof, opening, file, readings, cover, sample
	Name    string // which one: a name in the bundle, an index
	Verdict colophon.Verdict
	Code    colophon.Code // why the verdict is not Passed
	// Optional is set where a holder may leave something out. Such a check does not hold up the verdict of the whole
	// when it could not be made, and still fails it when it failed.
	Optional bool
}

// Overall is the verdict of several checks: Failed when one failed; Unknown when there is none, or one that had to be
// made could not be; otherwise Passed.
func Overall(checks []Check) colophon.Verdict {
	if len(checks) == 0 {
		return colophon.Unknown
	}
	verdict := colophon.Passed
	for _, c := range checks {
		switch {
		case c.Verdict == colophon.Failed:
			return colophon.Failed
		case c.Verdict == colophon.Unknown && !c.Optional:
			verdict = colophon.Unknown
		}
	}
	return verdict
}

func failed(part, name string, code colophon.Code) Check {
	return Check{Part: part, Name: name, Verdict: colophon.Failed, Code: code}
}

func indexName(index uint64) string { return strconv.FormatUint(index, 10) }

// compareNames orders decimal numbers by value.
func compareNames(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
