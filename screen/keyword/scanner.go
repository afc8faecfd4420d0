package keyword

import (
	"math/bits"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Scanner reads one text in chunks. Kept across the messages of a conversation, it finds what is spread over them; hits
// then count from the first message. A scanner is for one goroutine.
type Scanner struct {
	m       *Matcher
	tracks  []track
	day     int32
	read    int64 // bytes
	part    [utf8.UTFMax]byte
	parts   int // of a rune that a chunk cut in two
	hits    []Hit
	scratch []letter
}

// NewScanner returns a scanner for entries that are valid at the time given.
func (m *Matcher) NewScanner(at time.Time) *Scanner {
	s := &Scanner{m: m, scratch: make([]letter, 0, MaxLetters)}
	for _, p := range m.passes {
		s.tracks = append(s.tracks, track{pass: p, s: s, ring: make([]record, 1<<bits.Len(uint(p.longest+2)))})
	}
	s.Reset(at)
	return s
}

// Reset makes the scanner as new.
func (s *Scanner) Reset(at time.Time) {
	s.day, s.read, s.parts = days(at), 0, 0
	for i := range s.tracks {
		t := &s.tracks[i]
		*t = track{pass: t.pass, s: s, ring: t.ring, open: t.open[:0]}
	}
}

// Write scans the next chunk and appends to hits what is now certain.
func (s *Scanner) Write(hits []Hit, chunk []byte) []Hit {
	s.hits = hits
	for s.parts > 0 && len(chunk) > 0 {
		s.part[s.parts] = chunk[0]
		s.parts++
		chunk = chunk[1:]
		if utf8.FullRune(s.part[:s.parts]) {
			s.whole()
		}
	}
	end := len(chunk)
	for n := 1; n < utf8.UTFMax && n <= len(chunk); n++ {
		if utf8.RuneStart(chunk[len(chunk)-n]) {
			if !utf8.FullRune(chunk[len(chunk)-n:]) {
				end = len(chunk) - n
			}
			break
		}
	}
	s.scan(chunk[:end])
	s.parts += copy(s.part[s.parts:], chunk[end:])
	hits, s.hits = s.hits, nil
	return hits
}

// WriteString scans the next chunk.
func (s *Scanner) WriteString(hits []Hit, chunk string) []Hit {
	return s.Write(hits, unsafe.Slice(unsafe.StringData(chunk), len(chunk))) // Write only reads
}

// whole scans the first rune of part, and keeps what follows if that turned out to be no part of it.
func (s *Scanner) whole() {
	_, size := utf8.DecodeRune(s.part[:s.parts])
	s.scan(s.part[:size])
	s.parts = copy(s.part[:], s.part[size:s.parts])
	if s.parts > 0 && utf8.FullRune(s.part[:s.parts]) {
		s.whole()
	}
}

func (s *Scanner) scan(text []byte) {
	for i := range s.tracks {
		s.tracks[i].scan(text, s.read)
	}
	s.read += int64(len(text))
}

// Close ends the text and appends the hits that were still waiting for what follows. The scanner may go on with the next
// text of the conversation: letters keep their places, matches do not reach over.
func (s *Scanner) Close(hits []Hit) []Hit {
	s.hits = hits
	for s.parts > 0 {
		s.scan(s.part[:1])
		s.parts = copy(s.part[:], s.part[1:s.parts])
	}
	for i := range s.tracks {
		s.tracks[i].flush()
		s.tracks[i].stop()
	}
	hits, s.hits = s.hits, nil
	return hits
}

// Held returns how many of the bytes written belong to a match that is not decided yet. A stream that holds these back
// lets no part of a keyword out that the exact pass may still find.
func (s *Scanner) Held() int {
	t := &s.tracks[0]
	from := s.read
	if n := t.depth(t.st); n > 1 || n == 1 && t.starts[-t.st] {
		from = t.at(t.n - int64(n)).start
	}
	for _, h := range t.open {
		from = min(from, t.at(h.first).start)
	}
	return int(s.read-from) + s.parts
}

// Scan scans a whole text and appends its hits.
func (s *Scanner) Scan(hits []Hit, text string, at time.Time) []Hit {
	s.Reset(at)
	return s.Close(s.WriteString(hits, text))
}
