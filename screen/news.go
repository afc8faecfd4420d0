package screen

import (
	_ "embed" // the forms of attributions
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
)

// News is the category of what presents itself as news.
const News library.Category = "news"

// sourced is how news was found whose text names a unit that news may be taken from.
const sourced = "sourced"

//go:embed attribution.txt
var attributionFile string

// attributions are the forms in which a text names its source, each with the source in its first group.
var attributions = sync.OnceValue(func() []*regexp.Regexp {
	var list []*regexp.Regexp
	for line := range strings.Lines(attributionFile) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, regexp.MustCompile(line)) // a test reads them
		}
	}
	return list
})

// maxAttributions is how many places of one form are looked at in a text.
const maxAttributions = 64

// attribute tells news that keeps its source from other news (Deep Synthesis Art. 6 ¶2): where a part names a unit of the
// imported list that is valid that day, this is a finding, which is returned, and what was found of news in the part is
// marked. The policy says what either means.
func (j *judging) attribute(findings []Finding) []Finding {
	var sources []Finding
	units := map[string]*Finding{}
	for i := range findings {
		f := &findings[i]
		if f.Category != News || j.words.covers[library.SourceUnit] == nil {
			continue
		}
		unit, looked := units[f.Part]
		if !looked {
			if unit = j.attribution(f.Part); unit != nil {
				sources = append(sources, *unit)
			}
			units[f.Part] = unit
		}
		if unit != nil {
			f.How = sourced
		}
	}
	return sources
}

// attribution finds the first place in a part that names a unit as the source.
func (j *judging) attribution(name string) *Finding {
	for _, p := range j.parts {
		if p.Name != name {
			continue
		}
		for _, form := range attributions() {
			for _, at := range form.FindAllStringSubmatchIndex(p.Text, maxAttributions) {
				place := p.Text[at[2]:at[3]]
				if feature, length := j.unit(place); length > 0 {
					before, runes := utf8.RuneCountInString(p.Text[:at[2]]), utf8.RuneCountInString(place[:length])
					return &Finding{
						Check: string(library.SourceUnit), Feature: feature, Category: News, Level: keyword.Note, Part: name, Runes: runes,
						Start: int64(at[2]), End: int64(at[2] + length), RuneStart: int64(before), RuneEnd: int64(before + runes),
					}
				}
			}
		}
	}
	return nil
}

// unit finds the longest name of a unit that a place begins with.
func (j *judging) unit(place string) (feature string, length int) {
	for end := len(place); end > 0; {
		last, size := utf8.DecodeLastRuneInString(place[:end])
		next, _ := utf8.DecodeRuneInString(place[end:])
		within := last < utf8.RuneSelf && unicode.IsLetter(last) && next < utf8.RuneSelf && unicode.IsLetter(next)
		if !within && !unicode.IsSpace(last) {
			if feature, ok := j.words.set.SourceUnit(place[:end], j.at); ok {
				return feature, end
			}
		}
		end -= size
	}
	return "", 0
}
