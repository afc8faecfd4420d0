// Package notice puts on the marks that a person perceives: words on pictures and video, speech or rhythm in sound, lines
// in texts and documents (Deep Synthesis Provisions Art. 17; Labelling Measures Art. 4; GB 45438-2025 5).
//
// This package holds what all kinds share: the words and the rule they keep, the numbers of the standard, the options and
// the report. Each kind of content is a package inside it: notice/plate for pictures, notice/sound, notice/film for video,
// notice/prose for text and notice/page for documents. They take a media.Source and plan a media.Edit, as the label's
// containers do, so that a notice can't damage what it does not touch; where content must be encoded anew, the report says
// so.
//
// A report holds what was measured on the output, not what was intended. A notice that can't be made to keep the rules is an
// error, never a smaller notice.
package notice

import (
	"strings"

	"github.com/colophon-project/colophon"
)

// Numbers of GB 45438-2025.
const (
	// MinInk is the least height of the glyphs' ink, as a part of the picture's shortest side (5.2 and 5.4).
	MinInk = 0.05
	// MinContrast is the least contrast between the words and the plate behind them. The standard asks for legibility
	// without a number; this is the figure of WCAG 2.2, 1.4.3.
	MinContrast = 4.5
	// MinSeconds is how long a notice stands in a video at normal speed (5.4).
	MinSeconds = 2.0
	// MinSpeech and MaxSpeech are characters of speech in a minute (5.3, note 4).
	MinSpeech, MaxSpeech = 120, 160
)

// Language is the language of the words.
type Language string

// Languages. English alone does not keep the standard's rule of two elements, which asks for Chinese words.
const (
	Chinese Language = "zh"
	English Language = "en"
	Both    Language = "both"
)

// Where is the end of a sound, text or document that the notice stands at.
type Where string

// Ends.
const (
	Start Where = "start"
	End   Where = "end"
	Ends  Where = "both"
)

// Corner is a corner of a picture.
type Corner string

// Corners. The empty Corner lets the picture decide.
const (
	TopLeft     Corner = "top-left"
	TopRight    Corner = "top-right"
	BottomLeft  Corner = "bottom-left"
	BottomRight Corner = "bottom-right"
)

// Options are what a caller may choose.
type Options struct {
	Text     string   // words of the caller's own; empty means those of Language
	Language Language // empty means Chinese
	Corner   Corner   // pictures and video
	Where    Where    // sound, texts and documents; empty means the start
	Speech   bool     // sound: speech instead of the rhythm
	Whole    bool     // video: for the whole time
	Font     []byte   // TrueType or OpenType; empty means the embedded font
}

// Codes of refusals and findings.
const (
	CodeWords        colophon.Code = "notice-words"      // the words lack an element; arg "text"
	CodeWordsEnglish colophon.Code = "notice-english"    // English alone: kept as asked, outside the standard
	CodeNoGlyph      colophon.Code = "notice-no-glyph"   // arg "character": the font lacks it
	CodeTooSmall     colophon.Code = "notice-too-small"  // args "width", "height": the content can't hold a legible notice
	CodeThere        colophon.Code = "notice-there"      // the content has the notice already; nothing was added
	CodeEncodedAnew  colophon.Code = "notice-re-encoded" // arg "reason": the content was decoded and encoded
	CodeKind         colophon.Code = "notice-kind"       // arg "format": no notice can be put on this format here
)

// Words returns the words of the options, checked.
func (o Options) Words() (string, []colophon.Finding, error) {
	if o.Text != "" {
		return o.Text, nil, CheckWords(o.Text)
	}
	words := Around(Certain, o.Language)
	if o.Language == English {
		return words, []colophon.Finding{{Code: CodeWordsEnglish, Level: colophon.Warning, Clause: colophon.ClauseGB5, Offset: -1}}, nil
	}
	return words, nil, nil
}

// Certainty is how sure it is that content was generated, by the three states of Labelling Measures Art. 6.
type Certainty int

// Certainties.
const (
	Certain Certainty = iota
	Possible
	Suspected
)

// Around returns the words that a page or player shows around content.
func Around(c Certainty, l Language) string {
	words := [...][2]string{
		{"人工智能生成", "AI-generated"}, {"可能为人工智能生成", "Possibly AI-generated"}, {"疑似人工智能生成", "Suspected to be AI-generated"},
	}[c]
	switch l {
	case English:
		return words[1]
	case Both:
		return words[0] + " " + words[1]
	}
	return words[0]
}

// CheckWords holds words to the rule of two elements (GB 45438-2025 5.1 to 5.4): 人工智能 or AI, and 生成 or 合成.
func CheckWords(text string) error {
	who := strings.Contains(text, "人工智能") || strings.Contains(text, "AI")
	what := strings.Contains(text, "生成") || strings.Contains(text, "合成")
	if who && what {
		return nil
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeWords, Clauses: []colophon.Clause{colophon.ClauseGB5, colophon.ClauseLM4},
		Args: colophon.Args{"text": text}}
}

// Report is what was put on, measured on the output.
type Report struct {
	Words string
	// Place says where: a corner, an end, "header", "every page", "every slide".
	Place string
	// Method says how: "coefficients" (JPEG units under the plate alone), "pixels" (lossless), "packets" (coded samples
	// spliced), "overlay", "text", "re-encoded".
	Method string
	// Ink is the height of the glyphs' ink as a part of the shortest side, and Contrast the plate's; zero where there is
	// no picture.
	Ink, Contrast float64
	// Seconds is how long the notice lasts in time-based content, and Added how much longer the content became.
	Seconds, Added float64
	// Around is the notice that a player or page must show around the content (Labelling Measures Art. 4 (4)).
	Around   string
	Findings []colophon.Finding
}
