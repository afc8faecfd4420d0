package media

import (
	"context"
	"io"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/production"
)

// Maker makes an item of bytes that stand inside another answer, such as a picture in a conversation.
type Maker struct {
	Line   Line
	Hosted *Hosted
	Held   func(ctx context.Context, n artefact.Number) (string, error) // as in Config
}

var _ gateway.Maker = (*Maker)(nil)

// Make produces an item, and hands it over: the delivery is recorded. The address is good for a while, and each opening of
// it is a delivery of its own.
func (m *Maker) Make(ctx context.Context, by production.By, o production.Order, body io.Reader) (gateway.Made, error) {
	a, err := produce(ctx, m.Line, m.Held, by, o, body)
	if err != nil {
		return gateway.Made{}, err
	}
	data, err := opened(ctx, m.Line, by, a.Number)
	return gateway.Made{Number: a.Number, Format: a.Format, Data: data, URL: m.Hosted.Address(by, a.Number)}, err
}
