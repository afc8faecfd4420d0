package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/cli"
)

func TestMain(m *testing.M) {
	if os.Getenv("COLOPHON_AS_PROGRAM") != "" {
		os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Process()))
	}
	testscript.Main(m, map[string]func(){
		"colophon": func() { os.Exit(cli.Main(context.Background(), os.Args[1:], cli.Process())) },
	})
}

// TestScripts runs the program as a person would, by testdata/script/*.txtar.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LANG", "C.UTF-8")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sample":   writeSample,
			"exit":     exitCode,
			"mode":     fileMode,
			"truncate": truncateFile,
		},
	})
}

// sample NAME [AS] writes a sample file.
func writeSample(ts *testscript.TestScript, _ bool, args []string) {
	files, err := sample.Files()
	ts.Check(err)
	to := args[len(args)-1]
	for _, f := range files {
		if f.Name == args[0] {
			ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(to)), 0o755))
			ts.Check(os.WriteFile(ts.MkAbs(to), f.Bytes, 0o644))
			return
		}
	}
	ts.Fatalf("no sample %s", args[0])
}

// truncate FILE SIZE cuts a file off.
func truncateFile(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}

// exit CODE COMMAND… runs a command and demands its exit code.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// mode FILE MODE demands a file's mode.
func fileMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("mode %s, want %s", got, args[1])
	}
}
