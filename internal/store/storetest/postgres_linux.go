package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that makes databases
)

// Server is a running PostgreSQL server.
type Server struct {
	dir  string
	run  func() error // starts it
	halt func()       // ends it at once, as a crash does, and keeps its data
}

var (
	shared   *Server
	started  sync.Once
	startErr error
	database atomic.Int64
)

// Main runs the tests of a package, then what is to be done after them, and stops the server if one was started.
func Main(m *testing.M, after ...func()) {
	code := m.Run()
	for _, do := range after {
		do()
	}
	if shared != nil {
		shared.Stop()
	}
	os.Exit(code)
}

// Postgres returns the URL of a new, empty database on the shared server.
func Postgres(t testing.TB) string {
	t.Helper()
	started.Do(func() { shared, startErr = StartServer(false) })
	if startErr != nil {
		t.Fatalf("PostgreSQL is needed and can't be started: %v", startErr)
	}
	return shared.Database(t)
}

// Database makes a new, empty database and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", database.Add(1))
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		t.Fatal(err)
	}
	return s.url(name)
}

func (s *Server) url(name string) string {
	q := url.Values{"host": {s.dir}, "user": {"postgres"}}
	return "postgres:///" + name + "?" + q.Encode()
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	s.halt()
	os.RemoveAll(s.dir)
}

// Halt ends the server at once, as a crash does. Resume starts it again on the same data.
func (s *Server) Halt() { s.halt() }

// Resume starts a server that was halted and waits until it answers.
func (s *Server) Resume() error {
	if err := s.run(); err != nil {
		return err
	}
	return s.ready()
}

// StartServer starts a server. With durable it waits for the disk as a real one does, for measurements.
func StartServer(durable bool) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "colophon-pg-")
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*Server, error) { os.RemoveAll(dir); return nil, err }
	attr, err := account(dir)
	if err != nil {
		return fail(err)
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return fail(fmt.Errorf("initdb: %w: %s", err, out))
	}
	s := &Server{dir: dir}
	args := []string{"-D", filepath.Join(dir, "data"), "-k", dir, "-c", "listen_addresses=", "-c", "max_connections=200", "-c", "shared_buffers=64MB"}
	if !durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	s.run = func() error { return s.start(filepath.Join(bin, "postgres"), args, attr) }
	if err := s.Resume(); err != nil {
		return fail(err)
	}
	return s, nil
}

// start starts the server and sees to it that it ends with this process.
func (s *Server) start(program string, args []string, attr *syscall.SysProcAttr) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	begun, ended, quit := make(chan error), make(chan struct{}), make(chan struct{})
	go func() {
		// The signal at the parent's death is tied to the thread that started the child, so the thread is kept.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		cmd := exec.Command(program, args...)
		cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = attr, s.dir, log, log
		err := cmd.Start()
		begun <- err
		if err != nil {
			return
		}
		<-quit
		_ = cmd.Process.Signal(syscall.SIGQUIT)
		_ = cmd.Wait()
		close(ended)
	}()
	if err := <-begun; err != nil {
		return err
	}
	s.halt = sync.OnceFunc(func() {
		close(quit)
		<-ended
		log.Close()
	})
	return nil
}

// ready waits until the server answers.
func (s *Server) ready() error {
	db, err := sql.Open("pgx", s.url("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.halt()
			return fmt.Errorf("the server does not answer: %w: %s", err, log)
		case <-tick.C:
		}
	}
}

// binaries finds the folder of the newest server that is installed.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		return "", errors.New("no initdb in /usr/lib/postgresql and on the path; install the package postgresql")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// account gives the folder to the user postgres where this process is root, since the server refuses to run as root.
func account(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}
