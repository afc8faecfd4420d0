package edge

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Client is who sent a request, as far as it is known.
type Client struct {
	// Address is the client's. The port is 0 when a proxy did not tell it, and all of it is the zero value when the peer
	// is on a Unix socket and told nothing.
	Address netip.AddrPort
	Scheme  string // "https" or "http", as the client used it
	Host    string // as the client called the server, with the port if it gave one
}

// about is what is known of a request.
type about struct {
	id     string
	client Client
	origin string
}

type aboutKey struct{}

func aboutOf(ctx context.Context) *about {
	a, _ := ctx.Value(aboutKey{}).(*about)
	if a == nil {
		return &about{}
	}
	return a
}

// ClientOf returns the client of the request that a context belongs to.
func ClientOf(ctx context.Context) Client { return aboutOf(ctx).client }

// RequestID returns the number of the request that a context belongs to, or "".
func RequestID(ctx context.Context) string { return aboutOf(ctx).id }

// Origin returns what absolute links start with, SCHEME://HOST: the public address, or without one what the client used.
func Origin(ctx context.Context) string { return aboutOf(ctx).origin }

// identified finds the number and the client of each request.
func (s *Server) identified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client, trusted := s.client(r)
		a := &about{client: client, origin: s.origin}
		if a.id = r.Header.Get("X-Request-Id"); !trusted || !wellFormed(a.id) {
			a.id = rand.Text()
		}
		if a.origin == "" {
			a.origin = client.Scheme + "://" + client.Host
		}
		w.Header().Set("X-Request-Id", a.id)
		if s.draining.Load() || len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1) {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), aboutKey{}, a)))
	})
}

// wellFormed reports whether a request number may stand in logs.
func wellFormed(id string) bool {
	return len(id) >= 8 && len(id) <= 64 && !strings.ContainsFunc(id, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.')
	})
}

// trusts reports whether an address is a trusted proxy's. The zero address is a peer on a Unix socket.
func (s *Server) trusts(a netip.Addr) bool {
	return !a.IsValid() || slices.ContainsFunc(s.config.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// client finds the client of a request, and whether the peer is a trusted proxy.
func (s *Server) client(r *http.Request) (Client, bool) {
	c := Client{Address: peerOf(r.RemoteAddr), Scheme: "http", Host: r.Host}
	if r.TLS != nil {
		c.Scheme = "https"
	}
	trusted := s.trusts(c.Address.Addr())
	if !trusted {
		return c, false
	}
	var hops []hop
	told := hop{}
	if s.config.Forwarded {
		hops = forwarded(r.Header.Values("Forwarded"))
	} else {
		hops = forwardedFor(r.Header.Values("X-Forwarded-For"))
		told = hop{proto: last(r.Header.Values("X-Forwarded-Proto")), host: last(r.Header.Values("X-Forwarded-Host"))}
	}
	address, told := nearest(c.Address, hops, told, s.trusts)
	c.Address = address
	if told.proto == "https" || told.proto == "http" {
		c.Scheme = told.proto
	}
	if told.host != "" {
		c.Host = told.host
	}
	return c, true
}

// hop is what one proxy told of whom it got the request from. The zero address stands for what could not be read or was
// not told.
type hop struct {
	address     netip.AddrPort
	proto, host string
}

// nearest walks the hops from the right, where the nearest proxy wrote, until somebody who is no trusted proxy. What
// stands left of that one, or left of a hop that could not be read, anybody may have written.
func nearest(peer netip.AddrPort, hops []hop, told hop, trusts func(netip.Addr) bool) (netip.AddrPort, hop) {
	for _, h := range slices.Backward(hops) {
		if !trusts(peer.Addr()) || !h.address.IsValid() {
			break
		}
		peer = h.address
		if h.proto != "" || h.host != "" {
			told = h
		}
	}
	return peer, told
}

func peerOf(text string) netip.AddrPort {
	a, err := netip.ParseAddrPort(text)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// last returns the last entry of a header that is a list.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	list := values[len(values)-1]
	return strings.ToLower(strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:]))
}

