package screening

import (
	"context"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen"
)

// Stream judges a text that comes in pieces, and takes the consequences at its end. Append and Close are for one goroutine.
type Stream struct {
	stream *screen.Stream
	court  *Court
	role   evidence.Role
	item   screen.Item
}

// Streamer judges texts that come in pieces. A *screen.Engine does.
type Streamer interface {
	Stream(ctx context.Context, item screen.Item, mode screen.Mode) (*screen.Stream, error)
}

// Stream begins to judge a text that comes in pieces; see [screen.Engine.Stream].
func (c *Court) Stream(ctx context.Context, role evidence.Role, item screen.Item, mode screen.Mode) (*Stream, error) {
	s, err := c.Streams.Stream(ctx, item, mode)
	if err != nil {
		return nil, err
	}
	return &Stream{stream: s, court: c, role: role, item: item}, nil
}

// Append takes the next piece and returns what may leave; see [screen.Stream.Append].
func (s *Stream) Append(text string) (released string, err error) { return s.stream.Append(text) }

// Held returns how many bytes were taken and not let out.
func (s *Stream) Held() int { return s.stream.Held() }

// Close ends the text; see [screen.Stream.Close]. What a person has to look at is kept for one with all of its text. It can't
// be let out afterwards: whoever asked is gone, so the item is about nothing that waits.
func (s *Stream) Close(ctx context.Context) (released string, out Outcome, err error) {
	released, j, err := s.stream.Close(ctx)
	if err != nil {
		return "", Outcome{}, err
	}
	item := s.item
	item.About, item.Parts = "", []screen.Part{{Name: item.Parts[0].Name, By: item.Parts[0].By, Text: s.stream.Text()}}
	out, err = s.court.follow(ctx, s.role, item, j, nil)
	return released, out, err
}
