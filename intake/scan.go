package intake

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
)

// Codes of errors about scans.
const (
	CodeScanMissing colophon.Code = "intake-scan-missing"
	CodeScanBucket  colophon.Code = "intake-scan-bucket" // arg "bucket": the settings name no such bucket
	CodeScanOver    colophon.Code = "intake-scan-over"   // it ended already
	CodeScanTags    colophon.Code = "intake-scan-tags"   // the store of the bucket has no tags
)

const (
	scanPage = 200
	// reports is the folder of the reports of a scan, below where its files are written.
	reports = "colophon-intake"
)

// ScanState is how far a scan is.
type ScanState string

// States of a scan.
const (
	ScanRunning ScanState = "running"
	ScanDone    ScanState = "done"
	ScanStopped ScanState = "stopped"
)

// Object is a file in a bucket.
type Object struct {
	Key  string
	Size int64
	ETag string // changes with the content
}

// Bucket is where files lie.
type Bucket interface {
	// Objects goes through the files whose keys begin with a prefix, in order, from the one behind a key.
	Objects(ctx context.Context, prefix, after string) iter.Seq2[Object, error]
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Write returns when the file is durable.
	Write(ctx context.Context, key, mediaType string, r io.ReadSeeker) error
	// Tag sets tags of a file beside those it has. A store without tags returns an error of kind Unsupported.
	Tag(ctx context.Context, key string, tags map[string]string) error
}

// Order says what is to be scanned.
type Order struct {
	Bucket      string `json:"bucket"` // by its name in the settings
	Prefix      string `json:"prefix"`
	To          string `json:"to,omitempty"` // prefix for the files with their elements; empty for none
	Tag         bool   `json:"tag,omitempty"`
	Declaration Declaration
	Asked       bool
}

// Scan is what is kept of a scan. Keys of files stand in what is sealed: they may name people.
type Scan struct {
	Bucket      string        `json:"bucket"`
	Tag         bool          `json:"tag,omitempty"`
	Write       bool          `json:"write,omitempty"`
	Declaration Declaration   `json:"declaration"`
	Asked       bool          `json:"asked"`
	By          string        `json:"by,omitempty"`
	Role        evidence.Role `json:"role"`
	Pages       int           `json:"pages"`
	Files       int64         `json:"files"`
	Bytes       int64         `json:"bytes"`
	States      map[State]int `json:"states,omitempty"`
	Troubles    int           `json:"troubles,omitempty"` // files that could not be taken in
	// Recalled are files that were refuted, and Alike those that are like what was refuted.
	Recalled int       `json:"recalled,omitempty"`
	Alike    int       `json:"alike,omitempty"`
	Ended    time.Time `json:"ended,omitzero"`
}

// Where is the part of a scan that is sealed.
type Where struct {
	Prefix string `json:"prefix"`
	To     string `json:"to,omitempty"`
	Cursor string `json:"cursor,omitempty"` // the last key that was done
}

// ScanEntry is a scan. Its state is a [ScanState].
type ScanEntry = ledger.Entry[Scan]

// ScanConfig is what a Scanner is made of.
type ScanConfig struct {
	Scans    ledger.Store[Scan]
	Recorder *evidence.Recorder
	Keys     ledger.Unsealer
	Line     *Line
	// Bucket returns a bucket by its name, or an error of kind Missing.
	Bucket func(ctx context.Context, name string) (Bucket, error)
	AtOnce int // files of one scan that are on their way at the same time; 0 for 8
}

// Scanner takes in what lies in buckets. It is safe for use by many goroutines.
type Scanner struct {
	c    ScanConfig
	book ledger.Book[Scan]
}

// NewScanner makes a scanner.
func NewScanner(c ScanConfig) *Scanner {
	if c.AtOnce <= 0 {
		c.AtOnce = 8
	}
	return &Scanner{c, ledger.Book[Scan]{Store: c.Scans, Recorder: c.Recorder, Keys: c.Keys, Use: "colophon/intake-scan/v1\x00", Missing: CodeScanMissing}}
}

