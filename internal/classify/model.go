package classify

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/screen/library"
)

//go:embed data/*.json
var ours embed.FS

// other is the category of what a model found and the table has no place for.
const other library.Category = "other"

// own begins the words by which a Colophon that serves /v1/moderations names its own categories.
const own = "colophon/"

// model is what is known of a kind of model, from a data file: how it is asked, how its answer is read, and what its words
// mean here. An operator's file of the same name goes before ours.
type model struct {
	Version    string            `json:"version"`
	Source     []string          `json:"source"` // where the format is described
	Parser     string            `json:"parser"`
	MaxTokens  int               `json:"max_tokens"`
	Logprobs   int               `json:"logprobs"`  // how many alternatives of each token are asked for; 0 for none
	Typed      bool              `json:"typed"`     // texts are sent as lists of typed parts
	Images     bool              `json:"images"`    // pictures are taken
	Argument   string            `json:"argument"`  // of the server's chat template, for a question's guideline
	Questions  []question        `json:"questions"` // asked one by one; none for a model that knows its own
	Categories map[string]string `json:"categories"`
}

// question is one guideline that a model compares content with, for what people write and for what the service writes.
type question struct {
	Word   string `json:"word"`
	Input  string `json:"input"`
	Output string `json:"output"`
}

var (
	modelName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	// keyWord is what a word of a moderation service may be to be told although the table lacks it. A word that a chat model
	// wrote may be one of a person's, which it repeats, and is told only if it is a code.
	keyWord = regexp.MustCompile(`^[a-z]+(?:[/_-][a-z]+){0,3}$`)
)

// loadModel reads a data file by its name.
func loadModel(theirs fs.FS, name string) (*model, error) {
	if !modelName.MatchString(name) {
		return nil, errors.New("no name of a model file")
	}
	text, err := readModel(theirs, name+".json")
	if err != nil {
		return nil, err
	}
	m := &model{}
	if err := decode(text, m); err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	m.Version = name + "-" + m.Version + "-" + hex.EncodeToString(sum[:4])
	return m, nil
}

func readModel(theirs fs.FS, file string) ([]byte, error) {
	if theirs != nil {
		text, err := fs.ReadFile(theirs, file)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return text, err
		}
	}
	return fs.ReadFile(ours, "data/"+file)
}

func (m *model) check() error {
	if m.Version == "" || len(m.Version) > 32 {
		return errors.New("version")
	}
	if m.Parser != moderationParser && chatParsers(m.Parser) == nil {
		return errors.New("parser")
	}
	if m.MaxTokens < 0 || m.Logprobs < 0 || m.Logprobs > 20 || m.Parser != moderationParser && m.MaxTokens == 0 {
		return errors.New("max_tokens, logprobs")
	}
	if len(m.Categories) == 0 {
		return errors.New("categories")
	}
	for word, category := range m.Categories {
		if word == "" || !known(category) {
			return fmt.Errorf("categories: %q", word)
		}
	}
	if (len(m.Questions) > 0) != (m.Argument != "") || (m.Parser == "shieldgemma") != (len(m.Questions) > 0) {
		return errors.New("argument, questions")
	}
	for _, q := range m.Questions {
		if m.Categories[q.Word] == "" || q.Input == "" || q.Output == "" {
			return fmt.Errorf("questions: %q", q.Word)
		}
	}
	return nil
}

// known reports whether a category is of the taxonomy, or other.
func known(category string) bool {
	c := library.Category(category)
	_, ok := c.Topic()
	return ok || c == other
}

// covers are the categories that the table leads to.
func (m *model) covers() []library.Category {
	var list []library.Category
	for _, category := range m.Categories {
		list = append(list, library.Category(category))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// meaning returns the category of a word, and the word as it may be told.
func (m *model) meaning(word string) (library.Category, string) {
	if category, ok := m.Categories[word]; ok {
		return library.Category(category), word
	}
	if category, ok := strings.CutPrefix(word, own); ok && known(category) {
		return library.Category(category), word
	}
	if hazard.MatchString(word) || m.Parser == moderationParser && len(word) <= 48 && keyWord.MatchString(word) {
		return other, word
	}
	return other, "unmapped"
}
