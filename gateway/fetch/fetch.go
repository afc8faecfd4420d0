// Package fetch gets a file from an address that somebody else chose, such as a reference picture in a request or a result
// that a model hands out by URL, without being turned against the network that we stand in.
//
// The name of the host is resolved once. Every address that comes of it is held against the ranges that are not the open
// internet, and the connection goes to one of exactly these addresses: a name that says something else the second time
// changes nothing. Hosts of internal stores are named in [Config.Allow]. A redirect is followed on the same host alone, and
// checked as the first address was. No proxy is used, no cookie is kept, nothing compressed is taken, and nothing but an
// address goes out.
//
// What not to do here: no check of an address as text alone. Never resolve twice. No address, and nothing of an answer, in
// an error or a log: addresses carry signatures.
package fetch

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
)

// Codes of errors.
const (
	CodeAddress   colophon.Code = "gateway-fetch-address"   // no http or https address, or one out of form; arg "field"
	CodePort      colophon.Code = "gateway-fetch-port"      // arg "port"
	CodePrivate   colophon.Code = "gateway-fetch-private"   // it lies in a network that is not the open internet
	CodeUnknown   colophon.Code = "gateway-fetch-unknown"   // the host's name could not be resolved
	CodeUnreached colophon.Code = "gateway-fetch-unreached" // no connection, or it broke
	CodeTLS       colophon.Code = "gateway-fetch-tls"
	CodeRedirect  colophon.Code = "gateway-fetch-redirect" // to another host, or too many
	CodeStatus    colophon.Code = "gateway-fetch-status"   // arg "status"
	CodeEncoding  colophon.Code = "gateway-fetch-encoding" // compressed
	CodeTimeout   colophon.Code = "gateway-fetch-timeout"
	CodeTooLarge  colophon.Code = "gateway-fetch-too-large" // arg "limit"
	CodeType      colophon.Code = "gateway-fetch-type"      // content that is not wanted, or not known
)

// Resolver resolves names. A *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Config is what a Client is made of. The zero value is good.
type Config struct {
	// Allow names hosts that may lie anywhere and be asked on any port: "minio.internal" for the usual ports, or
	// "minio.internal:9000" for one.
	Allow []string
	// Ports are allowed besides 80 and 443.
	Ports     []uint16
	Resolver  Resolver
	Roots     *x509.CertPool // nil for those of the system
	Most      int64          // most bytes of a file; 0 for 64 MiB
	Timeout   time.Duration  // of a whole fetch; 0 for 30 seconds
	Idle      time.Duration  // between two bytes; 0 for 10 seconds
	Redirects int            // 0 for 3
	// Dial opens connections to addresses that were checked; nil for the network.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// File is what was fetched.
type File struct {
	Data   []byte
	Format media.Format // by its content, whatever the other side says
	Type   string       // media type of the format
}
