package phash_test

import (
	"image"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/screen/phash"
)

// film shows pictures, one a second.
func film(pictures ...image.Image) iter.Seq2[time.Duration, image.Image] {
	return func(yield func(time.Duration, image.Image) bool) {
		for i, p := range pictures {
			if !yield(time.Duration(i)*time.Second, p) {
				return
			}
		}
	}
}

func seconds(k phash.Keys) []int {
	var list []int
	for _, f := range k.Frames {
		list = append(list, int(f.At/time.Second))
	}
	return list
}

func TestKeyFrames(t *testing.T) {
	t.Parallel()
	// a, b and c are scenes; dark has nothing to be seen.
	a, b, c := drawn{"boxes", 96, 64}.draw(), drawn{"boxes", 100, 64}.draw(), drawn{"boxes", 104, 64}.draw()
	dark := drawn{"flat", 96, 64}.draw()
	for name, test := range map[string]struct {
		film       []image.Image
		limits     phash.Limits
		want       []int
		poor, lost int
	}{
		"nothing":             {nil, phash.Limits{Max: 9, Apart: 31}, nil, 0, 0},
		"one scene":           {[]image.Image{a, a, a}, phash.Limits{Max: 9, Apart: 31}, []int{0}, 0, 0},
		"scenes":              {[]image.Image{a, a, b, c, c}, phash.Limits{Max: 9, Apart: 31}, []int{0, 2, 3}, 0, 0},
		"a flicker":           {[]image.Image{a, b, a, b, a, c, b}, phash.Limits{Max: 9, Apart: 31}, []int{0, 1, 5}, 0, 0},
		"dark":                {[]image.Image{dark, a, dark, b}, phash.Limits{Max: 9, Apart: 31}, []int{1, 3}, 2, 0},
		"dark alone":          {[]image.Image{dark, dark}, phash.Limits{Max: 9, Apart: 31}, nil, 2, 0},
		"dark and gap":        {[]image.Image{dark, dark, dark, dark, dark}, phash.Limits{Max: 9, Apart: 31, Gap: 3 * time.Second}, []int{0, 3}, 3, 0},
		"one scene and gap":   {[]image.Image{a, a, b, b, b, b}, phash.Limits{Max: 9, Apart: 31, Gap: 2 * time.Second}, []int{0, 2, 4}, 0, 0},
		"the end is not lost": {[]image.Image{a, a, a, a, b}, phash.Limits{Max: 2, Apart: 31, Gap: time.Second}, []int{0, 4}, 0, 3},
	} {
		got := phash.KeyFrames(film(test.film...), test.limits)
		if diff := cmp.Diff(test.want, seconds(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got.Seen != len(test.film) || got.Poor != test.poor || got.Lost != test.lost {
			t.Errorf("%s: %d seen, %d poor, %d lost", name, got.Seen, got.Poor, got.Lost)
		}
	}
}

// TestKeyFramesCover holds that a picture which changes slowly gets key frames, and that every frame is near one.
func TestKeyFramesCover(t *testing.T) {
	t.Parallel()
	wide := drawn{"boxes", 400, 128}.draw()
	var pan []image.Image
	for x := 0; x+128 <= 400; x++ {
		pan = append(pan, wide.SubImage(image.Rect(x, 0, x+128, 128)))
	}
	k := phash.KeyFrames(film(pan...), phash.Limits{Max: 1000, Apart: 31})
	if len(k.Frames) < 5 || len(k.Frames) > len(pan)/2 || k.Lost != 0 {
		t.Errorf("%d of %d frames", len(k.Frames), len(pan))
	}
	var h phash.Hasher
	for i, p := range pan {
		hash, quality := h.Hash(p)
		nearest := phash.Bits
		for _, f := range k.Frames {
			nearest = min(nearest, f.Hash.Distance(hash))
		}
		if quality >= phash.MinQuality && nearest > 31 {
			t.Errorf("frame %d is %d bits from every key frame", i, nearest)
		}
	}
	few := phash.KeyFrames(film(pan...), phash.Limits{Max: 4, Apart: 31})
	if len(few.Frames) != 4 || few.Lost == 0 {
		t.Errorf("%d frames, %d lost", len(few.Frames), few.Lost)
	}
}
