package app

import (
	"time"

	"github.com/colophon-project/colophon/gateway/export"
	"github.com/colophon-project/colophon/internal/document"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
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
	if s.set.Admission != "off" {
		c.Deliver = s.deliverItem
	}
	return export.New(c), nil
}
