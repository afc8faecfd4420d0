package blob_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	gcblob "gocloud.dev/blob"
	"gocloud.dev/blob/memblob"
	"gocloud.dev/blob/s3blob"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
)

// TestMain lets the crash test run this program as the writer that it kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashVar); dir != "" {
		fmt.Println(crashWriter(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func closing(t *testing.T, s *blob.Store) *blob.Store {
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openFolder(t *testing.T, dir string) (*blob.Store, *gcblob.Bucket) {
	t.Helper()
	s, err := blob.Open(t.Context(), dir, blob.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := blob.FolderBucket(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bucket.Close() })
	return closing(t, s), bucket
}

func TestFolder(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, blobtest.Backend{Open: func(t *testing.T) (*blob.Store, *gcblob.Bucket) {
		return openFolder(t, filepath.Join(t.TempDir(), "made", "here"))
	}})
}

func TestMemory(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, blobtest.Backend{Open: func(t *testing.T) (*blob.Store, *gcblob.Bucket) {
		bucket := memblob.OpenBucket(nil)
		return closing(t, blob.New(bucket, blob.Options{Spool: t.TempDir()})), bucket
	}})
}

func TestS3(t *testing.T) {
	server := blobtest.StartS3(t)
	t.Run("suite", func(t *testing.T) {
		blobtest.Run(t, blobtest.Backend{Open: func(t *testing.T) (*blob.Store, *gcblob.Bucket) {
			name := server.NewBucket(t)
			s, err := blob.Open(t.Context(), server.Address(name), blob.Options{Spool: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			bucket, err := s3blob.OpenBucket(t.Context(), server.Client(), name, nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { bucket.Close() })
			return closing(t, s), bucket
		}})
	})
	t.Run("sweep", func(t *testing.T) { sweepUploads(t, server) })
	t.Run("unready", func(t *testing.T) {
		s, err := blob.Open(t.Context(), server.Address("nowhere"), blob.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := closing(t, s).Ready(t.Context()); err == nil {
			t.Error("a bucket that does not exist is ready")
		}
		_, err = s.Get(t.Context(), blob.Digest{})
		blobtest.Code(t, err, colophon.Missing, blob.CodeMissing)
	})
}

func sweepUploads(t *testing.T, server *blobtest.S3Server) {
	name, client := server.NewBucket(t), server.Client()
	s, err := blob.Open(t.Context(), server.Address(name), blob.Options{Spool: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	closing(t, s)
	for i := range 3 {
		if _, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &name, Key: aws.String(fmt.Sprint("sha256/", i))}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		before time.Duration
		want   int
	}{{-24 * time.Hour, 0}, {time.Hour, 3}, {time.Hour, 0}} {
		if n, err := s.Sweep(t.Context(), time.Now().Add(c.before)); n != c.want || err != nil {
			t.Errorf("Sweep = %d, %v; want %d", n, err, c.want)
		}
	}
	left, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	if err != nil || len(left.Uploads) != 0 {
		t.Errorf("%d uploads are left, %v", len(left.Uploads), err)
	}
}
