// Package mediatest is the conformance suite of media.Container: what every container must do, proven on real files.
//
// Give it samples that real tools made. It checks behaviour that all containers share (one label, replaced in place,
// moved between places, damage survived); a container's own tests check what only that container knows, and read the
// result back with tools that are not ours.
package mediatest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Value returns a conforming label whose ProduceID is id.
func Value(id string) []byte {
	const code = "001191110102MACQD9K64010000"
	return fmt.Appendf(nil, `{"Label":"1","ContentProducer":%q,"ProduceID":%q,"ReservedCode1":"","ContentPropagator":%q,"PropagateID":%q,"ReservedCode2":""}`,
		code, id, code, id)
}

// SourceType is a DigitalSourceType to put beside a label.
const SourceType = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

// Case is one sample of one format.
type Case struct {
	Container media.Container
	Format    media.Format
	Sample    []byte // carries no label
	// Same fails the test when after does not show or play what before did. Nil when the container's tests check it.
	Same func(t *testing.T, before, after []byte)
}

// Run runs the suite on one case.
func Run(t *testing.T, c Case) {
	t.Helper()
	if got := Sniff(c.Container, c.Sample); got != c.Format && !(c.Format == media.APNG && got == media.PNG) {
		t.Fatalf("Sniff = %q, want %q", got, c.Format)
	}
	survey, err := c.Container.Scan(bytes.NewReader(c.Sample), c.Format)
	if err != nil {
		t.Fatalf("Scan of the sample: %v", err)
	}
	if len(survey.Labels) != 0 {
		t.Fatalf("the sample has labels: %v", survey.Labels)
	}
	for _, place := range c.Container.Places(c.Format) {
		t.Run(string(place), func(t *testing.T) {
			labelled := once(t, c, place)
			moves(t, c, place, labelled)
			damage(t, c, place, c.Sample)
			damage(t, c, place, labelled)
		})
	}
}

func once(t *testing.T, c Case, place media.Place) []byte {
	t.Helper()
	put := media.Put{Place: place, Value: Value("a1"), DigitalSourceType: SourceType}
	first := Apply(t, c.Container, c.Format, c.Sample, put)
	One(t, c.Container, c.Format, first, place, put.Value)
	if got := Sniff(c.Container, first); got != Sniff(c.Container, c.Sample) {
		t.Errorf("Sniff after labelling = %q", got)
	}
	if c.Same != nil {
		c.Same(t, c.Sample, first)
	}
	again := Apply(t, c.Container, c.Format, first, put)
	if !bytes.Equal(again, first) {
		t.Errorf("putting the same label again changed the file: %d bytes, then %d", len(first), len(again))
	}
	// A longer and a shorter value, so that growth and slack are both met.
	for _, id := range []string{strings.Repeat("long-", 60), "s", strings.Repeat("x", 3000)} {
		put.Value = Value(id)
		next := Apply(t, c.Container, c.Format, first, put)
		One(t, c.Container, c.Format, next, place, put.Value)
		if c.Same != nil {
			c.Same(t, c.Sample, next)
		}
	}
	return first
}

// moves puts a second label at each other place: one label must remain.
func moves(t *testing.T, c Case, from media.Place, labelled []byte) {
	t.Helper()
	for _, to := range c.Container.Places(c.Format) {
		if to == from {
			continue
		}
		put := media.Put{Place: to, Value: Value("moved")}
		moved := Apply(t, c.Container, c.Format, labelled, put)
		One(t, c.Container, c.Format, moved, to, put.Value)
	}
}

// damage cuts and corrupts the file: no panic, and an edit that claims success has made a file with one label.
func damage(t *testing.T, c Case, place media.Place, b []byte) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(1, uint64(len(b))))
	for i := range 150 {
		hurt := bytes.Clone(b)
		switch i % 3 {
		case 0:
			hurt = hurt[:rnd.IntN(len(hurt))]
		case 1:
			hurt = hurt[:rnd.IntN(min(len(hurt), 2048))]
		default:
			for range 1 + rnd.IntN(8) {
				hurt[rnd.IntN(min(len(hurt), 4096))] = byte(rnd.UintN(256))
			}
		}
		Survive(t, c.Container, place, hurt)
	}
}

