package vorbis_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/media/vorbis"
)

// block builds a comment block with a tail behind its comments.
func block(vendor, tail string, comments ...string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(vendor)))
	b = append(b, vendor...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(comments)))
	for _, c := range comments {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(c)))
		b = append(b, c...)
	}
	return append(b, tail...)
}

func TestSetKeepsEverythingElse(t *testing.T) {
	t.Parallel()
	label := string(mediatest.Value("v1"))
	for _, test := range []struct {
		name     string
		in, want []byte
	}{
		{"empty", block("", ""), block("", "", "AIGC="+label)},
		{"vendor and framing bit", block("Xiph", "\x01"), block("Xiph", "\x01", "AIGC="+label)},
		{"order and repeats", block("v", "\x01\xff", "ARTIST=a", "TITLE=t", "ARTIST=b", "no equals", "=nameless", ""),
			block("v", "\x01\xff", "ARTIST=a", "TITLE=t", "ARTIST=b", "no equals", "=nameless", "", "AIGC="+label)},
		{"replaced", block("v", "", "AIGC=old", "A=1", "aigc=older"), block("v", "", "A=1", "AIGC="+label)},
		{"before pictures", block("v", "\x01", "A=1", "AIGC=x", "metadata_block_picture=p", "B=2", "aigc=y", "COVERART=q"),
			block("v", "\x01", "A=1", "AIGC="+label, "metadata_block_picture=p", "B=2", "COVERART=q")},
		{"label in free text moves", block("v", "", "Comment="+label, "DESCRIPTION=by AIGC"), block("v", "", "DESCRIPTION=by AIGC", "AIGC="+label)},
		{"longer name is another name", block("v", "", "AIGCX=1", "XAIGC=2"), block("v", "", "AIGCX=1", "XAIGC=2", "AIGC="+label)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before := bytes.Clone(test.in)
			got, err := vorbis.Set(test.in, []byte(label))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, test.want) {
				t.Errorf("Set = %q\nwant  %q", got, test.want)
			}
			if !bytes.Equal(before, test.in) {
				t.Error("Set changed its input")
			}
			again, err := vorbis.Set(got, []byte(label))
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("Set again = %q, %v", again, err)
			}
		})
	}
}

func TestDrop(t *testing.T) {
	t.Parallel()
	label := string(mediatest.Value("v1"))
	got, err := vorbis.Drop(block("v", "\x01", "A=1", "aigc=x", "COMMENT="+label, "B=2"))
	if want := block("v", "\x01", "A=1", "B=2"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("Drop = %q, %v, want %q", got, err, want)
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	label := string(mediatest.Value("v1"))
	found, err := vorbis.Read(block("v", "\x01", "TITLE="+label, "aIgC=", "AIGC="+label, "comment="+label), 1000)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		place  media.Place
		offset int64
		value  string
		code   colophon.Code
	}
	at := int64(1000 + 4 + 1 + 4 + 4 + len("TITLE="+label))
	want := []row{
		{media.PlaceVorbisComment, at, "", media.CodeIDSpelling},
		{media.PlaceVorbisComment, at + 9, label, ""},
		{media.PlaceDescription, at + 9 + 9 + int64(len(label)), label, media.CodeOtherPlace},
	}
	if len(found) != len(want) {
		t.Fatalf("found %v", found)
	}
	for i, f := range found {
		got := row{place: f.Place, offset: f.Offset, value: string(f.Value)}
		if len(f.Findings) > 0 {
			got.code = f.Findings[0].Code
		}
		if got != want[i] {
			t.Errorf("found %+v, want %+v", got, want[i])
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	label := mediatest.Value("v1")
	if got, want := vorbis.New(label), block(vorbis.Vendor, "", "AIGC="+string(label)); !bytes.Equal(got, want) {
		t.Errorf("New = %q, want %q", got, want)
	}
}

func TestBadBlocks(t *testing.T) {
	t.Parallel()
	many := make([]string, 300)
	for i := range many {
		many[i] = "AIGC=x"
	}
	good := block("vendor", "", "A=1", "B=2")
	for name, b := range map[string][]byte{
		"nothing":        {},
		"short length":   good[:3],
		"vendor too far": good[:8],
		"no count":       good[:12],
		"no comments":    good[:14],
		"comment cut":    good[:len(good)-1],
		"huge count":     append(block("v", "")[:5], 0xff, 0xff, 0xff, 0xff),
		"huge comment":   append(bytes.Clone(good[:14]), 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0),
		"many labels":    block("v", "", many...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := vorbis.Read(b, 7)
			var e *colophon.Error
			if !errors.As(err, &e) || e.Args["offset"] == "" || e.Args["what"] == "" {
				t.Errorf("Read = %v", err)
			}
			if _, err := vorbis.Set(b, []byte("x")); err == nil {
				t.Error("Set accepts what Read refuses")
			}
		})
	}
}

// FuzzSet checks that Set keeps all but labels, and that a block which it made holds one.
func FuzzSet(f *testing.F) {
	f.Add(block("v", "\x01", "A=1", "aigc=old"))
	f.Add(block("", ""))
	f.Fuzz(func(t *testing.T, b []byte) {
		value := mediatest.Value("f")
		set, err := vorbis.Set(b, value)
		if _, bad := vorbis.Read(b, 0); (bad == nil) != (err == nil) {
			t.Fatalf("Read: %v, Set: %v", bad, err)
		}
		if err != nil {
			return
		}
		found, err := vorbis.Read(set, 0)
		if err != nil || len(found) != 1 || !mediatest.Holds(found[0], media.PlaceVorbisComment, value) {
			t.Fatalf("found %v, %v", found, err)
		}
		again, err := vorbis.Set(set, value)
		if err != nil || !bytes.Equal(again, set) {
			t.Fatalf("Set again: %v", err)
		}
	})
}
