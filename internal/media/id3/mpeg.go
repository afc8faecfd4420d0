package id3

// searchSize is how far behind a tag the audio is looked for.
const searchSize = 8 << 10

// frameLength returns the length in bytes of the layer III frame whose header b begins with (ISO/IEC 11172-3, 2.4.1.3).
// It is false for other layers, for free-format streams, whose frames have no stated length, and for reserved values.
func frameLength(b []byte) (int, bool) {
	if len(b) < 4 || b[0] != 0xFF || b[1]&0xE0 != 0xE0 {
		return 0, false
	}
	version, layer := b[1]>>3&3, b[1]>>1&3
	rate, frequency := b[2]>>4, b[2]>>2&3
	if version == 1 || layer != 1 || rate == 0 || rate == 15 || frequency == 3 || b[3]&3 == 2 {
		return 0, false
	}
	kilobits := [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320}
	hertz := [3]int{44100, 48000, 32000}[frequency]
	samples := 144
	if version != 3 { // MPEG-2 and the unofficial 2.5
		kilobits = [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}
		samples = 72
		hertz /= 2
		if version == 0 {
			hertz /= 2
		}
	}
	return samples*kilobits[rate]*1000/hertz + int(b[2]>>1&1), true
}

// consecutive reports whether a layer III frame begins at b[at] and another of the same kind follows it, or the file,
// of which b is the first of size bytes, ends with it.
func consecutive(b []byte, at int, size int64) bool {
	n, ok := frameLength(b[at:])
	if !ok {
		return false
	}
	next := at + n
	if int64(next) == size {
		return true
	}
	if next+4 > len(b) {
		return false
	}
	if string(b[next:next+3]) == "TAG" || string(b[next:next+3]) == "APE" {
		return true
	}
	if _, ok := frameLength(b[next:]); !ok {
		return false
	}
	const sameKind = 0xFE // version and layer; frequency is compared apart
	return b[at+1]&sameKind == b[next+1]&sameKind && b[at+2]&0x0C == b[next+2]&0x0C
}
