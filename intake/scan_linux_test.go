package intake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/blob/blobtest"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/label"
)

// bucket is a real bucket that can break.
type bucket struct {
	*blob.Objects
	opens, limit atomic.Int64 // after so many openings nothing can be opened; 0 for no limit
}

type asBucket struct{ *bucket }

func (b asBucket) Objects(ctx context.Context, prefix, after string) iter.Seq2[intake.Object, error] {
	return func(yield func(intake.Object, error) bool) {
		for o, err := range b.List(ctx, prefix, after) {
			if !yield(intake.Object(o), err) {
				return
			}
		}
	}
}

func (b asBucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if n := b.limit.Load(); n > 0 && b.opens.Add(1) > n {
		return nil, errors.New("the network broke")
	}
	return b.bucket.Objects.Open(ctx, key)
}

// scanning is a scanner over a bucket of a real S3 server.
type scanning struct {
	*bench
	client  *s3.Client
	name    string
	bucket  *bucket
	scanner *intake.Scanner
}

func openScan(t *testing.T, s3server *blobtest.S3Server) *scanning {
	t.Helper()
	b := open(t, func(c *intake.Config) { c.Detectors = nil })
	s := &scanning{bench: b, client: s3server.Client(), name: s3server.NewBucket(t)}
	objects, err := blob.OpenObjects(t.Context(), s3server.Address(s.name))
	b.must(err)
	s.bucket = &bucket{Objects: objects}
	s.scanner = intake.NewScanner(intake.ScanConfig{Scans: ledgers.Of[intake.Scan](b.store, intake.ScanLedger), Recorder: b.rec, Keys: b.keys, Line: b.line,
		Bucket: func(_ context.Context, name string) (intake.Bucket, error) {
			if name != "uploads" {
				return nil, &colophon.Error{Kind: colophon.Missing, Code: intake.CodeScanBucket, Args: colophon.Args{"bucket": name}}
			}
			return asBucket{s.bucket}, nil
		}})
	return s
}

func (s *scanning) put(key string, file []byte) {
	s.Helper()
	s.must(s.bucket.Write(s.ctx, key, "application/octet-stream", bytes.NewReader(file)))
}

func (s *scanning) read(key string) []byte {
	s.Helper()
	r, err := s.bucket.Objects.Open(s.ctx, key)
	s.must(err)
	defer r.Close()
	text, err := io.ReadAll(r)
	s.must(err)
	return text
}

func (s *scanning) keys(prefix string) (list []string) {
	s.Helper()
	for o, err := range s.bucket.List(s.ctx, prefix, "") {
		s.must(err)
		list = append(list, o.Key)
	}
	return list
}

// TestScan takes in a bucket on a real S3 server, through a break of the network, into another prefix and into tags.
func TestScan(t *testing.T) {
	t.Parallel()
	s := openScan(t, blobtest.StartS3(t))
	plain := picture(t)
	made := labelled(t, plain, label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p-1"})
	side, err := label.Prepare(media.Memory(plain), label.Request{Fields: label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: "p-2"}, Place: "sidecar"})
	s.must(err)
	s.put("in/张三/图 1.png", made)
	s.put("in/beside.png", plain)
	s.put("in/beside.png"+label.SidecarSuffix, side.Sidecar)
	s.put("in/empty.png", nil)
	s.put("other/outside.png", made)
	const more = 230 // more than a page
	for i := range more {
		s.put(fmt.Sprintf("in/p/%03d.png", i), plain)
	}
	e, err := s.scanner.Begin(s.ctx, key, intake.Order{Bucket: "uploads", Prefix: "in/", To: "out/", Tag: true, Asked: true})
	s.must(err)
	s.bucket.limit.Store(100) // the first page is taken in in part, and the second one not at all
	if err := s.run(e.ID); err == nil {
		t.Fatal("a page of which nothing could be read was passed over")
	}
	s.bucket.limit.Store(0)
	s.must(s.run(e.ID)) // from there on
	if e, err = s.scanner.Scan(s.ctx, e.ID); err != nil || e.State != string(intake.ScanDone) {
		t.Fatal(e.State, err)
	}
	v := e.Value
	if v.Files != more+3 || v.States[intake.Confirmed] != 2 || v.States[intake.None]+v.Troubles != more+1 || v.Troubles < 90 || v.Troubles > 110 {
		t.Errorf("%+v", v)
	}
	again, err := s.scanner.Begin(s.ctx, key, intake.Order{Bucket: "uploads", Prefix: "in/", To: "again/", Tag: true, Declaration: intake.Generated})
	s.must(err)
	s.must(s.run(again.ID))
	if again, err = s.scanner.Scan(s.ctx, again.ID); err != nil || again.Value.States[intake.Possible] != more || again.Value.States[intake.Confirmed] != 2 || again.Value.Troubles != 1 {
		t.Errorf("%+v %v", again.Value, err)
	}
	var fields label.Fields
	s.must(json.Unmarshal([]byte(aigc(t, "a.png", s.read("again/in/张三/图 1.png"))), &fields))
	if fields.ContentProducer != producer || fields.ContentPropagator != platform {
		t.Errorf("written: %+v", fields)
	}
	if !bytes.Equal(s.read("in/张三/图 1.png"), made) {
		t.Error("the file in its place was changed")
	}
	tags, err := s.client.GetObjectTagging(s.ctx, &s3.GetObjectTaggingInput{Bucket: &s.name, Key: aws.String("in/张三/图 1.png")})
	s.must(err)
	found := map[string]string{}
	for _, tag := range tags.TagSet {
		found[*tag.Key] = *tag.Value
	}
	if found["colophon-state"] != "confirmed" || found["colophon-number"] != fields.PropagateID {
		t.Error(found)
	}
	report := s.keys("again/colophon-intake/")
	if len(report) < 2 || strings.Count(string(s.read(report[0])), "\n") < 190 {
		t.Error(report)
	}
	s.hidden(again.ID)
}

