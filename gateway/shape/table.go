package shape

import (
	"fmt"
	"strings"
)

// class says what a string is.
type class uint8

const (
	isText    class = iota
	isToken         // a word of the interface or a number of something; a text all the same where it does not look like one
	isOpaque        // sealed by the model's provider for itself: nobody here and no client can read it
	isURI           // a medium: data URI or address
	isBase64        // a medium
	isFile          // a medium: base64 or data URI
	isPair          // a medium: b64_json or url, by the name of the member
	isData          // a medium in base64, or a text where the type beside it says so
	isRefused       // names content that lies elsewhere
	isPieces        // a part of a medium
	isCoded         // what a model reads is made of it in a way that nobody here can follow
	isNull          // says again, or in numbers, what the text says: null is put in its place
	isEmpty         // the same, an empty list
	isDrop          // the event says nothing that is final: it is not handed on
)

// capture says what is remembered of a value beside its class.
type capture uint8

const (
	noCapture capture = iota
	capModel
	capCount
	capBest
	capStream
	capUser
	capMachine
	capRole
	capType
	capIndex
	capMime
	capFormat
	capIn
	capOut
	capFinish
	capError
	capOutputIndex
	capContentIndex
	capItem
	capSequence
	capHead
	capQuestions
)

// node is one place in a body.
type node struct {
	class   class
	kind    Kind
	capture capture
	role    string // who speaks in what is below, unless that says so itself

	words  bool // a number here stands for text
	json   bool // the text is JSON itself
	delta  bool // the text is a piece; in what is below, so is all that is not named
	once   bool // the text stands in one event alone, or is the same in all of them
	choice bool // an element of it is a choice
	index  bool // an element of it has a number of its own
	source bool // an object that is written anew when its medium is

	pattern string // its path in the table; # stands for an element with a number of its own

	keys  map[string]*node
	elem  *node // of an array
	any   *node // of a member that is not named
	token bool  // the names of those are no texts where they look like words of the interface
	rest  *node // of everything else
}

// words of tables.
var (
	classWords = map[string]class{
		"token": isToken, "opaque": isOpaque, "uri": isURI, "base64": isBase64, "file": isFile, "pair": isPair, "data": isData,
		"refused": isRefused, "pieces": isPieces, "coded": isCoded, "null": isNull, "empty": isEmpty, "drop": isDrop,
	}
	kindWords    = map[string]Kind{"content": Content, "reasoning": Reasoning, "arguments": Arguments, "instruction": Instruction, "other": Other}
	captureWords = map[string]capture{
		"model": capModel, "count": capCount, "best": capBest, "stream": capStream, "user": capUser, "machine": capMachine, "role": capRole, "type": capType,
		"index": capIndex, "mime": capMime, "format": capFormat, "in": capIn, "out": capOut, "finish": capFinish, "error": capError,
		"output-index": capOutputIndex, "content-index": capContentIndex, "item": capItem, "sequence": capSequence, "head": capHead, "questions": capQuestions,
	}
)

// table makes a tree of the lines of a table. A line has paths, an equals sign, and words; or a path and the name of another
// table after an @. In a path * is an element of an array, {} any other member, whose name is a text, and # any other member,
// whose name is a token.
func table(lines string, others map[string]*node) *node {
	root := newNode(Other)
	fill(root, lines, others)
	root.close("", false, map[*node]bool{})
	return root
}

// loop makes a table that has itself inside, under a name.
func loop(name, lines string, others map[string]*node) *node {
	root := newNode(Other)
	with := map[string]*node{name: root}
	for k, v := range others {
		with[k] = v
	}
	fill(root, lines, with)
	root.close("", false, map[*node]bool{})
	return root
}

func newNode(kind Kind) *node { return &node{kind: kind} }

func fill(root *node, lines string, others map[string]*node) {
	for line := range strings.Lines(lines) {
		left, right, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		name, refers := strings.CutPrefix(strings.TrimSpace(right), "@")
		if refers && others[name] == nil {
			panic("shape: no table " + name)
		}
		for _, path := range strings.Fields(left) {
			if n := root.at(strings.Split(path, "."), others[name]); !refers {
				n.set(right)
			}
		}
	}
}

// at returns the node at a path, which is made where there is none. Where another node is given it hangs there.
func (n *node) at(steps []string, other *node) *node {
	for i, step := range steps {
		child := n.child(step)
		if i == len(steps)-1 && other != nil {
			child = other
		} else if child == nil {
			child = newNode(Other)
		}
		n.hang(step, child)
		n = child
	}
	return n
}

func (n *node) child(step string) *node {
	switch step {
	case "*":
		return n.elem
	case "{}", "#":
		return n.any
	}
	return n.keys[step]
}

func (n *node) hang(step string, child *node) {
	switch step {
	case "*":
		n.elem = child
	case "{}", "#":
		n.any, n.token = child, step == "#"
	default:
		if n.keys == nil {
			n.keys = map[string]*node{}
		}
		n.keys[step] = child
	}
}

func (n *node) set(words string) {
	for _, word := range strings.Fields(words) {
		if c, ok := classWords[word]; ok {
			n.class = c
		} else if k, ok := kindWords[word]; ok {
			n.kind = k
		} else if c, ok := captureWords[word]; ok {
			n.capture = c
		} else if role, ok := strings.CutPrefix(word, "as:"); ok {
			n.role = role
		} else if !n.flag(word) {
			panic(fmt.Sprintf("shape: no word %s in tables", word))
		}
	}
}

func (n *node) flag(word string) bool {
	flags := map[string]*bool{
		"words": &n.words, "json": &n.json, "delta": &n.delta, "once": &n.once, "choice": &n.choice, "indexed": &n.index, "source": &n.source,
	}
	if flags[word] == nil {
		return false
	}
	*flags[word] = true
	return true
}

// close gives every node a place for what it does not know. In the part of an event that grows a text, that is pieces, too.
func (n *node) close(pattern string, grows bool, seen map[*node]bool) {
	if n == nil || seen[n] {
		return
	}
	seen[n] = true
	grows = grows || n.delta
	n.pattern = pattern
	n.rest = &node{kind: n.kind, role: n.role, delta: grows, pattern: pattern}
	n.rest.elem, n.rest.any, n.rest.rest = n.rest, n.rest, n.rest
	below := func(step string) string { return strings.TrimPrefix(pattern+"."+step, ".") }
	for name, child := range n.keys {
		child.close(below(name), grows, seen)
	}
	if n.elem != nil && n.elem.index {
		n.elem.close(below("#"), grows, seen)
	}
	n.elem.close(below("*"), grows, seen)
	n.any.close(below("{}"), grows, seen)
}
