package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	gatewaySeconds     = 6
	gatewayConnections = 512
)

// behind is a server that stands between the load and the stub.
type behind struct {
	name, address, key string
	pid                int
	end                func() error
	rounds             map[string][]passed // by load
}

// passed is what one round of one server gave.
type passed struct {
	loaded
	cpu float64 // microseconds of processor time for each answer, of the server alone
}

// gateway measures what standing in front of a model costs: latency added to that of the model itself, and processor time, at
// steady rates, whole answers and streams. The model is a stub of fixed latency in a process of its own, and so is the load.
func (b *bench) gateway() (err error) {
	stubAt, err := free()
	if err != nil {
		return err
	}
	stub, err := b.process("stub", stubAt)
	if err != nil {
		return err
	}
	list := []*behind{{name: "the stub itself", address: stubAt, pid: stub.Process.Pid, end: stop(stub)}}
	defer func() {
		for _, s := range list {
			err = errors.Join(err, s.end())
		}
	}()
	for _, c := range []struct {
		name  string
		extra []string
	}{
		{"colophon, everything on", nil},
		{"colophon, admission and screening off", []string{"--set", "admission=off", "--set", "screen-artefacts=off"}},
	} {
		s, err := b.inFront(stubAt, c.extra)
		if err != nil {
			return err
		}
		list = append(list, &behind{name: c.name, address: strings.TrimPrefix(s.url, "http://"), key: s.key, pid: s.program.Process.Pid, end: s.end})
	}
	peer, err := b.bifrost(stubAt)
	if err != nil {
		fmt.Printf("Bifrost could not be built here: %v\n\n", err)
	} else {
		list = append(list, peer)
	}
	rates := []int{500, 2000, 5000}
	for _, kind := range []string{"whole", "stream"} {
		for _, rate := range rates {
			if kind == "stream" {
				rate /= 10 // each has 16 pieces
			}
			if err := b.rounds(list, kind, rate); err != nil {
				return err
			}
		}
	}
	return nil
}

// rounds measures each server in turn at one rate and prints a table.
func (b *bench) rounds(list []*behind, kind string, rate int) error {
	load := kind + strconv.Itoa(rate)
	for round := range b.runs {
		for i := range list {
			s := list[(i+round)%len(list)]
			fmt.Fprintf(os.Stderr, "\r\033[K%s at %d/s: round %d of %d, %s", kind, rate, round+1, b.runs, s.name)
			settle()
			p, err := b.pass(s, kind, rate)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if s.rounds == nil {
				s.rounds = map[string][]passed{}
			}
			s.rounds[load] = append(s.rounds[load], p)
		}
	}
	fmt.Fprint(os.Stderr, "\r\033[K")
	fmt.Printf("### %s, %d requests/s for %d s\n\n| server | answers/s | failed | p50, ms | p99, ms | added p50 | added p99 | CPU, µs a request |\n|---|---|---|---|---|---|---|---|\n",
		map[string]string{"whole": "Whole answers", "stream": "Streams (time to the first piece)"}[kind], rate, gatewaySeconds)
	for _, s := range list {
		direct := list[0].rounds[load]
		took := func(p passed) (int64, int64) {
			if kind == "stream" {
				return p.First50, p.First99
			}
			return p.P50, p.P99
		}
		column := func(of func(i int, p passed) float64, decimals int) string {
			values := make([]float64, b.runs)
			for i, p := range s.rounds[load] {
				values[i] = of(i, p)
			}
			slices.Sort(values)
			return fmt.Sprintf("%.*f (%.*f–%.*f)", decimals, values[b.runs/2], decimals, values[0], decimals, values[b.runs-1])
		}
		ms := func(which int, minus bool) string {
			return column(func(i int, p passed) float64 {
				p50, p99 := took(p)
				d50, d99 := took(direct[i])
				v := []int64{p50, p99}[which]
				if minus {
					v -= []int64{d50, d99}[which]
				}
				return float64(v) / 1000
			}, 2)
		}
		fmt.Printf("| %s | %s | %s | %s | %s | %s | %s | %s |\n", s.name, column(func(_ int, p passed) float64 { return p.Rate }, 0), column(func(_ int, p passed) float64 { return float64(p.Failed) }, 0),
			ms(0, false), ms(1, false), ms(0, true), ms(1, true), column(func(_ int, p passed) float64 { return p.cpu }, 0))
		for _, p := range s.rounds[load] {
			if p.Failed > 0 {
				fmt.Fprintf(os.Stderr, "%s: %d failed: %s\n", s.name, p.Failed, p.Why)
				break
			}
		}
	}
	fmt.Println()
	return nil
}

// pass has the load generator run once.
func (b *bench) pass(s *behind, kind string, rate int) (p passed, err error) {
	before, err := processorTime(s.pid)
	if err != nil {
		return p, err
	}
	out, err := b.generate("load", s.address, s.key, strconv.Itoa(rate), strconv.Itoa(gatewaySeconds), strconv.Itoa(gatewayConnections), kind)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(out, &p.loaded); err != nil {
		return p, err
	}
	after, err := processorTime(s.pid)
	p.cpu = float64((after - before).Microseconds()) / float64(max(1, p.Done))
	return p, err
}

// processorTime is what a process has used of the processors so far (proc_pid_stat(5); a tick is 10 ms).
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// free is an address that nobody listens at.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// process starts this program as a child and waits until it listens.
func (b *bench) process(work string, args ...string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return listening(exec.Command(program, append([]string{"-child", work}, args...)...), args[0])
}

// listening starts a program and waits until it takes connections.
func listening(c *exec.Cmd, address string) (*exec.Cmd, error) {
	c.Stderr, c.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := c.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			return c, conn.Close()
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(err, c.Process.Kill())
		}
		<-time.After(20 * time.Millisecond)
	}
}

// stop ends a child that has no end of its own.
func stop(c *exec.Cmd) func() error {
	return func() error {
		err := c.Process.Kill()
		_ = c.Wait() // it says that it was killed
		return err
	}
}

// inFront starts the program with the stub as its model and a library of keywords.
func (b *bench) inFront(stub string, extra []string) (*served, error) {
	config := b.path("gateway.yaml")
	text := "gateway:\n  models:\n    - name: stub\n      class: dialogue\n      notice: end\n      screening: live\n      targets:\n        - url: http://" + stub + "/v1\n          model: stub\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return b.serveAPI(append([]string{"--config", config, "--set", "connections=30000", "--set", "connections-per-address=30000"}, extra...)...)
}

// bifrost builds the peer and starts it with the stub as its model.
func (b *bench) bifrost(stub string) (*behind, error) {
	program := b.path("bifrost")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("peer", "bifrost")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %.300s", err, out)
	}
	at, err := free()
	if err != nil {
		return nil, err
	}
	c, err := listening(exec.Command(program, at, "http://"+stub), at)
	if err != nil {
		return nil, err
	}
	return &behind{name: "Bifrost core 1.2.0 behind net/http, nothing on", address: at, pid: c.Process.Pid, end: stop(c)}, nil
}
