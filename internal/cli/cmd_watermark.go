package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/watermark"
	"github.com/colophon-project/colophon/watermark/marker"
)

// Codes of usage errors about watermarks.
const (
	codeMarkKey     colophon.Code = "usage-watermark-key"     // no key was named
	codeMarkPayload colophon.Code = "usage-watermark-payload" // arg "value"
)

type watermarkCommand struct {
	Key    watermarkKeyCommand    `cmd:""`
	Embed  watermarkEmbedCommand  `cmd:""`
	Detect watermarkDetectCommand `cmd:""`
}

type watermarkKeyCommand struct {
	File string `arg:"" name:"file"`
}

// Run makes a key. A file that is there is never replaced: what it marked could not be found any more.
func (c *watermarkKeyCommand) Run(s *session) error {
	key, err := watermark.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	if err = s.fetched(c.File, func(w io.Writer) error { _, err := io.WriteString(w, watermark.FormatKey(key)+"\n"); return err }); err != nil {
		return err
	}
	if s.json {
		s.printJSON(map[string]string{"file": c.File})
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("watermark-key-made", "file", c.File))
	return nil
}

// markKeys are the flags that name keys of watermarks.
type markKeys struct {
	Key []string `placeholder:"KEY" sep:"none"`
}

// set reads the keys, the first of which marks.
func (c markKeys) set(s *session) (*marker.Set, error) { return readMarker(s, c.Key) }

// readMarker reads keys of watermarks. Where none is named, it is the one that the environment names.
func readMarker(s *session, files []string) (*marker.Set, error) {
	if len(files) == 0 {
		if at := s.Getenv("COLOPHON_WATERMARK_KEY"); at != "" {
			files = []string{at}
		}
	}
	if len(files) == 0 {
		return nil, invalid(codeMarkKey)
	}
	var keys []watermark.Key
	for _, path := range files {
		text, err := readKeyFile(path)
		if err != nil {
			return nil, err
		}
		key, err := watermark.ParseKey(string(text))
		if err != nil {
			return nil, keyError(path, err)
		}
		keys = append(keys, key)
	}
	tools, err := ffmpeg.Find(s.config.FFmpeg)
	if err != nil {
		tools = nil // said where it is needed
	}
	return marker.New(keys, tools, rand.Reader), nil
}

type watermarkEmbedCommand struct {
	markKeys
	Files     []string `arg:"" name:"file"`
	Number    string   `placeholder:"ID" xor:"what"`
	Payload   string   `placeholder:"HEX" xor:"what"`
	Out       string   `placeholder:"DIR"`
	Force     bool
	NoSync    bool `name:"no-sync"`
	Recursive bool `short:"r"`
	Jobs      int  `short:"j" placeholder:"N"`
}

type jsonWatermark struct {
	File     string         `json:"file"`
	Format   string         `json:"format,omitempty"`
	Output   string         `json:"output,omitempty"`
	Found    *bool          `json:"found,omitempty"` // absent where it could not be told
	Payload  string         `json:"payload,omitempty"`
	Strength float64        `json:"strength_db,omitempty"`
	Score    float64        `json:"score,omitempty"`      // in deviations above chance
	Sure     float64        `json:"confidence,omitempty"` // one less the chance that such a payload comes of nothing
	Key      int            `json:"key,omitempty"`        // which of those that were given, from 1
	Is       *bool          `json:"is_number,omitempty"`  // whether it is the payload of the number that was asked for
	Lies     map[string]any `json:"lies,omitempty"`
	Error    *jsonError     `json:"error,omitempty"`
}

// chance is how likely a payload comes of what bears no mark: a CRC-32 has to fit, in at most a few dozen tries.
const chance = 64.0 / (1 << 32)

// Run marks the files.
func (c *watermarkEmbedCommand) Run(s *session) error {
	set, err := c.set(s)
	if err != nil {
		return err
	}
	payload, err := c.payload(set)
	if err != nil {
		return err
	}
	work := &app.Watermarking{Marker: set, Payload: payload, Out: c.Out, Force: c.Force, NoSync: c.NoSync, Jobs: jobs(c.Jobs, s.config.Jobs)}
	inputs := app.Expand(c.Files, c.Recursive)
	if len(inputs) == 0 {
		return invalid(app.CodeNoFiles)
	}
	stop := s.watch(&work.Progress, len(inputs))
	work.Embed(s.ctx, inputs, func(r app.Watermarked) {
		stop.pause(func() {
			if r.Err != nil {
				s.exit = exitError
			}
			switch {
			case s.json:
				j := jsonWatermark{File: r.Input.Path, Format: string(r.Format), Output: r.Output, Error: s.errorJSON(r.Err)}
				if r.Marked != nil {
					j.Payload, j.Strength, j.Score = hex.EncodeToString(payload), round(r.Marked.Strength), round(r.Marked.Score)
				}
				s.printJSON(j)
			case r.Err != nil:
				s.complain(r.Input.Path, r.Err)
			default:
				fmt.Fprintln(s.Stdout, s.say.Say("watermark-embedded", "file", r.Input.Path, "output", r.Output, "payload", hex.EncodeToString(payload),
					"strength", decimal(r.Marked.Strength, 1), "score", decimal(r.Marked.Score, 0)))
			}
		})
	})
	stop.end()
	if s.ctx.Err() != nil {
		s.exit = exitInterrupted
	}
	return nil
}

