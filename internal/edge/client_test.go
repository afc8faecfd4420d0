package edge_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/edge"
)

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}

const proxy = "10.0.0.1:999"

func TestForwardedFor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		peer, header, want string // lines of the header are parted by |
	}{
		{proxy, "", proxy},
		{proxy, "192.0.2.1", "192.0.2.1:0"},
		{proxy, "192.0.2.1:4711", "192.0.2.1:4711"},
		{proxy, "2001:db8::1", "[2001:db8::1]:0"},
		{proxy, "[2001:db8::1]", "[2001:db8::1]:0"},
		{proxy, "[2001:db8::1]:4711", "[2001:db8::1]:4711"},
		{proxy, "::ffff:192.0.2.1", "192.0.2.1:0"},
		{proxy, " 192.0.2.1 ,\t10.0.0.2", "192.0.2.1:0"},
		{proxy, "192.0.2.1|10.0.0.2", "192.0.2.1:0"},
		{proxy, "192.0.2.1,,10.0.0.2,", "192.0.2.1:0"},
		{proxy, "198.51.100.1, 192.0.2.1, 10.0.0.2", "192.0.2.1:0"},
		{proxy, "10.0.0.9, 192.0.2.1, 10.0.0.2", "192.0.2.1:0"}, // a trusted address left of an untrusted one
		{proxy, "10.0.0.3, 10.0.0.2", "10.0.0.3:0"},             // the client is within
		{proxy, "192.0.2.1, fd00::5, 10.0.0.2", "192.0.2.1:0"},
		{"[fd00::1]:1", "192.0.2.1", "192.0.2.1:0"},
		{"[::ffff:10.0.0.1]:1", "192.0.2.1", "192.0.2.1:0"},
		{"203.0.113.5:80", "192.0.2.1", "203.0.113.5:80"}, // not from just anybody
		{"127.0.0.1:80", "192.0.2.1", "127.0.0.1:80"},
		// What can't be read ends the walk at the proxy that handed it on.
		{proxy, "192.0.2.1, unknown", proxy},
		{proxy, "192.0.2.1, rubbish, 10.0.0.2", "10.0.0.2:0"},
		{proxy, "rubbish, 192.0.2.1", "192.0.2.1:0"},
		{proxy, "192.0.2.256", proxy},
		{proxy, "192.0.2.1:99999", proxy},
		{proxy, "192.0.2.1:-1", proxy},
		{proxy, "[192.0.2.1]", proxy},
		{proxy, "fe80::1%eth0", proxy},
		{proxy, "[fe80::1%eth0]:1", proxy},
		{proxy, "localhost", proxy},
		{proxy, "192.0.2.1 198.51.100.1", proxy},
		{proxy, "192.0.2.01", proxy},
	} {
		var lines []string
		if test.header != "" {
			lines = strings.Split(test.header, "|")
		}
		if got := edge.Told(netip.MustParseAddrPort(test.peer), false, lines, proxies...).Address; got.String() != test.want {
			t.Errorf("%s %q: %s, want %s", test.peer, test.header, got, test.want)
		}
	}
}

