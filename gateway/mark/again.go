package mark

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/shape"
)

// Codes of errors about answers that come back.
const (
	CodeOther  colophon.Code = "mark-other-text" // it is not, to the last byte, what was handed out
	CodeAnswer colophon.Code = "mark-no-answer"  // it is not an answer of an endpoint for text
)

// Spoken is what one choice of an answer says, text by text.
type Spoken struct {
	Choice int
	Parts  []string
}

// Read reads an answer that comes back as it was handed out, whichever endpoint gave it: what people read of each choice.
func Read(body []byte) ([]Spoken, error) {
	for _, known := range [...]struct {
		member    string
		endpoints []shape.Endpoint
	}{{"choices", []shape.Endpoint{shape.Chat, shape.Completions}}, {"output", []shape.Endpoint{shape.Responses}}, {"content", []shape.Endpoint{shape.Messages}}} {
		if _, count := top(body, known.member); count != 1 {
			continue
		}
		for _, e := range known.endpoints {
			d, err := shape.Answer(e, body)
			if err != nil {
				continue
			}
			if list := spoken(d.Texts()); len(list) > 0 {
				return list, nil
			}
		}
	}
	return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeAnswer}
}

func spoken(texts []shape.Text) (list []Spoken) {
	for _, r := range runs(texts) {
		s := Spoken{Choice: r.choice}
		for i := r.first; i <= r.last; i++ {
			if reads(texts[i]) && texts[i].Choice == r.choice {
				s.Parts = append(s.Parts, texts[i].Value)
			}
		}
		list = append(list, s)
	}
	return list
}

// Said finds the choice that says a text, and fails where none does.
func (m Marks) Said(text string) (Spoken, error) {
	for _, t := range m.Texts {
		if t.Digest == digestOf(text) {
			return Spoken{t.Choice, []string{text}}, nil
		}
	}
	return Spoken{}, &colophon.Error{Kind: colophon.Invalid, Code: CodeOther}
}

// Same fails unless each choice says what it said when it was handed out.
func (m Marks) Same(list []Spoken) error {
	for _, s := range list {
		same := false
		for _, t := range m.Texts {
			same = same || t.Choice == s.Choice && t.Digest == digestOf(strings.Join(s.Parts, ""))
		}
		if !same {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeOther}
		}
	}
	return nil
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
