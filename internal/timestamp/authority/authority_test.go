package authority_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/timestamp"
	"github.com/colophon-project/colophon/internal/timestamp/authority"
	"github.com/colophon-project/colophon/internal/timestamp/timestamptest"
)

var data = []byte("a checkpoint")

func key(t *testing.T) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func client(t *testing.T) (*timestamptest.Authority, authority.Client) {
	t.Helper()
	a := timestamptest.New(t, timestamptest.Settings{CA: key(t), Key: key(t)})
	trusted, err := timestamp.ParseAuthorities(a.CA)
	if err != nil {
		t.Fatal(err)
	}
	server := a.Serve()
	return a, authority.Client{URL: server.URL, HTTP: server.Client(), Trusted: trusted, Now: time.Now}
}

func wantCode(t *testing.T, what string, err error, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func TestStamp(t *testing.T) {
	t.Parallel()
	_, c := client(t)
	response, stamp, err := c.Stamp(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := c.Trusted.Verify(response, data, nil); err != nil || again != stamp {
		t.Error(again, err)
	}
	c.Now = func() time.Time { return time.Now().Add(time.Hour) }
	_, _, err = c.Stamp(t.Context(), data)
	wantCode(t, "an hour off", err, authority.CodeClock)
	// An old answer is not taken for a new one.
	for name, answer := range map[string]struct {
		code   colophon.Code
		handle http.HandlerFunc
	}{
		"an old answer": {timestamp.CodeOther, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/timestamp-reply")
			_, _ = w.Write(response)
		}},
		"another type": {authority.CodeNoAnswer, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(response) }},
		"no success":   {authority.CodeNoAnswer, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusServiceUnavailable) }},
		"too long": {authority.CodeNoAnswer, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/timestamp-reply")
			_, _ = w.Write(make([]byte, timestamp.MaxResponse+1))
		}},
	} {
		server := httptest.NewServer(answer.handle)
		t.Cleanup(server.Close)
		other := c
		other.URL = server.URL
		_, _, err := other.Stamp(t.Context(), data)
		wantCode(t, name, err, answer.code)
	}
}

func TestNotReached(t *testing.T) {
	t.Parallel()
	_, c := client(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := c.Stamp(ctx, data)
	wantCode(t, "cancelled", err, authority.CodeNoAnswer)
	c.URL = "http://127.0.0.1:1/"
	_, _, err = c.Stamp(t.Context(), data)
	wantCode(t, "nobody there", err, authority.CodeNoAnswer)
}
