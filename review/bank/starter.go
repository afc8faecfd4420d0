package bank

import (
	"embed"
	"fmt"
	"slices"
	"sync"
)

//go:embed starter/*.jsonl
var starterFiles embed.FS

// Starter is the bank that comes with the program. What it covers is for [Bank.Coverage] to say. The caller MUST NOT change
// it.
func Starter() Bank { return starter() }

var starter = sync.OnceValue(func() Bank {
	files, err := starterFiles.ReadDir("starter")
	if err != nil {
		panic(err) // it is embedded
	}
	var all []Question
	for _, f := range files {
		file, err := starterFiles.Open("starter/" + f.Name())
		if err != nil {
			panic(err)
		}
		part, err := Parse(file, JSONL)
		if err != nil {
			panic(fmt.Sprintf("%s: %v", f.Name(), err)) // a test reads it
		}
		all = slices.Concat(all, part.Questions)
	}
	b, err := Make(all)
	if err != nil {
		panic(fmt.Sprintf("starter: %v", err))
	}
	return b
})
