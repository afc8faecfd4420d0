package media

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/production"
)

// usualPeriod is for how long a hosted address is good unless something else is set.
const usualPeriod = time.Hour

// Opener hands out marked items. A *production.Line does.
type Opener interface {
	Open(ctx context.Context, by production.By, n artefact.Number, how artefact.Channel) (*production.Content, error)
}

// Hosted makes addresses under which results are handed out, and opens them. Who has an address needs no key: it is the
// permission, for one item and for a while. Each opening is a delivery, and what orders hold back is held back here too.
type Hosted struct {
	line   Opener
	secret []byte
	base   string
	period time.Duration
	now    func() time.Time
}

// NewHosted makes the worker. Base is what a token is put behind, such as https://HOST/v1/content/; a period of 0 is an hour.
func NewHosted(line Opener, secret []byte, base string, period time.Duration, now func() time.Time) *Hosted {
	if period <= 0 {
		period = usualPeriod
	}
	return &Hosted{line, secret, base, period, now}
}

// Address returns an address of an item. Openings of it are deliveries to the API key that it was made for.
func (h *Hosted) Address(by production.By, n artefact.Number) string {
	token := binary.BigEndian.AppendUint64(nil, uint64(h.now().Add(h.period).Unix()))
	token = append(token, byte(len(by.ID)))
	token = append(append(token, by.ID...), n...)
	return h.base + base64.RawURLEncoding.EncodeToString(append(token, h.code(token)...))
}

func (h *Hosted) code(token []byte) []byte {
	mac := hmac.New(sha256.New, h.secret)
	mac.Write(token)
	return mac.Sum(nil)
}

// Number returns the content number of the item that a token is for.
func (h *Hosted) Number(token string) (artefact.Number, error) {
	_, n, err := h.read(token)
	return n, err
}

// Open opens the item that a token is for. Of who asks, the place in the network alone is taken from by.
func (h *Hosted) Open(ctx context.Context, by production.By, token string) (*production.Content, error) {
	id, n, err := h.read(token)
	if err != nil {
		return nil, err
	}
	by.Role, by.ID = production.Application, id
	return h.line.Open(ctx, by, n, artefact.Download)
}

// read checks a token, and returns for whom it was made and for which item.
func (h *Hosted) read(token string) (id string, n artefact.Number, err error) {
	const head = 8 + 1
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= head+sha256.Size {
		return "", "", notHosted(CodeAddress)
	}
	claim, code := raw[:len(raw)-sha256.Size], raw[len(raw)-sha256.Size:]
	end := head + int(claim[8])
	if !hmac.Equal(code, h.code(claim)) || end >= len(claim) {
		return "", "", notHosted(CodeAddress)
	}
	if h.now().Unix() >= int64(binary.BigEndian.Uint64(claim)) {
		return "", "", notHosted(CodeAddressOver)
	}
	return string(claim[head:end]), artefact.Number(claim[end:]), nil
}

func notHosted(code colophon.Code) error { return &colophon.Error{Kind: colophon.Missing, Code: code} }
