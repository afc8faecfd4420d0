package blob_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
)

const crashVar = "COLOPHON_BLOB_CRASH_FOLDER"

// crashWriter puts blobs without end and prints the digest of each when it was acknowledged.
func crashWriter(dir string) error {
	s, err := blob.Open(context.Background(), dir, blob.Options{})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	fails := make(chan error)
	for w := range 8 {
		go func() {
			for n := w; ; n += 8 {
				size := n * 7919 % 300_000
				d, _, err := s.Put(context.Background(), bytes.NewReader(blobtest.Content(size, uint64(os.Getpid())<<16+uint64(n))))
				if err != nil {
					fails <- err
					return
				}
				mu.Lock()
				fmt.Println("put", blob.FormatDigest(d))
				mu.Unlock()
			}
		}()
	}
	return <-fails
}

// TestKill kills a writer in the middle, again and again in one folder.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acknowledged []blob.Digest
	for round := range 8 {
		acknowledged = append(acknowledged, killed(t, dir, 10+round*9)...)
		s, _ := openFolder(t, dir)
		stored := map[blob.Digest]bool{}
		for e, err := range s.List(t.Context()) {
			if err == nil {
				err = s.Verify(t.Context(), e.Digest) // no half blob, acknowledged or not
			}
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			stored[e.Digest] = true
		}
		for _, d := range acknowledged {
			if !stored[d] {
				t.Fatalf("round %d: %x was acknowledged and is not there", round, d)
			}
		}
	}
	s, _ := openFolder(t, dir)
	left := incoming(t, dir)
	t.Logf("%d acknowledged, %d temporary files were left", len(acknowledged), left)
	if n, err := s.Sweep(t.Context(), time.Now().Add(-24*time.Hour)); n != 0 || err != nil {
		t.Errorf("Sweep of yesterday's = %d, %v", n, err)
	}
	if n, err := s.Sweep(t.Context(), time.Now().Add(time.Hour)); n != left || left == 0 || err != nil {
		t.Errorf("Sweep = %d, %v; %d were left", n, err, left)
	}
	if n := incoming(t, dir); n != 0 {
		t.Errorf("%d are still there", n)
	}
}

func incoming(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(filepath.Join(dir, ".incoming"))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// killed runs a writer until it has acknowledged some blobs, kills it, and returns all that it acknowledged.
func killed(t *testing.T, dir string, after int) []blob.Digest {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashVar+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var list []blob.Digest
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var hex string
		if n, _ := fmt.Sscanf(lines.Text(), "put %64s", &hex); n != 1 || len(lines.Text()) != 68 {
			break // cut off, or an error
		}
		d, err := blob.ParseDigest(hex)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, d)
		if len(list) == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the writer ended by itself: %v", err)
	}
	return list
}
