package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	stubWait   = 20 * time.Millisecond // before an answer, or its first piece
	stubPiece  = 5 * time.Millisecond  // between two pieces
	stubPieces = 16
)

// stub is an upstream of fixed latency. It says the same to everybody.
func stub(address string) error {
	const words = "The mountains stand quiet in the morning mist, and the river goes its way. "
	whole, err := json.Marshal(map[string]any{"id": "chatcmpl-stub", "object": "chat.completion", "created": 1, "model": "stub",
		"choices": []any{map[string]any{"index": 0, "message": map[string]any{"role": "assistant", "content": strings.Repeat(words, 4)}, "finish_reason": "stop"}},
		"usage":   map[string]any{"prompt_tokens": 40, "completion_tokens": 64, "total_tokens": 104}})
	if err != nil {
		return err
	}
	piece := []byte(`data: {"id":"chatcmpl-stub","object":"chat.completion.chunk","created":1,"model":"stub","choices":[{"index":0,"delta":{"content":"The mountains stand "},"finish_reason":null}]}` + "\n\n")
	end := []byte(`data: {"id":"chatcmpl-stub","object":"chat.completion.chunk","created":1,"model":"stub","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n")
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		pause := time.NewTimer(stubWait)
		defer pause.Stop()
		if !bytes.Contains(body, []byte(`"stream":true`)) {
			<-pause.C
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(whole)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		out := http.NewResponseController(w)
		pieces, between := stubPieces, stubPiece
		if bytes.Contains(body, []byte("slow motion")) {
			pieces, between = slowPieces, slowPiece
		}
		for range pieces {
			<-pause.C
			if _, err := w.Write(piece); err != nil || out.Flush() != nil {
				return
			}
			pause.Reset(between)
		}
		_, _ = w.Write(end)
	})
	return http.ListenAndServe(address, mux)
}

// loaded is what a load generator measured. Times are in microseconds, from when a request was due, so that one that had to
// wait for its turn counts as late.
type loaded struct {
	Done, Failed       int
	Rate               float64 // answers a second
	P50, P99           int64
	First50, First99   int64 // to the first piece of a stream
	Why                string
	Seconds            float64
	Concurrent, Unused int
}

// load sends requests at a steady rate for a while over as many connections as are asked for, and prints what came of it.
// args: address, key, rate, seconds, connections, "stream" or "whole".
func load(args []string) error {
	if len(args) != 6 {
		return fmt.Errorf("load: %d arguments", len(args))
	}
	rate, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	connections, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	streams := args[5] == "stream"
	n := rate * seconds
	took, first := make([]int64, n), make([]int64, n)
	var next, failed atomic.Int64
	var why sync.Map
	var all sync.WaitGroup
	begin := time.Now().Add(200 * time.Millisecond)
	for range connections {
		all.Go(func() {
			c := &caller{address: args[0], key: args[1], stream: streams}
			defer c.close()
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				due := begin.Add(time.Duration(i) * time.Second / time.Duration(rate))
				if d := time.Until(due); d > 0 {
					<-time.After(d)
				}
				at, err := c.call(i)
				if err != nil {
					failed.Add(1)
					why.LoadOrStore(err.Error(), true)
					c.close()
					took[i], first[i] = -1, -1
					continue
				}
				took[i], first[i] = time.Since(due).Microseconds(), at.Sub(due).Microseconds()
			}
		})
	}
	all.Wait()
	out := loaded{Failed: int(failed.Load()), Seconds: time.Since(begin).Seconds(), Concurrent: connections}
	good := func(list []int64) []int64 {
		list = slices.DeleteFunc(list, func(v int64) bool { return v < 0 })
		slices.Sort(list)
		return list
	}
	took, first = good(took), good(first)
	out.Done, out.Rate = len(took), float64(len(took))/out.Seconds
	if len(took) > 0 {
		out.P50, out.P99 = took[len(took)/2], took[len(took)*99/100]
		out.First50, out.First99 = first[len(first)/2], first[len(first)*99/100]
	}
	why.Range(func(k, _ any) bool { out.Why = fmt.Sprint(k); return false })
	return json.NewEncoder(os.Stdout).Encode(out)
}

// caller is one connection that asks again and again.
type caller struct {
	address, key string
	stream, slow bool
	began        func() // called once, at the first piece
	conn         net.Conn
	in           *bufio.Reader
}

func (c *caller) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// call asks and reads the whole answer. It returns when the first piece of it was there.
func (c *caller) call(i int) (first time.Time, err error) {
	if c.conn == nil {
		if c.conn, err = net.DialTimeout("tcp", c.address, 10*time.Second); err != nil {
			return first, err
		}
		c.in = bufio.NewReader(c.conn)
	}
	body := `{"model":"stub","stream":` + strconv.FormatBool(c.stream) + `,"messages":[{"role":"system","content":"Answer in one paragraph."},{"role":"user","content":"What does the valley look like at dawn, question ` + strconv.Itoa(i) + `?"}]}`
	if c.slow {
		body = strings.Replace(body, "at dawn", "in slow motion", 1)
	}
	request := "POST /v1/chat/completions HTTP/1.1\r\nHost: " + c.address + "\r\nContent-Type: application/json\r\nAuthorization: Bearer " + c.key +
		"\r\nColophon-Account: " + account(i) + "\r\nUser-Agent: bench\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
	if err := c.conn.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		return first, err
	}
	if _, err := io.WriteString(c.conn, request); err != nil {
		return first, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return first, err
	}
	defer res.Body.Close()
	if c.stream && res.StatusCode == http.StatusOK {
		return c.drain(res.Body)
	}
	first = time.Now()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", res.Status, text)
	}
	return first, err
}

// drain reads a stream to its end, which must be there.
func (c *caller) drain(body io.Reader) (first time.Time, err error) {
	lines := bufio.NewReader(body)
	done := false
	for {
		line, err := lines.ReadSlice('\n')
		if err == io.EOF && done {
			return first, nil
		}
		if err != nil {
			return first, fmt.Errorf("stream broke off: %w", err)
		}
		if first.IsZero() && bytes.HasPrefix(line, []byte("data:")) {
			first = time.Now()
			if c.began != nil {
				c.began()
				c.began = nil
			}
		}
		done = done || bytes.HasPrefix(line, []byte("data: [DONE]"))
		if bytes.Contains(line, []byte(`"error"`)) {
			return first, fmt.Errorf("stream ended by %.200s", line)
		}
	}
}
