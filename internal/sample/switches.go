package sample

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// opening begins switches in a text; a square bracket ends them.
const opening = "[sample?"

// switches are what a request turned on.
type switches url.Values

// parse reads the switches of a text and of a header. What can't be read is off.
func parse(text, header string) switches {
	all := url.Values{}
	take := func(query string) {
		got, err := url.ParseQuery(strings.TrimSpace(query))
		if err != nil {
			return
		}
		for key, values := range got {
			all[key] = values
		}
	}
	for {
		_, after, ok := strings.Cut(text, opening)
		if !ok {
			break
		}
		query, rest, ok := strings.Cut(after, "]")
		if !ok {
			break
		}
		take(query)
		text = rest
	}
	take(header)
	return switches(all)
}

// plain is a text without its switches.
func plain(text string) string {
	for {
		before, after, ok := strings.Cut(text, opening)
		if !ok {
			return strings.TrimSpace(text)
		}
		_, rest, ok := strings.Cut(after, "]")
		if !ok {
			return strings.TrimSpace(text)
		}
		text = before + rest
	}
}

func (s switches) Has(key string) bool   { return url.Values(s).Has(key) }
func (s switches) Get(key string) string { return url.Values(s).Get(key) }

// text is a switch that is a text, as it is or as base64url.
func (s switches) text(key string) string {
	name, choice, split := strings.Cut(key, ".")
	coded := name + "64"
	if split {
		coded += "." + choice
	}
	if text, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(s.Get(coded), "=")); err == nil && len(text) > 0 {
		return string(text)
	}
	return s.Get(key)
}

func (s switches) number(key string, otherwise int) int {
	n, err := strconv.Atoi(s.Get(key))
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}

func (s switches) duration(key string) time.Duration {
	d, err := time.ParseDuration(s.Get(key))
	if err != nil {
		return 0
	}
	return min(d, time.Hour)
}
