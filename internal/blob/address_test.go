package blob_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/blob"
)

func TestParseS3(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]blob.S3{
		"s3://b": {Bucket: "b"},
		"s3://my.bucket/a/b/?region=cn-north-1&endpoint=https://s3.example.cn&path-style=true":  {Bucket: "my.bucket", Prefix: "a/b/", Region: "cn-north-1", Endpoint: "https://s3.example.cn", PathStyle: true},
		"s3://b?endpoint=http://127.0.0.1:7070&credentials=/etc/c&profile=p&checksums=required": {Bucket: "b", Endpoint: "http://127.0.0.1:7070", Credentials: "/etc/c", Profile: "p", PlainChecksums: true},
		"s3://b?endpoint=http://[::1]:1&checksums=supported":                                    {Bucket: "b", Endpoint: "http://[::1]:1"},
		"s3://b?endpoint=http://store.internal:9000&plain-http=true":                            {Bucket: "b", Endpoint: "http://store.internal:9000"},
		"s3://b?endpoint=http%3A%2F%2Flocalhost%3A9000":                                         {Bucket: "b", Endpoint: "http://localhost:9000"},
	} {
		got, err := blob.ParseS3(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", address, diff)
		}
	}
	for address, part := range map[string]string{
		"s3://":                              "bucket",
		"s3://b:80":                          "bucket",
		"s3://key:hunter2@b":                 "password",
		"s3://b/../c":                        "prefix",
		"s3://b#x":                           "address",
		"http://b":                           "address",
		"s3://b?x=1":                         "x",
		"s3://b?region=a&region=b":           "region",
		"s3://b?path-style=maybe":            "path-style",
		"s3://b?checksums=no":                "checksums",
		"s3://b?a=%zz":                       "parameters",
		"s3://b?endpoint=http://example.com": "endpoint",
		"s3://b?endpoint=http://127.0.0.1.example.com": "endpoint",
		"s3://b?endpoint=https://a:hunter2@h":          "endpoint",
		"s3://b?endpoint=ftp://h":                      "endpoint",
		"s3://b?endpoint=h":                            "endpoint",
	} {
		_, err := blob.ParseS3(address)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != blob.CodeAddress || e.Args["part"] != part || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %s", address, err, part)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, address := range []string{"mem:", filepath.Join(dir, "a"), "file://" + filepath.Join(dir, "b"), "s3://b?region=r"} {
		s, err := blob.Open(t.Context(), address, blob.Options{})
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, address := range []string{"", "gs://b", "file:", "file://host/x", "s3://"} {
		_, err := blob.Open(t.Context(), address, blob.Options{})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != blob.CodeAddress {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// FuzzParseS3: an address is refused or leads to a bucket, over TLS or on this machine unless it says otherwise.
func FuzzParseS3(f *testing.F) {
	for _, seed := range []string{"s3://b/p?endpoint=https://h&region=r", "s3://b?endpoint=http://localhost:1", "s3://a:b@c", "s3://%00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		c, err := blob.ParseS3(address)
		if err != nil {
			return
		}
		if c.Bucket == "" || strings.Contains(c.Prefix, "..") || strings.HasPrefix(c.Prefix, "/") {
			t.Fatalf("%q gives %+v", address, c)
		}
		if strings.HasPrefix(strings.ToLower(c.Endpoint), "http:") && !strings.Contains(address, "plain-http") &&
			!strings.Contains(c.Endpoint, "localhost") && !strings.Contains(c.Endpoint, "127.") && !strings.Contains(c.Endpoint, ":") {
			t.Fatalf("%q allows %s", address, c.Endpoint)
		}
	})
}

// FuzzParseDigest: whatever is a digest is written the same way.
func FuzzParseDigest(f *testing.F) {
	f.Add(blob.FormatDigest(blob.Digest{1, 2, 255}))
	f.Add("SHA256")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := blob.ParseDigest(s); err == nil && blob.FormatDigest(d) != s {
			t.Fatalf("%q is %s", s, blob.FormatDigest(d))
		}
	})
}

// FuzzNames puts under a name of anybody: it is refused, or can be got back under that name and no other.
func FuzzNames(f *testing.F) {
	for _, seed := range []string{"tile/0/x001/002.p/3", "../x", "a//b", "checkpoint"} {
		f.Add(seed)
	}
	s, err := blob.Open(f.Context(), f.TempDir(), blob.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, name string) {
		n, err := s.Names("fuzz")
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Put(t.Context(), name, []byte(name)); err != nil {
			return
		}
		if !filepath.IsLocal(name) || filepath.Clean(name) != name {
			t.Fatalf("%q was taken", name)
		}
		if got, err := n.Get(t.Context(), name); err != nil || string(got) != name {
			t.Fatalf("%q holds %q, %v", name, got, err)
		}
	})
}
