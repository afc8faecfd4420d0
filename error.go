package colophon

import (
	"fmt"
	"sort"
	"strings"
)

// Kind sorts errors by what the caller can do about them.
type Kind int

const (
	// Internal is a fault of ours. Its text is for the log and is never shown to a person outside.
	Internal Kind = iota
	// Invalid means the input is wrong and must be changed.
	Invalid
	// Unsupported means the input may be right and Colophon does not handle it.
	Unsupported
	// Refused means that a rule forbids what was asked.
	Refused
	// Conflict means that what was asked collides with what is there.
	Conflict
	// Missing means that a named thing does not exist.
	Missing
)

// String returns the kind's name as it stands in JSON output.
func (k Kind) String() string {
	return [...]string{"internal", "invalid", "unsupported", "refused", "conflict", "missing"}[k]
}

// Error is the one error a person is shown. Code and Args say what happened; internal/locale turns them into a
// sentence. Err is the cause, for the log.
type Error struct {
	Kind    Kind
	Code    Code
	Args    Args
	Clauses []Clause
	Err     error
}

// Error renders the error for a log: code, arguments in order, cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	names := make([]string, 0, len(e.Args))
	for name := range e.Args {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&b, " %s=%q", name, e.Args[name])
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
