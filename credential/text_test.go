package credential_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

func signText(t *testing.T, text string) []byte {
	t.Helper()
	d := draft()
	d.InText = true
	plan, err := signer(true).Prepare(context.Background(), media.Memory(text), media.Text, d, credential.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	e, err := plan.Edit(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := e.Apply(&out, media.Memory(text)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestText signs text, and does to it what happens to text.
func TestText(t *testing.T) {
	t.Parallel()
	const poem = "静夜思\n床前明月光，疑是地上霜。\nCafé, naïve.\n"
	out := signText(t, poem)
	seen := func(b []byte) string { // what a reader sees
		return strings.Map(func(r rune) rune {
			if r == 0xFEFF || r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF {
				return -1
			}
			return r
		}, string(b))
	}
	if seen(out) != poem || !bytes.HasSuffix(out, []byte("\n")) {
		t.Errorf("what is seen has become %q", seen(out))
	}
	again := signText(t, string(out)) // its own credential becomes the parent
	for name, c := range map[string]struct {
		text   []byte
		intact colophon.Verdict
		code   status.Code
	}{
		"as it is":            {out, colophon.Passed, status.DataMatch},
		"signed once more":    {again, colophon.Passed, status.IngredientValidated},
		"in another form":     {append(norm.NFD.Bytes(out[:len(poem)-1]), out[len(poem)-1:]...), colophon.Failed, status.DataMismatch}, // the offset is another
		"a letter changed":    {bytes.Replace(out, []byte("naïve"), []byte("naïvE"), 1), colophon.Failed, status.DataMismatch},
		"a letter more":       {append([]byte("x"), out...), colophon.Failed, status.DataMismatch},
		"another line's end":  {bytes.ReplaceAll(out, []byte("\n"), []byte("\r\n")), colophon.Failed, status.DataMismatch},
		"a line break more":   {append(bytes.Clone(out), '\n'), colophon.Failed, status.DataMismatch},
		"pasted into another": {append([]byte("Look: "), out...), colophon.Failed, status.DataMismatch},
	} {
		store, err := credential.Read(media.Memory(c.text), media.Text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, err := store.Validate(context.Background(), media.Memory(c.text), media.Text, credential.Options{Trust: trust(t), Now: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		all := r.Active
		for _, d := range r.Ingredients {
			all.Success = append(all.Success, d.Success...)
		}
		if r.Intact != c.intact || !all.Has(c.code) {
			t.Errorf("%s: %v, %v", name, r.Intact, failures(r))
		}
	}
	if store, err := credential.Read(media.Memory(again), media.Text); err != nil || len(store.Manifests) != 2 {
		t.Errorf("signed once more: %v", err)
	}
	if _, err := credential.Read(media.Memory(seen(out)), media.Text); !errors.Is(err, credential.ErrNone) {
		t.Errorf("typed anew: %v", err)
	}
	for name, broken := range map[string][]byte{"cut off": append(bytes.Clone(out[:len(out)/2]), '\n'), "twice": append(bytes.Clone(out), out...)} {
		var e *colophon.Error
		if _, err := credential.Read(media.Memory(broken), media.Text); !errors.As(err, &e) || e.Code != credential.CodeMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTextAsked writes into text only when asked to, and only into UTF-8.
func TestTextAsked(t *testing.T) {
	t.Parallel()
	s := &credential.Signer{Key: infrastructure().Signer.Key, Chain: infrastructure().Signer.Chain(), Rand: rand.Reader}
	d := draft()
	var e *colophon.Error
	if _, err := s.Prepare(context.Background(), media.Memory("text"), media.Text, d, credential.Options{Now: time.Now()}); !errors.As(err, &e) || e.Code != credential.CodeFormat || e.Kind != colophon.Unsupported {
		t.Errorf("not asked: %v", err)
	}
	d.InText = true
	if _, err := s.Prepare(context.Background(), media.Memory("\xB4\xB2\xC7\xB0"), media.Text, d, credential.Options{Now: time.Now()}); !errors.As(err, &e) || e.Kind != colophon.Unsupported {
		t.Errorf("in GB 18030: %v", err)
	}
	if credential.Known(media.Text) || !credential.InText(media.Markdown) {
		t.Error("text has a place of its own")
	}
}
