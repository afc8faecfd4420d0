package phash

import (
	"image"
	"iter"
	"slices"
	"time"
)

// Limits on the key frames of a video.
type Limits struct {
	Max   int           // how many there are at most; at least 1
	Apart int           // bits that a frame differs by from all key frames before it is one
	Gap   time.Duration // the longest time without a key frame, whatever is to be seen; 0 is no limit
	// Render makes what is kept of the picture of a key frame. With nil nothing is kept.
	Render func(image.Image) []byte
}

// KeyFrame is a frame that stands for those that look like it.
type KeyFrame struct {
	At      time.Duration
	Hash    Hash
	Turned  [Turns]Hash // of the frame turned and mirrored
	Quality int
	Picture []byte // what Limits.Render made

	apart int // bits to the nearest key frame before it
}

// Keys are the key frames of a video. Who reports on them reports Lost and Poor too: what stood in those frames was not
// looked at.
type Keys struct {
	Frames []KeyFrame // by time
	Seen   int        // frames that were gone over
	Poor   int        // of them, those without a hash that is worth something and not taken by Gap
	Lost   int        // key frames that were let go because there were more than Max
}

// KeyFrames picks key frames from frames in the order of time: whatever differs from all key frames so far. A scene that
// comes back, or a flicker between two, does not count again; slow changes count as soon as they add up. Each frame that is
// not Poor then lies within Apart bits of a key frame, unless some were Lost: where there are too many, the one is let go
// that was nearest to another, so that what is kept comes from the whole of the video.
//
// Nothing is kept of a frame but its hashes and what Render made of it.
func KeyFrames(frames iter.Seq2[time.Duration, image.Image], l Limits) Keys {
	var k Keys
	var h Hasher
	var last time.Duration // of the key frame before
	for at, img := range frames {
		k.Seen++
		f := KeyFrame{At: at, apart: Bits}
		f.Turned, f.Quality = h.Dihedral(img)
		f.Hash = f.Turned[Original]
		for _, o := range k.Frames {
			f.apart = min(f.apart, f.Hash.Distance(o.Hash))
		}
		due := l.Gap > 0 && (k.Seen == 1 || at-last >= l.Gap)
		switch {
		case !due && f.Quality < MinQuality:
			k.Poor++
			continue
		case !due && len(k.Frames) > 0 && f.apart <= l.Apart:
			continue
		}
		if last = at; l.Render != nil {
			f.Picture = l.Render(img)
		}
		k.Frames = append(k.Frames, f)
		if len(k.Frames) > l.Max {
			k.drop()
		}
	}
	return k
}

// drop lets the key frame go that was nearest to another.
func (k *Keys) drop() {
	k.Lost++
	least := 0
	for i, f := range k.Frames {
		if f.apart < k.Frames[least].apart {
			least = i
		}
	}
	k.Frames = slices.Delete(k.Frames, least, least+1)
}
