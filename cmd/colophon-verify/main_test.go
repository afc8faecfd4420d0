package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxProgram is how large the program may be, in bytes.
const maxProgram = 10 << 20

// TestSmall builds the program as it is shipped: static, small, and with nothing of a server in it.
func TestSmall(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "colophon-verify")
	build := exec.Command("go", "build", "-trimpath", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	info, err := os.Stat(program)
	if err != nil || info.Size() > maxProgram {
		t.Errorf("the program has %d bytes, %v", info.Size(), err)
	}
	list := exec.Command("go", "list", "-deps", ".")
	list.Env = build.Env
	packages, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(packages)) {
		for _, forbidden := range []string{"net/http", "crypto/tls", "database/sql", "runtime/cgo"} {
			if name == forbidden {
				t.Errorf("the program has %s in it", name)
			}
		}
	}
	run := exec.Command(program, "--help")
	run.Env = []string{}
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