func TestForwarded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ peer, header, want string }{
		{proxy, "for=192.0.2.1", "192.0.2.1:0"},
		{proxy, `for="192.0.2.1:4711"`, "192.0.2.1:4711"},
		{proxy, `For="[2001:db8:cafe::17]:4711"`, "[2001:db8:cafe::17]:4711"},
		{proxy, `for="[2001:db8::1]"; proto=https;by=203.0.113.43`, "[2001:db8::1]:0"},
		{proxy, "for=192.0.2.43, for=198.51.100.17", "198.51.100.17:0"},
		{proxy, "for=192.0.2.43, for=10.0.0.2;proto=http", "192.0.2.43:0"},
		{proxy, "for=192.0.2.43|for=10.0.0.2", "192.0.2.43:0"},
		{proxy, `for="192.0.2.1:_hidden"`, "192.0.2.1:0"},
		{proxy, "for=192.0.2.1:80", "192.0.2.1:80"}, // as some write it
		{proxy, `by=10.0.0.7;for="192\.0.2.1"`, "192.0.2.1:0"},
		{proxy, ";;for=192.0.2.1;,", "192.0.2.1:0"},
		{"203.0.113.5:80", "for=192.0.2.1", "203.0.113.5:80"},
		{proxy, "for=unknown", proxy},
		{proxy, "for=_hidden, for=10.0.0.2", "10.0.0.2:0"},
		{proxy, "for=192.0.2.9, for=unknown", proxy},
		{proxy, "proto=https", proxy},
		{proxy, "for=192.0.2.1;for=192.0.2.2", proxy},
		{proxy, `for="192.0.2.1`, proxy},
		{proxy, `for="192.0.2.1\`, proxy},
		{proxy, `for="192.0.2.1"x`, proxy},
		{proxy, "for", proxy},
		{proxy, "for=", proxy},
		{proxy, "=192.0.2.1", proxy},
		{proxy, "for =192.0.2.1", proxy},
		{proxy, "for=2001:db8::1", proxy}, // needs brackets and quotes
		{proxy, `for="2001:db8::1"`, proxy},
		{proxy, `for="|, for=192.0.2.1`, "192.0.2.1:0"}, // a line of its own is safe from the quote of another
		{proxy, `for=", for=192.0.2.1`, proxy},
	} {
		if got := edge.Told(netip.MustParseAddrPort(test.peer), true, strings.Split(test.header, "|"), proxies...).Address; got.String() != test.want {
			t.Errorf("%s %q: %s, want %s", test.peer, test.header, got, test.want)
		}
	}
}

func TestForwardedNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ peer, header, scheme, host string }{
		{proxy, "for=192.0.2.1;proto=HTTPS;host=A.example", "https", "a.example"},
		{proxy, `for=192.0.2.1;proto=https;host="a.example:8443", for=10.0.0.2;proto=http;host=inner`, "https", "a.example:8443"},
		{proxy, "for=192.0.2.1;proto=https, for=10.0.0.2", "https", ""},
		{proxy, "for=192.0.2.2;proto=https;host=evil.example, for=192.0.2.1", "http", ""}, // what the client wrote
		{proxy, "for=192.0.2.1;proto=gopher", "http", ""},
		{proxy, "for=unknown;proto=https", "http", ""},
		{"203.0.113.5:80", "for=192.0.2.1;proto=https;host=a.example", "http", ""},
	} {
		got := edge.Told(netip.MustParseAddrPort(test.peer), true, []string{test.header}, proxies...)
		if got.Scheme != test.scheme || got.Host != test.host {
			t.Errorf("%s %q: %s, %q", test.peer, test.header, got.Scheme, got.Host)
		}
	}
}

// FuzzForwarded lets a client write whatever it likes into the header before the proxy appends its own element: the
// address is the appended one or, when the line can't be read any more, the proxy's.
func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"", "for=1.2.3.4", `for="`, `for="\`, `for=a;by="x, `, "1.2.3.4, [::1]:5", ",;=", "for=unknown", `"`, "\x00\xff"} {
		f.Add(seed)
	}
	peer := netip.MustParseAddrPort(proxy)
	told := netip.MustParseAddr("198.51.100.7")
	f.Fuzz(func(t *testing.T, client string) {
		for _, own := range []string{"for=198.51.100.7", `for="198.51.100.7:80";proto=https`} {
			if got := edge.Told(peer, true, []string{client + ", " + own}, proxies...).Address; got != peer && got.Addr() != told {
				t.Errorf("Forwarded: %q makes the client %s", client, got)
			}
			if got := edge.Told(peer, true, []string{client, own}, proxies...).Address; got.Addr() != told {
				t.Errorf("Forwarded in two lines: %q makes the client %s", client, got)
			}
		}
		if got := edge.Told(peer, false, []string{client + ", 198.51.100.7"}, proxies...).Address; got.Addr() != told {
			t.Errorf("X-Forwarded-For: %q makes the client %s", client, got)
		}
		for _, rfc := range []bool{false, true} {
			if got := edge.Told(peer, rfc, []string{client}, proxies...).Address; !got.IsValid() || got.Addr().Zone() != "" || got.Addr().Is4In6() {
				t.Errorf("%q gives %s", client, got)
			}
		}
	})
}
