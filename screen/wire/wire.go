// Package wire has the shapes of screening APIs of others that Colophon both asks and serves, and turns them into items to
// judge and judgements into their answers: OpenAI's POST /v1/moderations and the generic guardrail API of LiteLLM.
//
// Both know only yes and no. What could not be told is never a plain no here: where the policy holds it back, a moderation
// is flagged without a category, and a guardrail's answer is to block.
//
// What not to do here: no requests and no handlers. Never fetch an address that stands in a request. Never leave out a part
// of a request because nothing here can read it: it becomes a file that no check can look into, so that the judgement says so.
package wire

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/screen"
)

// CodeRequest is the code of a request that is out of form. Its argument "field" says where.
const CodeRequest colophon.Code = "wire-request"

const (
	// MaxParts is how many texts and files a request may have.
	MaxParts = 2048
	// MaxDepth is how many levels a message or a tool may have.
	MaxDepth = 64
)

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeRequest, Args: colophon.Args{"field": field}}
}

// place names a part by the fields that lead to it.
func place(fields ...any) string {
	var words []string
	for _, f := range fields {
		switch f := f.(type) {
		case string:
			words = append(words, f)
		case int:
			words = append(words, strconv.Itoa(f))
		}
	}
	return strings.Join(words, ".")
}

// file makes a part of a data URL or of base64. Anything else, such as an address, becomes a file without content, which no
// check can look into.
func file(name, text string) screen.Part {
	if rest, ok := strings.CutPrefix(text, "data:"); ok {
		head, data, _ := strings.Cut(rest, ",")
		if text = data; !strings.HasSuffix(head, ";base64") {
			text = ""
		}
	}
	content, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		content = nil
	}
	m := &screen.Media{Source: media.Memory(content)}
	if _, format, err := all.Detect(m.Source, ""); err == nil {
		m.Format = format
	}
	return screen.Part{Name: name, Media: m}
}
