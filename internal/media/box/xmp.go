package box

import (
	"bytes"

	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/xmp"
)

// DropXMP returns a packet of the same size without its labels, so that nothing behind it moves.
func DropXMP(packet []byte) ([]byte, error) {
	out, err := xmp.Drop(packet)
	if err != nil {
		return nil, err
	}
	if len(out) > len(packet) || !xmp.Clean(out) {
		return nil, media.Unsupported("XMP packet", 0, "a label that can't be told from the text around it")
	}
	return PadXMP(out, len(packet)), nil
}

// PadXMP lengthens a packet to size with white space where a packet has it.
func PadXMP(packet []byte, size int) []byte {
	if len(packet) >= size {
		return packet
	}
	at := bytes.LastIndex(packet, []byte("<?xpacket end"))
	if at < 0 {
		at = len(bytes.TrimRight(packet, "\x00"))
	}
	out := make([]byte, 0, size)
	out = append(out, packet[:at]...)
	out = append(out, bytes.Repeat([]byte(" "), size-len(packet))...)
	return append(out, packet[at:]...)
}
