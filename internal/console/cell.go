package console

import (
	"strconv"
	"strings"
	"time"
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
	Text string // as it is
	Key  string // of a sentence, where Text is the value that it says
	Tone tone
	Mark bool // a state: shown with the shape of its tone
	Mono bool // an identifier
	At   time.Time
	N    *int64
	Many []cell // chips
	To   string // where it leads
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

// count is a number of things.
func count(n int64) cell { return cell{N: &n} }

// yes says yes, or nothing.
func yes(is bool) cell {
	if !is {
		return cell{}
	}
	return cell{Text: "yes", Key: "page-yes"}
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