// Begin enters a scan; whoever keeps the ledger has [Scanner.Run] called for it.
func (s *Scanner) Begin(ctx context.Context, by production.By, o Order) (ScanEntry, error) {
	u := Upload{Declaration: o.Declaration}
	if s.c.Line.c.Platform == "" {
		return ScanEntry{}, noPlatform()
	}
	switch {
	case u.check() != "":
		return ScanEntry{}, invalid("declaration")
	case !keyed(o.Prefix):
		return ScanEntry{}, invalid("prefix")
	case !keyed(o.To) || o.To != "" && o.Prefix != "" && strings.HasPrefix(o.Prefix, o.To) || o.To != "" && !strings.HasSuffix(o.To, "/"):
		return ScanEntry{}, invalid("to")
	}
	bucket, err := s.c.Bucket(ctx, o.Bucket)
	if err != nil {
		return ScanEntry{}, err
	}
	for _, err := range bucket.Objects(ctx, o.Prefix, "") { // a bucket that does not answer is told at once
		if err != nil {
			return ScanEntry{}, err
		}
		break
	}
	if err := s.c.Line.c.Network.Log(ctx, evidence.System, "intake.scan", by); err != nil {
		return ScanEntry{}, err
	}
	e := ScanEntry{State: string(ScanRunning), Value: Scan{Bucket: o.Bucket, Tag: o.Tag, Write: o.To != "", Declaration: u.Declaration, Asked: o.Asked, By: by.ID, Role: by.Role}}
	return s.book.Add(ctx, e, Where{Prefix: o.Prefix, To: o.To}, act(RecordScan, by, map[string]any{"by": by.ID, "order": o}))
}

// keyed reports whether text may begin a key.
func keyed(s string) bool {
	return len(s) <= 512 && !strings.HasPrefix(s, "/") && (s == "" || path.Clean(s)+"/" == s || path.Clean(s) == s) && !strings.Contains(s, "..") && !strings.ContainsAny(s, "\x00\r\n\\")
}

// Scan returns a scan.
func (s *Scanner) Scan(ctx context.Context, id string) (ScanEntry, error) { return s.book.Get(ctx, id) }

// Where opens the part of a scan that is sealed.
func (s *Scanner) Where(e ScanEntry) (w Where, err error) {
	_, err = s.book.Open(e, &w)
	return w, err
}

// Page returns a page of scans, and the identifier after which the next one begins.
func (s *Scanner) Page(ctx context.Context, q ledger.Query) ([]ScanEntry, string, error) {
	return s.book.Page(ctx, q)
}

// Stop ends a scan after the page it is at.
func (s *Scanner) Stop(ctx context.Context, by production.By, id string) (ScanEntry, error) {
	return s.end(ctx, by, id, ScanStopped)
}

func (s *Scanner) end(ctx context.Context, by production.By, id string, state ScanState) (ScanEntry, error) {
	return s.book.Change(ctx, id, func(e *ScanEntry) (ledger.Act, error) {
		if e.State != string(ScanRunning) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeScanOver}
		}
		e.State, e.Value.Ended = string(state), s.book.Now()
		return act(RecordScan, by, map[string]any{"scan": id, "by": by.ID, "state": state, "value": e.Value}), nil
	})
}

// Run works a scan from where it is to its end. It may be called again after a crash: files that were recorded are not
// recorded again.
func (s *Scanner) Run(ctx context.Context, id string) error {
	e, err := s.book.Get(ctx, id)
	if err != nil {
		return err
	}
	bucket, err := s.c.Bucket(ctx, e.Value.Bucket)
	if err != nil {
		return err
	}
	for e.State == string(ScanRunning) {
		where, err := s.Where(e)
		if err != nil {
			return err
		}
		list, err := next(ctx, bucket, where)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			_, err := s.end(ctx, production.By{Role: system}, id, ScanDone)
			return err
		}
		if e, err = s.page(ctx, e, where, bucket, list); err != nil {
			return err
		}
	}
	return nil
}

// errOrder ends a scan that would begin again and again.
var errOrder = errors.New("the bucket is not listed in the order of its keys")

// next returns the objects of the next page.
func next(ctx context.Context, bucket Bucket, where Where) (list []Object, err error) {
	for o, err := range bucket.Objects(ctx, where.Prefix, where.Cursor) {
		if err != nil {
			return nil, err
		}
		n := len(list)
		if o.Key <= where.Cursor || n > 0 && o.Key <= list[n-1].Key {
			return nil, errOrder
		}
		if n == scanPage {
			break
		}
		list = append(list, o)
	}
	return list, nil
}

