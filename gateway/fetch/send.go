package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
)

// maxAnswer is how much of an answer to Send is read, so that its connection ends well. None of it is handed on.
const maxAnswer = 64 << 10

// Check says what is wrong with an address as text. Where its host lies is not asked.
func (c *Client) Check(address string) error {
	_, err := c.read(address)
	return err
}

// Send posts bytes to an address and returns the status of the answer, whatever it is. No redirect is followed.
func (c *Client) Send(ctx context.Context, address string, header http.Header, body []byte) (status int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.config.Timeout, errSlow)
	defer cancel()
	t, err := c.read(address)
	if err != nil {
		return 0, err
	}
	addrs, err := c.resolve(ctx, t)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url.String(), bytes.NewReader(body))
	if err != nil {
		return 0, malformed("syntax")
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", "colophon")
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := c.transport(t, addrs).RoundTrip(req)
	if err != nil {
		return 0, c.fault(ctx, broken(err))
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return 0, c.fault(ctx, broken(err))
	}
	return resp.StatusCode, nil
}

// transport speaks to a host at its addresses that were checked.
func (c *Client) transport(t target, addrs []netip.Addr) *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return c.dial(ctx, network, t, addrs)
		},
		TLSClientConfig:        &tls.Config{RootCAs: c.config.Roots, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeader,
	}
}
