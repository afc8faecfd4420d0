package production_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"image/png"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// copies is a line that keeps originals and makes copies.
func copies(c *production.Config) {
	c.Unmarked, c.KeepOriginals = &stamp.Press{Unmarked: true}, 90*24*time.Hour
}

func pixels(t *testing.T, raw []byte) []uint8 {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var list []uint8
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			list = append(list, uint8(r>>8), uint8(g>>8), uint8(b>>8))
		}
	}
	return list
}

func (b *bench) produced(content []byte) artefact.Artefact {
	b.Helper()
	a, err := b.line.Produce(b.Context(), by, order(), bytes.NewReader(content))
	b.must(err)
	return a
}

// TestCopy covers Labelling Measures Art. 9: a copy has the pixels of the original and the implicit label, and goes to the
// account alone.
func TestCopy(t *testing.T) {
	b := open(t, func(c *production.Config) {
		copies(c)
		c.Likeness = func(context.Context, media.Format, media.Source) ([]byte, error) {
			return bytes.Repeat([]byte{7}, artefact.HashSize), nil
		}
	})
	ctx := t.Context()
	item := b.produced(chequered(t, 400))
	o := production.CopyOrder{Key: "request-1", Account: item.Account, Number: item.Number}
	made, err := b.line.Copy(ctx, o)
	b.must(err)
	a := made.Artefact
	if a.State != artefact.Marked || a.Number == item.Number || made.Label != a.Number || made.Notice != stamp.Omitted || a.Blob != "" || len(a.Likeness) == 0 || !slices.Equal(a.Parents, []artefact.Number{item.Number}) {
		t.Fatalf("%+v", made)
	}
	files := len(b.blobs.files)
	again, err := b.line.Copy(ctx, o)
	b.must(err)
	if again.Artefact.Number != a.Number || again.Artefact.After != a.After || again.Label != made.Label || again.Notice != made.Notice || len(b.blobs.files) != files {
		t.Errorf("%+v", again)
	}
	_, err = b.line.Open(ctx, by, a.Number, artefact.Download)
	b.want(err, production.CodeCopy)
	_, err = b.line.Sidecar(ctx, by, a.Number)
	b.want(err, production.CodeCopy)
	_, err = b.line.OpenCopy(ctx, by, "somebody", a.Number)
	b.want(err, artefact.CodeMissing)
	_, err = b.line.OpenCopy(ctx, by, item.Account, item.Number) // which is no copy
	b.want(err, artefact.CodeMissing)
	c, err := b.line.OpenCopy(ctx, by, item.Account, a.Number)
	b.must(err)
	raw, err := io.ReadAll(c)
	b.must(err)
	if sha256.Sum256(raw) != a.After || int64(len(raw)) != a.Stored || !bytes.Equal(pixels(t, raw), pixels(t, chequered(t, 400))) {
		t.Error("the copy is not what came in")
	}
	report, err := label.Read(media.Memory(raw), label.Options{})
	b.must(err)
	if len(report.Marks) != 1 || report.Marks[0].Fields.ProduceID != string(a.Number) || report.Marks[0].Fields.ContentProducer != producer {
		t.Errorf("%+v", report.Marks)
	}
	marked, err := b.line.Open(ctx, by, item.Number, artefact.Download)
	b.must(err)
	seen, err := io.ReadAll(marked)
	b.must(err)
	if bytes.Equal(pixels(t, seen), pixels(t, raw)) {
		t.Error("the item shows no notice either")
	}
	list, _, err := b.register.Deliveries(ctx, artefact.DeliveryQuery{Number: a.Number}, "", 9)
	b.must(err)
	if len(list) != 1 || list[0].To != string(item.Account) {
		t.Errorf("%+v", list)
	}
	if got := b.types(a.Number); got != "artefact.received artefact.marked artefact.delivered" {
		t.Error(got)
	}
	if _, err = b.line.Copy(ctx, production.CopyOrder{Key: "request-2", Account: item.Account, Number: a.Number}); err == nil {
		t.Error("a copy of a copy was made")
	}
	b.clock.Set(b.clock.Now().Add(production.CopyKept + time.Hour))
	b.must(b.line.Sweep(ctx))
	_, err = b.line.OpenCopy(ctx, by, item.Account, a.Number)
	b.want(err, production.CodeCopyGone)
}

// TestNoCopy says why none can be made.
func TestNoCopy(t *testing.T) {
	b := open(t, copies)
	ctx := t.Context()
	item, text := b.produced(chequered(t, 300)), b.produced([]byte("Some words.\n"))
	gone := b.produced(chequered(t, 310))
	for name, c := range map[string]struct {
		o    production.CopyOrder
		code colophon.Code
	}{
		"somebody else's":       {production.CopyOrder{Key: "1", Account: "somebody", Number: item.Number}, artefact.CodeMissing},
		"unknown":               {production.CopyOrder{Key: "2", Account: item.Account, Number: "none"}, artefact.CodeMissing},
		"without room in it":    {production.CopyOrder{Key: "3", Account: text.Account, Number: text.Number}, production.CodeCopySidecar},
		"erased":                {production.CopyOrder{Key: "4", Account: gone.Account, Number: gone.Number}, artefact.CodeMissing},
		"discarded before that": {production.CopyOrder{Key: "5", Account: item.Account, Number: item.Number}, production.CodeCopyGone},
	} {
		switch name {
		case "erased":
			b.must(b.register.Erase(ctx, "officer", gone.Number))
		case "discarded before that":
			b.must(b.line.DiscardCopy(ctx, c.o))
		}
		_, err := b.line.Copy(ctx, c.o)
		b.want(err, c.code)
		b.must(b.line.DiscardCopy(ctx, c.o))
		b.must(b.line.DiscardCopy(ctx, c.o))
		if _, err = b.line.Copy(ctx, c.o); err == nil {
			t.Errorf("%s: made after it was discarded", name)
		}
	}
}

