package console

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
)

// Codes of errors about files that people send.
const (
	CodeFileLarge       colophon.Code = "page-file-large"        // arg "megabytes"
	CodeProofForm       colophon.Code = "page-proof-invalid"     // neither a picture nor a PDF
	CodeRecordingForm   colophon.Code = "page-recording-invalid" // neither film nor sound
	CodeRecordingLength colophon.Code = "page-recording-length"  // args "least", "most", in seconds
	CodeRecordingSilent colophon.Code = "page-recording-silent"  // nothing is to be heard
	CodeRecordingUnseen colophon.Code = "page-recording-unseen"  // nothing is to be seen, where a face is asked for
	CodeRecordingUnread colophon.Code = "page-recording-unread"  // it could not be looked into
)

// MaxRecording is the largest recording of a person, in bytes.
const MaxRecording = 32 << 20

// How long a recording may be, and how long looking into it may take.
const (
	shortest = time.Second
	longest  = time.Minute
	patience = 30 * time.Second
)

// recording is what is in one.
type recording struct {
	sound, picture bool
	length         time.Duration
}

// checkRecording refuses what is no recording of somebody speaking, and what nobody could look into. What the browser calls
// it counts for nothing.
func (c *console) checkRecording(ctx context.Context, body []byte, seen bool) error {
	_, format, err := all.Detect(media.Memory(body), "")
	facts, ok := media.Facts(format)
	if err != nil || !ok || facts.Modality != media.ModalityVideo && facts.Modality != media.ModalityAudio {
		return &colophon.Error{Kind: colophon.Unsupported, Code: CodeRecordingForm, Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r, err := c.look(ctx, body)
	switch {
	case err != nil:
		return &colophon.Error{Kind: colophon.Refused, Code: CodeRecordingUnread, Err: err}
	case !r.sound:
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeRecordingSilent}
	case seen && !r.picture:
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeRecordingUnseen}
	case r.length < shortest || r.length > longest:
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeRecordingLength, Args: colophon.Args{"least": seconds(shortest), "most": seconds(longest)}}
	}
	return nil
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// look reads what streams a recording has. Browsers write no length into it, so the times of its packets tell. Meanwhile it
// stands in a file in a folder that is ours alone, for the programs read no other.
func (c *console) look(ctx context.Context, body []byte) (r recording, err error) {
	scratch, err := c.Tools.Scratch()
	if err != nil {
		return r, err
	}
	defer scratch.Close()
	file, err := scratch.Put("recording", media.Memory(body))
	if err != nil {
		return r, err
	}
	probe, err := c.Tools.Probe(ctx, file)
	if err != nil {
		return r, err
	}
	for _, stream := range probe.Streams {
		r.sound = r.sound || stream.Type == "audio"
		r.picture = r.picture || stream.Type == "video"
	}
	var times span
	if err := c.Tools.Inspect(ctx, []string{"-show_entries", "packet=pts_time", "-of", "default=nokey=1:noprint_wrappers=1", "-i", file}, &times); err != nil {
		return r, err
	}
	r.length = time.Duration((times.last - times.first) * float64(time.Second))
	return r, nil
}

// span takes lines with times, of which there may be millions, and keeps the first and the last time.
type span struct {
	first, last float64
	some        bool
	line        []byte
}

func (s *span) Write(p []byte) (int, error) {
	for _, b := range p {
		if b != '\n' {
			if len(s.line) < 32 {
				s.line = append(s.line, b)
			}
			continue
		}
		if at, err := strconv.ParseFloat(strings.TrimSpace(string(s.line)), 64); err == nil {
			if !s.some {
				s.first, s.last, s.some = at, at, true
			}
			s.first, s.last = min(s.first, at), max(s.last, at)
		}
		s.line = s.line[:0]
	}
	return len(p), nil
}
