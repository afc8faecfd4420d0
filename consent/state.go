package consent

import (
	"slices"
	"strconv"

	"github.com/colophon-project/colophon"
)

// State is where a consent is.
type State string

// The states.
const (
	Requested   State = "requested"
	Noticed     State = "shown" // the subject has the notice before them
	Given       State = "given"
	Refused     State = "refused"
	Withdrawn   State = "withdrawn"
	Expired     State = "expired"
	Disputed    State = "disputed" // "that is not me": nothing is made while it is looked into
	Invalidated State = "invalidated"
)

// States returns all of them.
func States() []State {
	return []State{Requested, Noticed, Given, Refused, Withdrawn, Expired, Disputed, Invalidated}
}

// May reports whether a consent may go from one state to another. A consent that is given is given anew when it is narrowed
// or renewed, and one that expired may be renewed while its references are there.
func (s State) May(to State) bool {
	return slices.Contains(map[State][]State{
		Requested: {Noticed, Given, Refused, Expired, Disputed, Invalidated}, // given without a notice is claimed by the requester
		Noticed:   {Noticed, Given, Refused, Expired, Disputed, Invalidated},
		Given:     {Given, Withdrawn, Expired, Disputed, Invalidated},
		Expired:   {Given, Withdrawn, Disputed, Invalidated},
		Disputed:  {Requested, Noticed, Given, Expired, Withdrawn, Refused, Invalidated},
	}[s], to)
}

// Over reports whether nothing is made with the consent any more, so that its references go. Of those that expired they stay
// for some days, in which it may be renewed.
func (s State) Over() bool {
	return s == Refused || s == Withdrawn || s == Expired || s == Invalidated
}

// Level is how well a consent is proven.
type Level uint8

// The levels, from the least.
const (
	Claimed  Level = iota // somebody says so
	Recorded              // the person was recorded reading a phrase made for this consent
	Matched               // an adapter compared the recording with the phrase and the references
	Verified              // matched, and the person's identity was verified
)

// levels are the names of the levels, in order.
func levels() []string { return []string{"claimed", "recorded", "matched", "verified"} }

// String returns the level's name.
func (l Level) String() string {
	if int(l) < len(levels()) {
		return levels()[l]
	}
	return "level-" + strconv.Itoa(int(l))
}

// ParseLevel reads a level's name.
func ParseLevel(s string) (Level, error) {
	i := slices.Index(levels(), s)
	if i < 0 {
		return 0, invalid("level")
	}
	return Level(i), nil
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads the level's name.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}

// May reports whether a level may become another. It rises by one step at a time; a recording that does not fit, or one that
// is made anew, lets it fall.
func (l Level) May(to Level) bool { return l <= Verified && to <= Verified && (to == l+1 || to < l) }

// TokenState is where a token is.
type TokenState string

// The states of a token.
const (
	Live         TokenState = "live"
	Spent        TokenState = "spent" // all of its uses
	TokenExpired TokenState = "expired"
	Revoked      TokenState = "revoked"
)

// May reports whether a token may go from one state to another. A live one stays live while it has uses left.
func (s TokenState) May(to TokenState) bool {
	return slices.Contains(map[TokenState][]TokenState{Live: {Live, Spent, TokenExpired, Revoked}, Spent: {Live}}[s], to)
}

// step refuses what the table does not have.
func step(from, to State) error {
	if from.May(to) {
		return nil
	}
	return stuck(string(from), string(to))
}

// in refuses an event that is not for the state in which a consent is.
func in(e Entry, to State, from ...State) error {
	if slices.Contains(from, State(e.State)) {
		return nil
	}
	return stuck(e.State, string(to))
}

func stuck(from, to string) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeStep, Args: colophon.Args{"from": from, "to": to}}
}