// TestNoCopies has lines make none: one that may not leave the notice out, and one that keeps nothing to make them from.
func TestNoCopies(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*production.Config)
		code colophon.Code
	}{
		"no press":      {nil, production.CodeCopyNone},
		"no original":   {func(c *production.Config) { c.Unmarked = &stamp.Press{Unmarked: true} }, production.CodeCopyOriginal},
		"another owner": {func(c *production.Config) { copies(c); c.Unmarked = &stamp.Press{} }, stamp.CodeRequired},
		"came labelled": {copies, production.CodeCopyLabelled},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, c.set)
			item := b.produced(chequered(t, 300))
			if name == "came labelled" {
				item = b.produced(labelled(t, chequered(t, 310)))
			}
			_, err := b.line.Copy(t.Context(), production.CopyOrder{Key: "1", Account: item.Account, Number: item.Number})
			b.want(err, c.code)
		})
	}
}

// labelled is content with the label of somebody else.
func labelled(t *testing.T, raw []byte) []byte {
	t.Helper()
	src := media.Memory(raw)
	plan, err := (&stamp.Press{Unmarked: true}).Prepare(t.Context(), src, stamp.Request{Choice: stamp.None, Label: label.Request{Options: label.Options{Name: "a.png"},
		Fields: label.Fields{Label: label.Belongs, ContentProducer: "another-provider", ProduceID: "theirs-1"}}})
	var b bytes.Buffer
	if err == nil {
		err = plan.Edit.Apply(&b, src)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCopyStopped has an order hold the item back, which holds back its copies.
func TestCopyStopped(t *testing.T) {
	stopped := false
	refused := &colophon.Error{Kind: colophon.Refused, Code: "stopped"}
	var item artefact.Artefact
	b := open(t, func(c *production.Config) {
		copies(c)
		c.Deliver = func(_ context.Context, a artefact.Artefact) error {
			if stopped && a.Number == item.Number {
				return refused
			}
			return nil
		}
	})
	item = b.produced(chequered(t, 300))
	o := production.CopyOrder{Key: "1", Account: item.Account, Number: item.Number}
	made, err := b.line.Copy(t.Context(), o)
	b.must(err)
	stopped = true
	_, err = b.line.OpenCopy(t.Context(), by, item.Account, made.Artefact.Number)
	b.want(err, refused.Code)
	o.Key = "2"
	_, err = b.line.Copy(t.Context(), o)
	b.want(err, refused.Code)
}

// TestCopyRefuted makes no copy of what was refuted.
func TestCopyRefuted(t *testing.T) {
	var item artefact.Artefact
	b := open(t, func(c *production.Config) {
		copies(c)
		c.Outgoing = func(_ context.Context, o production.Outgoing) (colophon.Code, error) {
			if slices.Contains(o.Numbers, string(item.Number)) {
				return "", &colophon.Error{Kind: colophon.Refused, Code: production.CodeRefuted}
			}
			return "", nil
		}
	})
	item = b.produced(chequered(t, 300))
	o := production.CopyOrder{Key: "1", Account: item.Account, Number: item.Number}
	_, err := b.line.Copy(t.Context(), o)
	b.want(err, production.CodeRefuted)
	_, err = b.line.Copy(t.Context(), o)
	b.want(err, production.CodeCopyGone)
}

// TestCopyAgain has a process die between entering a copy and saying what it is, and several make the same at once.
func TestCopyAgain(t *testing.T) {
	var die context.CancelFunc
	b := open(t, func(c *production.Config) {
		copies(c)
		c.Likeness = func(context.Context, media.Format, media.Source) ([]byte, error) {
			if die != nil {
				die()
			}
			return nil, nil
		}
	})
	item := b.produced(chequered(t, 300))
	ctx, cancel := context.WithCancel(t.Context())
	die = cancel
	o := production.CopyOrder{Key: "1", Account: item.Account, Number: item.Number}
	if _, err := b.line.Copy(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	die = nil
	files := len(b.blobs.files)
	first, err := b.line.Copy(t.Context(), o)
	b.must(err)
	if len(b.blobs.files) != files {
		t.Error("it was made again")
	}
	if got := b.types(first.Artefact.Number); got != "artefact.received artefact.marked" {
		t.Error(got)
	}
	o.Key = "2"
	var wait sync.WaitGroup
	var numbers [4]artefact.Digest
	for i := range numbers {
		wait.Go(func() {
			made, err := b.line.Copy(t.Context(), o)
			if err != nil {
				t.Error(err)
			}
			numbers[i] = made.Artefact.After
		})
	}
	wait.Wait()
	for _, n := range numbers {
		if n != numbers[0] {
			t.Errorf("%x", numbers)
		}
	}
	if len(b.blobs.files) != files+1 {
		t.Errorf("%d files lie about", len(b.blobs.files)-files-1)
	}
	b.must(b.line.DiscardCopy(t.Context(), o))
	b.must(b.line.Sweep(t.Context()))
	if len(b.blobs.files) != files {
		t.Error("the bytes of what was discarded are kept")
	}
	_, err = b.line.Copy(t.Context(), o)
	b.want(err, production.CodeCopyGone)
}
