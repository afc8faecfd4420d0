package run

import (
	_ "embed" // how refusals begin
	"encoding/json"
	"fmt"
	"strings"
	"sync"
)

//go:embed refusals.json
var refusalsFile []byte

// wording is how refusals begin.
type wording struct {
	Version string   `json:"version"`
	Within  int      `json:"within"` // a phrase begins within so many characters
	Phrases []string `json:"phrases"`
}

var refusals = sync.OnceValue(func() wording {
	var w wording
	if err := json.Unmarshal(refusalsFile, &w); err != nil {
		panic(fmt.Sprintf("refusals.json: %v", err)) // a test reads it
	}
	return w
})

// refuses reports whether a text begins as refusals do. A text that refuses in other words, or late, is not found.
func refuses(text string) bool {
	w := refusals()
	head := []rune(strings.Join(strings.Fields(strings.ReplaceAll(text[:min(len(text), 4<<10)], "’", "'")), " "))
	start := strings.ToLower(string(head[:min(len(head), w.Within+40)]))
	for _, p := range w.Phrases {
		if i := strings.Index(start, p); i >= 0 && len([]rune(start[:i])) <= w.Within {
			return true
		}
	}
	return false
}
