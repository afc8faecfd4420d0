package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// printHelp prints the help of the program or of one command in the reader's language. The texts are keyed
// help.<command> and help.<command>.<flag or argument>.
func (s *session) printHelp(_ kong.HelpOptions, ctx *kong.Context) error {
	node := ctx.Selected()
	if node == nil {
		node = ctx.Model.Node
	}
	w := s.Stdout
	path := commandPath(node)
	fmt.Fprintf(w, "%s%s\n\n%s\n", s.say.Say("help-usage"), usageLine(node), s.say.Say(helpKey("help", path)))
	if len(node.Positional) > 0 {
		fmt.Fprintf(w, "\n%s\n", s.say.Say("help-arguments"))
		for _, p := range node.Positional {
			s.helpRow("<"+p.Name+">", helpKey("help", path)+"."+p.Name)
		}
	}
	if len(node.Children) > 0 {
		fmt.Fprintf(w, "\n%s\n", s.say.Say("help-commands"))
		for _, child := range node.Children {
			s.helpRow(child.Name, helpKey("help", commandPath(child)))
		}
	}
	s.helpFlags(node, "help-flags", false)
	for n, titled := node.Parent, false; n != nil; n = n.Parent {
		titled = s.helpFlags(n, "help-common-flags", titled)
	}
	if key := helpKey("help", path) + ".more"; s.say.Has(key) {
		fmt.Fprintf(w, "\n%s\n", s.say.Say(key))
	}
	return nil
}

// helpFlags prints the flags of a command, below a title where none stands there yet, and reports whether one does.
func (s *session) helpFlags(n *kong.Node, title string, titled bool) bool {
	for _, f := range n.Flags {
		if f.Hidden {
			continue
		}
		if !titled {
			fmt.Fprintf(s.Stdout, "\n%s\n", s.say.Say(title))
			titled = true
		}
		key := helpKey("help", commandPath(n)) + "." + f.Name
		if n.Parent == nil {
			key = "help.common." + f.Name
		}
		s.helpRow(flagText(f), key)
	}
	return titled
}

// helpRow prints a name and its first help line, wrapped with a hanging indent.
func (s *session) helpRow(name, key string) {
	const column = 30
	text := strings.SplitN(s.say.Say(key), "\n", 2)[0]
	lines := wrap(text, 118-column)
	if len(name) > column-4 {
		fmt.Fprintf(s.Stdout, "  %s\n", name)
		name = ""
	}
	for i, line := range lines {
		if i > 0 {
			name = ""
		}
		fmt.Fprintf(s.Stdout, "  %-*s%s\n", column-2, name, line)
	}
}

func flagText(f *kong.Flag) string {
	text := "    --" + f.Name
	if f.Short != 0 {
		text = "-" + string(f.Short) + ", --" + f.Name
	}
	if !f.IsBool() {
		text += "=" + f.FormatPlaceHolder()
	}
	return text
}

func usageLine(n *kong.Node) string {
	line := n.FullPath()
	for _, p := range n.Positional {
		line += " " + p.Summary()
	}
	if len(n.Children) > 0 {
		line += " <command>"
	}
	return line + " [flags]"
}

func commandPath(n *kong.Node) string {
	var names []string
	for ; n != nil && n.Parent != nil; n = n.Parent {
		names = append([]string{n.Name}, names...)
	}
	return strings.Join(names, ".")
}

func helpKey(prefix, path string) string {
	if path == "" {
		return prefix
	}
	return prefix + "." + path
}

// wrap breaks text into lines of at most width columns, where a Chinese character takes two. Latin words stay
// whole, and no line begins with a closing mark.
func wrap(text string, width int) []string {
	var lines []string
	line, used, breakAt, breakUsed := []rune{}, 0, -1, 0
	for _, r := range text {
		cols := signPlaces(r)
		if used+cols > width && len(line) > 0 && !strings.ContainsRune("，。；：、）”》", r) {
			if breakAt < 0 {
				breakAt, breakUsed = len(line), used
			}
			lines = append(lines, strings.TrimRight(string(line[:breakAt]), " "))
			line, used, breakAt = line[breakAt:], used-breakUsed, -1
			for len(line) > 0 && line[0] == ' ' {
				line, used = line[1:], used-1
			}
		}
		line, used = append(line, r), used+cols
		if r == ' ' || cols == 2 {
			breakAt, breakUsed = len(line), used
		}
	}
	return append(lines, strings.TrimRight(string(line), " "))
}
