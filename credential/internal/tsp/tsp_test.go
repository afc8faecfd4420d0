package tsp_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/colophon-project/colophon/credential/internal/tsp"
	"github.com/colophon-project/colophon/credential/pki"
)

func stamp(t testing.TB, now time.Time, message string) []byte {
	t.Helper()
	set, err := pki.New(rand.Reader, time.Now().Add(-time.Hour), "Stamps", "Signer")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := set.Stamps.Stamp(rand.Reader, now, []byte(message))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestToken(t *testing.T) {
	t.Parallel()
	now := time.Now()
	raw := stamp(t, now, "message")
	token, err := tsp.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := token.Verify([]byte("message")); err != nil || token.Time.Unix() != now.Unix() {
		t.Errorf("%v, %v", err, token.Time)
	}
	if again, err := tsp.Parse(token.Raw); err != nil || !bytes.Equal(again.Raw, token.Raw) {
		t.Errorf("the token by itself: %v", err)
	}
	if err := token.Verify([]byte("another")); !errors.Is(err, tsp.ErrMismatch) {
		t.Errorf("about another message: %v", err)
	}
	late, err := tsp.Parse(stamp(t, now.AddDate(7, 0, 0), "message"))
	if err != nil {
		t.Fatal(err)
	}
	if err := late.Verify([]byte("message")); !errors.Is(err, tsp.ErrOutside) {
		t.Errorf("out of time: %v", err)
	}
	// Any bit that changes makes the token unreadable, or its signature or its message another.
	for at := 0; at < len(raw); at += 7 {
		changed := bytes.Clone(raw)
		changed[at] ^= 4
		if token, err := tsp.Parse(changed); err == nil && token.Verify([]byte("message")) == nil && !token.Time.Equal(now.UTC().Truncate(time.Second)) {
			t.Errorf("byte %d changed, and the time is %v", at, token.Time)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(stamp(f, time.Now(), "message"))
	f.Add([]byte{0x30, 3, 2, 1, 2})
	f.Fuzz(func(t *testing.T, raw []byte) {
		token, err := tsp.Parse(raw)
		if err != nil {
			return
		}
		if token.Verify([]byte("never stamped")) == nil {
			t.Fatal("a message that nobody stamped")
		}
	})
}
