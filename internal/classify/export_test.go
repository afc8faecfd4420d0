package classify

import (
	"time"

	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
)

// The readers of answers, for fuzzing. Each tells the levels of what was found, and whether the answer could be read.

func levels(labels []label, err error) ([]keyword.Level, error) {
	var list []keyword.Level
	for _, l := range labels {
		list = append(list, l.level)
	}
	return list, err
}

// ReadModeration reads an answer of /v1/moderations.
func ReadModeration(text []byte) ([]keyword.Level, error) {
	o, err := parseModeration(text)
	return levels(o.labels, err)
}

// ReadChat reads an answer of /v1/chat/completions.
func ReadChat(text []byte, parser string) ([]keyword.Level, error) {
	o, err := parseChat(text, chatParsers(parser), "No Harassment")
	return levels(o.labels, err)
}

// ReadGuardrail reads an answer of a guardrail.
func ReadGuardrail(text []byte, sent ...string) ([]keyword.Level, error) {
	o, err := parseGuardrail(text, sent)
	return levels(o.labels, err)
}

// ReadVerdict reads an answer about a stream.
func ReadVerdict(text []byte, sent string, least int64) (int64, []screen.Finding, error) {
	return parseVerdict(text, sent, least)
}

// ReadOpened reads the answer to the beginning of a stream.
func ReadOpened(text []byte) (name, version string, err error) { return parseOpened(text) }

// ReadOCR reads an answer of each of the three shapes.
func ReadOCR(text []byte, kind Kind) (n int, err error) {
	parse := map[Kind]func([]byte) ([]line, error){OCR: parseOCR, PaddleOCR: parsePaddle, PaddleHub: parseHub}[kind]
	lines, err := parse(text)
	return len(lines), err
}

// ReadTranscript reads an answer of /v1/audio/transcriptions.
func ReadTranscript(text []byte) (string, error) { return parseTranscription(text) }

// Window is a piece of a text.
type Window struct {
	Text                           string
	Start, End, RuneStart, RuneEnd int64
}

// Overlap is how many runes neighbours share.
const Overlap = overlap

// Windows cuts a text.
func Windows(text string, most int) []Window {
	var list []Window
	for _, p := range windows(piece{}, text, most) {
		list = append(list, Window{p.text, p.start, p.end, p.runeStart, p.runeEnd})
	}
	return list
}

// Kept is a cache of texts by one byte.
type Kept struct{ c *cache[string] }

// NewKept makes a cache with room for so many entries without text.
func NewKept(life time.Duration, entries int, now func() time.Time) Kept {
	return Kept{newCache(life, entries*overhead, func(s string) int { return len(s) }, now)}
}

// Put keeps a text.
func (k Kept) Put(key byte, text string) { k.c.put(digest{key}, text) }

// Get returns a text.
func (k Kept) Get(key byte) (string, bool) { return k.c.get(digest{key}) }

// Len is the number of entries.
func (k Kept) Len() int { return len(k.c.entries) }

// Meaning returns the category of a word of a data file.
func Meaning(file, word string) (category, told string, err error) {
	m, err := loadModel(nil, file)
	if err != nil {
		return "", "", err
	}
	c, told := m.meaning(word)
	return string(c), told, nil
}
