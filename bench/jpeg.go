package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const config = `%Image::ExifTool::UserDefined = ('Image::ExifTool::XMP::Main' => { TC260 => { SubDirectory => { TagTable => 'Image::ExifTool::UserDefined::TC260' } } });
%Image::ExifTool::UserDefined::TC260 = (GROUPS => { 0 => 'XMP', 1 => 'XMP-TC260', 2 => 'Other' }, NAMESPACE => { 'TC260' => 'http://www.tc260.org.cn/ns/AIGC/1.0/' }, WRITABLE => 'string', AIGC => { });
1;
`

const value = `{"Label":"1","ContentProducer":"001191110102MACQD9K64010000","ProduceID":"bench","ReservedCode1":"","ContentPropagator":"001191110102MACQD9K64010000","PropagateID":"bench","ReservedCode2":""}`

func (b *bench) path(name ...string) string {
	return filepath.Join(append([]string{b.scratch}, name...)...)
}

// pictures makes the JPEG files, about 200 KB each, once.
func (b *bench) pictures() error {
	if _, err := os.Stat(b.path("in")); err == nil {
		return nil
	}
	if err := os.Mkdir(b.path("in"), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(b.path("exiftool.config"), []byte(config), 0o666); err != nil {
		return err
	}
	const kinds = 10
	_, err := command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1280x720,noise=alls=18:allf=t", "-frames:v", strconv.Itoa(kinds),
		"-q:v", "5", b.path("kind-%d.jpg"))
	if err != nil {
		return err
	}
	var total int64
	for i := range b.files {
		data, err := os.ReadFile(b.path(fmt.Sprintf("kind-%d.jpg", 1+i%kinds)))
		if err != nil {
			return err
		}
		total += int64(len(data))
		if err := os.WriteFile(b.path("in", fmt.Sprintf("%04d.jpg", i)), data, 0o666); err != nil {
			return err
		}
	}
	fmt.Printf("%d JPEG files, %d KB each on average\n\n", b.files, total/int64(b.files)/1000)
	return nil
}

// fresh makes a new folder for outputs. The old ones stay until the end: ext4 searches slowly for inodes that are free
// and were not deleted a moment ago, which would measure the deletions of the run before.
func (b *bench) fresh() error {
	b.round++
	return os.Mkdir(b.out(), 0o777)
}

func (b *bench) out(name ...string) string {
	return b.path(append([]string{fmt.Sprintf("out-%03d", b.round)}, name...)...)
}

func (b *bench) jpeg() error {
	if err := b.pictures(); err != nil {
		return err
	}
	label := func(extra ...string) func() (int64, error) {
		return func() (int64, error) {
			args := append([]string{"label", "--notice", "none", "--producer", "001191110102MACQD9K64010000", "-r", "--out", b.out()}, extra...)
			return command(b.colophon, append(args, b.path("in"))...)
		}
	}
	exiftool := func(durable bool) func() (int64, error) {
		return func() (int64, error) {
			rss, err := command("exiftool", "-config", b.path("exiftool.config"), "-q", "-XMP-TC260:AIGC="+value, "-o", b.out(), b.path("in"))
			if err == nil && durable {
				err = flush(b.out())
			}
			return rss, err
		}
	}
	ours := &contender{name: "colophon label", prepare: b.fresh, run: label()}
	peer := &contender{name: "exiftool, one process, then syncfs", prepare: b.fresh, run: exiftool(true)}
	loop := &contender{name: "Go loop that copies: write, syncfs, rename, fsync of the folder", prepare: b.fresh, run: b.copyLoop}
	if err := b.race(ours, peer, loop); err != nil {
		return err
	}
	fmt.Printf("## Label %d JPEG files, flushed\n\n", b.files)
	table(ours, peer, loop)
	fmt.Printf("%.1f× exiftool (target ≥ 4), %.2f× the bare loop (target ≥ 0.6); the loop itself is %.1f× exiftool\n\n", ours.faster(peer), ours.faster(loop), loop.faster(peer))

	ours = &contender{name: "colophon label --no-sync", prepare: b.fresh, run: label("--no-sync")}
	peer = &contender{name: "exiftool, one process", prepare: b.fresh, run: exiftool(false)}
	if err := b.race(ours, peer); err != nil {
		return err
	}
	fmt.Printf("## Label %d JPEG files, no flush\n\n", b.files)
	table(ours, peer)
	fmt.Printf("%.1f× exiftool (target ≥ 12)\n\n", ours.faster(peer))
	return nil
}

