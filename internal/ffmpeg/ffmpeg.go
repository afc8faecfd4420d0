// Package ffmpeg runs the system's ffmpeg and ffprobe, and is the only place that starts processes or makes temporary
// files.
//
// What it is given comes from people who are not trusted. So arguments go to the program as a list and never through a
// shell; inputs may use the protocols file and pipe alone, and only demuxers that do not open further files (no playlists,
// no scripts); the environment is fixed; what a program says is bounded before it is kept; and cancelling a context ends
// the program's whole process group.
//
// Media files go to and from the programs in a [Scratch], a private folder that Close removes. A result that must outlive
// the folder is taken out of it by [Scratch.Take].
//
// What not to do here: no knowledge of notices or labels, no choice of codecs. Callers say what to run.
package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

// Package is the Debian package that has both programs.
const Package = "ffmpeg"

// Codes of errors.
const (
	CodeMissing colophon.Code = "ffmpeg-missing" // args "program", "package": the program is not installed
	CodeFailed  colophon.Code = "ffmpeg-failed"  // args "program", "message": it ended with an error
)

// maxSaid is how much of a program's standard error is kept, in bytes: the beginning, which names the cause.
const maxSaid = 8 << 10

// Tools are the two programs. It is safe for concurrent use.
type Tools struct {
	ffmpeg, ffprobe string
}

// Find finds the programs. path is ffmpeg itself, or the folder that holds both; empty means the system's search path.
// Where one is missing, the error has CodeMissing.
func Find(path string) (*Tools, error) {
	names := [2]string{"ffmpeg", "ffprobe"}
	var found [2]string
	for i, name := range names {
		candidate := name
		if path != "" {
			candidate = filepath.Join(path, name)
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				candidate = filepath.Join(filepath.Dir(path), name)
				if i == 0 {
					candidate = path
				}
			}
			if !filepath.IsAbs(candidate) {
				candidate = "." + string(filepath.Separator) + candidate
			}
		}
		full, err := exec.LookPath(candidate)
		if err != nil {
			return nil, missing(name, err)
		}
		found[i] = full
	}
	return &Tools{ffmpeg: found[0], ffprobe: found[1]}, nil
}

func missing(program string, err error) error {
	return &colophon.Error{Kind: colophon.Missing, Code: CodeMissing, Args: colophon.Args{"program": program, "package": Package}, Err: err}
}

// Run runs ffmpeg with args, which MUST be the caller's own words: the only parts that may come from outside are paths of
// a Scratch. Each input is confined to protocols and demuxers that open nothing else. stdin and stdout may be nil.
// progress, when not nil, is told how many seconds of output there are, about twice a second.
//
// A cancelled context ends ffmpeg and returns the context's error. A failure of ffmpeg returns CodeFailed, with what it
// said as the cause.
func (t *Tools) Run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer, progress func(seconds float64)) error {
	if t == nil {
		return missing("ffmpeg", nil)
	}
	full := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-nostats", "-y"}
	if progress != nil {
		full = append(full, "-progress", "pipe:2")
	}
	return t.start(ctx, t.ffmpeg, append(full, confined(args)...), stdin, stdout, progress)
}

// Inspect runs ffprobe with args, which end with an input named by -i, and writes what it prints to stdout.
func (t *Tools) Inspect(ctx context.Context, args []string, stdout io.Writer) error {
	if t == nil {
		return missing("ffprobe", nil)
	}
	full := []string{"-hide_banner", "-loglevel", "error"}
	return t.start(ctx, t.ffprobe, append(full, confined(args)...), nil, stdout, nil)
}

// Version returns the first line of `ffmpeg -version`.
func (t *Tools) Version(ctx context.Context) (string, error) {
	var out bytes.Buffer
	if err := t.start(ctx, t.ffmpeg, []string{"-version"}, nil, &out, nil); err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(out.String(), "\n")
	return line, nil
}

