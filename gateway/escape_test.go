package gateway

import (
	"strings"
	"testing"
)

// FuzzEscape holds that what is masked in pieces and unmasked in others is what it was, but for the case of digits and control
// characters, which have no place in JSON.
func FuzzEscape(f *testing.F) {
	f.Add(`{"a":"one\ntwo\\n\u001b[0m\"\ud800"}`, 3, 5)
	f.Add(`\u00`, 1, 2)
	f.Fuzz(func(t *testing.T, text string, a, b int) {
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || 'A' <= r && r <= 'F' }) {
			return
		}
		var in, out escape
		cut := func(n int, s string) (string, string) {
			n = min(max(n, 0), len(s))
			return s[:n], s[n:]
		}
		first, second := cut(a, text)
		masked := in.mask(first) + in.mask(second)
		first, second = cut(b, masked)
		if got := out.unmask(first) + out.unmask(second); got != text || len(masked) != len(text) {
			t.Errorf("%q became %q and then %q", text, masked, got)
		}
	})
}

func TestMask(t *testing.T) {
	var e escape
	if got := e.mask(`gun\nparts \\n`); got != "gun\\\nparts \\\\n" {
		t.Errorf("%q", got)
	}
}
