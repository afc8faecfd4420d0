package watermark_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/watermark"
)

func TestKey(t *testing.T) {
	t.Parallel()
	k, err := watermark.NewKey(strings.NewReader(strings.Repeat("0123456789abcdef", 2)))
	if err != nil {
		t.Fatal(err)
	}
	again, err := watermark.ParseKey(watermark.FormatKey(k) + "\n")
	if err != nil || again != k {
		t.Errorf("%v, %v", again, err)
	}
	if _, err := watermark.NewKey(bytes.NewReader(make([]byte, 31))); err == nil {
		t.Error("a key of 31 bytes")
	}
	for _, text := range []string{"", "00", strings.Repeat("g", 64), strings.Repeat("00", 33)} {
		_, err := watermark.ParseKey(text)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != watermark.CodeKey || strings.Contains(err.Error(), "gg") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
