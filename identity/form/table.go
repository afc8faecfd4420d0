package form

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/colophon-project/colophon"
)

//go:embed divisions.csv
var divisionsFile string

//go:embed mobile.csv
var mobileFile string

// rows calls fn with both fields of each row of a table.
func rows(file string, fn func(key, value string)) {
	for line := range strings.Lines(file) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ",")
		if ok && !strings.HasPrefix(key, "#") {
			fn(key, value)
		}
	}
}

// divisions are the prefectures (four digits), with the year 0, and the divisions that ended (six digits), with the last year.
var divisions = sync.OnceValue(func() map[string]int {
	table := map[string]int{}
	rows(divisionsFile, func(key, value string) {
		table[key], _ = strconv.Atoi(value)
	})
	return table
})

// slack is for how many years after the end of a division its code may have been given out.
const slack = 2

// plausible checks the division of a resident's number. A county that no table has is let pass: the tables are not whole, and
// a number that is none does not become one by it.
func plausible(n Number) error {
	if _, ok := divisions()[n.Text[:4]]; !ok {
		return wrong(CodeDivision)
	}
	if last := divisions()[n.Text[:6]]; last > 0 && n.Born.Year() > last+slack {
		return wrong(CodeDivisionEnded)
	}
	return nil
}

// Mobile is a number of a mobile telephone in mainland China.
type Mobile struct {
	Text string // 11 digits
	Use  string // public, data, resale, satellite, or unlisted
}

// String hides the number.
func (Mobile) String() string { return "form.Mobile{hidden}" }

// GoString hides the number.
func (Mobile) GoString() string { return "form.Mobile{hidden}" }

// Low reports whether the number says less about who has it: it is not of a range that people get from an operator.
func (m Mobile) Low() bool { return m.Use != "public" }

var ranges = sync.OnceValue(func() map[string]string {
	table := map[string]string{}
	rows(mobileFile, func(key, value string) { table[key] = value })
	return table
})

// longest and shortest are the lengths of prefixes in the table of ranges.
const longest, shortest = 4, 3

// ParseMobile checks the number of a mobile telephone: 11 digits that begin with 1 and with 3 to 9 behind, with or without +86.
func ParseMobile(s string) (Mobile, error) {
	t := strings.Map(func(r rune) rune {
		if r == '-' {
			return -1
		}
		return r
	}, tidy(s))
	for _, country := range []string{"+86", "0086"} {
		t = strings.TrimPrefix(t, country)
	}
	if strings.HasPrefix(t, "+") || strings.HasPrefix(t, "00") {
		return Mobile{}, &colophon.Error{Kind: colophon.Unsupported, Code: CodeForeignPhone}
	}
	if len(t) == 13 && strings.HasPrefix(t, "86") {
		t = t[2:]
	}
	if len(t) != 11 || firstOther(t) >= 0 || t[0] != '1' || t[1] < '3' {
		return Mobile{}, wrong(CodePhone)
	}
	for n := longest; n >= shortest; n-- {
		if use, ok := ranges()[t[:n]]; ok {
			return Mobile{t, use}, nil
		}
	}
	return Mobile{t, "unlisted"}, nil
}
