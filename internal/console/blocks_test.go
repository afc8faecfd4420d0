package console_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	classes   = regexp.MustCompile(`\.([a-z][a-z0-9-]*)`)
	attribute = regexp.MustCompile(`class="([^"]*)"`)
	comment   = regexp.MustCompile(`(?s)/\*.*?\*/`)
)

// block is a part of the stylesheet that begins with a comment: those of one capability.
type block struct {
	name      string
	selectors []string
}

// blocks reads the stylesheet. The first block is the base, which all others build on.
func blocks(t *testing.T) []block {
	t.Helper()
	raw, err := os.ReadFile("static/console.css")
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	for _, text := range strings.Split("\n"+string(raw), "\n/* ")[1:] {
		name, rules, ok := strings.Cut(text, " */\n")
		if !ok {
			t.Fatalf("a block of the stylesheet begins with %.60q", text)
		}
		b := block{name: name}
		for _, rule := range strings.Split(comment.ReplaceAllString(rules, ""), "{") {
			rule = rule[strings.LastIndexAny(rule, ";}")+1:]
			if rule = strings.TrimSpace(rule); rule != "" && rule[0] != '@' {
				b.selectors = append(b.selectors, apart(rule)...)
			}
		}
		all = append(all, b)
	}
	return all
}

// apart splits a list of selectors, and leaves those within parentheses together.
func apart(list string) []string {
	depth := 0
	return strings.FieldsFunc(list, func(r rune) bool {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		return r == ',' && depth == 0
	})
}

// TestBlocks keeps the authors of the stylesheet from giving one class two meanings: a class that begins a selector of one block
// stands in no other, except those of the base, which blocks may add to.
func TestBlocks(t *testing.T) {
	t.Parallel()
	all := blocks(t)
	base, begins := map[string]bool{}, map[string]string{}
	for i, b := range all {
		for _, s := range b.selectors {
			first := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" >+~\n", r) })[0]
			for _, m := range classes.FindAllStringSubmatch(s, -1) {
				base[m[1]] = base[m[1]] || i == 0
			}
			if m := classes.FindStringSubmatch(first); m != nil && begins[m[1]] == "" {
				begins[m[1]] = b.name
			}
		}
	}
	if len(all) < 5 || len(begins) < 50 {
		t.Fatalf("%d blocks with %d classes were found", len(all), len(begins))
	}
	for _, b := range all {
		for _, s := range b.selectors {
			for _, m := range classes.FindAllStringSubmatch(s, -1) {
				if of := begins[m[1]]; !base[m[1]] && of != "" && of != b.name {
					t.Errorf("the block %q has the class %q of the block %q: %s", b.name, m[1], of, strings.TrimSpace(s))
				}
			}
		}
	}
}

// TestDesign finds every part of the stylesheet on the page that shows them all, in both languages.
func TestDesign(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.officer()
	b := w.browser()
	b.want(b.send("/sign-in", "/sign-in", "login", login, "password", password), 303, "/")
	elsewhere := []string{
		"outside",      // pages without a menu
		"htmx-request", // while something is fetched
		"unprinted",    // on paper
	}
	for _, lang := range []string{"en", "zh"} {
		b.get("/design?lang=" + lang)
		r := b.get("/design")
		b.want(r, 200, `id="part-text"`)
		shown := map[string]bool{}
		for _, m := range attribute.FindAllStringSubmatch(r.body, -1) {
			for _, name := range strings.Fields(m[1]) {
				shown[name] = true
			}
		}
		for _, block := range blocks(t) {
			for _, s := range block.selectors {
				m := classes.FindStringSubmatch(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" >+~\n", r) })[0])
				if m != nil && !shown[m[1]] && !slices.Contains(elsewhere, m[1]) {
					t.Errorf("%s: /design does not show .%s of the block %q", lang, m[1], block.name)
				}
			}
		}
	}
}
