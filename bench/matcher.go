package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	bobu "github.com/BobuSumisu/aho-corasick"
	anknown "github.com/anknown/ahocorasick"
	"golang.org/x/sys/unix"

	"github.com/colophon-project/colophon/screen/keyword"
)

// matchers are the engines in Go: each takes keywords and gives what counts all matches in a text.
var matchers = map[string]func(words []string) (func(text string) int, error){
	"plain": ours(keyword.Options{}),
	"all":   ours(keyword.Options{Sound: true, Loose: true}),
	"anknown": func(words []string) (func(string) int, error) {
		list := make([][]rune, len(words))
		for i, w := range words {
			list[i] = []rune(w)
		}
		m := new(anknown.Machine)
		if err := m.Build(list); err != nil {
			return nil, err
		}
		return func(text string) int { return len(m.MultiPatternSearch([]rune(text), false)) }, nil
	},
	"bobusumisu": func(words []string) (func(string) int, error) {
		m := bobu.NewTrieBuilder().AddStrings(words).Build()
		return func(text string) int {
			n := 0
			m.Walk([]byte(text), func(_, _, _ int64) bool { n++; return true })
			return n
		}, nil
	},
}

func ours(o keyword.Options) func([]string) (func(string) int, error) {
	return func(words []string) (func(string) int, error) {
		list := make([]keyword.Entry, len(words))
		for i, w := range words {
			list[i] = keyword.Entry{Keyword: w, Category: "bench", Level: keyword.Block}
		}
		m, err := keyword.Compile(list, o)
		if err != nil {
			return nil, err
		}
		now := time.Now()
		s := m.NewScanner(now)
		var hits []keyword.Hit
		return func(text string) int {
			hits = s.Scan(hits[:0], text, now)
			return len(hits)
		}, nil
	}
}

// match is what a child process does with an engine; peer/hyperscan.c does the same.
func match(engine string, files []string) error {
	var texts []string
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		texts = append(texts, string(text))
	}
	words, texts := strings.Fields(texts[0]), texts[1:]
	build := matchers[engine]
	if _, err := build(words[:2]); err != nil { // makes the tables that all matchers share
		return err
	}
	before := heap()
	start := processor()
	scan, err := build(words)
	if err != nil {
		return err
	}
	took := processor() - start
	fmt.Println(took.Nanoseconds(), heap()-before)
	for i := 0; ; {
		if _, err := fmt.Scan(&i); err != nil {
			runtime.KeepAlive(words)
			return nil // the parent has closed the pipe
		}
		start := processor()
		n := scan(texts[i])
		fmt.Println((processor() - start).Nanoseconds(), n)
	}
}

// heap is the number of bytes in use on the heap.
func heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// processor is the processor time of this process: on a machine that others share, the time of the clock says little.
func processor() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
