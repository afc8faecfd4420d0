package inspection

import (
	"bufio"
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

const (
	// MaxList is the most bytes of a list.
	MaxList = 1 << 20
	// MaxTargets is the most addresses of a list.
	MaxTargets = 500
	maxAddress = 2048
)

// Target is a page that is looked at. Media inside what Chosen stands for, a CSS selector, are said to be generated; without
// one nobody said so of any.
type Target struct {
	Address string `json:"address"`
	Chosen  string `json:"chosen,omitempty"`
}

// ParseList reads a list of addresses: one on each line, behind it what on the page was generated, as a CSS selector. Empty
// lines and those that begin with # are passed over.
func ParseList(raw []byte) ([]Target, error) {
	if len(raw) > MaxList {
		return nil, wrongLine(0, "length")
	}
	var list []Target
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff"))))
	lines.Buffer(nil, MaxList+1)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		address, chosen, _ := strings.Cut(line, " ")
		t := Target{address, strings.TrimSpace(chosen)}
		if field := t.check(); field != "" {
			return nil, wrongLine(n, field)
		}
		if len(list) == MaxTargets {
			return nil, wrongLine(n, "count")
		}
		list = append(list, t)
	}
	if err := lines.Err(); err != nil {
		return nil, wrongLine(0, "length")
	}
	if len(list) == 0 {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeNothing}
	}
	return list, nil
}

// check names what is wrong with a target.
func (t Target) check() string {
	u, err := url.Parse(t.Address)
	switch {
	case err != nil || len(t.Address) > maxAddress || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "address"
	case u.User != nil:
		return "credentials"
	case len(t.Chosen) > 200 || strings.ContainsFunc(t.Chosen, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "selector"
	}
	return ""
}

// CheckTargets refuses what is no list of pages.
func CheckTargets(list []Target) error {
	if len(list) == 0 {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeNothing}
	}
	if len(list) > MaxTargets {
		return wrongLine(MaxTargets+1, "count")
	}
	for i, t := range list {
		if field := t.check(); field != "" {
			return wrongLine(i+1, field)
		}
	}
	return nil
}

func wrongLine(n int, field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeList, Args: colophon.Args{"line": strconv.Itoa(n), "field": field}}
}