// hidden makes sure that the key of a file, which may name a person, stands in no entry.
func (s *scanning) hidden(id string) {
	s.Helper()
	e, err := s.scanner.Scan(s.ctx, id)
	s.must(err)
	list, _, err := s.line.Page(s.ctx, ledger.Query{Keys: []ledger.Key{{Name: "scan", Value: id}}})
	s.must(err)
	text, err := json.Marshal([]any{e.Value, e.Keys, list})
	s.must(err)
	if strings.Contains(string(text), "张三") || len(list) < 200 {
		s.Error("an entry names a person, or entries are missing", len(list))
	}
}

func (s *scanning) run(id string) error {
	return s.scanner.Run(s.ctx, id)
}

// TestScanAgain has a scan go on after it broke: nothing is recorded twice, and numbers stay.
func TestScanAgain(t *testing.T) {
	t.Parallel()
	s := openScan(t, blobtest.StartS3(t))
	plain := picture(t)
	for i := range 3 {
		s.put(fmt.Sprintf("%d.png", i), plain)
	}
	e, err := s.scanner.Begin(s.ctx, key, intake.Order{Bucket: "uploads", To: "out/", Declaration: intake.Generated})
	s.must(err)
	s.bucket.limit.Store(1)
	s.bucket.opens.Store(1)
	if err := s.run(e.ID); err == nil {
		t.Fatal("a bucket that can't be read was scanned")
	}
	if e, err = s.scanner.Scan(s.ctx, e.ID); err != nil || e.State != string(intake.ScanRunning) || e.Value.Files != 0 {
		t.Fatal(e.State, e.Value, err)
	}
	s.bucket.limit.Store(0)
	s.must(s.run(e.ID))
	before := s.keys("out/")
	s.must(s.run(e.ID)) // done already
	if after := s.keys("out/"); !slices.Equal(before, after) || len(before) != 4 {
		t.Error(before, after)
	}
	_, err = s.scanner.Stop(s.ctx, key, e.ID)
	want(t, err, colophon.Conflict, intake.CodeScanOver)
	stopped, err := s.scanner.Begin(s.ctx, key, intake.Order{Bucket: "uploads", Tag: true})
	s.must(err)
	_, err = s.scanner.Stop(s.ctx, key, stopped.ID)
	s.must(err)
	s.must(s.run(stopped.ID))
	if e, err := s.scanner.Scan(s.ctx, stopped.ID); err != nil || e.State != string(intake.ScanStopped) || e.Value.Files != 0 {
		t.Error(e.State, e.Value, err)
	}
}

func TestScanRefused(t *testing.T) {
	t.Parallel()
	s := openScan(t, blobtest.StartS3(t))
	for _, o := range []intake.Order{{Bucket: "other"}, {Bucket: "uploads", Prefix: "../x"}, {Bucket: "uploads", To: "out"}, {Bucket: "uploads", To: "/out/"}, {Bucket: "uploads", Prefix: "out/in/", To: "out/"},
		{Bucket: "uploads", Declaration: "maybe"}} {
		_, err := s.scanner.Begin(s.ctx, key, o)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Kind != colophon.Missing && e.Kind != colophon.Invalid {
			t.Errorf("%+v: %v", o, err)
		}
	}
	_, err := s.scanner.Scan(s.ctx, "nothing")
	want(t, err, colophon.Missing, intake.CodeScanMissing)
}
