package blob

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"gocloud.dev/blob/memblob"

	"github.com/colophon-project/colophon"
)

// Open opens the store at an address:
//
//	/var/lib/colophon/blobs    a folder; also file:///var/lib/colophon/blobs
//	mem:                       memory, for tests
//	s3://bucket/prefix?...     an S3-compatible store, with the parameters of ParseS3
//
// It does not ask an S3 store whether it is there; Ready does.
func Open(ctx context.Context, address string, opts Options) (*Store, error) {
	scheme, _, _ := strings.Cut(address, ":")
	switch {
	case address == "mem:":
		return New(memblob.OpenBucket(nil), opts), nil
	case scheme == "s3":
		c, err := ParseS3(address)
		if err != nil {
			return nil, err
		}
		bucket, uploads, err := openS3(ctx, c)
		if err != nil {
			return nil, err
		}
		s := New(bucket, opts)
		s.uploads = uploads
		return s, nil
	case scheme == "file":
		u, err := url.Parse(address)
		if err != nil || u.Host != "" || u.RawQuery != "" || u.Path == "" {
			return nil, wrongAddress("path", err)
		}
		address = u.Path
	case strings.Contains(address, "://"), address == "":
		return nil, wrongAddress("scheme", nil)
	}
	bucket, err := FolderBucket(address)
	if err != nil {
		return nil, err
	}
	return New(bucket, opts), nil
}

// ParseS3 reads the address of a bucket: s3://BUCKET[/PREFIX] with the parameters
//
//	endpoint=URL        of the store; AWS when it is left out
//	region=NAME
//	path-style=true     as most own stores need
//	credentials=FILE    access keys; else AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the usual file
//	profile=NAME        section of that file
//	checksums=required  for stores that do not know the newer checksums
//	plain-http=true     allows an endpoint without TLS that is not on this machine
//
// An address with a password in it is refused, since addresses end up in logs.
func ParseS3(address string) (S3, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil, u.Scheme != "s3", u.Fragment != "":
		return S3{}, wrongAddress("address", nil) // the cause would repeat the address
	case u.User != nil:
		return S3{}, wrongAddress("password", nil)
	case u.Host == "" || u.Port() != "":
		return S3{}, wrongAddress("bucket", nil)
	}
	c := S3{Bucket: u.Host}
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		if !validKey(prefix) {
			return S3{}, wrongAddress("prefix", nil)
		}
		c.Prefix = prefix + "/"
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return S3{}, wrongAddress("parameters", nil)
	}
	plain := false
	for name, values := range query {
		if len(values) != 1 {
			return S3{}, wrongAddress(name, errors.New("it is given twice"))
		}
		var err error
		switch value := values[0]; name {
		case "endpoint":
			c.Endpoint = value
		case "region":
			c.Region = value
		case "credentials":
			c.Credentials = value
		case "profile":
			c.Profile = value
		case "path-style":
			c.PathStyle, err = strconv.ParseBool(value)
		case "plain-http":
			plain, err = strconv.ParseBool(value)
		case "checksums":
			c.PlainChecksums = value == "required"
			if value != "required" && value != "supported" {
				err = errors.New("neither required nor supported")
			}
		default:
			err = errors.New("there is no such parameter")
		}
		if err != nil {
			return S3{}, wrongAddress(name, err)
		}
	}
	return c, c.checkEndpoint(plain)
}

func (c S3) checkEndpoint(plain bool) error {
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil, u.User != nil, u.Hostname() == "", u.RawQuery != "", u.Fragment != "":
		return wrongAddress("endpoint", nil)
	case u.Scheme == "https", u.Scheme == "http" && (plain || loopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return wrongAddress("endpoint", errors.New("without TLS everybody on the way reads the content; plain-http=true allows it"))
	}
	return wrongAddress("endpoint", errors.New("neither https nor http"))
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func wrongAddress(part string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeAddress, Args: colophon.Args{"part": part}, Err: err}
}
