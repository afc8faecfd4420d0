package stamp

import (
	"github.com/colophon-project/colophon"
)

// Function is a kind of service function, by what Deep Synthesis Provisions Art. 17 says of it.
type Function string

// Functions of Art. 17 ¶1 (1) to (5), and those outside it.
const (
	Dialogue Function = "dialogue" // (1) dialogue, writing: text in place of a natural person
	Voice    Function = "voice"    // (2) voices made or imitated, or edited so that the person is another
	Person   Function = "person"   // (3) faces made, exchanged or steered, poses steered: pictures and video of people
	Scene    Function = "scene"    // (4) immersive scenes that look real
	Other    Function = "other"    // (5) whatever else generates content or changes it considerably
	Assist   Function = "assist"   // ¶2: what changes content little; a notice is offered
)

// CodeFunction is a refusal; args "function", "functions".
const CodeFunction colophon.Code = "function-unknown"

// Policy is what a function's content must carry.
type Policy struct {
	Function Function
	Required bool // the notice is a must (¶1), not an offer (¶2)
}

// Policies returns the policy of every function.
func Policies() []Policy {
	return []Policy{{Dialogue, true}, {Voice, true}, {Person, true}, {Scene, true}, {Other, true}, {Assist, false}}
}

// Policy returns what a function's content must carry. The empty function is Other.
func (f Function) Policy() (Policy, error) {
	if f == "" {
		f = Other
	}
	known := ""
	for _, p := range Policies() {
		if p.Function == f {
			return p, nil
		}
		if known != "" {
			known += ", "
		}
		known += string(p.Function)
	}
	return Policy{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeFunction, Clauses: []colophon.Clause{colophon.ClauseDS17},
		Args: colophon.Args{"function": string(f), "functions": known}}
}
