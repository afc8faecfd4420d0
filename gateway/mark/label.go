package mark

import (
	"io"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/stamp"
)

// Config says what labels are made with. Key and Rand may be nil: then nothing is sealed.
type Config struct {
	Producer string // the provider's code or name
	Key      *label.SigningKey
	Rand     io.Reader
}

// Labels makes the marks of answers. It is safe for use by many goroutines.
type Labels struct {
	c Config
	// The label of an answer without a seal, around the number that stands in it twice.
	before, between, after string
	lines                  [2]string // the line of the notice, by languageOf
}

// numberHere stands for the number while the label is taken apart. Annex E allows it.
const numberHere = "|number|"

// New makes Labels. It fails where the provider's name can't stand in a label.
func New(c Config) (*Labels, error) {
	text, err := fields(c.Producer, numberHere, "").JSON()
	if err != nil {
		return nil, err
	}
	l := &Labels{c: c}
	l.before, l.between, l.after = split(string(text))
	for i, language := range []notice.Language{notice.Chinese, notice.Both} {
		words, _, err := notice.Options{Language: language}.Words()
		if err != nil {
			return nil, err
		}
		l.lines[i] = prose.Line(words)
	}
	return l, nil
}

// fields are those of a first writing: the propagation fields are the producer's (GB 45438-2025 Annex E).
func fields(producer string, number artefact.Number, seal string) *label.Fields {
	return &label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: string(number), ReservedCode1: seal,
		ContentPropagator: producer, PropagateID: string(number)}
}

// Wanted says what an answer is to carry.
type Wanted struct {
	Number   artefact.Number
	Function stamp.Function  // its class
	Place    Place           // empty: the start where the function needs a notice, else the interface
	Language string          // of the reader; Chinese words stand in every notice, English ones beside them for others
	Machine  bool            // a program reads the answer (JSON mode): no words of ours may stand in it
	Use      *production.Use // the registered function that made it; nil for none
	Lead     string          // what is told before the words of the answer, as package companion makes it
}

// Answer makes the marks of one answer, without a seal.
func (l *Labels) Answer(w Wanted) (*Answer, error) {
	number := string(w.Number)
	if number == "" || strings.IndexFunc(number, func(r rune) bool { return r < 0x21 || r > 0x7e || r == '"' || r == '\\' }) >= 0 {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeNumber, Clauses: []colophon.Clause{colophon.ClauseGBE}}
	}
	policy, err := w.Function.Policy()
	if err != nil {
		return nil, err
	}
	a := &Answer{Number: w.Number, Place: w.Place, labels: l, line: l.lines[languageOf(w.Language)], lead: w.Lead,
		required: policy.Required, function: policy.Function, use: w.Use}
	if a.Place == "" && policy.Required {
		a.Place = Start
	}
	if a.Place == "" {
		a.Place = Interface
	}
	if w.Machine {
		a.Place, a.lead = Interface, ""
	}
	a.Object = make([]byte, 0, len(l.before)+len(l.between)+len(l.after)+2*len(number))
	for _, part := range [...]string{l.before, number, l.between, number, l.after} {
		a.Object = append(a.Object, part...)
	}
	return a, nil
}

// languageOf is the index of a language's words: Chinese alone for those who read it.
func languageOf(language string) int {
	if language == "" || strings.HasPrefix(language, "zh") {
		return 0
	}
	return 1
}

// Seal seals the label, where there is a key. It signs and checks the signature, which takes far longer than all else: it
// is best done while the model is at work, by one goroutine, before the headers are made.
func (a *Answer) Seal() error {
	c := a.labels.c
	if c.Key == nil {
		return nil
	}
	seal, err := label.Seal(c.Key, c.Rand, label.SealedFields{Label: label.Belongs, Provider: c.Producer, ID: string(a.Number)})
	if err != nil {
		return err
	}
	object, err := fields(c.Producer, a.Number, seal).JSON()
	if err == nil {
		a.Object, a.seal = object, seal
	}
	return err
}

// split takes a label apart where the number stands.
func split(text string) (before, between, after string) {
	before, rest, _ := strings.Cut(text, numberHere)
	between, after, _ = strings.Cut(rest, numberHere)
	return before, between, after
}
