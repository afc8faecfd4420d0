package staff

import (
	_ "embed"
	"strings"
	"unicode"
)

// The commonest passwords, one in a line.
//
//go:embed common.txt
var commonText string

// commonest returns the list as a set.
func commonest() map[string]struct{} {
	set := map[string]struct{}{"colophon": {}}
	for line := range strings.Lines(commonText) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "# ") {
			set[line] = struct{}{}
		}
	}
	return set
}

// isCommon reports whether a password is among the first that anybody would try: it is on the list or the person's login
// name, also with digits and marks around it; it repeats something short or common; or it counts up or down.
func isCommon(list map[string]struct{}, password, login string) bool {
	p := strings.ToLower(password)
	listed := func(s string) bool {
		_, on := list[s]
		return on || s != "" && s == strings.ToLower(login)
	}
	core := strings.TrimFunc(p, func(r rune) bool { return !unicode.IsLetter(r) })
	if listed(p) || listed(core) {
		return true
	}
	runes := []rune(p)
	if unit := runes[:period(runes)]; len(unit) <= len(runes)/2 && (len(unit) < 8 || listed(string(unit))) {
		return true
	}
	return counts(runes)
}

// period is the length of the shortest start that, repeated, makes the whole; the last one may be cut off.
func period(s []rune) int {
	for n := 1; n < len(s); n++ {
		fits := true
		for i := n; i < len(s) && fits; i++ {
			fits = s[i] == s[i-n]
		}
		if fits {
			return n
		}
	}
	return len(s)
}

// counts reports whether each character is one above the last, or each is one below. After 9 comes 0, after z comes a.
func counts(s []rune) bool {
	up, down := len(s) > 1, len(s) > 1
	for i := 1; i < len(s); i++ {
		up = up && follows(s[i-1], s[i])
		down = down && follows(s[i], s[i-1])
	}
	return up || down
}

func follows(a, b rune) bool { return b == a+1 || a == '9' && b == '0' || a == 'z' && b == 'a' }
