package main

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/attacktest"
	"github.com/colophon-project/colophon/watermark/picture"
)

// tally is what became of the pictures of one kind under each attack.
type tally struct {
	marked, refused int
	psnr            float64
	found, wrong    map[string]int
	search          time.Duration
	tries           int
}

// watermark counts how often the mark of a picture is found after each attack: on the photographs of $COLOPHON_SAMPLES; on those
// of Debian's package mate-backgrounds where it is installed, brought to 1,920 pixels at most, with composites of four of the
// former beside them; and on what is drawn.
func (b *bench) watermark() error {
	kodak := pictures(filepath.Join(os.Getenv("COLOPHON_SAMPLES"), "images"))
	sets := []struct {
		name string
		list []material
	}{
		{"Kodak, 0.4 MP", files(kodak)},
		{"larger photographs and composites", append(files(backgrounds("nature")), composites(kodak)...)},
		{"drawn", files(backgrounds("abstract", "desktop"))},
	}
	marker, err := picture.New(watermark.Key{1, 2, 3}, 8)
	if err != nil {
		return err
	}
	fmt.Printf("### Watermark of pictures: exact payloads of 64 bits after attacks, at %.0f dB, no original at hand\n\n", picture.Usual)
	attacks := append(attacktest.All(), attacktest.More()...)
	var tallies []*tally
	for _, s := range sets {
		t := &tally{found: map[string]int{}, wrong: map[string]int{}}
		if set := os.Getenv("COLOPHON_BENCH_PICTURES"); set == "" || strings.HasPrefix(s.name, set) {
			if err := t.all(marker, s.list, attacks); err != nil {
				return err
			}
		}
		tallies = append(tallies, t)
	}
	fmt.Print("| attack |")
	for i, s := range sets {
		t := tallies[i]
		fmt.Printf(" %s: %d of %d marked, mean %.1f dB |", s.name, t.marked, t.marked+t.refused, t.psnr/float64(max(t.marked, 1)))
	}
	fmt.Print("\n| --- |", strings.Repeat(" --- |", len(sets)), "\n")
	for _, a := range attacks {
		fmt.Printf("| %s |", a.Name)
		for _, t := range tallies {
			fmt.Printf(" %d/%d |", t.found[a.Name], t.marked)
		}
		fmt.Println()
	}
	for i, s := range sets {
		t, wrong := tallies[i], 0
		for _, n := range t.wrong {
			wrong += n
		}
		fmt.Printf("\n%s: %d wrong payloads; %v for a look with the search where there is nothing, decoding apart", s.name, wrong, (t.search / time.Duration(max(t.tries, 1))).Round(time.Millisecond))
	}
	fmt.Print("\n\n")
	return nil
}