// HasEncoder reports whether this ffmpeg has an encoder of that name, for example libx264.
func (t *Tools) HasEncoder(ctx context.Context, name string) (bool, error) {
	var out bytes.Buffer
	if err := t.start(ctx, t.ffmpeg, []string{"-hide_banner", "-loglevel", "error", "-encoders"}, nil, &out, nil); err != nil {
		return false, err
	}
	for line := range strings.Lines(out.String()) {
		if f := strings.Fields(line); len(f) > 1 && f[1] == name {
			return true, nil
		}
	}
	return false, nil
}

func (t *Tools) start(ctx context.Context, program string, args []string, stdin io.Reader, stdout io.Writer, progress func(float64)) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = []string{"LC_ALL=C", "AV_LOG_FORCE_NOCOLOR=1"} // in particular no FFREPORT, which writes files
	cmd.Stdin, cmd.Stdout = stdin, stdout
	said := &listener{progress: progress}
	cmd.Stderr = said
	inGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = 2 * time.Second
	err := cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	name := filepath.Base(program)
	if errors.Is(err, os.ErrNotExist) {
		return missing(name, err)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return fmt.Errorf("running %s: %w", name, err) // the caller's reader or writer failed, or the system did
	}
	text := strings.TrimSpace(string(said.kept))
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeFailed, Args: colophon.Args{"program": name, "message": message(text)},
		Err: fmt.Errorf("%w: %s", err, text)}
}

// message is the first line that a program said, without the parts that name our files and memory addresses.
func message(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if _, rest, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(line, "[") {
		line = rest
	}
	words := strings.Fields(line)
	for i, w := range words {
		if strings.ContainsAny(w, `/\`) {
			words[i] = "…"
		}
	}
	line = strings.Join(words, " ")
	if len(line) > 200 {
		line = strings.ToValidUTF8(line[:200], "") + "…"
	}
	return line
}

// demuxers are those that read one file and open no other. The raw ones and lavfi are never chosen by content; a caller
// asks for them by -f. Left out on purpose: hls, dash, concat, image2 (patterns), svg and everything that names files.
const demuxers = "mov,matroska,avi,flv,live_flv,mpegts,mpeg,wav,w64,aiff,mp3,flac,ogg,aac,amr,amrnb,amrwb,ac3,eac3,dts,caf,asf," +
	"h264,hevc,obu,ivf,m4v,av1,png_pipe,jpeg_pipe,webp_pipe,gif_pipe,gif,bmp_pipe,tiff_pipe,apng,nut,rawvideo," +
	"u8,s8,s16le,s24le,s32le,f32le,f64le,lavfi,srt,webvtt,ffmetadata"

// confined puts the restrictions before each input. A concat script, which a caller writes itself into a Scratch, is let
// through where -f asks for it.
func confined(args []string) []string {
	out := make([]string, 0, len(args)+8)
	script := false
	for i, a := range args {
		if a == "-f" && i+1 < len(args) {
			script = args[i+1] == "concat"
		}
		if a == "-i" {
			allowed := demuxers
			if script {
				allowed += ",concat"
			}
			out = append(out, "-protocol_whitelist", "file,pipe", "-format_whitelist", allowed)
			script = false
		}
		out = append(out, a)
	}
	return out
}

// listener takes a program's standard error: progress goes to a function, the rest is kept up to a bound.
type listener struct {
	progress func(float64)
	line     []byte
	kept     []byte
}

// Write takes what arrives in pieces of any size.
func (l *listener) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		part, after, whole := bytes.Cut(rest, []byte("\n"))
		if room := maxSaid - len(l.line); room > 0 {
			l.line = append(l.line, part[:min(room, len(part))]...)
		}
		if whole {
			l.take()
		}
		rest = after
	}
	return len(b), nil
}

func (l *listener) take() {
	line := l.line
	l.line = l.line[:0]
	if l.progress != nil {
		key, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte("="))
		if ok && len(key) > 0 && !bytes.ContainsAny(key, " []:") {
			if string(key) == "out_time_us" {
				if us, err := strconv.ParseInt(string(value), 10, 64); err == nil && us >= 0 {
					l.progress(float64(us) / 1e6)
				}
			}
			return
		}
	}
	if room := maxSaid - len(l.kept); room > 0 {
		l.kept = append(l.kept, line[:min(room, len(line))]...)
		l.kept = append(l.kept, '\n')
	}
}
