package media_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/production"
)

// TestHostedAddresses opens an address that is good, was changed, is of another secret, and is over.
func TestHostedAddresses(t *testing.T) {
	b := open(t, nil)
	made, err := b.line.Produce(t.Context(), by, b.order(), bytes.NewReader(picture(t, 1)))
	b.must(err)
	token := strings.TrimPrefix(b.hosted.Address(by, made.Number), "https://colophon.test/v1/content/")
	stranger := production.By{Role: "stranger", ID: "else", Source: by.Source}
	c, err := b.hosted.Open(t.Context(), stranger, token)
	b.must(err)
	b.must(c.Close())
	if c.Delivery.To != by.ID || c.Delivery.How != artefact.Download || c.Artefact.Number != made.Number {
		t.Errorf("%+v", c.Delivery)
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	b.must(err)
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		_, err := b.hosted.Open(t.Context(), by, base64.RawURLEncoding.EncodeToString(forged))
		b.want(err, media.CodeAddress)
	}
	other := media.NewHosted(b.line, bytes.Repeat([]byte{1}, 32), "", 0, b.clock.Now)
	for _, bad := range []string{"", "AAAA", token[:20], token + "AAAA", "!", other.Address(by, made.Number)} {
		_, err := b.hosted.Open(t.Context(), by, bad)
		b.want(err, media.CodeAddress)
	}
	b.clock.Set(b.clock.Now().Add(time.Hour))
	_, err = b.hosted.Open(t.Context(), by, token)
	b.want(err, media.CodeAddressOver)
	if got := b.types(string(made.Number)); got != "artefact.received artefact.marked artefact.delivered" {
		t.Error(got)
	}
}

type nowhere struct{}

// Open implements media.Opener.
func (nowhere) Open(context.Context, production.By, artefact.Number, artefact.Channel) (*production.Content, error) {
	panic("a token that was not made here was opened")
}

// FuzzHosted opens tokens that nobody made.
func FuzzHosted(f *testing.F) {
	at := func() time.Time { return time.Unix(1_800_000_000, 0) }
	other := media.NewHosted(nowhere{}, []byte("another secret"), "", 0, at)
	for _, s := range []string{"", "AAAA", strings.Repeat("A", 64), strings.Repeat("_", 100), other.Address(by, "number"), other.Address(production.By{}, "")} {
		f.Add(s)
	}
	hosted := media.NewHosted(nowhere{}, []byte("secret"), "", 0, at)
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := hosted.Open(t.Context(), by, token); err == nil {
			t.Fatal("it was opened")
		}
	})
}
