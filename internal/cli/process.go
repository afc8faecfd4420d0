package cli

import (
	"os"
	"runtime/debug"
)

// Process returns the world of a program that was started from a shell.
func Process() World {
	// A run makes little garbage and ends soon: collecting less often is faster, and the limit keeps big files small.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(48 << 20)
	w := World{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Version: "devel"}
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		w.Terminal = true
	}
	if build, ok := debug.ReadBuildInfo(); ok && build.Main.Version != "" && build.Main.Version != "(devel)" {
		w.Version = build.Main.Version
	}
	return w
}
