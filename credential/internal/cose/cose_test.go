package cose_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	gocose "github.com/veraison/go-cose"

	"github.com/colophon-project/colophon/credential/internal/cose"
	"github.com/colophon-project/colophon/credential/pki"
)

func made(t testing.TB, claim []byte, size int) ([]byte, *pki.Set) {
	t.Helper()
	set, err := pki.New(rand.Reader, time.Now(), "Signers", "Signer")
	if err != nil {
		t.Fatal(err)
	}
	s := &cose.Sign{Key: set.Signer.Key, Algorithm: gocose.AlgorithmES256, Chain: set.Signer.Chain(), Staple: [][]byte{{1, 2}}, Rand: rand.Reader}
	raw, err := s.Make(claim, size)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) != size {
		t.Fatalf("%d bytes instead of %d", len(raw), size)
	}
	return raw, set
}

func TestMake(t *testing.T) {
	t.Parallel()
	claim := []byte("claim")
	for _, size := range []int{1800, 2000, 2345, 4096, 70_000} {
		raw, set := made(t, claim, size)
		m, err := cose.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Verify(claim, set.Signer.Key.Public()); err != nil {
			t.Error(err)
		}
		if err := m.Verify([]byte("another"), set.Signer.Key.Public()); err == nil {
			t.Error("another claim passes")
		}
		if err := m.Verify(claim, set.Root.Key.Public()); err == nil {
			t.Error("another key passes")
		}
		if len(m.Chain) != 2 || len(m.Staple) != 1 || m.Stamp != nil {
			t.Errorf("%d certificates, %d responses", len(m.Chain), len(m.Staple))
		}
	}
}

// TestPayload has a signature that is right, over a payload that stands in the message and is not the claim.
func TestPayload(t *testing.T) {
	t.Parallel()
	payload := []byte("what was signed")
	raw, set := made(t, payload, 2000)
	var parts []cbor.RawMessage
	var tagged cbor.RawTag
	if err := cbor.Unmarshal(raw, &tagged); err != nil {
		t.Fatal(err)
	}
	if err := cbor.Unmarshal(tagged.Content, &parts); err != nil {
		t.Fatal(err)
	}
	var err error
	if parts[2], err = cbor.Marshal(payload); err != nil {
		t.Fatal(err)
	}
	attached, err := cbor.Marshal(cbor.Tag{Number: 18, Content: parts})
	if err != nil {
		t.Fatal(err)
	}
	m, err := cose.Parse(attached)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Verify([]byte("the claim"), set.Signer.Key.Public()); !errors.Is(err, cose.ErrPayload) {
		t.Errorf("%v", err)
	}
	if err := m.Verify(payload, set.Signer.Key.Public()); err != nil {
		t.Errorf("attached, and the same: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	raw, _ := made(f, []byte("claim"), 2000)
	f.Add(raw)
	f.Add([]byte{0xD2, 0x84, 0x40, 0xA0, 0xF6, 0x40})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := cose.Parse(b)
		if err != nil {
			return
		}
		if len(m.Chain) == 0 {
			t.Fatal("a message without a certificate")
		}
		if s := m.Stamped([]byte("x")); !bytes.Contains(s, []byte("CounterSignature")) {
			t.Fatal("what is stamped is out of form")
		}
	})
}
