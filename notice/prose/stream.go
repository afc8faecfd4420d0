package prose

import (
	"io"

	"github.com/colophon-project/colophon/notice"
)

// Writer puts the notice at the start or the end of a text that is written in chunks. Every chunk goes on at once, whole
// and unchanged; nothing is held back, so a character that lies across two chunks arrives as it was sent. The text is
// UTF-8 with line feeds. A Writer is for one goroutine at a time.
type Writer struct {
	w        io.Writer
	line     string
	report   notice.Report
	o        notice.Options
	began    bool
	closed   bool
	lineEnds int // line feeds that the text ends with, up to two
}

// NewWriter returns a writer on w. It fails where the words of the options break the rule.
func NewWriter(w io.Writer, o notice.Options) (*Writer, error) {
	words, findings, err := Words(o)
	if err != nil {
		return nil, err
	}
	return &Writer{
		w: w, line: Line(words), o: o,
		report: notice.Report{Words: words, Place: string(where(o)), Method: "text", Findings: findings},
	}, nil
}

// Report tells what the stream gets.
func (w *Writer) Report() notice.Report { return w.report }

// Write passes a chunk on, the first one behind the start notice, which is a write of its own. It returns how much of
// the chunk was written.
func (w *Writer) Write(chunk []byte) (int, error) {
	if w.closed {
		return 0, io.ErrClosedPipe
	}
	if len(chunk) == 0 {
		return 0, nil
	}
	if !w.began {
		if atStart(w.o) {
			if _, err := io.WriteString(w.w, w.line+"\n\n"); err != nil {
				return 0, err
			}
		}
		w.began = true
	}
	n, err := w.w.Write(chunk)
	for _, c := range chunk[max(0, n-2):n] {
		if c == '\n' {
			w.lineEnds = min(2, w.lineEnds+1)
		} else if c != '\r' {
			w.lineEnds = 0
		}
	}
	return n, err
}

// Close writes the end notice. A stream without a byte gets none. Close does not close w; a second Close does nothing.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	if !w.began || !atEnd(w.o) {
		return nil
	}
	_, err := io.WriteString(w.w, "\n\n"[w.lineEnds:]+w.line+"\n")
	return err
}
