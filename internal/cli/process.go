package cli

import (
	"os"
	"runtime/debug"
)

// Process returns the world of a program that was started from a shell.
func Process() World {
	// A run makes little garbage and ends soon: collecting less often is faster. The limit only says from where on it is
	// worth collecting often: a picture that must be decoded takes more.
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
