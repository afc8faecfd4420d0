package fetch

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

// maxAddress is the longest address, in bytes.
const maxAddress = 8 << 10

// target is an address that was read, and no more than that: where it lies is not known yet.
type target struct {
	url     *url.URL
	host    string // lower case, without brackets and without a dot at its end
	port    uint16
	allowed bool // Config.Allow names it
}

func refused(kind colophon.Kind, code colophon.Code, args ...string) error {
	e := &colophon.Error{Kind: kind, Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if e.Args == nil {
			e.Args = colophon.Args{}
		}
		e.Args[args[i]] = args[i+1]
	}
	return e
}

// malformed refuses an address, and names the part of it that is out of form.
func malformed(part string) error { return refused(colophon.Invalid, CodeAddress, "field", part) }

// read reads an address. What two readers could understand differently is refused, whatever it would mean here.
func (c *Client) read(address string) (target, error) {
	if len(address) > maxAddress {
		return target{}, malformed("length")
	}
	for i := range len(address) {
		if b := address[i]; b <= ' ' || b > '~' || b == '\\' {
			return target{}, malformed("character")
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" {
		return target{}, malformed("syntax")
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return target{}, malformed("scheme")
	}
	if u.User != nil {
		return target{}, malformed("credentials")
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if !hostname(host) {
		return target{}, malformed("host")
	}
	port := map[string]uint16{"http": 80, "https": 443}[u.Scheme]
	if text := u.Port(); text != "" {
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || n == 0 {
			return target{}, malformed("port")
		}
		port = uint16(n)
	} else if strings.HasSuffix(u.Host, ":") {
		return target{}, malformed("port")
	}
	named := c.allowed[place{host, port}]
	if !named && !c.ports[port] {
		return target{}, refused(colophon.Refused, CodePort, "port", strconv.Itoa(int(port)))
	}
	u.Fragment, u.RawFragment = "", ""
	return target{u, host, port, named}, nil
}

// hostname reports whether a host is an address of the usual form, or a name. A name whose last label begins with a digit is
// how some resolvers take addresses in decimal, octal and hexadecimal numbers.
func hostname(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() == ""
	}
	if len(host) > 253 {
		return false
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, b := range []byte(label) {
			if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' && b != '_' {
				return false
			}
		}
	}
	first := labels[len(labels)-1][0]
	return first < '0' || first > '9'
}

// open reports whether an address belongs to the open internet. Of IPv6 that is 2000::/3 without what is set aside in it and
// without what carries an IPv4 address to a gateway: NAT64, 6to4, Teredo.
func open(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || addr.Is6() && !global.Contains(addr) {
		return false
	}
	for _, p := range closed {
		if p.Contains(addr) {
			return false
		}
	}
	return true
}

var (
	global = netip.MustParsePrefix("2000::/3")
	// closed are the special ranges of the registries of IANA, and the address by which Azure speaks to its machines.
	closed = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
		"192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}
