package box_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/bmff"
	"github.com/colophon-project/colophon/internal/media/box"
	"github.com/colophon-project/colophon/internal/media/heif"
	"github.com/colophon-project/colophon/internal/media/mediatest"
)

func brands(major string, compatible ...string) []byte {
	return box.Append(nil, "ftyp", []byte(major), make([]byte, 4), []byte(strings.Join(compatible, "")))
}

// TestKind also proves that no file is claimed by two containers.
func TestKind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		head []byte
		want media.Format
	}{
		{brands("isom", "isom", "iso2", "avc1", "mp41"), media.MP4},
		{brands("mp42"), media.MP4},
		{brands("3gp5", "isom"), media.MP4},
		{brands("3g2a"), media.MP4},
		{brands("XAVC", "mp42"), media.MP4},
		{brands("????", "mp42"), media.MP4},
		{brands("qt  ", "qt  "), media.MOV},
		{brands("M4A ", "mp42", "isom"), media.M4A},
		{brands("M4B ", "isom"), media.M4A},
		{brands("avif", "mif1", "miaf"), media.AVIF},
		{brands("avis", "msf1", "iso8"), media.AVIF},
		{brands("heic", "mif1"), media.HEIC},
		{brands("heix", "mif1"), media.HEIC},
		{brands("hevc", "msf1", "iso8"), media.HEIC},
		{brands("mif1", "mif1", "heic"), media.HEIC},
		{brands("mif1", "avif", "heic"), media.AVIF},
		{brands("msf1", "hevc", "iso8"), media.HEIC},
		{brands("mif1", "mif1", "miaf"), media.HEIF},
		{brands("avci", "mif1", "heic"), media.HEIF},
		{brands("isom", "mif1", "heic"), media.MP4},
		{brands("crx ", "isom"), media.Unknown},
		{brands("jp2 ", "jp2 "), media.Unknown},
		{brands("jxl ", "isom"), media.Unknown},
		{brands("????", "miaf"), media.Unknown},
		{[]byte("\x00\x00\x00\x08ftyp"), media.Unknown},
		{nil, media.Unknown},
	} {
		if got := box.Kind(c.head); got != c.want {
			t.Errorf("Kind(%q) = %q, want %q", c.head, got, c.want)
		}
		movie, picture := mediatest.Sniff(bmff.Container{}, c.head), mediatest.Sniff(heif.Container{}, c.head)
		if movie != media.Unknown && picture != media.Unknown || movie+picture != c.want {
			t.Errorf("%q is claimed as %q and %q", c.head, movie, picture)
		}
	}
}

func TestReader(t *testing.T) {
	t.Parallel()
	inner := box.Append(nil, "free", []byte("abc"))
	file := append(box.Append(nil, "ftyp", []byte("isomisom")), box.Append(nil, "moov", inner, make([]byte, 12))...)
	file = append(file, "trailing"...)
	r := box.NewReader(bytes.NewReader(file))
	var seen []string
	end, err := r.Top(func(b box.Box) error {
		seen = append(seen, b.Type)
		if b.Type == "moov" {
			last, err := r.Children(&b, b.Body(), func(c box.Box) error {
				seen = append(seen, c.Type)
				return nil
			})
			if last != b.Body()+int64(len(inner)) {
				t.Errorf("children end at %d", last)
			}
			return err
		}
		return nil
	})
	if err != nil || strings.Join(seen, " ") != "ftyp moov free" {
		t.Errorf("%v, %v", seen, err)
	}
	if end != int64(len(file)-len("trailing")) {
		t.Errorf("boxes end at %d", end)
	}
}

func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	be := binary.BigEndian
	for name, file := range map[string][]byte{
		"cut header":    []byte("\x00\x00\x00"),
		"cut largesize": []byte("\x00\x00\x00\x01moov\x00\x00"),
		"size 7":        []byte("\x00\x00\x00\x07moov"),
		"too long":      []byte("\x00\x00\x00\x09moov"),
		"largesize 15":  be.AppendUint64([]byte("\x00\x00\x00\x01moov"), 15),
		"largesize max": be.AppendUint64([]byte("\x00\x00\x00\x01moov"), 1<<64-1),
	} {
		_, err := box.NewReader(bytes.NewReader(file)).Top(func(box.Box) error { return nil })
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind != colophon.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func edited(t *testing.T, p *box.Plan, file []byte) string {
	t.Helper()
	edit, err := p.Edit()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := edit.Apply(&out, bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestPlanSizes changes boxes at several depths and at one offset.
func TestPlanSizes(t *testing.T) {
	t.Parallel()
	file := box.Append(nil, "aaaa", box.Append(nil, "bbbb", []byte("1")), box.Append(nil, "free", make([]byte, 20)))
	outer := &box.Box{Type: "aaaa", Header: 8, Size: int64(len(file))}
	inner := &box.Box{Type: "bbbb", Offset: 8, Header: 8, Size: 9, Parent: outer}
	free := &box.Box{Type: "free", Offset: 17, Header: 8, Size: 28, Parent: outer}
	p := box.NewPlan(bytes.NewReader(file))
	if !p.Resize(free, 10) {
		t.Fatal("no resize")
	}
	p.Insert(outer, inner.End(), box.Append(nil, "cccc"))
	p.Insert(inner, inner.End(), []byte("234"))
	if p.Growth(inner) != 3 || p.Growth(outer) != 3+8-18 {
		t.Errorf("growth %d and %d", p.Growth(inner), p.Growth(outer))
	}
	want := box.Append(nil, "aaaa", box.Append(nil, "bbbb", []byte("1234")), box.Append(nil, "cccc"), box.Append(nil, "free", make([]byte, 2)))
	if got := edited(t, p, file); got != string(want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPlanRefusesOverlap(t *testing.T) {
	t.Parallel()
	p := box.NewPlan(bytes.NewReader(make([]byte, 100)))
	p.Replace(nil, 10, 20, nil)
	p.Replace(nil, 29, 1, []byte("x"))
	if _, err := p.Edit(); err == nil {
		t.Error("no error")
	}
}

func TestResizeRefuses(t *testing.T) {
	t.Parallel()
	p := box.NewPlan(bytes.NewReader(make([]byte, 100)))
	free := &box.Box{Type: "free", Header: 8, Size: 20}
	for _, size := range []int64{-1, 1, 7, 1 << 32} {
		if p.Resize(free, size) {
			t.Errorf("resized to %d", size)
		}
	}
}
