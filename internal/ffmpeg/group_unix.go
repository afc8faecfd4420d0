//go:build unix

package ffmpeg

import (
	"os/exec"
	"syscall"
)

// inGroup starts a program in a process group of its own, so that what it may start ends with it.
func inGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
