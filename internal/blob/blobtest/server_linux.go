package blobtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// serverPackage is what the module in internal/blob/s3server pins.
const serverPackage = "github.com/versity/versitygw/cmd/versitygw"

const region = "us-east-1"

// S3Server is a versitygw that serves a temporary folder on this machine.
type S3Server struct {
	Endpoint string
	dir      string
	access   string
	secret   string
	stop     func()
	buckets  atomic.Int64
}

// StartS3 starts a server that is stopped when the test ends. The first call on a machine builds the program, which
// takes minutes; it stays in the user's cache folder.
func StartS3(t testing.TB) *S3Server {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatalf("building the S3 server: %v", err)
	}
	dir := t.TempDir()
	s := &S3Server{dir: dir, access: "tester", secret: rand.Text()}
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", s.access, s.secret)
	if err := errors.Join(os.Mkdir(s.path("data"), 0o700), os.WriteFile(s.path("credentials"), []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
	const tries = 3 // another process may take the port in between
	for range tries {
		if err = s.start(program); err == nil {
			t.Cleanup(s.stop)
			return s
		}
	}
	t.Fatalf("starting the S3 server: %v", err)
	return nil
}

func (s *S3Server) path(name string) string { return filepath.Join(s.dir, name) }

// Address returns the address of a bucket for blob.Open.
func (s *S3Server) Address(bucket string) string {
	q := url.Values{"endpoint": {s.Endpoint}, "region": {region}, "path-style": {"true"}, "credentials": {s.path("credentials")}}
	return "s3://" + bucket + "?" + q.Encode()
}

// Client returns a client that may do everything.
func (s *S3Server) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: &s.Endpoint, Region: region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(s.access, s.secret, ""),
	})
}

// NewBucket makes an empty bucket and returns its name.
func (s *S3Server) NewBucket(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("bucket-%d", s.buckets.Add(1))
	if _, err := s.Client().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	return name
}

// start runs the program and waits until it answers.
func (s *S3Server) start(program string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().String()
	l.Close()
	log, err := os.Create(s.path("log"))
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "--access", s.access, "--secret", s.secret, "--region", region, "--port", port,
		"--health", "/health", "--quiet", "posix", s.path("data"))
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begun, ended := make(chan error), make(chan struct{})
	go func() {
		// The signal at the parent's death is tied to the thread that started the child, so the thread is kept.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := cmd.Start()
		begun <- err
		if err == nil {
			_ = cmd.Wait()
		}
	}()
	if err := <-begun; err != nil {
		return err
	}
	s.Endpoint = "http://" + port
	s.stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		<-ended
		log.Close()
	})
	if err := s.answers(ended); err != nil {
		s.stop()
		text, _ := os.ReadFile(s.path("log"))
		return fmt.Errorf("%w: %s", err, text)
	}
	return nil
}

func (s *S3Server) answers(ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+"/health", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// build returns the path of the program, and builds it when this version was not built before.
func build() (string, error) {
	module, err := findModule()
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return "", err
		}
		h.Write(data)
	}
	io.WriteString(h, runtime.Version()+runtime.GOARCH)
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "colophon-test")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	program := filepath.Join(dir, "versitygw-"+hex.EncodeToString(h.Sum(nil)[:8]))
	lock, err := os.OpenFile(program+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	// Several test programs may come here at once. The lock ends with the process that holds it.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program+".new", serverPackage)
	cmd.Dir = module
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return program, os.Rename(program+".new", program)
}

// findModule finds the folder of the server's module from the package that is tested.
func findModule() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("module "+strings.TrimSuffix(serverOf, "/internal/blob/s3server")+"\n")) {
			return filepath.Join(dir, "internal", "blob", "s3server"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod of the project above the working folder")
		}
		dir = filepath.Dir(dir)
	}
}

const serverOf = "github.com/colophon-project/colophon/internal/blob/s3server"
