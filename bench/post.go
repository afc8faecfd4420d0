package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/accounts"
	"github.com/colophon-project/colophon/internal/store/artefacts"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/screen/sight"
	"github.com/colophon-project/colophon/stamp"
)

// postProducer is the provider in the labels, postCount how many pictures a round posts.
const postProducer, postCount = "001191110000000000000E10000", 240

// post measures what it costs to have a picture marked with durable evidence, beside the marking alone: in this process
// by production.Line, and by HTTP through the program.
func (b *bench) post() (err error) {
	pictures, err := b.uploads()
	if err != nil {
		return err
	}
	r, err := b.rig("")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	if err := r.sequence(); err != nil {
		return err
	}
	line, err := r.line()
	if err != nil {
		return err
	}
	web, err := b.serveAPI()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, web.end()) }()
	by := production.By{Role: production.Application, ID: "key-1", Source: netip.MustParseAddrPort("192.0.2.1:40000"), Client: "bench/1"}
	fmt.Print("| clients | contender | requests/s | p50, ms | p99, ms |\n|---|---|---|---|---|\n")
	var added string
	for _, clients := range []int{1, 4, 16} {
		racing := func(name string, mark func(i int) error) *racer {
			return &racer{name: name, run: func() (sample, error) { return many(postCount, clients, mark) }}
		}
		list := []*racer{
			racing("the marks alone: stamp, write, read back in memory", func(i int) error { return r.mark(pictures[i%len(pictures)]) }),
			racing("production.Line: the same, recorded and stored", func(i int) error {
				_, err := line.Produce(r.ctx, by, production.Order{Account: strconv.Itoa(i % 50)}, bytes.NewReader(pictures[i%len(pictures)]))
				return err
			}),
			racing("colophon serve: the same by HTTP", func(i int) error { return web.post(i, pictures[i%len(pictures)]) }),
		}
		if err := b.compete(fmt.Sprint(clients, " clients"), list...); err != nil {
			return err
		}
		for _, c := range list {
			fmt.Printf("| %d | %s | %s |\n", clients, c.name, c.row(1))
		}
		for _, c := range list[1:] {
			added += fmt.Sprintf("%d clients, %s: %.1f ms more than the marks alone (p50)\n", clients, c.name, (c.p50()-list[0].p50()).Seconds()*1000)
		}
	}
	fmt.Println("\n" + added)
	return nil
}

// uploads makes pictures of about 200 KB.
func (b *bench) uploads() ([][]byte, error) {
	const kinds = 8
	_, err := command("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=1280x720,noise=alls=18:allf=t", "-frames:v", strconv.Itoa(kinds),
		"-q:v", "6", b.path("upload-%d.jpg"))
	if err != nil {
		return nil, err
	}
	total, list := 0, make([][]byte, kinds)
	for i := range list {
		if list[i], err = os.ReadFile(b.path(fmt.Sprintf("upload-%d.jpg", i+1))); err != nil {
			return nil, err
		}
		total += len(list[i])
	}
	fmt.Printf("### POST of a JPEG picture of 1280 × 720, %d KB on average\n\n", total/kinds/1000)
	return list, nil
}

// mark puts the same marks on a picture as the line does, and keeps nothing.
func (r *rig) mark(picture []byte) error {
	id, err := r.rec.NewID()
	if err != nil {
		return err
	}
	src := media.Memory(picture)
	plan, err := (&stamp.Press{}).Prepare(r.ctx, src, stamp.Request{Label: label.Request{Key: r.keys.Seal, Rand: rand.Reader,
		Fields: label.Fields{Label: label.Belongs, ContentProducer: postProducer, ProduceID: id}}})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := plan.Edit.Apply(&out, src); err != nil {
		return err
	}
	return plan.ReadBack(r.ctx, media.Memory(out.Bytes()), nil)
}

// line makes the line as the server has it: over the store, a folder of blobs and the network log.
func (r *rig) line() (*production.Line, error) {
	spool := filepath.Join(r.dir, "tmp")
	if err := os.Mkdir(spool, 0o700); err != nil {
		return nil, err
	}
	files, err := blob.Open(r.ctx, filepath.Join(r.dir, "blobs"), blob.Options{Spool: spool})
	if err != nil {
		return nil, err
	}
	r.close = append(r.close, files.Close)
	return production.NewLine(production.Config{
		Register: artefact.NewRegister(artefacts.New(r.store, nil), r.rec), Recorder: r.rec, Keys: r.keys.Envelopes, Press: &stamp.Press{},
		Accounts: accounts.New(r.store, r.rec, make([]byte, 32)), Network: networkLog{r}, Blobs: blobs{store: files},
		Spool: func() (production.Temporary, error) { return &temporary{}, nil }, Rand: rand.Reader, Producer: postProducer, Key: r.keys.Seal, MaxSize: 1 << 30, AtOnce: runtime.GOMAXPROCS(0),
		Likeness: sight.New(nil, sight.Limits{}).Likeness,
	}), nil
}

// blobs are where marked bytes go. What the line does not ask for here is not there.
type blobs struct {
	production.Blobs
	store *blob.Store
}

// Put implements production.Blobs.
func (s blobs) Put(ctx context.Context, r io.Reader) (string, error) {
	d, _, err := s.store.Put(ctx, r)
	return blob.FormatDigest(d), err
}

// temporary holds an upload in memory, where the server too holds one of this size.
type temporary struct{ bytes.Buffer }

// Close does nothing.
func (*temporary) Close() error { return nil }

// Source reads what was written.
func (t *temporary) Source() media.Source { return media.Memory(t.Bytes()) }

type networkLog struct{ *rig }

// Log implements production.NetworkLog.
func (n networkLog) Log(ctx context.Context, subject evidence.Subject, operation string, by production.By) error {
	e, err := store.SealNetworkEntry(n.rec, store.NetworkEntry{Subject: subject, Operation: operation, Source: by.Source, Client: by.Client})
	if err != nil {
		return err
	}
	return n.store.LogNetwork(ctx, e)
}
