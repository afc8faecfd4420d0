package keyword_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/colophon-project/colophon/screen/keyword"
)

// common returns the 3,755 ideographs of the first level of GB 2312.
func common() []rune {
	var list []rune
	for hi := byte(0xB0); hi < 0xD8; hi++ {
		for lo := byte(0xA1); lo < 0xFF && (hi != 0xD7 || lo <= 0xF9); lo++ {
			s, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{hi, lo})
			if err != nil {
				panic(err)
			}
			list = append(list, []rune(string(s))...)
		}
	}
	return list
}

// random returns distinct random keywords of least to most ideographs.
func random(rnd *rand.Rand, n, least, most int) []keyword.Entry {
	letters := common()
	seen := map[string]bool{}
	var list []keyword.Entry
	for len(list) < n {
		w := make([]rune, least+rnd.IntN(most-least+1))
		for i := range w {
			w[i] = letters[rnd.IntN(len(letters))]
		}
		if s := string(w); !seen[s] {
			seen[s] = true
			list = append(list, keyword.Entry{ID: fmt.Sprint(len(list)), Keyword: s, Level: keyword.Block, Category: "c", Language: "zh"})
		}
	}
	return list
}

// prose returns real Chinese prose: the file named by PROSE, or our own Chinese page.
func prose(t testing.TB) string {
	name := os.Getenv("PROSE")
	if name == "" {
		name = "../../README.zh-CN.md"
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func heap() float64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return float64(s.HeapAlloc) / 1e6
}

func BenchmarkScan(b *testing.B) {
	text := prose(b)
	for _, n := range []int{10_000, 100_000} {
		list := random(rand.New(rand.NewPCG(1, 2)), n, 2, 6)
		for name, o := range map[string]keyword.Options{"plain": {}, "all": {Sound: true, Loose: true}} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				compile(b, list[:2], o)
				before := heap()
				m := compile(b, list, o)
				size := heap() - before
				s := m.NewScanner(day)
				var hits []keyword.Hit
				b.SetBytes(int64(len(text)))
				b.ReportAllocs()
				hits = s.Scan(hits[:0], text, day)
				from := processor()
				for b.Loop() {
					hits = s.Scan(hits[:0], text, day)
				}
				b.ReportMetric(float64(len(text))*float64(b.N)/1e6/(processor()-from).Seconds(), "MB/cpu-s")
				b.ReportMetric(float64(len(hits)), "hits")
				b.ReportMetric(size, "MB-heap")
				runtime.KeepAlive(m)
			})
		}
	}
}

func BenchmarkDense(b *testing.B) {
	list := random(rand.New(rand.NewPCG(1, 2)), 10_000, 2, 6)
	var text strings.Builder
	for i := range list {
		text.WriteString(list[i].Keyword)
		text.WriteString("的")
	}
	s := compile(b, list, keyword.Options{}).NewScanner(day)
	var hits []keyword.Hit
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		hits = s.Scan(hits[:0], text.String(), day)
	}
	b.ReportMetric(float64(len(hits)), "hits")
}

func BenchmarkCompile(b *testing.B) {
	list := random(rand.New(rand.NewPCG(1, 2)), 1_000_000, 2, 6)
	compile(b, list[:2], keyword.Options{})
	before := heap()
	var m *keyword.Matcher
	from := processor()
	for b.Loop() {
		m = compile(b, list, keyword.Options{})
	}
	b.ReportMetric((processor()-from).Seconds()/float64(b.N), "cpu-s")
	b.ReportMetric(heap()-before, "MB-heap")
	runtime.KeepAlive(m)
	runtime.KeepAlive(list)
}

// processor returns the processor time that this process has used: on a shared machine, wall time tells little.
func processor() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