// Survive checks on arbitrary bytes what must hold for all: no panic, errors that name an offset and a rule, and one
// label after every edit that succeeds. It is the body of fuzz targets.
func Survive(t *testing.T, c media.Container, place media.Place, b []byte) {
	t.Helper()
	src := media.Memory(bytes.Clone(b))
	format := Sniff(c, b)
	if format == media.Unknown {
		return
	}
	defer unchanged(t, src, b)
	if _, err := c.Scan(src, format); err != nil {
		explained(t, err)
		return
	}
	put := media.Put{Place: place, Value: Value("f1")}
	edit, err := c.Edit(src, format, put)
	if err != nil {
		explained(t, err)
		return
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		explained(t, err)
		return
	}
	if int64(out.Len()) != edit.Size() {
		t.Fatalf("Edit.Size = %d, wrote %d", edit.Size(), out.Len())
	}
	survey, err := c.Scan(bytes.NewReader(out.Bytes()), format)
	if err != nil {
		t.Fatalf("Scan after an edit that succeeded: %v", err)
	}
	if len(survey.Labels) != 1 || !Holds(survey.Labels[0], place, put.Value) {
		t.Fatalf("labels after an edit that succeeded: %v", survey.Labels)
	}
}

// unchanged fails the test when a container wrote into its source.
func unchanged(t *testing.T, src media.Memory, b []byte) {
	t.Helper()
	if !bytes.Equal(src, b) {
		t.Fatal("the source was changed")
	}
}

func explained(t *testing.T, err error) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Kind == colophon.Internal || e.Args["offset"] == "" || e.Args["what"] == "" {
		t.Fatalf("error does not name structure and offset: %v", err)
	}
}

// Apply plans and applies an edit in memory.
func Apply(t *testing.T, c media.Container, f media.Format, b []byte, put media.Put) []byte {
	t.Helper()
	src := media.Memory(bytes.Clone(b))
	edit, err := c.Edit(src, f, put)
	if err != nil {
		t.Fatalf("Edit at %s: %v", put.Place, err)
	}
	var out, again bytes.Buffer
	if err := edit.Apply(&out, src); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	unchanged(t, src, b)
	// The same through a source that is read piece by piece.
	reader := bytes.NewReader(b)
	if edit, err = c.Edit(reader, f, put); err != nil {
		t.Fatalf("Edit at %s of a reader: %v", put.Place, err)
	}
	if err := edit.Apply(&again, reader); err != nil || !bytes.Equal(out.Bytes(), again.Bytes()) {
		t.Fatalf("a reader gives another result: %v", err)
	}
	if int64(out.Len()) != edit.Size() {
		t.Fatalf("Edit.Size = %d, wrote %d", edit.Size(), out.Len())
	}
	return out.Bytes()
}

// One fails the test unless the file has exactly one label, value at place, stored in the usual way.
func One(t *testing.T, c media.Container, f media.Format, b []byte, place media.Place, value []byte) {
	t.Helper()
	survey, err := c.Scan(bytes.NewReader(b), f)
	if err != nil {
		t.Fatalf("Scan after labelling: %v", err)
	}
	if len(survey.Labels) != 1 {
		t.Fatalf("%d labels after labelling: %v", len(survey.Labels), survey.Labels)
	}
	if !Holds(survey.Labels[0], place, value) {
		t.Fatalf("label after labelling: %s %q, want %s %q", survey.Labels[0].Place, survey.Labels[0].Value, place, value)
	}
	for _, finding := range survey.Labels[0].Findings {
		t.Errorf("finding on our own label: %+v", finding)
	}
}

// Holds reports whether a found value is value at place, bare or wrapped.
func Holds(found media.Found, place media.Place, value []byte) bool {
	return found.Place == place && (bytes.Equal(found.Value, value) || bytes.Equal(found.Value, media.Wrap(value)))
}

// Sniff asks a container for the format of a file in memory.
func Sniff(c media.Container, b []byte) media.Format {
	return c.Sniff(b[:min(len(b), media.HeadSize)], bytes.NewReader(b))
}
