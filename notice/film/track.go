package film

import (
	"errors"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
)

// codec is a coding that can be cut.
type codec string

const (
	h264 codec = "h264"
	h265 codec = "hevc"
	vp9  codec = "vp9"
	av1  codec = "av1"
)

// sample is one coded frame as it stands in the file.
type sample struct {
	off, size int64
	pts, dts  int64 // in units of the track; a container without times of decoding has none
	key       bool
}

// unit is one new coded frame, in the form of the container.
type unit struct {
	data []byte
	key  bool
}

// track is the one track of pictures of a film.
type track struct {
	codec   codec
	config  []byte // avcC, hvcC, vpcC or av1C without its box
	length  int    // bytes of a NAL unit's length
	scale   int64  // units in a second
	samples []sample
	times   []int64 // of display, sorted
	start   int64   // when the first frame that is shown is shown
	end     int64   // when the last frame goes
	turn    matrix  // from coded to displayed
	// exchange makes the film whose first samples are new.
	exchange func(media.Source, cut, *coded) (*media.Edit, error)
}

// cut says which samples give way: new frames take the places of the first samples in the file. Where pictures that lead
// the key frame are among those replaced, the key frame moves behind their places.
type cut struct {
	key     int // sample that goes on; len(samples) where none does
	frames  int // new frames; samples from key+1 to frames lead the key frame and are replaced
	stamped int // frames that show the notice
}

// coded are the new packets.
type coded struct {
	units  []unit
	config []byte // the description of old and new
}

// plan is what will be done to a film.
type plan struct {
	track  *track // nil where the container can't be read here
	cut    cut
	reason string // why the film can't be cut
}

// obstacle is a reason why a film can't be cut. It is not for people outside: the report tells it.
type obstacle string

// Obstacles that are told in other words, or before others.
const (
	fragments = obstacle("the film is in fragments")
	tooShort  = obstacle("the film is shorter than the notice")
)

func (o obstacle) Error() string { return string(o) }

// errLasting is beneath refusals that encoding the whole film would not help.
var errLasting = errors.New("film: nothing here can keep it")

// explained returns why a film can't be cut, and false for errors that are no such reason.
func explained(err error) (string, bool) {
	var o obstacle
	if errors.As(err, &o) {
		return string(o), true
	}
	var e *colophon.Error
	if !errors.Is(err, errLasting) && errors.As(err, &e) && e.Kind == colophon.Unsupported && e.Code == media.CodeUnsupported {
		return e.Args["rule"], true
	}
	return "", false
}

// survey reads a film's tables and finds the cut.
func survey(film Film) (*plan, error) {
	var t *track
	var err error
	switch film.Format {
	case media.MP4, media.MOV:
		t, err = readMP4(film.Source)
	case media.MKV, media.WebM:
		t, err = readMKV(film.Source)
	case media.AVI, media.FLV, media.MPEGTS:
		err = obstacle("packets of this container can't be exchanged")
	default:
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: notice.CodeKind, Clauses: []colophon.Clause{colophon.ClauseGB5},
			Args: colophon.Args{"format": string(film.Format)}}
	}
	if err != nil {
		why, ok := explained(err)
		if !ok {
			return nil, err
		}
		return &plan{reason: why}, nil
	}
	p := &plan{track: t}
	if p.cut, err = t.find(film.Source, film.Options.Whole); err != nil {
		why, ok := explained(err)
		if !ok {
			return nil, err
		}
		p.reason = why
	}
	return p, nil
}

// order sorts the times of display, once all samples of a file of a size are known.
func (t *track) order(size int64) error {
	if len(t.samples) == 0 {
		return media.Malformed("video track", 0, "there are no frames")
	}
	t.times = make([]int64, len(t.samples))
	for i, s := range t.samples {
		t.times[i] = s.pts
		if size -= s.size; size < 0 {
			return media.Malformed("video track", s.off, "samples stand in one another")
		}
	}
	slices.Sort(t.times)
	for i := 1; i < len(t.times); i++ {
		if t.times[i] == t.times[i-1] {
			return obstacle("two frames have one time")
		}
	}
	return nil
}

// seconds is how long the first n frames are shown.
func (t *track) seconds(n int) float64 {
	until := t.end
	if n < len(t.times) {
		until = t.times[n]
	}
	return float64(until-t.start) / float64(t.scale)
}

// find chooses the cut.
func (t *track) find(src media.Source, whole bool) (cut, error) {
	if t.seconds(len(t.samples)) < notice.MinSeconds {
		return cut{}, tooShort
	}
	all := len(t.samples)
	if whole {
		return cut{key: all, frames: all, stamped: all}, nil
	}
	// The notice goes with the first frame that is shown two seconds after the start or later.
	until := t.start + int64(notice.MinSeconds*float64(t.scale))
	c := cut{stamped: all}
	if i, _ := slices.BinarySearch(t.times, until); i < all {
		c.stamped = i
	}
	least := make([]int64, all+1) // of the times from a sample on
	least[all] = 1<<63 - 1
	for i := all - 1; i >= 0; i-- {
		least[i] = min(least[i+1], t.samples[i].pts)
	}
	before := int64(-1 << 63) // greatest time so far
	for i, s := range t.samples {
		if s.key && s.pts >= until && i > 0 {
			lead, ok, err := t.enter(src, i)
			if err != nil {
				return cut{}, err
			}
			latest := before
			for _, l := range t.samples[i+1 : i+1+lead] {
				latest = max(latest, l.pts)
			}
			if ok && latest < min(s.pts, least[i+1+lead]) {
				c.key, c.frames = i, i+lead
				return c, nil
			}
		}
		before = max(before, s.pts)
	}
	c.key, c.frames = all, all
	return c, nil
}

// enter reports whether decoding can begin at a sample, and how many samples behind it must then be replaced.
func (t *track) enter(src media.Source, i int) (lead int, ok bool, err error) {
	b, err := t.read(src, i)
	if err != nil {
		return 0, false, err
	}
	switch t.codec {
	case h264:
		return 0, t.picture(b) == 5, nil
	case vp9:
		return 0, vp9Key(b), nil
	case av1:
		return 0, av1Key(b), nil
	}
	kind := t.picture(b)
	if kind < 16 || kind > 21 {
		return 0, false, nil
	}
	for kind == 21 || kind == 16 || kind == 17 { // CRA, BLA_W_LP, BLA_W_RADL
		if i++; i == len(t.samples) {
			break
		}
		if b, err = t.read(src, i); err != nil {
			return 0, false, err
		}
		if p := t.picture(b); p != 8 && p != 9 { // RASL_N, RASL_R
			break
		}
		lead++
	}
	return lead, true, nil
}

func (t *track) read(src media.Source, i int) ([]byte, error) {
	return media.Bytes(src, "video sample", t.samples[i].off, t.samples[i].size)
}

// picture returns the type of the first NAL unit of a sample that is part of a picture, -1 where there is none.
func (t *track) picture(b []byte) int {
	list, err := split(b, t.length)
	if err != nil {
		return -1
	}
	for _, n := range list {
		k := kind(t.codec, n)
		if t.codec == h264 && k >= 1 && k <= 5 || t.codec == h265 && k < 32 {
			return k
		}
	}
	return -1
}
