package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	crowd      = 10_000
	soakFor    = 10 * time.Minute
	soakRate   = 50 // streams and whole answers a second, each
	slowPieces = 15 // of a stream in a crowd
	slowPiece  = 2 * time.Second
)

// crowded is what came of a crowd of streams.
type crowded struct {
	Done, Failed, Most int
	Why                string
	Seconds            float64
}

// gather opens streams until all are open at the same time and reads each to its end. args: address, key, how many.
func gather(args []string) error {
	n, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	var open, most, done, failed atomic.Int64
	var why sync.Map
	var all sync.WaitGroup
	slots := make(chan struct{}, 200) // that are being opened
	begun := time.Now()
	for i := range n {
		slots <- struct{}{}
		all.Go(func() {
			c := &caller{address: args[0], key: args[1], stream: true, slow: true, began: func() {
				<-slots
				now := open.Add(1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
			}}
			defer c.close()
			_, err := c.call(i)
			if c.began != nil { // it never began
				<-slots
			} else {
				open.Add(-1)
			}
			if err != nil {
				failed.Add(1)
				why.LoadOrStore(err.Error(), true)
				return
			}
			done.Add(1)
		})
	}
	all.Wait()
	out := crowded{Done: int(done.Load()), Failed: int(failed.Load()), Most: int(most.Load()), Seconds: time.Since(begun).Seconds()}
	why.Range(func(k, _ any) bool { out.Why = fmt.Sprint(k); return false })
	return json.NewEncoder(os.Stdout).Encode(out)
}

// streams measures the memory of many streams at once.
func (b *bench) streams() (err error) {
	s, end, err := b.alone()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	before, err := resident(s.program.Process.Pid, "VmRSS")
	if err != nil {
		return err
	}
	out, err := b.generate("gather", strings.TrimPrefix(s.url, "http://"), s.key, strconv.Itoa(crowd))
	if err != nil {
		return err
	}
	var c crowded
	if err := json.Unmarshal(out, &c); err != nil {
		return err
	}
	most, err := resident(s.program.Process.Pid, "VmHWM")
	if err != nil {
		return err
	}
	fmt.Printf("### %d streams at once, a piece every %s\n\n%d were open at the same time, %d came to their end, %d failed %s(%.0f s). Memory: %d MiB before, %d MiB at most.\n\n",
		crowd, slowPiece, c.Most, c.Done, c.Failed, c.Why, c.Seconds, before>>20, most>>20)
	return nil
}

// soak keeps a steady load for a while and tells memory and goroutines at its beginning and its end.
func (b *bench) soak() (err error) {
	s, end, err := b.alone()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	address := strings.TrimPrefix(s.url, "http://")
	fmt.Printf("### Soak: %d whole answers and %d streams a second for %s\n\n| minute | answers | failed | memory, MiB | goroutines |\n|---|---|---|---|---|\n", soakRate, soakRate, soakFor)
	for minute := range int(soakFor / time.Minute) {
		var wait sync.WaitGroup
		var p [2]loaded
		var errs [2]error
		for i, kind := range []string{"whole", "stream"} {
			wait.Go(func() {
				out, err := b.generate("load", address, s.key, strconv.Itoa(soakRate), "60", "64", kind)
				if err == nil {
					err = json.Unmarshal(out, &p[i])
				}
				errs[i] = err
			})
		}
		wait.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			return err
		}
		rss, err := resident(s.program.Process.Pid, "VmRSS")
		if err != nil {
			return err
		}
		routines, err := s.metric("go_goroutines")
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %d | %d %s%s | %d | %s |\n", minute+1, p[0].Done+p[1].Done, p[0].Failed+p[1].Failed, p[0].Why, p[1].Why, rss>>20, routines)
	}
	fmt.Println()
	return nil
}

// alone starts the program behind a stub of its own.
func (b *bench) alone() (*served, func() error, error) {
	at, err := free()
	if err != nil {
		return nil, nil, err
	}
	upstream, err := b.process("stub", at)
	if err != nil {
		return nil, nil, err
	}
	s, err := b.inFront(at, nil)
	if err != nil {
		return nil, nil, errors.Join(err, stop(upstream)())
	}
	return s, func() error { return errors.Join(s.end(), stop(upstream)()) }, nil
}

// generate runs a child of this program and returns what it prints.
func (b *bench) generate(work string, args ...string) ([]byte, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(program, append([]string{"-child", work}, args...)...)
	c.Stderr = os.Stderr
	return c.Output()
}

// metric is a figure of the server's metrics.
func (s *served) metric(name string) (string, error) {
	text, err := s.read(s.http.Get(s.url + "/metrics"))
	for line := range strings.SplitSeq(text, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return value, err
		}
	}
	return "", errors.Join(err, fmt.Errorf("no metric %s", name))
}

// resident is a line of proc_pid_status(5), in bytes.
func resident(pid int, name string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no %s", name)
}