// forwardedFor parses X-Forwarded-For: addresses, with or without a port.
func forwardedFor(values []string) []hop {
	var hops []hop
	for _, v := range values {
		for entry := range strings.SplitSeq(v, ",") {
			if entry = strings.Trim(entry, " \t"); entry != "" {
				hops = append(hops, hop{address: node(entry, true)})
			}
		}
	}
	return hops
}

// node parses the address of a hop: IPv4, IPv6 in brackets, each with or without a port, and where bare is allowed IPv6
// without brackets. Names, "unknown" and zones give the zero value; a hidden port gives port 0.
func node(text string, bare bool) netip.AddrPort {
	if host, port, ok := strings.Cut(text, ":_"); ok && port != "" {
		text = host
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		literal := text
		bracketed := len(text) > 1 && text[0] == '[' && text[len(text)-1] == ']'
		if bracketed {
			literal = text[1 : len(text)-1]
		}
		ip, err := netip.ParseAddr(literal)
		if err != nil || bracketed && !ip.Is6() || ip.Is6() && !bracketed && !bare {
			return netip.AddrPort{}
		}
		addr = netip.AddrPortFrom(ip, 0)
	}
	if addr.Addr().Zone() != "" {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// forwarded parses Forwarded (RFC 7239, section 4). A line that can't be read counts as one hop that tells nothing.
func forwarded(values []string) []hop {
	var hops []hop
	for _, v := range values {
		parsed, ok := forwardedLine(v)
		if !ok {
			parsed = []hop{{}}
		}
		hops = append(hops, parsed...)
	}
	return hops
}

func forwardedLine(s string) (hops []hop, ok bool) {
	seen := map[string]bool{}
	current := hop{}
	for {
		s = strings.TrimLeft(s, " \t")
		if s != "" && s[0] != ',' && s[0] != ';' {
			var name, value string
			if name, value, s, ok = parameter(s); !ok || seen[name] {
				return nil, false
			}
			seen[name] = true
			switch name {
			case "for":
				current.address = node(value, false)
			case "proto":
				current.proto = strings.ToLower(value)
			case "host":
				current.host = strings.ToLower(value)
			}
			s = strings.TrimLeft(s, " \t")
		}
		if s == "" || s[0] == ',' {
			if len(seen) > 0 {
				hops = append(hops, current)
			}
			seen, current = map[string]bool{}, hop{}
		}
		if s == "" {
			return hops, true
		}
		if s[0] != ',' && s[0] != ';' {
			return nil, false
		}
		s = s[1:]
	}
}

// parameter takes name=token or name="text" from the front of s.
func parameter(s string) (name, value, rest string, ok bool) {
	name, s = token(s)
	s, ok = strings.CutPrefix(s, "=")
	if !ok || name == "" {
		return "", "", "", false
	}
	name = strings.ToLower(name)
	if quoted, ok := strings.CutPrefix(s, `"`); ok {
		value, rest, ok = unquote(quoted)
		return name, value, rest, ok
	}
	value, rest = token(s)
	// A colon is no part of a token, but proxies that write an IPv4 address and port without quotes are common.
	if port, ok := strings.CutPrefix(rest, ":"); ok && name != "proto" {
		var digits string
		digits, rest = token(port)
		value += ":" + digits
	}
	return name, value, rest, value != ""
}

func token(s string) (token, rest string) {
	end := strings.IndexFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
	if end < 0 {
		end = len(s)
	}
	return s[:end], s[end:]
}

// unquote takes the rest of a quoted string, its opening mark already gone.
func unquote(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// hostname returns the name or address in a Host header, without port, brackets and final dot, or "".
func hostname(host string) string {
	u, err := url.Parse("//" + host)
	if err != nil || u.Host != host {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
}

// knows reports whether a request may call the server by this name. Any name that an attacker's DNS can point here would
// let a page of theirs talk to the server through the reader's browser. An address as such is safe: no DNS gives it.
func (s *Server) knows(r *http.Request, host string) bool {
	name := hostname(host)
	if s.hosts[name] {
		return true
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return local != nil && peerOf(local.String()).Addr() == ip.Unmap()
}
