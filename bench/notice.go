package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/plate"
)

// Pictures are measured in child processes of one processor each, which do the work several times and print the median in
// milliseconds: what starting them costs is not measured.
const pictureTimes = 9

const pictureWidth, pictureHeight = 2048, 1536

// child does one kind of work on a file and prints the median time.
func child(kind string, files []string) error {
	if name, ok := strings.CutPrefix(kind, "keyword-"); ok {
		return match(name, files)
	}
	switch kind {
	case "stub":
		return stub(files[0])
	case "load":
		return load(files)
	case "gather":
		return gather(files)
	case "sign":
		return signMovie(files[0], files[1])
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		return err
	}
	work, ok := map[string]func([]byte) error{
		"ours-jpeg": func(b []byte) error { return put(b, media.JPEG) },
		"ours-png":  func(b []byte) error { return put(b, media.PNG) },
		"go-jpeg": func(b []byte) error {
			img, err := jpeg.Decode(bytes.NewReader(b))
			if err != nil {
				return err
			}
			return jpeg.Encode(io.Discard, drawn(img), &jpeg.Options{Quality: 85})
		},
		"go-png": func(b []byte) error {
			img, err := png.Decode(bytes.NewReader(b))
			if err != nil {
				return err
			}
			return png.Encode(io.Discard, drawn(img))
		},
	}[kind]
	if !ok {
		return fmt.Errorf("no work is called %s", kind)
	}
	c := &contender{}
	for range pictureTimes {
		start := time.Now()
		if err := work(data); err != nil {
			return err
		}
		c.times = append(c.times, time.Since(start))
	}
	fmt.Printf("%.3f\n", c.median().Seconds()*1000)
	return nil
}

func put(b []byte, f media.Format) error {
	edit, _, err := plate.Put(media.Memory(b), f, notice.Options{})
	if err != nil {
		return err
	}
	return edit.Apply(io.Discard, media.Memory(b))
}

// drawn is what a developer would write: the picture on a canvas, a box in its corner.
func drawn(img image.Image) image.Image {
	canvas := image.NewRGBA(img.Bounds())
	draw.Draw(canvas, canvas.Rect, img, image.Point{}, draw.Src)
	draw.Draw(canvas, image.Rect(pictureWidth-560, pictureHeight-140, pictureWidth-30, pictureHeight-30), image.NewUniform(color.Black), image.Point{}, draw.Src)
	return canvas
}

// printing runs a program on one processor that prints milliseconds, and takes them as the time of the run.
func printing(c *contender, env []string, name string, args ...string) {
	c.run = func() (int64, error) {
		cmd := exec.Command("taskset", append([]string{"-c", "0", name}, args...)...)
		cmd.Env = append(os.Environ(), env...)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			return 0, fmt.Errorf("%w: %s", err, errs.String())
		}
		ms, err := strconv.ParseFloat(strings.Fields(string(out))[0], 64)
		c.own = time.Duration(ms * float64(time.Millisecond))
		return peak(cmd.ProcessState), err
	}
}

// picture makes the picture that is measured, once: a calm part, a busy part, noise as a sensor leaves it.
func (b *bench) picture() error {
	if _, err := os.Stat(b.path("picture.png")); err == nil {
		return nil
	}
	size := fmt.Sprintf("s=%dx%d", pictureWidth, pictureHeight)
	_, err := command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "gradients="+size+":seed=7", "-f", "lavfi", "-i", "mandelbrot="+size,
		"-filter_complex", "[0][1]blend=all_mode=average,noise=alls=6:allf=u", "-frames:v", "1", "-pix_fmt", "rgb24", b.path("picture.png"))
	if err != nil {
		return err
	}
	if _, err = command("ffmpeg", "-v", "error", "-i", b.path("picture.png"), "-pix_fmt", "yuvj420p", "-q:v", "4", b.path("picture.jpg")); err != nil {
		return err
	}
	if _, err = command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=black:s=530x110", "-frames:v", "1", b.path("plate.png")); err != nil {
		return err
	}
	flags, err := exec.Command("pkg-config", "--cflags", "--libs", "vips").Output()
	if err != nil {
		return fmt.Errorf("libvips-dev is needed: %w", err)
	}
	_, err = command("gcc", append([]string{"-O2", "-o", b.path("vips-plate"), "peer/vips.c"}, strings.Fields(string(flags))...)...)
	return err
}

