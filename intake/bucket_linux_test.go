package intake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/label"
)

// shelf is a bucket in memory, without tags.
type shelf struct {
	mu    sync.Mutex
	files map[string][]byte
	mixed bool // lists in no order
}

func (s *shelf) Objects(_ context.Context, prefix, after string) iter.Seq2[intake.Object, error] {
	return func(yield func(intake.Object, error) bool) {
		var list []intake.Object
		s.mu.Lock()
		for key, file := range s.files {
			if strings.HasPrefix(key, prefix) && (s.mixed || key > after) {
				list = append(list, intake.Object{Key: key, Size: int64(len(file)), ETag: fmt.Sprint(len(file))})
			}
		}
		s.mu.Unlock()
		slices.SortFunc(list, func(a, b intake.Object) int { return strings.Compare(a.Key, b.Key) })
		for _, o := range list {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func (s *shelf) Open(_ context.Context, key string) (io.ReadCloser, error) {
	if strings.HasPrefix(key, "poison") {
		panic("a fault of a reader")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return io.NopCloser(bytes.NewReader(s.files[key])), nil
}

func (s *shelf) Write(_ context.Context, key, _ string, r io.ReadSeeker) error {
	text, err := io.ReadAll(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[key] = text
	return err
}

func (s *shelf) Tag(context.Context, string, map[string]string) error {
	return &colophon.Error{Kind: colophon.Unsupported, Code: "none"}
}

func (s *shelf) written(prefix string) (list []string) {
	for key := range s.files {
		if strings.HasPrefix(key, prefix) && !strings.Contains(key, "colophon-intake/") {
			list = append(list, strings.TrimPrefix(key, prefix))
		}
	}
	slices.Sort(list)
	return list
}

// broken is a ledger that takes no entry for a while.
type broken struct {
	ledger.Store[intake.Taken]
	fails bool
}

func (b *broken) Add(ctx context.Context, rec evidence.Record, list ...ledger.Entry[intake.Taken]) error {
	if b.fails {
		return errors.New("the database broke")
	}
	return b.Store.Add(ctx, rec, list...)
}

func openShelf(t *testing.T) (*bench, *shelf, *broken, *intake.Scanner) {
	t.Helper()
	entries := &broken{}
	b := open(t, func(c *intake.Config) {
		c.Detectors, entries.Store = nil, c.Entries
		c.Entries = entries
	})
	s := &shelf{files: map[string][]byte{}}
	return b, s, entries, intake.NewScanner(intake.ScanConfig{Scans: ledgers.Of[intake.Scan](b.store, intake.ScanLedger), Recorder: b.rec, Keys: b.keys, Line: b.line, AtOnce: 1,
		Bucket: func(context.Context, string) (intake.Bucket, error) { return s, nil }})
}

// TestScanSidecars has a label file be found wherever the page ends, and what only bears the name of one be taken in.
func TestScanSidecars(t *testing.T) {
	t.Parallel()
	b, s, _, scanner := openShelf(t)
	plain := picture(t)
	side, err := label.Prepare(media.Memory(plain), label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p-2"}, Place: "sidecar"})
	b.must(err)
	const between = 320 // keys that stand between the file and its label file
	s.files["a.png"], s.files["a.png"+label.SidecarSuffix] = plain, side.Sidecar
	for i := range between {
		s.files[fmt.Sprintf("a.png-%03d", i)] = []byte{}
	}
	s.files["z.png"+label.SidecarSuffix] = labelled(t, plain, label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p-1"})
	s.files["poison.png"] = plain
	e, err := scanner.Begin(b.ctx, key, intake.Order{Bucket: "uploads"})
	b.must(err)
	b.must(scanner.Run(b.ctx, e.ID))
	e, err = scanner.Scan(b.ctx, e.ID)
	b.must(err)
	if v := e.Value; v.States[intake.Confirmed] != 2 || v.States[intake.None] != 0 || v.Files != between+3 || v.Troubles != between+1 || e.State != string(intake.ScanDone) {
		t.Errorf("%+v", v)
	}
}

// TestScanUnrecorded has a scan wait where what was written could not be recorded, and write nothing where it can't tag.
func TestScanUnrecorded(t *testing.T) {
	t.Parallel()
	b, s, entries, scanner := openShelf(t)
	s.files["a.png"], s.files["b.png"] = picture(t), nil // the second one is a trouble of its own
	order := intake.Order{Bucket: "uploads", To: "out/", Declaration: intake.Generated}
	e, err := scanner.Begin(b.ctx, key, order)
	b.must(err)
	entries.fails = true
	if scanner.Run(b.ctx, e.ID) == nil {
		t.Fatal("a file was written, and passed over without a record")
	}
	entries.fails = false
	b.must(scanner.Run(b.ctx, e.ID))
	e, err = scanner.Scan(b.ctx, e.ID)
	if b.must(err); e.Value.States[intake.Possible] != 1 || !slices.Equal(s.written("out/"), []string{"a.png"}) {
		t.Errorf("%+v %v", e.Value, s.written("out/"))
	}
	order.To, order.Tag = "tagged/", true
	e, err = scanner.Begin(b.ctx, key, order)
	b.must(err)
	b.must(scanner.Run(b.ctx, e.ID))
	e, err = scanner.Scan(b.ctx, e.ID)
	if b.must(err); len(s.written("tagged/")) != 0 || e.Value.States[intake.Possible] != 0 {
		t.Errorf("%+v %v", e.Value, s.written("tagged/"))
	}
	for key, text := range s.files {
		if strings.HasPrefix(key, "tagged/colophon-intake/") && !strings.Contains(string(text), string(intake.CodeScanTags)) {
			t.Errorf("%s", text)
		}
	}
	s.mixed = true
	e, err = scanner.Begin(b.ctx, key, intake.Order{Bucket: "uploads"})
	b.must(err)
	if scanner.Run(b.ctx, e.ID) == nil {
		t.Error("a list that begins again was scanned")
	}
}
