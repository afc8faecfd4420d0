package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// engine is a program that scans texts for keywords: a child process that keeps its automaton.
type engine struct {
	name    string
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader

	build time.Duration
	bytes int64
	scans [][]time.Duration // by text
	count []int64
}

// texts are what engines scan; in the last two folding changes nothing, so that all must find the same.
var texts = []string{"prose", "bare", "dense"}

// filler is in no keyword; folded are letters of the first level that we fold to others.
const filler, folded = "龘", "乾叁贰著藉玖壹覆柒肆捌陆伍"

// keyword measures the keyword matcher beside other engines.
func (b *bench) keyword() error {
	text, err := prose()
	if err != nil {
		return err
	}
	peers, err := b.hyperscan()
	if err != nil {
		fmt.Printf("Hyperscan and Vectorscan could not be had and are missing below: %v\n\n", err)
	}
	r := &report{runes: utf8.RuneCountInString(text), sizes: []int{10_000, 100_000}}
	for _, n := range r.sizes {
		list, err := b.match(n, text, peers)
		if err != nil {
			return err
		}
		if err := agree(list); err != nil {
			return err
		}
		r.engines = append(r.engines, list)
	}
	if r.million, err = b.builds(); err != nil {
		return err
	}
	if err := r.write(b.docs); err != nil {
		return err
	}
	return b.evasions(text)
}

// ideographs returns the first level of GB 2312 without those that fold to others.
func ideographs() ([]rune, error) {
	var list []rune
	for high := byte(0xB0); high <= 0xD7; high++ {
		for low := byte(0xA1); low <= 0xFE && (high < 0xD7 || low <= 0xF9); low++ {
			s, err := simplifiedchinese.GBK.NewDecoder().Bytes([]byte{high, low})
			if err != nil {
				return nil, err
			}
			if !strings.Contains(folded, string(s)) {
				list = append(list, []rune(string(s))...)
			}
		}
	}
	return list, nil
}

// lexicon draws n different keywords of two to six ideographs, none of them twice in a row.
func lexicon(letters []rune, n int) []string {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	seen := map[string]bool{}
	var list []string
	for len(list) < n {
		w := make([]rune, 2+rnd.IntN(5))
		for i := range w {
			for w[i] = letters[rnd.IntN(len(letters))]; i > 0 && w[i] == w[i-1]; {
				w[i] = letters[rnd.IntN(len(letters))]
			}
		}
		if s := string(w); !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list
}

// bare leaves the letters that keywords may have, each run of others as one filler, and no letter twice in a row.
func bare(text string, letters []rune) string {
	known := map[rune]bool{}
	for _, r := range letters {
		known[r] = true
	}
	var out strings.Builder
	last := rune(0)
	for _, r := range text {
		if !known[r] {
			r = []rune(filler)[0]
		}
		if r != last {
			out.WriteRune(r)
		}
		last = r
	}
	return out.String()
}

// dense is a text in which every third to fifth letter ends a keyword.
func dense(words []string, letters []rune) string {
	rnd := rand.New(rand.NewPCG(2, 2))
	var out strings.Builder
	for out.Len() < proseBytes {
		out.WriteString(words[rnd.IntN(len(words))])
		out.WriteString(filler)
	}
	return bare(out.String(), letters)
}

// match builds every engine for n keywords and has each scan each text in turn.
func (b *bench) match(n int, text string, peers map[string]string) ([]*engine, error) {
	letters, err := ideographs()
	if err != nil {
		return nil, err
	}
	words := lexicon(letters, n)
	files := []string{b.path("keywords")}
	if err := os.WriteFile(files[0], []byte(strings.Join(words, "\n")+"\n"), 0o666); err != nil {
		return nil, err
	}
	for i, data := range []string{text, bare(text, letters), dense(words, letters)} {
		files = append(files, b.path(texts[i]))
		if err := os.WriteFile(files[i+1], []byte(data), 0o666); err != nil {
			return nil, err
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	names := []string{"plain", "all", "anknown"}
	if n <= 10_000 {
		names = append(names, "bobusumisu") // at 100,000 it takes 1.7 GB
	}
	var list []*engine
	for _, name := range names {
		list = append(list, &engine{name: name, command: exec.Command(self, append([]string{"-child", "keyword-" + name}, files...)...)})
	}
	for _, name := range slices.Sorted(maps.Keys(peers)) {
		list = append(list, &engine{name: name, command: exec.Command(peers[name], files...)})
	}
	for _, e := range list {
		if err := e.start(); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
	}
	for round := range b.runs {
		fmt.Fprintf(os.Stderr, "\r\033[K%d keywords: round %d of %d", n, round+1, b.runs)
		for i := range texts {
			for _, e := range list {
				if err := e.scan(i); err != nil {
					return nil, fmt.Errorf("%s: %w", e.name, err)
				}
			}
		}
	}
	fmt.Fprint(os.Stderr, "\r\033[K")
	for _, e := range list {
		if err := e.end(); err != nil {
			return nil, fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return list, nil
}

func (e *engine) start() (err error) {
	e.scans, e.count = make([][]time.Duration, len(texts)), make([]int64, len(texts))
	if e.in, err = e.command.StdinPipe(); err != nil {
		return err
	}
	out, err := e.command.StdoutPipe()
	if err != nil {
		return err
	}
	e.out, e.command.Stderr = bufio.NewReader(out), os.Stderr
	if err := e.command.Start(); err != nil {
		return err
	}
	_, err = fmt.Fscan(e.out, &e.build, &e.bytes)
	return err
}

// scan has an engine scan a text once.
func (e *engine) scan(text int) error {
	if _, err := fmt.Fprintln(e.in, text); err != nil {
		return err
	}
	var took time.Duration
	_, err := fmt.Fscan(e.out, &took, &e.count[text])
	e.scans[text] = append(e.scans[text], took)
	return err
}

func (e *engine) end() error {
	if err := e.in.Close(); err != nil {
		return err
	}
	return e.command.Wait()
}

// agree holds the matches of the engines against each other: in prose we find more, as it is folded.
func agree(list []*engine) error {
	for _, e := range list {
		for i, name := range texts {
			less, more := e.count[i], list[0].count[i]
			if e.name == "all" {
				less, more = more, less
			}
			if less > more || less < more && e.name != "all" && name != "prose" {
				return fmt.Errorf("text %s: %s finds %d matches, %s %d", name, list[0].name, list[0].count[i], e.name, e.count[i])
			}
		}
	}
	return nil
}

// hyperscan builds the programs that scan with Hyperscan and Vectorscan, whichever can be had, without installing them.
func (b *bench) hyperscan() (map[string]string, error) {
	programs := map[string]string{}
	for _, name := range []string{"hyperscan", "vectorscan"} {
		dir := b.path(name)
		err := debian("lib"+name+"-dev", func(path string, data []byte) error {
			if !strings.HasSuffix(path, ".h") && !strings.HasSuffix(path, "libhs.a") {
				return nil
			}
			path = filepath.Join(dir, filepath.Base(path))
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return err
			}
			return os.WriteFile(path, data, 0o666)
		})
		if err == nil {
			programs[name] = filepath.Join(dir, name)
			_, err = command("gcc", "-O2", "-o", programs[name], "-I"+dir, "peer/hyperscan.c", filepath.Join(dir, "libhs.a"), "-lstdc++", "-lm")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return programs, nil
}
