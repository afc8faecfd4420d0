// Package colophon is the vocabulary that every part of Colophon shares: what a check concluded ([Verdict]), what it
// saw ([Finding]), which duty it serves ([Clause]), and how a failure is told to a person ([Error]).
//
// The package imports the standard library alone and touches neither the disk nor the network, so that every layer may
// depend on it. It holds words, not work: a rule belongs to the capability that owns it (label, screen, consent and so
// on), never here. Sentences do not live here either. A [Code] names what happened; internal/locale renders it in the
// reader's language.
package colophon

// Code names a finding or an error apart from its prose. Every Code constant has a sentence in each language of
// internal/locale; a test ties the two together.
type Code string

// Verdict is the answer of a check. The zero value is Unknown, so that a check which never ran can't look passed.
type Verdict int

const (
	// Unknown means the check did not run, failed to run, or could not tell.
	Unknown Verdict = iota
	// Passed means the check ran and found what the rule asks for.
	Passed
	// Failed means the check ran and the rule is broken.
	Failed
)

// String returns the verdict's name as it stands in JSON output.
func (v Verdict) String() string {
	switch v {
	case Passed:
		return "passed"
	case Failed:
		return "failed"
	default:
		return "could-not-tell"
	}
}

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Level says how much a finding weighs.
type Level int

const (
	// Note is a fact worth telling that breaks nothing.
	Note Level = iota
	// Warning is a deviation that readers in the field tolerate.
	Warning
	// Doubt means that a check could not tell.
	Doubt
	// Breach is a broken rule: the thing examined does not conform.
	Breach
)

// String returns the level's name as it stands in JSON output.
func (l Level) String() string {
	return [...]string{"note", "warning", "doubt", "breach"}[l]
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Args are the values a sentence is filled with, by name. They never hold personal data.
type Args map[string]string

// Finding is one thing that a check saw.
type Finding struct {
	Code   Code
	Level  Level
	Clause Clause // the duty that the finding bears on; empty when none does
	Args   Args
	Offset int64 // byte offset in the examined file; -1 when the finding has no place
}
