package cli

import (
	"testing"

	"github.com/alecthomas/kong"

	"github.com/colophon-project/colophon/internal/locale"
)

// TestHelp holds that every command, argument and flag has its help in both languages.
func TestHelp(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&commands{})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		path := commandPath(n)
		keys = append(keys, helpKey("help", path))
		for _, p := range n.Positional {
			keys = append(keys, helpKey("help", path)+"."+p.Name)
		}
		for _, f := range n.Flags {
			if n.Parent == nil {
				path = "common"
			}
			if !f.Hidden {
				keys = append(keys, helpKey("help", path)+"."+f.Name)
			}
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(parser.Model.Node)
	for _, language := range []locale.Language{locale.English, locale.Chinese} {
		say, err := locale.For(language)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if !say.Has(key) {
				t.Errorf("%s is not said in %s", key, language)
			}
		}
	}
	if len(keys) < 500 {
		t.Errorf("only %d are asked for", len(keys))
	}
}
