package fetch

import (
	"context"
	"net"
	"net/netip"
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
	conn, err := c.dial(ctx, "tcp", t, addrs)
	if err != nil {
		return nil, c.fault(ctx, broken(err))
	}
	return conn, nil
}

// dial connects to the addresses of a host that were checked, one after the other, and to nothing else.
func (c *Client) dial(ctx context.Context, network string, t target, addrs []netip.Addr) (conn net.Conn, err error) {
	for _, addr := range addrs {
		if conn, err = c.config.Dial(ctx, network, netip.AddrPortFrom(addr.Unmap(), t.port).String()); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
