package cli

import (
	"fmt"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
)

type backupCommand struct {
	deployment
	Blobs bool
	Dir   string `arg:"" name:"dir"`
}

type jsonBackup struct {
	Dir string `json:"dir"`
	app.Manifest
}

// Run writes a backup into a new folder.
func (c *backupCommand) Run(s *session) error {
	config, set, err := c.settings(s, nil)
	if err != nil {
		return err
	}
	var progress app.Progress
	watch := s.watch(&progress, 0)
	m, err := app.Backup(s.ctx, config, set, c.Dir, c.Blobs, &progress)
	watch.end()
	switch {
	case err != nil:
		s.stop(err)
		return nil
	case s.json:
		s.printJSON(jsonBackup{c.Dir, m})
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("backup-done", "dir", c.Dir, "dump", megabytes(m.Dump.Size), "blobs", itoa(m.Blobs), "megabytes", megabytes(m.BlobBytes)))
	if !m.Included {
		fmt.Fprintln(s.Stdout, s.say.Say("backup-listed"))
	}
	fmt.Fprintln(s.Stdout, s.say.Say("backup-keys", "folder", set.Keys))
	fmt.Fprintln(s.Stdout, s.say.Say("backup-erasures"))
	return nil
}

func megabytes(n int64) string { return strconv.FormatInt((n+1<<20-1)>>20, 10) }

type restoreCommand struct {
	deployment
	Dir string `arg:"" name:"dir"`
}

type jsonRestored struct {
	app.Manifest
	Absent     []string         `json:"absent"`
	AbsentMore int              `json:"absent_more"`
	Verdict    colophon.Verdict `json:"verdict"`
	Fsck       jsonFsck         `json:"fsck"`
}

// Run restores a backup, checks what it restored, and exits 4 when something is wrong with it.
func (c *restoreCommand) Run(s *session) error {
	config, set, err := c.settings(s, nil)
	if err != nil {
		return err
	}
	var progress app.Progress
	watch := s.watch(&progress, 0)
	done, err := app.Restore(s.ctx, config, set, c.Dir, &progress)
	watch.end()
	if err != nil {
		s.stop(err)
		return nil
	}
	s.exit = exitOfVerdict(done.Verdict().String())
	out := s.restoredJSON(&done)
	if s.json {
		s.printJSON(out)
		return nil
	}
	fmt.Fprintln(s.Stdout, s.say.Say("restore-done", "time", done.Created.Local().Format("2006-01-02 15:04:05"), "data", set.Data))
	for _, digest := range done.Absent {
		fmt.Fprintf(s.Stdout, "%s  %s\n", s.say.Say("mark-failed"), s.say.Say("restore-absent", "digest", digest))
	}
	if done.AbsentMore > 0 {
		fmt.Fprintln(s.Stdout, s.say.Say("restore-absent-more", "count", itoa(done.AbsentMore)))
	}
	s.printFsck(out.Fsck)
	fmt.Fprintln(s.Stdout, s.say.Say("restore-history"))
	return nil
}

// stop tells why work ended before it was done.
func (s *session) stop(err error) {
	s.exit = exitError
	if s.ctx.Err() != nil {
		s.exit = exitInterrupted
		fmt.Fprintln(s.Stderr, s.say.Say("backup-interrupted"))
		return
	}
	if s.json {
		s.printJSON(map[string]any{"error": s.errorJSON(err)})
		return
	}
	fmt.Fprintln(s.Stderr, "colophon: "+s.say.Error(err))
}

func (s *session) restoredJSON(done *app.Restored) jsonRestored {
	return jsonRestored{done.Manifest, append([]string{}, done.Absent...), done.AbsentMore, done.Verdict(), s.fsckJSON(done.Fsck)}
}
