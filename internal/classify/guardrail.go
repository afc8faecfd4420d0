package classify

import (
	"context"
	"errors"
	"slices"

	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/wire"
)

// guard asks a guardrail about one piece.
func (k *classifier) guard(ctx context.Context, p *piece) (opinion, bool, error) {
	request := wire.GuardrailRequest{InputType: wire.GuardrailInput, Texts: []string{p.text}, Data: struct{}{}, Parameters: struct{}{}}
	if p.answer {
		request.InputType = wire.GuardrailOutput
	}
	if p.file != nil {
		request.Texts, request.Images = []string{}, []string{p.dataURL()}
	}
	return ask(ctx, k.caller, k.store, k.version, "", asJSON(request), func(text []byte) (opinion, error) {
		return parseGuardrail(text, request.Texts)
	})
}

// parseGuardrail reads the answer about some texts. A guardrail that changes content found something, and what it found is
// for a person to look at: its changes are not taken.
func parseGuardrail(text []byte, sent []string) (opinion, error) {
	var a wire.GuardrailAnswer
	if err := decode(text, &a); err != nil {
		return opinion{}, err
	}
	switch a.Action {
	case wire.GuardrailNone:
		if len(a.Texts) > 0 && !slices.Equal(a.Texts, sent) {
			return opinion{}, errNoReason
		}
		return opinion{}, nil
	case wire.GuardrailBlocked:
		return opinion{labels: []label{{word: a.Action, level: keyword.Block}}}, nil
	case wire.GuardrailIntervened:
		if len(a.Texts)+len(a.Images)+len(a.Tools)+len(a.Messages) == 0 {
			return opinion{}, errors.New("changed, without what it was changed to")
		}
		return opinion{labels: []label{{word: a.Action, level: keyword.Review}}}, nil
	}
	return opinion{}, errVerdict
}

// guarded is the category of what a guardrail found, which names none.
func (k *classifier) guarded(word string) (library.Category, string) {
	if len(k.covers) == 1 {
		return k.covers[0], word
	}
	return other, word
}
