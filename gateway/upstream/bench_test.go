package upstream_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/gateway/upstream"
)

// BenchmarkDo is a call through a pool, and the same call without one: the difference is what the pool costs.
func BenchmarkDo(b *testing.B) {
	url, _ := serve(b, fine)
	p, _ := pool(b, upstream.Config{}, upstream.Target{URL: url, Key: "good"})
	b.Run("pool", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			resp, err := p.Do(b.Context(), ask(false))
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				b.Fatal(err)
			}
			resp.Body.Close()
		}
	})
	plain := &http.Transport{DisableCompression: true}
	defer plain.CloseIdleConnections()
	b.Run("plain", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url+"/chat/completions", strings.NewReader(`{"model":"m"}`))
			if err != nil {
				b.Fatal(err)
			}
			resp, err := plain.RoundTrip(req)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, resp.Body); err != nil {
				b.Fatal(err)
			}
			resp.Body.Close()
		}
	})
}
