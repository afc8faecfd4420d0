// Command bench measures Colophon beside named peers and prints ratios, each from the same run.
//
// It makes its own inputs in a scratch folder, runs each contender at least five times in turn, and gives medians with
// the smallest and the largest value. Ratios say how many times Colophon's throughput is that of the peer; for large
// files, how many times its duration is that of cp. What the server does is measured in requests and records a second,
// with the 50th and the 99th percentile of how long one takes. It is a module of its own so that peers are no
// dependencies.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

type bench struct {
	colophon, scratch string
	runs, files       int
	megabytes         int
	round             int // counts the folders of outputs
	docs              string
}

func main() {
	b := &bench{}
	var only string
	flag.StringVar(&b.colophon, "colophon", "../bin/colophon", "the program to measure")
	flag.StringVar(&b.scratch, "scratch", "", "scratch folder; a temporary one by default")
	flag.IntVar(&b.runs, "runs", 7, "runs of each contender, at least 5")
	flag.IntVar(&b.files, "files", 1000, "JPEG files")
	flag.IntVar(&b.megabytes, "megabytes", 1024, "size of the MP4 files")
	flag.StringVar(&only, "only", "", "one of jpeg, read, mp4, notice-jpeg, notice-png, notice-video, store, proof, lag, post, keyword, likeness, admission, intake, gateway, streams, watermark, watermark-sound, credential, soak (alone, not in the whole)")
	flag.StringVar(&b.docs, "docs", "../docs", "where the part keyword writes its tables and charts")
	work := flag.String("child", "", "the work of a child process")
	flag.Parse()
	if *work != "" {
		if err := child(*work, flag.Args()); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if err := b.run(only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(only string) error {
	b.runs = max(b.runs, 5)
	program, err := filepath.Abs(b.colophon)
	if err != nil {
		return err
	}
	b.colophon = program
	if b.scratch == "" {
		if b.scratch, err = os.MkdirTemp(".", "scratch-"); err != nil {
			return err
		}
		defer os.RemoveAll(b.scratch)
	}
	if b.scratch, err = filepath.Abs(b.scratch); err != nil {
		return err
	}
	fmt.Printf("%s, %d processors, %s; %d runs of each in turn, median (smallest–largest)\n\n", runtime.Version(), runtime.NumCPU(), kernel(), b.runs)
	for _, part := range []struct {
		name string
		run  func() error
	}{{"jpeg", b.jpeg}, {"read", b.read}, {"mp4", b.mp4}, {"notice-jpeg", b.noticeJPEG}, {"notice-png", b.noticePNG}, {"notice-video", b.noticeVideo},
		{"store", b.store}, {"proof", b.proof}, {"lag", b.lag}, {"post", b.post}, {"keyword", b.keyword}, {"likeness", b.likeness}, {"admission", b.admission}, {"intake", b.intake}, {"gateway", b.gateway}, {"streams", b.streams}, {"watermark", b.watermark}, {"watermark-sound", b.watermarkSound}, {"credential", b.credential}, {"soak", b.soak}} {
		if only == "" && part.name != "soak" || only == part.name {
			if err := part.run(); err != nil {
				return fmt.Errorf("%s: %w", part.name, err)
			}
		}
	}
	return nil
}

// contender is one way to do the work. Its prepare step is not timed.
type contender struct {
	name    string
	prepare func() error
	run     func() (rss int64, err error)

	own   time.Duration // what the run says of itself, instead of what it took from outside
	times []time.Duration
	rss   int64
}

// race runs the contenders in turn, so that a noisy moment hits all of them.
func (b *bench) race(list ...*contender) error {
	for range b.runs {
		for _, c := range list {
			if c.prepare != nil {
				if err := c.prepare(); err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
			}
			unix.Sync() // what came before is not this run's to write
			start := time.Now()
			rss, err := c.run()
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			took := time.Since(start)
			if c.own > 0 {
				took = c.own
			}
			c.times = append(c.times, took)
			c.rss = max(c.rss, rss)
		}
	}
	return nil
}

func (c *contender) median() time.Duration {
	sorted := slices.Sorted(slices.Values(c.times))
	return sorted[len(sorted)/2]
}

func (c *contender) spread() string {
	return fmt.Sprintf("%.3f s (%.3f–%.3f)", c.median().Seconds(), slices.Min(c.times).Seconds(), slices.Max(c.times).Seconds())
}

// faster is how many times the throughput of peer c has.
func (c *contender) faster(peer *contender) float64 {
	return peer.median().Seconds() / c.median().Seconds()
}

func table(list ...*contender) {
	fmt.Println("| contender | time | peak memory |\n|---|---|---|")
	for _, c := range list {
		memory := "–"
		if c.rss > 0 {
			memory = fmt.Sprintf("%d MiB", c.rss>>20)
		}
		fmt.Printf("| %s | %s | %s |\n", c.name, c.spread(), memory)
	}
	fmt.Println()
}

// command runs a program and returns its peak memory.
func command(name string, args ...string) (int64, error) {
	cmd := exec.Command(name, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", name, err, errs.String())
	}
	return peak(cmd.ProcessState), nil
}

// flush waits until the file system of a folder has everything on the disk.
func flush(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.Syncfs(int(f.Fd()))
}

func kernel() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown kernel"
	}
	return "Linux " + unix.ByteSliceToString(u.Release[:])
}
