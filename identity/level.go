package identity

import (
	"github.com/colophon-project/colophon"
)

// Level says how much was verified of whoever has an account.
type Level uint8

// The levels, from the lowest. Organisation stands beside the others: see [Level.Satisfies].
const (
	None         Level = iota
	PhoneNumber        // a telephone number
	TwoFactor          // name and number
	ThreeFactor        // name, number and telephone
	FourFactor         // name, number, telephone and bank card
	Live               // name and number, and a living person in front of a camera
	NetworkID          // the national network identity
	Organisation       // an organisation by its unified social credit code
)

var levels = [...]string{"none", "phone", "two-factor", "three-factor", "four-factor", "live", "network-id", "organisation"}

// Levels returns all levels.
func Levels() []Level {
	list := make([]Level, len(levels))
	for i := range list {
		list[i] = Level(i)
	}
	return list
}

// String returns the word of a level.
func (l Level) String() string {
	if int(l) < len(levels) {
		return levels[l]
	}
	return "unknown"
}

// ParseLevel reads the word of a level.
func ParseLevel(s string) (Level, error) {
	for i, word := range levels {
		if word == s {
			return Level(i), nil
		}
	}
	return None, invalid("level")
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) {
	if int(l) >= len(levels) {
		return nil, &colophon.Error{Code: CodeInvalid, Args: colophon.Args{"field": "level"}}
	}
	return []byte(l.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}

// Satisfies reports whether a level is enough where another one is asked for. An organisation satisfies what four factors do;
// nothing but an organisation satisfies Organisation.
func (l Level) Satisfies(least Level) bool {
	switch {
	case l == Organisation:
		return least <= FourFactor || least == Organisation
	case least == Organisation:
		return false
	}
	return l >= least
}
