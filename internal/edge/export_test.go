package edge

import (
	"io"
	"net/http"
	"net/netip"
	"time"
)

// Told returns the client that the header of a peer gives, without a server around it.
func Told(peer netip.AddrPort, rfc7239 bool, values []string, trusted ...netip.Prefix) Client {
	s := &Server{config: Config{TrustedProxies: trusted, Forwarded: rfc7239}}
	r := &http.Request{RemoteAddr: peer.String(), Header: http.Header{"X-Forwarded-For": values}}
	if rfc7239 {
		r.Header = http.Header{"Forwarded": values}
	}
	c, _ := s.client(r)
	return c
}

// Body returns a limited body that reads from r.
func Body(r io.ReadCloser, limit int64, stall time.Duration, rate int, deadline func(time.Time) error) io.Reader {
	return &body{ReadCloser: r, limit: limit, left: limit, pace: pace{stall, rate}, credit: stall, deadline: deadline}
}

// Buckets returns the function that counts requests.
func Buckets(r Rate) func(string) time.Duration { return newBuckets[string](r).take }

// BucketsKept is how many clients one half of the buckets holds.
const BucketsKept = bucketsKept
