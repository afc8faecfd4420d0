package notice

import _ "embed"

// font is a subset of Noto Sans SC Medium (SIL Open Font License 1.1, font/OFL.txt); tools/font.sh makes it.
//
//go:embed font/notice.ttf
var font string

// Font returns the embedded font, in TrueType: the glyphs of all notices of Words, and of what services commonly add to
// them.
func Font() []byte { return []byte(font) }
