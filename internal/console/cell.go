package console

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/colophon-project/colophon/internal/locale"
)

// tone says whether a word is good or bad news; templates show it as a shape and a colour.
type tone string

const (
	plain tone = ""
	good  tone = "good"
	bad   tone = "bad"
	wait  tone = "wait" // somebody has to do something
)

// cell is one piece of information as pages show it and CSV files hold it. The zero value is nothing.
type cell struct {
	Text  string // as it is
	Key   string // of a sentence, where Text is the value that it says
	Tone  tone
	Mark  bool   // a state: shown with the shape of its tone
	Mono  bool   // an identifier
	Staff bool   // of whoever did something
	Law   bool   // a clause: shown with the name of its law
	Span  bool   // a length of time, as Go writes it
	Of    string // the catalogue that it is an identifier of: obligation or probe
	Said  string // its name there, once it was asked for
	Whole string // what it says at length, where Text is cut
	At    time.Time
	N     *int64
	Many  []cell // chips
	To    string // where it leads
}

// text is a name or prose.
func text(s string) cell { return cell{Text: s} }

// ident is an identifier or a digest.
func ident(s string) cell { return cell{Text: s, Mono: true} }

// word is a value that a sentence says: prefix and value make its key. A value without a sentence is shown as it is.
func word(prefix, value string) cell {
	if value == "" {
		return cell{}
	}
	return cell{Text: value, Key: prefix + value}
}

// state is a word that is good or bad news.
func state(prefix, value string, tones map[string]tone) cell {
	c := word(prefix, value)
	c.Tone, c.Mark = tones[value], value != ""
	return c
}

// moment is a time; zero is nothing.
func moment(t time.Time) cell { return cell{At: t} }

// sometime is a time that may be absent.
func sometime(t *time.Time) cell {
	if t == nil {
		return cell{}
	}
	return cell{At: *t}
}

// lastDay is the end of a term: the last day of one that ends with a day in Beijing, or the moment.
func lastDay(t *time.Time) cell {
	if t == nil || t.IsZero() {
		return cell{}
	}
	if at := t.In(beijing()); at.Add(time.Millisecond).Format(time.TimeOnly) == "00:00:00" {
		return text(at.Add(-1).Format(time.DateOnly))
	}
	return moment(*t)
}

// count is a number of things.
func count(n int64) cell { return cell{N: &n} }

// yes says yes, or nothing.
func yes(is bool) cell {
	if !is {
		return cell{}
	}
	return cell{Text: "yes", Key: "page-yes"}
}

// whether says yes or no, where no is an answer too.
func whether(is bool) cell {
	if is {
		return yes(is)
	}
	return cell{Text: "no", Key: "page-no"}
}

// chips are several words.
func chips(prefix string, values []string) cell {
	var c cell
	for _, value := range values {
		c.Many = append(c.Many, word(prefix, value))
	}
	return c
}

// idents are several identifiers.
func idents(values []string) cell {
	var c cell
	for _, value := range values {
		c.Many = append(c.Many, ident(value))
	}
	return c
}

// to makes a cell lead somewhere.
func (c cell) to(address string) cell {
	if c.Empty() {
		return c
	}
	c.To = address
	return c
}

// Empty reports whether there is nothing to show.
func (c cell) Empty() bool { return c.Text == "" && c.At.IsZero() && c.N == nil && len(c.Many) == 0 }

// made is what identifiers, pseudonyms and digests look like that a machine made up.
var made = regexp.MustCompile(`^([0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}|[A-Z2-7]{26,})$`)

// named is what it says as the name of a page.
func (c cell) named(p Printer) string {
	if c.Said != "" {
		return c.Said
	}
	if c.Key != "" {
		return valued(p, c.Key, c.Text)
	}
	return c.Text
}

// Long reports whether it is an identifier that only a machine reads whole: tables show its end.
func (c cell) Long() bool { return c.Mono && made.MatchString(c.Text) }

// raw is the value for a CSV file: words as the API says them, times in UTC.
func (c cell) raw() string {
	switch {
	case len(c.Many) > 0:
		var all []string
		for _, one := range c.Many {
			all = append(all, one.raw())
		}
		return strings.Join(all, " ")
	case !c.At.IsZero():
		return c.At.UTC().Format(time.RFC3339)
	case c.N != nil:
		return strconv.FormatInt(*c.N, 10)
	case c.Whole != "":
		return c.Whole
	}
	return c.Text
}

// before orders cells of a column: nothing first, then by number, time or text.
func (c cell) before(d cell) bool {
	switch {
	case c.N != nil && d.N != nil:
		return *c.N < *d.N
	case !c.At.IsZero() && !d.At.IsZero():
		return c.At.Before(d.At)
	case c.Empty() || d.Empty():
		return c.Empty() && !d.Empty()
	}
	return c.raw() < d.raw()
}

// law is a clause with the name of its statute, or with its own name, where it is not an article of one.
func law(lang locale.Language, p Printer, clause string) string {
	if name := p.Say("page-clause-" + clause); name != "page-clause-"+clause {
		return name
	}
	statute, article, _ := strings.Cut(clause, "-")
	name := p.Say("page-statute-" + statute)
	n, err := strconv.Atoi(article)
	if name == "page-statute-"+statute || err != nil {
		return clause
	}
	if lang == locale.Chinese {
		article = numeral(n)
	}
	return p.Say("page-article", "statute", name, "article", article)
}

// numeral writes a number below a hundred as Chinese statutes write those of their articles.
func numeral(n int) string {
	digits := []rune("〇一二三四五六七八九")
	switch {
	case n < 0 || n > 99:
		return strconv.Itoa(n)
	case n < 10:
		return string(digits[n])
	}
	text := "十"
	if n >= 20 {
		text = string(digits[n/10]) + text
	}
	if n%10 > 0 {
		text += string(digits[n%10])
	}
	return text
}

// own is the half of a text in two languages, Chinese first, that a visitor reads; other text as it is.
func own(lang locale.Language, text string) string {
	zh, en, ok := strings.Cut(text, " / ")
	if !ok || !strings.ContainsFunc(zh, isHan) || strings.ContainsFunc(en, isHan) {
		return text
	}
	if lang == locale.Chinese {
		return zh
	}
	return capital(en)
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }

// spanned says a length of time in the largest unit that it is a whole number of. What is no length stays as it is.
func spanned(p Printer, length string) string {
	d, err := time.ParseDuration(length)
	if err != nil {
		return length
	}
	for _, u := range []struct {
		key         string
		size, least time.Duration
	}{{"days", 24 * time.Hour, 48 * time.Hour}, {"hours", time.Hour, time.Hour}, {"minutes", time.Minute, time.Minute}, {"seconds", time.Second, 0}} {
		if d%u.size == 0 && d >= u.least {
			n := int64(d / u.size)
			if n == 1 {
				u.key = strings.TrimSuffix(u.key, "s")
			}
			return p.Say("page-span-"+u.key, "count", grouped(n))
		}
	}
	return length
}

// lawful are clauses, each with the name of its law.
func lawful[T ~string](clauses []T) cell {
	var c cell
	for _, one := range clauses {
		c.Many = append(c.Many, cell{Text: string(one), Law: true})
	}
	return c
}
