package fetch

import (
	"context"
	"net"
	"net/netip"

	"github.com/colophon-project/colophon"
)

// Dial opens a connection to where an address lies, for whoever goes on to speak over it: a browser whose way out this is. What
// the other side says is nobody's but the caller's to bound.
func (c *Client) Dial(ctx context.Context, address string) (net.Conn, error) {
	t, err := c.read(address)
	if err != nil {
		return nil, err
	}
	addrs, err := c.resolve(ctx, t)
	if err != nil {
		return nil, err
	}
	var last error
	for _, addr := range addrs {
		conn, err := c.config.Dial(ctx, "tcp", netip.AddrPortFrom(addr.Unmap(), t.port).String())
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, c.fault(ctx, &colophon.Error{Kind: colophon.Invalid, Code: CodeUnreached, Err: hidden(last)})
}
