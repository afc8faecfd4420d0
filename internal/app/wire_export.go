package app

import (
	"context"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/export"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/policy"
)

// exporter turns answers of the gateway into files.
func (s *Server) exporter() (*export.Exporter, error) {
	chinese, err := locale.For(locale.Chinese)
	if err != nil {
		return nil, err
	}
	english, err := locale.For(locale.English)
	if err != nil {
		return nil, err
	}
	writer := document.New(chinese.Say, english.Say)
	c := export.Config{Artefacts: s.register, Accounts: s.accounts, Line: s.line, Write: func(title string, parts []string, at time.Time, f media.Format) ([]byte, error) {
		return writer.Answer(document.Answer{Title: title, Parts: parts, At: at}, f)
	}}
	c.Judge = func(ctx context.Context, by production.By, a artefact.Artefact, title string) error {
		out, err := modelCourt{s}.Judge(ctx, by.Role, screen.Item{Subject: a.Account, Surface: screen.Input, Function: a.Function, Parts: []screen.Part{{Name: "title", By: "user", Text: title}}})
		if err == nil && out.Action >= policy.Review {
			err = &colophon.Error{Kind: colophon.Refused, Code: gateway.CodeInput, Args: colophon.Args{"judgement": out.ID}, Clauses: out.Clauses}
		}
		return err
	}
	if s.set.Admission != "off" {
		c.Deliver = s.deliverItem
	}
	return export.New(c), nil
}
