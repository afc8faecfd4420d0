package sound_test

import (
	"testing"

	"github.com/colophon-project/colophon/watermark/sound"
)

// TestFalse looks for marks of many keys where there are none: 5,120 places for each key.
func TestFalse(t *testing.T) {
	t.Parallel()
	keys := 60
	if torture() {
		keys = 20_000
	}
	for i, s := range [][]float32{tune(11, 10), ambient(10)} {
		mono := make([]float32, len(s)/2)
		for j := range mono {
			mono[j] = s[2*j] + s[2*j+1]
		}
		decoded, found := sound.Tries(mono, rate, i, keys)
		t.Logf("%d keys, %d places looked at, %d decoded, %d found", keys, 5120*keys, decoded, found)
		if found > 0 {
			t.Errorf("%d payloads in what has no mark", found)
		}
		if decoded > keys/5 {
			t.Errorf("of %d keys %d places pass for marks", keys, decoded)
		}
	}
}
