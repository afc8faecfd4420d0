package difference_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/colophon-project/colophon/internal/console/difference"
)

// shown writes a comparison as people know it, with changed pieces in braces.
func shown(before, after string) string {
	var b strings.Builder
	for _, l := range difference.Lines(before, after) {
		b.WriteString(map[difference.Kind]string{difference.Same: " ", difference.Removed: "-", difference.Added: "+"}[l.Kind])
		for _, s := range l.Spans {
			if s.Changed {
				b.WriteString("{" + s.Text + "}")
			} else {
				b.WriteString(s.Text)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after, want string }{
		{"the same", "a\nb", "a\nb", " a\n b\n"},
		{"nothing before", "", "a\nb", "+a\n+b\n"},
		{"nothing after", "a", "", "-a\n"},
		{"a line more", "a\nc", "a\nb\nc", " a\n+b\n c\n"},
		{"a line less", "a\nb\nc", "a\nc", " a\n-b\n c\n"},
		{"words of a line", "# Rules\nYou must be 16 years old.", "# Rules\nYou must be 18 years old.", " # Rules\n-You must be {16} years old.\n+You must be {18} years old.\n"},
		{"Chinese", "用户应当年满16周岁。", "用户必须年满18周岁。", "-用户{应当}年满{16}周岁。\n+用户{必须}年满{18}周岁。\n"},
		{"another line altogether", "One thing.", "Quite something different here", "-One thing.\n+Quite something different here\n"},
		{"more lines than before", "one line of words", "one line of letters\nand one more", "-one line of words\n+one line of letters\n+and one more\n"},
		{"moved", "a\nb\nc", "b\nc\na", "-a\n b\n c\n+a\n"},
	} {
		if got := shown(c.before, c.after); got != c.want {
			t.Errorf("%s:\n%swant\n%s", c.name, got, c.want)
		}
	}
}

// TestFold leaves out what is the same, and nothing else.
func TestFold(t *testing.T) {
	t.Parallel()
	kinds := func(before, after string) string {
		var b strings.Builder
		for _, l := range difference.Fold(difference.Lines(before, after), 2) {
			b.WriteString(string(l.Kind[:2]) + l.Text() + " ")
		}
		return b.String()
	}
	for _, c := range []struct{ before, after, want string }{
		{"a\nb\nc", "a\nb\nc", "sk3 "},
		{"1\n2\n3\n4\n5\nx\n6\n7\n8\n9", "1\n2\n3\n4\n5\ny\n6\n7\n8\n9", "sk3 sa4 sa5 rex ady sa6 sa7 sk2 "},
		{"x\n1\n2\n3\n4\n5\n6\nx", "1\n2\n3\n4\n5\n6", "rex sa1 sa2 sk2 sa5 sa6 rex "},
		{"x\n1\n2\n3\nx", "1\n2\n3", "rex sa1 sa2 sa3 rex "},
	} {
		if got := kinds(c.before, c.after); got != c.want {
			t.Errorf("%q and %q: %s, want %s", c.before, c.after, got, c.want)
		}
	}
}

// TestLong compares texts that are too long for a fine comparison.
func TestLong(t *testing.T) {
	t.Parallel()
	before, after := strings.Repeat("a\nb\n", 2000)+"x", strings.Repeat("c\nd\n", 2000)+"x"
	lines := difference.Lines(before, after)
	if len(lines) != 8001 || lines[0].Kind != difference.Removed || lines[8000].Kind != difference.Same {
		t.Errorf("%d lines, from %s to %s", len(lines), lines[0].Kind, lines[len(lines)-1].Kind)
	}
}

// FuzzLines says that a comparison holds both texts whole.
func FuzzLines(f *testing.F) {
	f.Add("", "")
	f.Add("a\nb\n\nc", "a\n\nc\n")
	f.Add("\xff\n深度合成", "深度\n合成\xff")
	f.Fuzz(func(t *testing.T, before, after string) {
		var old, young []string
		for _, l := range difference.Lines(before, after) {
			if l.Kind != difference.Added {
				old = append(old, l.Text())
			}
			if l.Kind != difference.Removed {
				young = append(young, l.Text())
			}
		}
		if !utf8.ValidString(before + after) {
			return
		}
		if strings.Join(old, "\n") != before || strings.Join(young, "\n") != after {
			t.Errorf("%q and %q became %q and %q", before, after, old, young)
		}
	})
}