// copyLoop copies the files with the durability of colophon label and does nothing else.
func (b *bench) copyLoop() (int64, error) {
	entries, err := os.ReadDir(b.path("in"))
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		data, err := os.ReadFile(b.path("in", e.Name()))
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(b.out(e.Name()+".tmp"), data, 0o666); err != nil {
			return 0, err
		}
	}
	if err := flush(b.out()); err != nil {
		return 0, err
	}
	for _, e := range entries {
		if err := unix.Renameat2(unix.AT_FDCWD, b.out(e.Name()+".tmp"), unix.AT_FDCWD, b.out(e.Name()), unix.RENAME_NOREPLACE); err != nil {
			return 0, err
		}
	}
	dir, err := os.Open(b.out())
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	return 0, dir.Sync()
}

func (b *bench) read() error {
	if err := b.pictures(); err != nil {
		return err
	}
	if err := b.fresh(); err != nil {
		return err
	}
	if _, err := command(b.colophon, "label", "--notice", "none", "--producer", "bench", "-r", "--out", b.out(), b.path("in")); err != nil {
		return err
	}
	ours := &contender{name: "colophon --json read", run: func() (int64, error) {
		return command(b.colophon, "--json", "read", "-r", b.out())
	}}
	peer := &contender{name: "exiftool -j, one process, the label's tag alone", run: func() (int64, error) {
		return command("exiftool", "-config", b.path("exiftool.config"), "-q", "-j", "-XMP-TC260:AIGC", b.out())
	}}
	if err := b.race(ours, peer); err != nil {
		return err
	}
	fmt.Printf("## Read %d labelled JPEG files\n\n", b.files)
	table(ours, peer)
	fmt.Printf("%.0f× exiftool (target ≥ 40)\n\n", ours.faster(peer))
	return nil
}

// mp4 labels one large file, with the index in front and behind, beside cp.
func (b *bench) mp4() error {
	for _, kind := range []struct{ name, flags string }{{"behind", "0"}, {"in front", "+faststart"}} {
		in, out := b.path("big.mp4"), b.path("big.out.mp4")
		if err := b.movie(in, kind.flags); err != nil {
			return err
		}
		info, err := os.Stat(in)
		if err != nil {
			return err
		}
		clear := func() error {
			if err := os.RemoveAll(out); err != nil {
				return err
			}
			return os.RemoveAll(b.path("mp4"))
		}
		warm := func() error {
			if err := clear(); err != nil {
				return err
			}
			f, err := os.Open(in)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = io.Copy(io.Discard, f)
			return err
		}
		ours := &contender{name: "colophon label", prepare: warm, run: func() (int64, error) {
			return command(b.colophon, "label", "--notice", "none", "--producer", "bench", "--out", b.path("mp4"), in)
		}}
		peer := &contender{name: "cp, then syncfs", prepare: warm, run: func() (int64, error) {
			rss, err := command("cp", in, out)
			if err == nil {
				err = flush(b.scratch)
			}
			return rss, err
		}}
		if err := b.race(ours, peer); err != nil {
			return err
		}
		fmt.Printf("## Label an MP4 of %d MB, moov %s\n\n", info.Size()/1000000, kind.name)
		table(ours, peer)
		fmt.Printf("%.2f× the time of cp (target ≤ 1.3)\n\n", 1/ours.faster(peer))
		if err := clear(); err != nil {
			return err
		}
		if err := os.Remove(in); err != nil {
			return err
		}
	}
	return nil
}

// movie makes an MP4 of the wanted size from noise, so that nothing compresses it away.
func (b *bench) movie(path, flags string) error {
	_, err := command("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=gray:s=1920x1080,noise=alls=100:allf=t", "-c:v", "mjpeg", "-q:v", "2",
		"-fs", strconv.Itoa(b.megabytes<<20), "-t", "600", "-movflags", flags, path)
	return err
}

func peak(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
