package credential_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/npmtest"
)

// peers are readers that are not ours, in one process for all tests.
type peers struct {
	mu  sync.Mutex
	in  io.WriteCloser
	out *bufio.Scanner
	err error
}

var startPeers = sync.OnceValue(func() *peers {
	p := &peers{}
	dir, err := npmtest.Install("credential", "testdata", "readers.mjs")
	if err != nil {
		p.err = err
		return p
	}
	cmd := exec.Command("node", "readers.mjs")
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	cmd.Env = append(os.Environ(), "CBOR_NATIVE_ACCELERATION_DISABLED=1")
	if p.in, p.err = cmd.StdinPipe(); p.err != nil {
		return p
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		p.err = err
		return p
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 16<<20)
	p.err = cmd.Start()
	return p
})

// answer is what a peer says.
type answer struct {
	State       string   `json:"state"`
	Failures    []string `json:"failures"`
	Success     []string `json:"success"`
	Notes       []string `json:"notes"`
	Label       string   `json:"label"`
	Notices     []string `json:"informational"`
	Assertions  []string `json:"assertions"`
	Ingredients int      `json:"ingredients"`
	Time        string   `json:"time"`
	Nanoseconds int64    `json:"nanoseconds"`
}

func request(t testing.TB, r map[string]string) answer {
	t.Helper()
	p := startPeers()
	if p.err != nil {
		t.Fatalf("the peers can't be started; node and npm are needed: %v", p.err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if !p.out.Scan() {
		t.Fatalf("the peers are gone: %v", p.out.Err())
	}
	var a answer
	if err := json.Unmarshal(p.out.Bytes(), &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// ask has a peer ("rust" or "ts") read a file.
func ask(t testing.TB, peer string, file []byte, anchors []byte) answer {
	t.Helper()
	f := detect(t, file)
	facts, _ := media.Facts(f)
	path := filepath.Join(t.TempDir(), "file"+facts.Extensions[0])
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return request(t, map[string]string{"reader": peer, "path": path, "mime": facts.MIME, "anchors": string(anchors)})
}
