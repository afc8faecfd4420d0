package link

import (
	"slices"
)

// State is where a link is.
type State string

// The states.
const (
	Minted  State = "minted"
	Opened  State = "opened" // one browser has it
	Used    State = "used"
	Expired State = "expired"
	Revoked State = "revoked"
)

// May reports whether a link may go from one state to another.
func (s State) May(to State) bool {
	return slices.Contains(map[State][]State{Minted: {Opened, Expired, Revoked}, Opened: {Used, Expired, Revoked}}[s], to)
}
