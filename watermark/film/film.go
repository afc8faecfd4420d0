// Package film marks video: the tile of package picture on every frame, read from many frames as if they were one.
//
// A film is decoded by ffmpeg, frame by frame; the mark is added to the luma of each, and the frames go back into ffmpeg, which
// encodes them as the film was encoded. Sound, subtitles and the rest are copied. One frame is held at a time.
//
// The same pattern over moving pictures would look like dirt on a window, and the mean of all frames would show it. So each second
// of a film has another phase: another set of pilots, and the tile moved elsewhere, as a schedule of 64 phases says that the key draws.
// Within a second the pattern stays, which costs an encoder little, and a reader may add frames up. A reader knows the
// schedule and not where a film was cut, so it guesses where in the schedule the film begins, in steps of a quarter of a
// second, and asks the pilots of all frames at once which guess is right. A phase moves the tile against what the pictures
// show; so even a picture that stands still averages out, and the mark does not. Each frame alone is a marked picture that
// package picture reads.
//
// How the parts work together:
//
//   - open.go gives a film to ffmpeg and asks at what time each frame is shown.
//   - stamp.go adds the mark to a frame, as strong as each place bears it.
//   - survey.go finds the strength at which the mark will be found again, from a few frames of the film.
//   - mark.go and encode.go are the way through ffmpeg and back. The new film is read before it is handed out.
//   - detect.go takes samples of a film, and finds the payload.
//
// What not to do here: no drawing of notices, no sound (package sound), no choice of what a payload means.
package film

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/picture"
)

// These values are part of the format.
const (
	phases = 64 // until the schedule begins again
	lasts  = 1  // seconds for which a phase stays
)

const (
	maxSide = 16384   // pixels of a side; no level of the codecs allows more
	maxArea = 1 << 26 // pixels of a picture, almost twice those of 8K
	minEdge = 64      // pixels of the shorter side of what is marked
)

// ErrPayload refuses a payload of another length than the marker's.
var ErrPayload = errors.New("a payload of another length than the marker's")

// Marker marks and reads the films of one key. It is safe for use by many goroutines.
type Marker struct {
	tools    *ffmpeg.Tools
	pictures *picture.Marker
	schedule [phases]picture.Phase
}

// New returns the marker of a key for payloads of 8 or 16 bytes.
func New(tools *ffmpeg.Tools, key watermark.Key, size int) (*Marker, error) {
	p, err := picture.New(key, size)
	if err != nil {
		return nil, err
	}
	m := &Marker{tools: tools, pictures: p}
	s := key.Stream(fmt.Sprintf("film/%d/phases", size))
	for i := range m.schedule {
		m.schedule[i] = picture.Phase{Set: s.Below(picture.Sets), Down: s.Below(picture.Tile), Right: s.Below(picture.Tile)}
	}
	return m, nil
}

// Options of a mark.
type Options struct {
	Format  media.Format
	PSNR    float64   // dB of the luma; 0 for picture.Usual
	Weakest float64   // dB down to which the mark may be made stronger; 0 for picture.Weakest
	Random  io.Reader // says where in the schedule the film begins and how far its tiles are moved
	// Progress, when not nil, is told how many seconds of how many were marked. It is called from another goroutine, one
	// call at a time.
	Progress func(done, total float64)
}

// Report says what was done to a film.
type Report struct {
	PSNR    float64 // dB, of what was added to the luma, over all frames, before they were encoded
	Score   float64 // of the pilots in the new film, in deviations
	Frames  int
	Seconds float64
}

// Result is a marked film, a file that needs no closing.
type Result struct {
	Source media.Source
	Report Report
}

// Search says how hard a mark is looked for.
type Search struct {
	Frames int // the most to look at; 0 for 192
	// Cut has films searched that were cut at their edges, or turned. It takes about a second more where there is no mark.
	Cut bool
}

// Found is what was found in a film.
type Found struct {
	Payload []byte  // nil when no mark of this key was found
	Score   float64 // of the pilots, in deviations; of the best try where nothing was found
	Frames  int     // that were looked at
	Scale   float64 // sides of tiles, over those they have in a film that was not cut
	Angle   float64 // by which it is turned, clockwise, in degrees
	Mirror  bool
}

// offset is where a film begins in the schedule, and how far all its tiles are moved.
type offset struct{ phase, down, right int }

func drawn(random io.Reader) (offset, error) {
	var b [3]byte
	if random == nil {
		return offset{}, errors.New("no source of chance")
	}
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return offset{}, fmt.Errorf("drawing a phase: %w", err)
	}
	return offset{int(b[0]) % phases, int(b[1]) % picture.Tile, int(b[2]) % picture.Tile}, nil
}

// at is the phase at a time of a film in seconds.
func (m *Marker) at(o offset, seconds float64) picture.Phase {
	p := m.schedule[(int(seconds/lasts)+o.phase)%phases]
	return picture.Phase{Set: p.Set, Down: (p.Down + o.down) % picture.Tile, Right: (p.Right + o.right) % picture.Tile}
}

// scratched does something with a film in a private folder.
func (m *Marker) scratched(ctx context.Context, src media.Source, do func(*opened) error) error {
	scratch, err := m.tools.Scratch()
	if err != nil {
		return err
	}
	defer scratch.Close()
	in, err := scratch.Put("in", src)
	if err != nil {
		return err
	}
	f, err := m.open(ctx, scratch, in)
	if err != nil {
		return err
	}
	return do(f)
}
