package glb_test

import (
	"bytes"
	"testing"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/glb"
)

func TestExtra(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"asset":{"version":"2.0"},"x":1}`:           `{"asset":{"version":"2.0","extras":{"Key":{"a":1}}},"x":1}`,
		`{"asset":{"extras":{}}}`:                     `{"asset":{"extras":{"Key":{"a":1}}}}`,
		`{"asset":{"extras":{"AIGC":` + value + `}}}`: `{"asset":{"extras":{"AIGC":` + value + `,"Key":{"a":1}}}}`,
	} {
		src := media.Memory(file(text))
		if _, ok, err := glb.Extra(src, "Key"); ok || err != nil {
			t.Errorf("%s: %v, %v", text, ok, err)
		}
		edit, err := glb.WithExtra(src, "Key", []byte(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := edit.Apply(&out, src); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), file(want)) {
			t.Errorf("%s:\n%s, want\n%s", text, out.Bytes(), want)
		}
		if got, ok, err := glb.Extra(media.Memory(out.Bytes()), "Key"); !ok || err != nil || string(got) != `{"a":1}` {
			t.Errorf("%s: %s, %v, %v", text, got, ok, err)
		}
	}
	for _, bad := range []string{`{"asset":{"extras":7}}`, `{"x":1}`, `{"asset":[]}`} {
		if _, err := glb.WithExtra(media.Memory(file(bad)), "Key", []byte("1")); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
}