// line is one line of a scan's report.
type line struct {
	Key      string        `json:"key"`
	Intake   string        `json:"intake,omitempty"`
	State    State         `json:"state,omitempty"`
	Complete bool          `json:"complete"`
	Action   Action        `json:"action,omitempty"`
	Number   string        `json:"number,omitempty"`
	Recall   Outcome       `json:"recall,omitempty"` // what the look for refutations came to
	Error    colophon.Code `json:"error,omitempty"`

	size  int64
	alike bool // like what was refuted
	ours  bool // a fault of ours or of the bucket's
	lost  bool // what it became was written and is not recorded
	whole error
}

func (l *line) tell(e Entry) {
	l.Intake, l.State, l.Complete, l.Action, l.Number, l.Recall = e.ID, State(e.State), e.Value.Complete, e.Value.Action, e.Value.Number, e.Value.Recall
	l.alike = slices.Contains(e.Value.Findings, FindingRecallAlike)
}

// page takes one page of files in, writes its report and says how far the scan is.
func (s *Scanner) page(ctx context.Context, e ScanEntry, where Where, bucket Bucket, list []Object) (ScanEntry, error) {
	lines, err := s.all(ctx, e, where, bucket, list)
	if err != nil {
		return e, err
	}
	if where.To != "" && len(lines) > 0 {
		var report bytes.Buffer
		enc := json.NewEncoder(&report)
		for _, l := range lines {
			if err := enc.Encode(l); err != nil {
				return e, err
			}
		}
		name := fmt.Sprintf("%s%s/%s/%08d.ndjson", where.To, reports, e.ID, e.Value.Pages+1)
		if err := bucket.Write(ctx, name, "application/x-ndjson", bytes.NewReader(report.Bytes())); err != nil {
			return e, err
		}
	}
	where.Cursor = list[len(list)-1].Key
	return s.book.Change(ctx, e.ID, func(e *ScanEntry) (ledger.Act, error) {
		v := &e.Value
		v.States = maps.Clone(v.States)
		if v.States == nil {
			v.States = map[State]int{}
		}
		v.Pages++
		for _, l := range lines {
			v.Files++
			v.Bytes += l.size
			if l.Error != "" {
				v.Troubles++
				continue
			}
			v.States[l.State]++
			switch {
			case l.Recall == Seen:
				v.Recalled++
			case l.alike:
				v.Alike++
			}
		}
		if err := s.book.Secret(e, where); err != nil {
			return ledger.Act{}, err
		}
		return act(RecordScan, production.By{Role: system}, map[string]any{"scan": e.ID, "value": *v}), nil
	})
}

// files tells the files of a page from the sidecars of files, and says which have one. A sidecar may stand in another page
// than its file; one without a file is a file.
func files(ctx context.Context, where Where, bucket Bucket, list []Object) (files []Object, sides map[string]bool, err error) {
	keys := map[string]bool{}
	for _, o := range list {
		keys[o.Key] = true
	}
	sides = map[string]bool{}
	for _, o := range list {
		if o.Size == 0 && strings.HasSuffix(o.Key, "/") || where.To != "" && strings.HasPrefix(o.Key, where.To) {
			continue
		}
		if of, ok := strings.CutSuffix(o.Key, label.SidecarSuffix); ok && of != "" && !strings.HasSuffix(of, "/") {
			there := keys[of]
			if !there {
				if there, err = has(ctx, bucket, of); err != nil {
					return nil, nil, err
				}
			}
			if there {
				continue
			}
		}
		side := o.Key + label.SidecarSuffix
		if sides[o.Key] = keys[side]; side > list[len(list)-1].Key {
			if sides[o.Key], err = has(ctx, bucket, side); err != nil {
				return nil, nil, err
			}
		}
		files = append(files, o)
	}
	return files, sides, nil
}

// has reports whether there is a file under a key, which is the first of those that begin with it.
func has(ctx context.Context, bucket Bucket, key string) (bool, error) {
	for o, err := range bucket.Objects(ctx, key, "") {
		return err == nil && o.Key == key, err
	}
	return false, nil
}