func (c *watermarkEmbedCommand) payload(set *marker.Set) ([]byte, error) {
	if c.Number != "" {
		return set.Payload(c.Number), nil
	}
	payload, err := hex.DecodeString(c.Payload)
	if err != nil || len(payload) != 8 {
		return nil, invalid(codeMarkPayload, "value", c.Payload)
	}
	return payload, nil
}

// round keeps two digits behind the point.
func round(x float64) float64 { return float64(int(x*100+0.5)) / 100 }

type watermarkDetectCommand struct {
	markKeys
	Files     []string `arg:"" name:"file"`
	Number    string   `placeholder:"ID"`
	Quick     bool
	Recursive bool `short:"r"`
	Jobs      int  `short:"j" placeholder:"N"`
}

// Run looks for marks. The exit code is the worst answer, in the order error, could not tell, no mark, found.
func (c *watermarkDetectCommand) Run(s *session) error {
	set, err := c.set(s)
	if err != nil {
		return err
	}
	var want []byte
	if c.Number != "" {
		want = set.Payload(c.Number)
	}
	work := &app.Watermarking{Marker: set, Narrow: c.Quick, Jobs: jobs(c.Jobs, s.config.Jobs)}
	inputs := app.Expand(c.Files, c.Recursive)
	if len(inputs) == 0 {
		return invalid(app.CodeNoFiles)
	}
	stop := s.watch(&work.Progress, len(inputs))
	exits := map[int]bool{}
	work.Find(s.ctx, inputs, func(r app.Watermarked) {
		exits[exitOfMark(r)] = true
		stop.pause(func() { s.printMarkFound(r, want) })
	})
	stop.end()
	for _, code := range []int{exitError, exitCouldNotTell, exitNoMark} {
		if exits[code] {
			s.exit = code
			break
		}
	}
	if s.ctx.Err() != nil {
		s.exit = exitInterrupted
	}
	return nil
}

func exitOfMark(r app.Watermarked) int {
	switch {
	case r.Err != nil && is(r.Err, colophon.Unsupported):
		return exitCouldNotTell
	case r.Err != nil:
		return exitError
	case r.Found.Payload == nil:
		return exitNoMark
	}
	return exitDone
}

// is reports whether an error is of a kind.
func is(err error, kind colophon.Kind) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Kind == kind
}

func (s *session) printMarkFound(r app.Watermarked, want []byte) {
	found := r.Found.Payload != nil
	if s.json {
		j := jsonWatermark{File: r.Input.Path, Format: string(r.Format), Score: round(r.Found.Score), Error: s.errorJSON(r.Err)}
		if r.Err == nil {
			j.Found = &found
		}
		if found {
			j.Payload, j.Sure, j.Key, j.Lies = hex.EncodeToString(r.Found.Payload), 1-chance, r.Found.Key+1, lies(r.Found)
			if want != nil {
				is := bytes.Equal(want, r.Found.Payload)
				j.Is = &is
			}
		}
		s.printJSON(j)
		return
	}
	if r.Err != nil {
		s.complain(r.Input.Path, r.Err)
		return
	}
	name := locale.Visible(r.Input.Path)
	if !found {
		fmt.Fprintln(s.Stdout, s.say.Say("watermark-not-found", "file", name, "score", decimal(r.Found.Score, 1)))
		return
	}
	fmt.Fprintln(s.Stdout, s.say.Say("watermark-found", "file", name, "payload", hex.EncodeToString(r.Found.Payload), "score", decimal(r.Found.Score, 0)))
	if want != nil {
		key := "watermark-is-number"
		if !bytes.Equal(want, r.Found.Payload) {
			key = "watermark-is-other"
		}
		fmt.Fprintln(s.Stdout, "  "+s.say.Say(key))
	}
	var parts []string
	if p := r.Found.Picture; p != nil {
		parts = append(parts, s.say.Say("watermark-lies", "scale", decimal(p.Scale, 3), "angle", decimal(p.Angle, 1)))
		if p.Mirror {
			parts = append(parts, s.say.Say("watermark-mirrored"))
		}
	}
	if p := r.Found.Sound; p != nil {
		parts = append(parts, s.say.Say("watermark-runs", "from", decimal(p.From, 1), "to", decimal(p.To, 1), "tempo", decimal(p.Tempo, 3), "pitch", decimal(p.Pitch, 3)))
	}
	if len(parts) > 0 {
		fmt.Fprintln(s.Stdout, "  "+strings.Join(parts, " · "))
	}
}

// lies is how a mark lies in its content.
func lies(f watermark.Found) map[string]any {
	if p := f.Picture; p != nil {
		return map[string]any{"scale": round(p.Scale*100) / 100, "angle": round(p.Angle), "mirror": p.Mirror}
	}
	if p := f.Sound; p != nil {
		return map[string]any{"from": round(p.From), "to": round(p.To), "tempo": round(p.Tempo*100) / 100, "pitch": round(p.Pitch*100) / 100}
	}
	return nil
}
