package gateway

import (
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/moderation/screening"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// referenced gets the reference media that lie elsewhere and puts them into the request, so that the model sees what was
// judged.
func referenced(x *exchange) (func(error) error, error) {
	left := x.p.c.Limits.Request - int64(len(x.Body))
	for i, m := range x.doc.Media() {
		if m.URL == "" {
			continue
		}
		if x.p.c.Fetcher == nil {
			return nil, refuse(colophon.Unsupported, CodeMedia, "path", m.Path)
		}
		file, err := x.p.c.Fetcher.Fetch(x.ctx, m.URL, left)
		if err != nil {
			return nil, err
		}
		if left -= int64(len(file.Data)); left < 0 {
			return nil, tooMuch(x.p.c.Limits.Request)
		}
		x.doc.SetInline(i, file.Type, file.Data)
	}
	return nil, nil
}

// item is what is judged.
func (x *exchange) item(surface screen.Surface, list []screen.Part) screen.Item {
	return screen.Item{Subject: x.adm.Subject, Surface: surface, Class: x.adm.Account, Service: x.adm.Service, Function: x.adm.Function, About: string(x.number),
		Conversation: x.Conversation, Parts: list}
}

// parts are all texts and media of a document. Where there are more texts than a judge takes, those of one speaker are judged
// as one.
func parts(d *shape.Document, speaker string) []screen.Part {
	texts, files := d.Texts(), d.Media()
	many := len(texts)+len(files) > screen.MaxParts
	list := make([]screen.Part, 0, min(len(texts)+len(files), screen.MaxParts))
	said := map[string]*strings.Builder{}
	for _, t := range texts {
		by := speaking(speaker, t.Role, t.Kind, t.Choice)
		if t.Value == "" {
			continue
		}
		if b := said[by]; b != nil {
			b.WriteByte('\n')
			b.WriteString(t.Value)
			continue
		}
		list = append(list, screen.Part{Name: named(t.Path, len(list)), By: by, Text: t.Value})
		if many {
			said[by] = &strings.Builder{}
			said[by].WriteString(t.Value)
		}
	}
	for i := range list {
		if b := said[list[i].By]; b != nil {
			list[i].Text = b.String()
		}
	}
	for _, m := range files {
		list = append(list, screen.Part{Name: named(m.Path, len(list)), By: speaking(speaker, m.Role, shape.Content, 0), Media: &screen.Media{Source: media.Memory(m.Data)}})
	}
	return list
}

// named is the name of a part. Paths differ from each other, and few are too long for a name.
func named(path string, i int) string {
	if path == "" || len(path) > screen.MaxName {
		return "part." + strconv.Itoa(i)
	}
	return path
}

// speaking names who speaks. What one says is read on from what they said before, so that choices, of which each follows the
// same question, and what is not said aloud, have names of their own.
func speaking(speaker, role string, kind shape.Kind, choice int) string {
	if role == "" {
		role = speaker
	}
	if kind != shape.Content && kind != shape.Instruction {
		role += "/" + [...]string{shape.Reasoning: "reasoning", shape.Arguments: "arguments", shape.Other: "other"}[kind]
	}
	if choice > 0 {
		role += "/" + strconv.Itoa(choice)
	}
	return role
}

// verdict is the error of a judgement that lets nothing pass.
func verdict(out screening.Outcome, refused, held colophon.Code) error {
	e := &colophon.Error{Kind: colophon.Refused, Code: refused, Clauses: out.Clauses, Args: colophon.Args{"judgement": out.ID}}
	switch out.Action {
	case policy.Allow, policy.Label, policy.Limit:
		return nil
	case policy.Review:
		e.Code, e.Args["held"] = held, out.Held
	}
	return e
}

// accompany asks what a person is to be told in this turn, and whether anything goes to the model at all. Why is the error of
// the judgement, which stands unless the person is given help in place of an answer.
func (x *exchange) accompany(out screening.Outcome, why error) error {
	if x.p.c.Companion == nil {
		return refuse(colophon.Internal, CodeFailed)
	}
	turn := companion.Turn{Role: x.By.Role, Subject: x.adm.Subject, Function: x.adm.Function, Conversation: x.Conversation, Number: string(x.number), Language: x.Language, Stopped: why != nil}
	for _, t := range x.doc.Texts() {
		if t.Role == "user" && t.Kind == shape.Content {
			turn.Words = t.Value
		}
	}
	for _, f := range out.Findings {
		turn.Categories = append(turn.Categories, string(f.Category))
	}
	told, err := x.p.c.Companion.Before(x.join, x.model.Companion, turn)
	if err != nil {
		return err
	}
	x.told = told
	if told.End {
		return nil
	}
	return why
}

func tooMuch(limit int64) *colophon.Error {
	return refuse(colophon.Invalid, CodeLimit, "limit", strconv.FormatInt(limit, 10))
}