// all takes some files in, several at a time. When none of them could be, for a fault that is not theirs, that is an error;
// so is one that was written and not recorded.
func (s *Scanner) all(ctx context.Context, e ScanEntry, where Where, bucket Bucket, list []Object) ([]line, error) {
	files, sides, err := files(ctx, where, bucket, list)
	if err != nil {
		return nil, err
	}
	lines := make([]line, len(files))
	var all sync.WaitGroup
	slots := make(chan struct{}, s.c.AtOnce)
	for i, o := range files {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			lines[i] = s.one(ctx, e, where, bucket, o, sides[o.Key])
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var faults []error
	for _, l := range lines {
		if l.lost {
			return nil, l.whole
		}
		if l.ours {
			faults = append(faults, l.whole)
		}
	}
	if len(faults) > 0 && len(faults) == len(lines) {
		return nil, faults[0]
	}
	return lines, nil
}

// one takes one file in, once. A file that breaks what reads it is a trouble of its own, and stops nothing else.
func (s *Scanner) one(ctx context.Context, e ScanEntry, where Where, bucket Bucket, o Object, side bool) (out line) {
	out = line{Key: o.Key, size: o.Size}
	u := Upload{Name: path.Base(o.Key), Declaration: e.Value.Declaration, Asked: e.Value.Asked, scan: e.ID, once: digestOf(e.ID, o.Key, o.ETag), Number: numberOf(e.ID, o.Key, o.ETag)}
	wrote := false
	defer func() {
		if fault := recover(); fault != nil {
			out.Error, out.lost, out.whole = CodeFailed, wrote, fmt.Errorf("taking a file in: %v", fault)
		}
	}()
	before, err := s.c.Line.book.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: "object", Value: u.once}}})
	var known *colophon.Error
	if err == nil { // before a crash, after it was written
		out.tell(before)
		return out
	}
	if errors.As(err, &known) && known.Kind == colophon.Missing {
		u.Deliver = func(r *Result) (err error) {
			wrote, err = s.deliver(ctx, e, where, bucket, o.Key, r)
			return err
		}
		var r *Result
		if r, err = s.take(ctx, e, bucket, o, side, u); err == nil {
			defer r.Close()
			out.tell(r.Entry)
			return out
		}
	}
	out.lost, out.whole = wrote, err
	if errors.As(err, &known) && known.Kind != colophon.Internal {
		out.Error = known.Code
	} else {
		out.Error, out.ours = CodeFailed, true
	}
	return out
}

func (s *Scanner) take(ctx context.Context, e ScanEntry, bucket Bucket, o Object, side bool, u Upload) (*Result, error) {
	if side {
		text, err := whole(ctx, bucket, o.Key+label.SidecarSuffix)
		if err != nil {
			return nil, err
		}
		u.Sidecar = media.Memory(text)
	}
	body, err := bucket.Open(ctx, o.Key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return s.c.Line.Take(ctx, production.By{Role: e.Value.Role, ID: e.Value.By}, u, body)
}

// maxSidecar is more than any sidecar has, in bytes.
const maxSidecar = 1 << 20

func whole(ctx context.Context, bucket Bucket, key string) ([]byte, error) {
	r, err := bucket.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxSidecar+1))
}

// deliver tags the file as it lies, and writes what it became. It reports whether that may have been written.
func (s *Scanner) deliver(ctx context.Context, e ScanEntry, where Where, bucket Bucket, key string, r *Result) (wrote bool, err error) {
	v := r.Entry.Value
	var known *colophon.Error
	if e.Value.Tag {
		tags := map[string]string{"colophon-state": r.Entry.State, "colophon-complete": strconv.FormatBool(v.Complete)}
		if v.Number != "" {
			tags["colophon-number"] = v.Number
		}
		if v.Recall == Seen || v.Recall == CouldNotTell {
			tags["colophon-recall"] = string(v.Recall)
		}
		if err := bucket.Tag(ctx, key, tags); errors.As(err, &known) && known.Kind == colophon.Unsupported {
			return false, &colophon.Error{Kind: colophon.Unsupported, Code: CodeScanTags, Err: err}
		} else if err != nil {
			return false, err
		}
	}
	to := where.To + key
	switch {
	case where.To == "":
		return false, nil
	case r.Changed():
		facts, _ := media.Facts(v.Format)
		err = bucket.Write(ctx, to, facts.MIME, io.NewSectionReader(r.Source, 0, r.Source.Size()))
	case r.Detail.Sidecar != "":
		err = bucket.Write(ctx, to+label.SidecarSuffix, "application/json", strings.NewReader(r.Detail.Sidecar))
	default:
		return false, nil
	}
	refused := errors.As(err, &known) && known.Kind != colophon.Internal
	return !refused, err
}

func digestOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])
}

// numberOf is the platform's content number of a file of a scan (UUIDv8, RFC 9562), which is the same when the file is
// taken in again after a crash.
func numberOf(parts ...string) string {
	sum := sha256.Sum256([]byte("number\x00" + strings.Join(parts, "\x00")))
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id.String()
}
