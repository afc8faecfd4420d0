package policy_test

import (
	"testing"

	"github.com/colophon-project/colophon/screen/policy"
)

// BenchmarkDecide decides about one fact by the default table: by a row without a condition, past four conditions, about a
// check that did not run, and about each fact of twenty.
func BenchmarkDecide(b *testing.B) {
	_, p := defaults(b)
	plain := policy.Fact{Category: "drugs", Level: policy.LevelBlock, Surface: "output", Class: "verified", Check: "keyword", How: "plain", Runes: 4}
	note, unknown, many := plain, plain, []policy.Fact{}
	note.Level, unknown.Level = policy.LevelNote, policy.LevelUnknown
	for range 20 {
		many = append(many, plain)
	}
	for name, facts := range map[string][]policy.Fact{"row": {note}, "conditions": {plain}, "unknown": {unknown}, "twenty": many} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if d := p.Decide(facts); d.Fault != nil {
					b.Fatal(d)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(facts)), "ns/fact")
		})
	}
}

// BenchmarkCompile compiles the default table and runs its cases.
func BenchmarkCompile(b *testing.B) {
	table, _ := defaults(b)
	for b.Loop() {
		if _, err := policy.Compile(table); err != nil {
			b.Fatal(err)
		}
	}
}