// pictureNotice measures one notice on one picture.
func (b *bench) pictureNotice(kind string) (ours *contender, peers []*contender, err error) {
	if err := b.picture(); err != nil {
		return nil, nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	file := b.path("picture." + map[string]string{"jpeg": "jpg", "png": "png"}[kind])
	ours = &contender{name: "colophon: place, put, read back"}
	printing(ours, nil, self, "-child", "ours-"+kind, file)
	standard := &contender{name: "Go's standard library: decode, draw, encode"}
	printing(standard, nil, self, "-child", "go-"+kind, file)
	peers = []*contender{standard}
	for _, how := range []string{"composite", "insert"} {
		vips := &contender{name: "libvips: " + how + " and save"}
		printing(vips, []string{"VIPS_CONCURRENCY=1"}, b.path("vips-plate"), how, file, b.path("plate.png"), b.path("vips."+kind),
			strconv.Itoa(pictureWidth-560), strconv.Itoa(pictureHeight-140), strconv.Itoa(pictureTimes))
		peers = append(peers, vips)
	}
	return ours, peers, b.race(append([]*contender{ours}, peers...)...)
}

func (b *bench) noticeJPEG() error {
	ours, peers, err := b.pictureNotice("jpeg")
	if err != nil {
		return err
	}
	bare := &contender{name: "our own decoding and coding of the entropy-coded data alone"}
	for range b.runs {
		ns, err := benchmark(b.path("picture.jpg"))
		if err != nil {
			return err
		}
		bare.times = append(bare.times, ns)
	}
	fmt.Printf("### Notice on a JPEG picture of %d × %d, one processor\n\n", pictureWidth, pictureHeight)
	table(append(append([]*contender{ours}, peers...), bare)...)
	fmt.Printf("%.1f× Go's standard library (target ≥ 4), %.1f× libvips' composite (target ≥ 1.5) and %.1f× its insert, %.2f times the bare entropy pass (target ≤ 1.5)\n\n",
		ours.faster(peers[0]), ours.faster(peers[1]), ours.faster(peers[2]), 1/ours.faster(bare))
	return nil
}

// benchmark runs the bare entropy pass, which is in the tests of its package, on a file.
func benchmark(path string) (time.Duration, error) {
	cmd := exec.Command("taskset", "-c", "0", "go", "test", "-run", "^$", "-bench", "^BenchmarkTranscode$/^given$", "-benchtime", "9x", "./internal/picture/coefficient")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "COLOPHON_BENCH_PICTURE="+path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		fields := strings.Fields(line)
		if len(fields) >= 4 && strings.HasPrefix(fields[0], "BenchmarkTranscode") && fields[3] == "ns/op" {
			ns, err := strconv.ParseFloat(fields[2], 64)
			return time.Duration(ns), err
		}
	}
	return 0, fmt.Errorf("no result in %s", out)
}

func (b *bench) noticePNG() error {
	ours, peers, err := b.pictureNotice("png")
	if err != nil {
		return err
	}
	fmt.Printf("### Notice on a PNG picture of %d × %d, one processor\n\n", pictureWidth, pictureHeight)
	table(append([]*contender{ours}, peers...)...)
	fmt.Printf("%.1f× Go's standard library, %.2f× libvips' composite (target ≥ 1), %.2f× its insert\n\n", ours.faster(peers[0]), ours.faster(peers[1]), ours.faster(peers[2]))
	return nil
}

// film makes a film of 1080p, once.
func (b *bench) film(name, every string, loops int) (string, error) {
	path := b.path(name + ".mp4")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if loops > 1 {
		short, err := b.film(name+"-short", every, 1)
		if err != nil {
			return "", err
		}
		_, err = command("ffmpeg", "-v", "error", "-stream_loop", strconv.Itoa(loops-1), "-i", short, "-c", "copy", path)
		return path, err
	}
	_, err := command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25:d=60,noise=alls=4:allf=t", "-f", "lavfi", "-i", "sine=d=60",
		"-c:v", "libx264", "-preset", "medium", "-g", every, "-c:a", "aac", path)
	return path, err
}

// noticeVideo stamps films on one processor. The peer encodes all of the film anew, at the preset that made it; for ten
// minutes that is ten times what one took.
func (b *bench) noticeVideo() error {
	runs := b.runs
	b.runs = 3
	defer func() { b.runs = runs }()
	var minute *contender
	for _, c := range []struct {
		name, every string
		loops       int
		target      string
	}{{"two-seconds", "50", 1, "≥ 10"}, {"default", "250", 1, "≥ 5"}, {"ten-minutes", "250", 10, "≥ 40"}} {
		path, err := b.film(c.name, c.every, c.loops)
		if err != nil {
			return err
		}
		ours := &contender{name: "colophon label", prepare: b.fresh, run: func() (int64, error) {
			return command("taskset", "-c", "0", b.colophon, "label", "--producer", "TEST", "--no-sync", "--out", b.out(), path)
		}}
		list := []*contender{ours}
		peer := minute
		if c.loops == 1 {
			peer = &contender{name: "ffmpeg drawtext, all encoded anew", prepare: b.fresh, run: func() (int64, error) {
				return command("taskset", "-c", "0", "ffmpeg", "-v", "error", "-i", path, "-vf", "drawtext=text=AI:fontsize=72:x=20:y=20:box=1:enable='lt(t,2)'",
					"-c:v", "libx264", "-preset", "medium", "-g", c.every, "-c:a", "copy", b.out("full.mp4"))
			}}
			list, minute = append(list, peer), peer
		}
		if err := b.race(list...); err != nil {
			return err
		}
		fmt.Printf("### Notice on %d s of 1080p H.264, a key frame every %s frames, one processor\n\n", 60*c.loops, c.every)
		table(list...)
		fmt.Printf("%.1f× the full encoding (target %s)\n\n", ours.faster(peer)*float64(c.loops), c.target)
	}
	return nil
}
