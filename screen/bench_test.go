package screen_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// nowhere is a journal that keeps nothing, so that the judgement alone is measured.
type nowhere struct{}

func (nowhere) Opened(context.Context, evidence.Record) error                { return nil }
func (nowhere) Judged(context.Context, evidence.Record, policy.Judged) error { return nil }

// prose returns 2 KB of our own Chinese page.
func prose(b *testing.B) string {
	page, err := os.ReadFile("../README.zh-CN.md")
	if err != nil {
		b.Fatal(err)
	}
	return strings.ToValidUTF8(string(page[:2048]), "")
}

// large compiles so many random keywords, looked for as they stand.
func large(b *testing.B, n int) *library.Set {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[string]bool{}
	var list []library.Feature
	for len(list) < n {
		word := make([]rune, 3+rnd.IntN(4))
		for i := range word {
			word[i] = rune(0x4E00 + rnd.IntN(5000))
		}
		if !seen[string(word)] {
			seen[string(word)] = true
			list = append(list, feature(fmt.Sprint("k-", len(list)), library.Keyword, string(word), "drugs", keyword.Block))
		}
	}
	s, err := library.Compile(list, library.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkJudge judges 2 KB of prose against 100,000 keywords; record is what the record alone takes of it.
func BenchmarkJudge(b *testing.B) {
	content := prose(b)
	s := start(b, func(c *screen.Config) { c.Journal = nowhere{} })
	s.set = large(b, 100_000)
	for name, item := range map[string]screen.Item{"2KB": text(content), "empty": text("")} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Judge(context.Background(), item); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	scanner := s.set.NewScanner(day)
	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			scanner.Scan(nil, content, day)
		}
	})
}

// BenchmarkStream judges 2 KB that come in pieces of 4 runes.
func BenchmarkStream(b *testing.B) {
	runes := []rune(prose(b))
	s := start(b, func(c *screen.Config) { c.Journal = nowhere{} })
	s.set = large(b, 100_000)
	for _, mode := range []screen.Mode{screen.Live, screen.Strict} {
		b.Run(mode.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				st, err := s.Stream(context.Background(), text(""), mode)
				if err != nil {
					b.Fatal(err)
				}
				for i := 0; i < len(runes); i += 4 {
					if _, err := st.Append(string(runes[i:min(i+4, len(runes))])); err != nil {
						b.Fatal(err)
					}
				}
				if _, _, err := st.Close(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