func (t *tally) all(m *picture.Marker, list []material, attacks []attacktest.Attack) error {
	var wait sync.WaitGroup
	var lock sync.Mutex
	errs, slots := make([]error, len(list)), make(chan struct{}, 2)
	for i, of := range list {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = t.one(m, of, uint16(i), attacks, &lock)
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tally) one(m *picture.Marker, of material, n uint16, attacks []attacktest.Attack, lock *sync.Mutex) error {
	was, err := of.read()
	if err != nil {
		return fmt.Errorf("reading %s: %w", of.name, err)
	}
	payload := []byte{0xC0, 0x10, byte(n >> 8), byte(n), 7, 11, 13, byte(n * 31)}
	begun := time.Now()
	nothing := m.Detect(lumaOf(was), true)
	took := time.Since(begun)
	k, err := m.Mark(lumaOf(was), payload, picture.Options{Random: [8]uint16{n, n * 40503, n * 30011}})
	lock.Lock()
	defer lock.Unlock()
	t.search, t.tries = t.search+took, t.tries+1
	if nothing.Payload != nil {
		t.wrong["unmarked"]++
	}
	if err != nil {
		t.refused++
		fmt.Fprintf(os.Stderr, "%s: %v\n", of.name, err)
		return nil
	}
	lock.Unlock()
	marked, psnr := addMark(was, k)
	var lost []string
	got := map[string]int{}
	wrong := map[string]int{}
	for _, a := range attacks {
		switch found := m.Detect(lumaOf(a.Do(marked)), true); {
		case bytes.Equal(found.Payload, payload):
			got[a.Name]++
		case found.Payload != nil:
			wrong[a.Name]++
			fallthrough
		default:
			lost = append(lost, a.Name)
		}
	}
	lock.Lock()
	fmt.Fprintf(os.Stderr, "%s %dx%d %.2f dB, lost: %s\n", of.name, was.Rect.Dx(), was.Rect.Dy(), psnr, strings.Join(lost, "; "))
	t.marked, t.psnr = t.marked+1, t.psnr+psnr
	for name := range got {
		t.found[name]++
	}
	for name := range wrong {
		t.wrong[name]++
	}
	return nil
}

func lumaOf(m *image.RGBA) *picture.Plane {
	p := picture.NewPlane(m.Rect.Dx(), m.Rect.Dy())
	for y := range p.H {
		row := m.Pix[y*m.Stride:]
		for x := range p.W {
			p.Pix[y*p.W+x] = 0.299*float32(row[4*x]) + 0.587*float32(row[4*x+1]) + 0.114*float32(row[4*x+2])
		}
	}
	return p
}

func addMark(m *image.RGBA, k *picture.Mark) (*image.RGBA, float64) {
	o, sum, w := attacktest.RGBA(m), 0.0, m.Rect.Dx()
	d := k.Plane(w, m.Rect.Dy())
	for i, v := range d.Pix {
		s := o.Pix[i/w*o.Stride+i%w*4:]
		for c, old := range s[:3] {
			s[c] = uint8(min(max(math.Round(float64(old)+float64(v)), 0), 255))
			sum += (float64(s[c]) - float64(old)) * (float64(s[c]) - float64(old))
		}
	}
	return o, 10 * math.Log10(255*255*3*float64(len(d.Pix))/sum)
}

// readPicture reads a picture; what is not PNG or JPEG is turned into PNG by ffmpeg.
func readPicture(path string) (*image.RGBA, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		if b, err = exec.Command("ffmpeg", "-v", "error", "-i", path, "-f", "image2pipe", "-c:v", "png", "-frames:v", "1", "-").Output(); err != nil {
			return nil, err
		}
		if m, _, err = image.Decode(bytes.NewReader(b)); err != nil {
			return nil, err
		}
	}
	return attacktest.RGBA(m), nil
}

func pictures(folder string) []string {
	list, _ := filepath.Glob(filepath.Join(folder, "*"))
	return list
}

// material is a picture to be marked.
type material struct {
	name string
	read func() (*image.RGBA, error)
}

// files are pictures as they are, or scaled down where they are larger than what networks keep.
func files(list []string) []material {
	var all []material
	for _, path := range list {
		all = append(all, material{filepath.Base(path), func() (*image.RGBA, error) {
			m, err := readPicture(path)
			if err != nil || max(m.Rect.Dx(), m.Rect.Dy()) <= 1920 {
				return m, err
			}
			return attacktest.Resize(1920 / float64(max(m.Rect.Dx(), m.Rect.Dy())))(m), nil
		}})
	}
	return all
}

// composites are four pictures beside each other.
func composites(list []string) []material {
	var all []material
	for i := range min(8, len(list)) {
		all = append(all, material{fmt.Sprintf("composite %d", i+1), func() (*image.RGBA, error) {
			var whole *image.RGBA
			for k := range 4 {
				m, err := readPicture(list[(i+k*(1+i/4))%len(list)])
				if err != nil {
					return nil, err
				}
				w, h := m.Rect.Dx(), m.Rect.Dy()
				if whole == nil {
					whole = image.NewRGBA(image.Rect(0, 0, 2*w, 2*h))
				}
				draw.Draw(whole, image.Rect(k%2*w, k/2*h, k%2*w+w, k/2*h+h), m, image.Point{}, draw.Src)
			}
			return whole, nil
		}})
	}
	return all
}

// backgrounds are pictures of Debian's package mate-backgrounds.
func backgrounds(folders ...string) []string {
	var list []string
	for _, folder := range folders {
		list = append(list, pictures(filepath.Join("/usr/share/backgrounds/mate", folder))...)
	}
	return slices.DeleteFunc(list, func(path string) bool {
		return !slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp"}, strings.ToLower(filepath.Ext(path)))
	})
}
