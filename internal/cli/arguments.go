package cli

import (
	"strings"

	"github.com/alecthomas/kong"
)

// flagsFirst puts the commands first, then the flags, then everything else behind a --. The parser takes the files of a
// command in one run and refuses those behind a flag or a --, where a person may well write them.
func flagsFirst(node *kong.Node, args []string) []string {
	var commands, flags, rest []string
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case len(arg) > 1 && arg[0] == '-':
			flags = append(flags, arg)
			if !wantsValue(node, arg) {
				continue
			}
			if i++; i == len(args) || args[i] == "--" {
				return args // a value is missing, which the parser tells
			}
			flags = append(flags, args[i])
		case len(rest) == 0 && child(node, arg) != nil:
			node = child(node, arg)
			commands = append(commands, arg)
		default:
			rest = append(rest, arg)
		}
	}
	out := append(commands, flags...)
	if len(rest) > 0 {
		out = append(append(out, "--"), rest...)
	}
	return out
}

func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// wantsValue reports that the value of a flag, or of the last of several short ones, is the next argument.
func wantsValue(node *kong.Node, arg string) bool {
	if node.DefaultCmd != nil { // the command that is meant where none is named
		node = node.DefaultCmd
	}
	if name, long := strings.CutPrefix(arg, "--"); long {
		return takesValue(node, func(f *kong.Flag) bool { return f.Name == name })
	}
	letters := []rune(arg[1:])
	for i, letter := range letters {
		if takesValue(node, func(f *kong.Flag) bool { return f.Short == letter }) {
			return i == len(letters)-1 // what follows the letter is its value
		}
	}
	return false
}

// takesValue reports that a flag of the command or of those above it is meant and is no switch.
func takesValue(node *kong.Node, meant func(*kong.Flag) bool) bool {
	for n := node; n != nil; n = n.Parent {
		for _, f := range n.Flags {
			if meant(f) && !f.IsBool() {
				return true
			}
		}
	}
	return false
}
