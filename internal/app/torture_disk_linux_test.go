package app

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// healing is how long a deployment may take until it works again after what it needs is back.
const healing = time.Minute

// disk makes a file system of its own and mounts it.
func disk(t *testing.T, megabytes int64) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "image")
	write(t, image, "")
	if err := os.Truncate(image, megabytes<<20); err != nil {
		t.Fatal(err)
	}
	mediatest.Output(t, "mkfs.ext4", "-q", "-m", "0", image)
	dir := t.TempDir()
	mediatest.Output(t, "mount", "-o", "loop", image, dir)
	t.Cleanup(func() { mediatest.Output(t, "umount", dir) })
	return dir
}

// TestOutages takes away what a server needs while it is used, and gives it back.
func TestOutages(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(t *testing.T){
		"disk full":            func(t *testing.T) { diskFull(t, "data") },
		"disk of the log full": func(t *testing.T) { diskFull(t, "log") },
		"read-only":            func(t *testing.T) { readOnly(t, "data") },
		"log read-only":        func(t *testing.T) { readOnly(t, "log") },
		"content read-only":    remounted,
		"PostgreSQL stopped":   postgresStops,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t)
		})
	}
}

// diskFull fills the disk that a part of the data is on.
func diskFull(t *testing.T, what string) {
	dir := disk(t, 64)
	outage(t, map[string]string{what: filepath.Join(dir, what)}, func() { fillUp(t, dir) }, func() {
		if err := os.Remove(filepath.Join(dir, "filler")); err != nil {
			t.Fatal(err)
		}
	})
}

// fillUp takes all space of a file system, to the last byte.
func fillUp(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
}

// readOnly has the disk refuse every write while the files are open: all files and folders become immutable. (The kernel
// mounts nothing read-only that has a file open for writing, as a database always has.)
func readOnly(t *testing.T, what string) {
	dir := disk(t, 64)
	outage(t, map[string]string{what: filepath.Join(dir, what)}, func() { immutable(t, dir, true) }, func() { immutable(t, dir, false) })
}

const immutableFlag = 0x10 // FS_IMMUTABLE_FL of linux/fs.h

// immutable sets or lifts the attribute. The files that a server makes meanwhile are caught in further rounds.
func immutable(t *testing.T, dir string, on bool) {
	t.Helper()
	for range 3 {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.IsDir() && !e.Type().IsRegular() {
				return ignore(err, fs.ErrNotExist)
			}
			f, err := os.Open(path)
			if err != nil {
				return ignore(err, fs.ErrNotExist)
			}
			defer f.Close()
			flags, err := unix.IoctlGetUint32(int(f.Fd()), unix.FS_IOC_GETFLAGS)
			if err != nil {
				return err
			}
			if on == (flags&immutableFlag != 0) {
				return nil
			}
			flags ^= immutableFlag
			return unix.IoctlSetPointerInt(int(f.Fd()), unix.FS_IOC_SETFLAGS, int(flags))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func ignore(err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return err
}

// remounted mounts the file system of the content read-only, as soon as no file on it is open for writing.
func remounted(t *testing.T) {
	dir := disk(t, 32)
	outage(t, map[string]string{"blobs": filepath.Join(dir, "blobs")}, func() {
		until(t, 10*time.Second, "mounting read-only", func() bool {
			err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "")
			if err != nil && !errors.Is(err, unix.EBUSY) {
				t.Fatal(err)
			}
			return err == nil
		})
	}, func() {
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT, ""); err != nil {
			t.Fatal(err)
		}
	})
}

// postgresStops ends the database as a crash does, and starts it again.
func postgresStops(t *testing.T) {
	server, err := storetest.StartServer(false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	outage(t, map[string]string{"postgres": server.Database(t)}, server.Halt, func() {
		if err := server.Resume(); err != nil {
			t.Fatal(err)
		}
	})
}

// outage takes away what a server needs, while it is used, and gives it back. Meanwhile every answer is an error that says
// so; what was acknowledged before and after is there; nobody has to do anything. (SQLite shares memory with its readers
// through a file that it maps. The kernel may end a process that writes there while the disk refuses it; then the server
// is started again, as a service manager does.) Where only the log is lacking,
// the work goes on, and the log catches up.
func outage(t *testing.T, flags map[string]string, begin, end func()) {
	d, settings := prepare(t, flags)
	c := newClient(t, d.key, startNode(t, settings))
	if what := flags["data"]; what != "" {
		c.keep = settings
	}
	var sum outages
	for range rounds(1, 5) {
		c.outageRound(flags["log"] != "", begin, end, &sum)
	}
	c.turn().stop()
	t.Logf("%s: while it lasted %d requests were acknowledged and %d refused; when it was over five were done after %s, and the log had all after %s",
		path.Base(t.Name()), sum.acknowledged, sum.refused, spread(sum.done), spread(sum.logged))
	d.audit(c.sent)
}

// outages are what happened in several.
type outages struct {
	acknowledged, refused int64 // meanwhile
	done, logged          []time.Duration
}

func (c *client) outageRound(works bool, begin, end func(), sum *outages) {
	c.Helper()
	ctx, cancel := context.WithCancel(c.Context())
	var load sync.WaitGroup
	var acknowledged, refused atomic.Int64
	for i := range 2 {
		load.Go(func() {
			for ctx.Err() == nil {
				n := c.turn()
				status, _, problem, err := c.post(n, c.item(i == 0))
				switch {
				case err != nil && c.again(n):
					refused.Add(1)
				case err != nil:
					c.Errorf("the server is gone: %v", err)
					return
				case status == http.StatusCreated:
					acknowledged.Add(1)
				case status == http.StatusServiceUnavailable && problem.Code == "api-unavailable":
					refused.Add(1)
				default:
					c.Errorf("%d %+v", status, problem)
				}
			}
		})
	}
	grow := func(what *atomic.Int64, by int64) time.Duration {
		c.Helper()
		from := what.Load()
		return until(c.T, healing, "answers", func() bool { return what.Load() >= from+by })
	}
	grow(&acknowledged, 5)
	begin()
	done := acknowledged.Load()
	if works {
		grow(&acknowledged, 10)
		it := c.item(false)
		if status, _, problem, err := c.post(c.turn(), it); err != nil || status != http.StatusCreated {
			c.Errorf("meanwhile: %d %+v %v", status, problem, err)
		} else if c.logged(c.turn(), it) {
			c.Error("the log takes records that it can't write")
		}
	} else {
		grow(&refused, 20)
	}
	if status, _, _, err := c.send(c.turn(), "GET", "/healthz", nil); c.keep == nil && (err != nil || status != http.StatusOK) {
		c.Errorf("meanwhile: %d %v", status, err)
	}
	sum.acknowledged += acknowledged.Load() - done
	sum.refused += refused.Load()
	end()
	back := time.Now()
	sum.done = append(sum.done, grow(&acknowledged, 5))
	cancel()
	load.Wait()
	it := c.item(true)
	if status, _, problem, err := c.post(c.turn(), it); err != nil || status != http.StatusCreated {
		c.Fatalf("afterwards: %d %+v %v", status, problem, err)
	}
	until(c.T, healing, "the log", func() bool { return c.logged(c.turn(), it) })
	sum.logged = append(sum.logged, time.Since(back))
	for _, it := range c.sent {
		if it.made.Number != "" {
			c.holds(c.turn(), it)
		}
	}
}
