package sight

import (
	"bufio"
	"encoding/binary"
	"io"
	"math/bits"
	"time"

	"github.com/colophon-project/colophon/internal/media"
)

// Elements of a Matroska file (RFC 9559) that are gone into or taken; all others are passed over.
const (
	idSegment     = 0x18538067
	idCluster     = 0x1F43B675
	idTimestamp   = 0xE7 // of a cluster, in milliseconds as ffmpeg writes it
	idSimpleBlock = 0xA3
	idBlockGroup  = 0xA0
	idBlock       = 0xA1
)

// frames reads raw frames of size bytes and their times from what ffmpeg writes as Matroska. That is a form that says when
// a frame is shown and can be read while it is written. The frame that each gets is good until the next.
func frames(r io.Reader, size int, each func(at time.Duration, frame []byte) bool) error {
	b := bufio.NewReaderSize(r, 1<<16)
	frame := make([]byte, size)
	var cluster time.Duration
	for {
		id, err := vint(b, false)
		if err == io.EOF {
			return nil
		}
		var n uint64
		if err == nil {
			n, err = vint(b, true)
		}
		if err != nil {
			return err
		}
		switch id {
		case idSegment, idCluster, idBlockGroup:
			continue
		case idTimestamp:
			var v uint64
			for ; n > 0 && err == nil; n-- {
				var c byte
				c, err = b.ReadByte()
				v = v<<8 | uint64(c)
			}
			cluster = time.Duration(v) * time.Millisecond
		case idSimpleBlock, idBlock:
			head := make([]byte, 4) // track, time in the cluster, flags
			if n != uint64(size+len(head)) {
				return media.Malformed("block", 0, "frames of one size")
			}
			if _, err = io.ReadFull(b, head); err == nil {
				_, err = io.ReadFull(b, frame)
			}
			if err == nil && !each(cluster+time.Duration(int16(binary.BigEndian.Uint16(head[1:])))*time.Millisecond, frame) {
				return nil
			}
		default:
			_, err = io.CopyN(io.Discard, b, int64(n&(1<<62-1)))
		}
		if err != nil {
			return err
		}
	}
}

// vint reads an identifier, or a size, from which the marker of its length is taken (RFC 8794, 4).
func vint(b *bufio.Reader, isSize bool) (uint64, error) {
	first, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	more := bits.LeadingZeros8(first)
	if more == 8 {
		return 0, media.Malformed("element", 0, "lengths of up to eight bytes")
	}
	v := uint64(first)
	if isSize {
		v &^= 0x80 >> more
	}
	for range more {
		c, err := b.ReadByte()
		if err != nil {
			return 0, io.ErrUnexpectedEOF
		}
		v = v<<8 | uint64(c)
	}
	return v, nil
}
