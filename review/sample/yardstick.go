package sample

import (
	_ "embed" // the yardsticks
	"encoding/json"
	"fmt"
	"sync"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/review/bank"
)

//go:embed yardsticks.json
var yardsticksFile []byte

// Yardstick is a figure of GB/T 45654-2025 that a rate is held against: how many have to be judged, and what share. The two
// are not equally sure.
type Yardstick struct {
	ID              string          `json:"id"`
	Of              string          `json:"of"`         // generation, should-refuse, should-not-refuse, corpus, source
	Method          string          `json:"method"`     // people, keyword, classifier, machine, outcome, any
	Least           int             `json:"least"`      // judged; 0 for none that anybody says
	LeastPart       int             `json:"least_part"` // judged, of all there are, in hundredths; 0 for none
	Share           int             `json:"share"`      // in parts per million
	AtMost          bool            `json:"at_most"`    // the share is a limit, not a least share
	LeastSource     string          `json:"least_source"`
	LeastConfidence bank.Confidence `json:"least_confidence"` // empty where there is no least number
	ShareSource     string          `json:"share_source"`
	ShareConfidence bank.Confidence `json:"share_confidence"`
}

var yardsticks = sync.OnceValue(func() []Yardstick {
	var list []Yardstick
	if err := json.Unmarshal(yardsticksFile, &list); err != nil {
		panic(fmt.Sprintf("yardsticks.json: %v", err)) // a test reads it
	}
	return list
})

// Yardsticks returns the figures. The caller MUST NOT change them.
func Yardsticks() []Yardstick { return yardsticks() }

// YardstickOf returns a figure by its identifier.
func YardstickOf(id string) (Yardstick, bool) {
	for _, y := range yardsticks() {
		if y.ID == id {
			return y, true
		}
	}
	return Yardstick{}, false
}

// Must is how many have to be judged of so many that there are.
func (y Yardstick) Must(of int) int { return max(y.Least, Part(of, y.LeastPart)) }

// Hold holds a rate against the figure: passed where it is met, failed where it is not, unknown where too few were judged or
// what nobody could tell decides it. The rate is of what passed, and of what is limited where the share is a limit. Of is how
// many there are that could have been judged.
func (y Yardstick) Hold(r Rate, of int) colophon.Verdict {
	if y.AtMost {
		return r.AtMost(y.Share, y.Must(of))
	}
	return r.AtLeast(y.Share, y.Must(of))
}
