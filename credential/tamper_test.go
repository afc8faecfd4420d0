package credential_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

// flip changes one bit of a file at the only place where needle stands, by an offset into it.
func flip(t *testing.T, file, needle []byte, by int) []byte {
	t.Helper()
	at := bytes.Index(file, needle)
	if at < 0 {
		t.Fatalf("%q is not in the file", needle)
	}
	out := bytes.Clone(file)
	out[at+by] ^= 1
	return out
}

// TestTampered changes one bit here and there: each change has its code, and the peer says the same.
func TestTampered(t *testing.T) {
	for _, name := range []string{"sample1.webp", "video1_no_manifest.mp4", "test.tiff", "sample1.flac"} {
		file := sign(t, signer(true), sample(t, "media/"+name), draft())
		f := detect(t, file)
		store, err := credential.Read(media.Memory(file), f)
		if err != nil {
			t.Fatal(err)
		}
		content := status.DataMismatch
		if f == media.MP4 {
			content = status.BMFFMismatch
		}
		end := bytes.Index(file, store.Raw[len(store.Raw)-64:])
		for _, c := range []struct {
			what string
			file []byte
			code status.Code
		}{
			{"content", touched(t, file), content},
			{"an assertion", flip(t, file, []byte(credential.ActionCreated), 7), status.AssertionMismatch},
			{"the claim", flip(t, file, []byte("a test"), 0), status.SignatureMismatch},
			{"the signature", flip(t, file, file[end:end+64], 63), status.SignatureMismatch},
			{"the certificate", flip(t, file, infrastructure().Signer.Certificate.RawSubject, len(infrastructure().Signer.Certificate.RawSubject)-1), status.SignatureMismatch},
		} {
			r := judge(t, c.file)
			if r.State() != credential.Invalid || r.Intact != colophon.Failed || r.Trusted != colophon.Failed || !r.Active.Has(c.code) {
				t.Errorf("%s: %s changed: %s, %v", name, c.what, r.State(), failures(r))
			}
			if a := ask(t, "rust", c.file, anchors()); a.State != "Invalid" || !slices.Contains(a.Failures, string(c.code)) {
				t.Errorf("%s: %s changed: c2pa-node says %s %v, we say %v", name, c.what, a.State, a.Failures, failures(r))
			}
		}
	}
}

// touched changes one bit of content: of samples, behind the store, or in front of one that ends the file.
func touched(t *testing.T, file []byte) []byte {
	t.Helper()
	store, err := credential.Read(media.Memory(file), detect(t, file))
	if err != nil {
		t.Fatal(err)
	}
	out := bytes.Clone(file)
	at := bytes.Index(file, store.Raw[:64])
	switch samples := bytes.LastIndex(file, []byte("mdat")); {
	case bytes.HasSuffix(bytes.TrimSpace(file), []byte("</svg>")):
		at = bytes.LastIndexAny(file, "0123456789") // which stays a digit
	case bytes.Contains(file[:16], []byte("ftyp")):
		at = samples + min(1000, (len(file)-samples)/2)
	case at < 0 || len(file)-at-len(store.Raw) > 100: // in pieces, or with content behind it
		at = len(file) - 60
	default:
		at -= min(2000, at/3)
	}
	out[at] ^= 1
	return out
}

// TestIngredients keeps what inputs say: a parent, a component, a prompt without a credential.
func TestIngredients(t *testing.T) {
	ctx, o := context.Background(), credential.Options{Trust: trust(t), Now: time.Now()}
	component := sign(t, signer(false), sample(t, "media/sample1.png"), draft())
	parents := []string{"CACA.jpg", "CIE-sig-CA.jpg", "XCA.jpg", "C.jpg", "video1.mp4"}
	if corpus() == "" {
		t.Log("COLOPHON_SAMPLES is not set, so nothing of others is an ingredient")
		parents = nil
	}
	for _, parent := range parents {
		file := sample(t, "c2pa/"+parent)
		d := draft()
		part, err := credential.Examine(ctx, media.Memory(component), media.PNG, credential.ComponentOf, "part", o)
		if err != nil {
			t.Fatal(err)
		}
		prompt := &credential.Ingredient{Title: "prompt", Format: media.Text, Relationship: credential.InputTo}
		d.Ingredients = []*credential.Ingredient{part, prompt}
		out := sign(t, signer(true), file, d)
		r := judge(t, out)
		if r.Intact != colophon.Passed || r.State() != credential.Trusted {
			t.Errorf("%s: %s %v %+v", parent, r.State(), failures(r), r.Ingredients)
		}
		store, err := credential.Read(media.Memory(out), detect(t, out))
		if err != nil {
			t.Fatal(err)
		}
		before, err := credential.Read(media.Memory(file), detect(t, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range before.Manifests {
			if store.Find(m.Label) == nil {
				t.Errorf("%s: %s is gone", parent, m.Label)
			}
		}
		if n := len(store.Active().Of(credential.KindIngredient)); n != 3 {
			t.Errorf("%s: %d ingredients", parent, n)
		}
		if a := ask(t, "rust", out, anchors()); a.State != string(r.State()) || a.Ingredients != 3 {
			t.Errorf("%s: c2pa-node says %s %v %v, %d ingredients", parent, a.State, a.Failures, a.Notes, a.Ingredients)
		}
	}
}

// TestIngredientChanged changes a byte of the manifest that was taken in.
func TestIngredientChanged(t *testing.T) {
	first := sign(t, signer(false), sample(t, "media/sample1.webp"), draft())
	d := draft()
	d.Title = "second"
	out := sign(t, signer(false), first, d)
	changed := flip(t, out, []byte("a test"), 0) // the claim of the first
	r := judge(t, changed)
	if r.State() != credential.Invalid || !slices.Contains(failures(r), string(status.IngredientMismatch)) {
		t.Errorf("%s: %v", r.State(), failures(r))
	}
	if a := ask(t, "rust", changed, anchors()); a.State != "Invalid" || !slices.Equal(a.Failures, failures(r)) {
		t.Errorf("c2pa-node says %s %v; we say %v", a.State, a.Failures, failures(r))
	}
}

// TestUpdate adds to what is said of content without binding it anew.
func TestUpdate(t *testing.T) {
	for _, name := range []string{"earth_apollo17.jpg", "sample1.png", "sample1.gif", "sample1.svg"} {
		first := sign(t, signer(false), sample(t, "media/"+name), draft())
		d := credential.Draft{
			Title: "more", Generator: credential.Generator{Name: "Colophon"}, When: time.Now(), Update: true,
			Actions: []credential.Action{{Action: "c2pa.published"}},
		}
		out := sign(t, signer(true), first, d)
		r := judge(t, out)
		if r.State() != credential.Trusted || !r.Active.Has(status.DataMatch) {
			t.Errorf("%s: %s %v", name, r.State(), failures(r))
		}
		if a := ask(t, "rust", out, anchors()); a.State != "Trusted" {
			t.Errorf("%s: c2pa-node says %s %v %v", name, a.State, a.Failures, a.Notes)
		}
		if r := judge(t, touched(t, out)); r.Intact != colophon.Failed {
			t.Errorf("%s: a changed byte under an update is %v", name, r.Intact)
		}
	}
	s := signer(false)
	first := sign(t, s, sample(t, "media/video1_no_manifest.mp4"), draft())
	_, err := s.Prepare(context.Background(), media.Memory(first), media.MP4, credential.Draft{Update: true, Generator: credential.Generator{Name: "x"}, When: time.Now()}, credential.Options{Now: time.Now()})
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != credential.CodeContent {
		t.Errorf("an update of a file whose offsets move: %v", err)
	}
}

// TestRedaction takes out what an ingredient said, and says so.
func TestRedaction(t *testing.T) {
	first := sign(t, signer(false), sample(t, "media/sample1.png"), draft())
	store, err := credential.Read(media.Memory(first), media.PNG)
	if err != nil {
		t.Fatal(err)
	}
	d := draft()
	d.Redact = []string{store.Active().Of(credential.KindLabel)[0].URI}
	out := sign(t, signer(false), first, d)
	r := judge(t, out)
	if r.State() != credential.Trusted {
		t.Errorf("%s %v %+v", r.State(), failures(r), r.Ingredients)
	}
	if a := ask(t, "rust", out, anchors()); a.State != "Trusted" {
		t.Errorf("c2pa-node says %s %v %v", a.State, a.Failures, a.Notes)
	}
	d.Redact = []string{store.Active().Of(credential.KindActions)[0].URI}
	if _, err := signer(false).Prepare(context.Background(), media.Memory(first), media.PNG, d, credential.Options{Now: time.Now()}); err == nil {
		t.Error("actions are redacted")
	}
}

// TestAlgorithms signs with every kind of key.
func TestAlgorithms(t *testing.T) {
	file := sample(t, "media/sample1.png")
	set := infrastructure()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key       crypto.Signer
		algorithm credential.Algorithm
	}{{p384, 0}, {p521, 0}, {ed, 0}, {rsaKey, 0}, {rsaKey, credential.PS384}, {rsaKey, credential.PS512}} {
		id, err := set.Intermediate.Signer(rand.Reader, time.Now().Add(-time.Hour), c.key, "Colophon tests", "Another")
		if err != nil {
			t.Fatal(err)
		}
		s := &credential.Signer{Key: c.key, Chain: id.Chain(), Algorithm: c.algorithm, Rand: rand.Reader}
		out := sign(t, s, file, draft())
		r := judge(t, out)
		if r.State() != credential.Trusted {
			t.Errorf("%s: %s %v", r.Signer.Algorithm, r.State(), failures(r))
		}
		if a := ask(t, "rust", out, anchors()); a.State != "Trusted" {
			t.Errorf("%s: c2pa-node says %s %v %v", r.Signer.Algorithm, a.State, a.Failures, a.Notes)
		}
	}
}

// counted counts the bytes that are read.
type counted struct {
	media.Source
	n atomic.Int64
}

func (c *counted) ReadAt(b []byte, off int64) (int, error) {
	n, err := c.Source.ReadAt(b, off)
	c.n.Add(int64(n))
	return n, err
}

// TestOnePass signs files of many megabytes: each byte is read once, and little is held in memory.
func TestOnePass(t *testing.T) {
	const size = 96 << 20
	dir := t.TempDir()
	movie := sample(t, "media/video1_no_manifest.mp4")
	big := filepath.Join(dir, "big.mp4")
	f, err := os.Create(big)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(movie); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte{size >> 24, size >> 16 & 0xFF, size >> 8 & 0xFF, size & 0xFF, 'm', 'd', 'a', 't'}); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(int64(len(movie)) + size); err != nil {
		t.Fatal(err)
	}
	src := &counted{Source: source{f, int64(len(movie)) + size}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	plan, err := signer(true).Prepare(context.Background(), src, media.MP4, draft(), credential.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(dir, "signed.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	if err := plan.Write(context.Background(), out); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("%d bytes were allocated", got)
	}
	if n := src.n.Load(); n > src.Size()*101/100 {
		t.Errorf("%d bytes were read of %d", n, src.Size())
	}
	signed := source{out, plan.Size()}
	store, err := credential.Read(signed, media.MP4)
	if err != nil {
		t.Fatal(err)
	}
	r, err := store.Validate(context.Background(), signed, media.MP4, credential.Options{Trust: trust(t), Now: time.Now()})
	if err != nil || r.State() != credential.Trusted {
		t.Errorf("%v, %v", err, r)
	}
}

type source struct {
	*os.File
	size int64
}

func (s source) Size() int64 { return s.size }

// TestEdit signs by an edit, which gives the file that one pass gives but for what is random.
func TestEdit(t *testing.T) {
	for _, name := range []string{"sample1.png", "video1_no_manifest.mp4", "sample1.svg"} {
		file := sample(t, "media/"+name)
		plan := prepare(t, signer(false), file, draft())
		e, err := plan.Edit(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := e.Apply(&out, media.Memory(file)); err != nil {
			t.Fatal(err)
		}
		if r := judge(t, out.Bytes()); r.State() != credential.Trusted || r.Label != plan.Label() {
			t.Errorf("%s: %s %v", name, r.State(), failures(r))
		}
	}
}

// TestRefused has signers and drafts that readers would refuse.
func TestRefused(t *testing.T) {
	t.Parallel()
	file := sample(t, "media/sample1.png")
	set := infrastructure()
	for name, c := range map[string]struct {
		change func(*credential.Signer, *credential.Draft)
		code   colophon.Code
	}{
		"another key":    {func(s *credential.Signer, _ *credential.Draft) { s.Key = set.Root.Key }, credential.CodeSigner},
		"no chain":       {func(s *credential.Signer, _ *credential.Draft) { s.Chain = nil }, credential.CodeSigner},
		"an authority":   {func(s *credential.Signer, _ *credential.Draft) { s.Key, s.Chain = set.Root.Key, set.Root.Chain() }, credential.CodeSigner},
		"time stamps":    {func(s *credential.Signer, _ *credential.Draft) { s.Key, s.Chain = set.Stamps.Key, set.Stamps.Chain() }, credential.CodeSigner},
		"too late":       {func(_ *credential.Signer, d *credential.Draft) { d.When = d.When.AddDate(3, 0, 0) }, credential.CodeSigner},
		"no source type": {func(_ *credential.Signer, d *credential.Draft) { d.SourceType = "" }, credential.CodeContent},
		"no generator":   {func(_ *credential.Signer, d *credential.Draft) { d.Generator.Name = "" }, credential.CodeContent},
		"begun twice": {func(_ *credential.Signer, d *credential.Draft) {
			d.Actions = []credential.Action{{Action: credential.ActionCreated}}
		}, credential.CodeContent},
		"said twice": {func(_ *credential.Signer, d *credential.Draft) {
			d.Extra = []credential.Extra{{Label: "c2pa.actions.v2", CBOR: 1}}
		}, credential.CodeContent},
		"no relationship": {func(_ *credential.Signer, d *credential.Draft) { d.Ingredients = []*credential.Ingredient{{}} }, credential.CodeContent},
		"nothing to redact": {func(_ *credential.Signer, d *credential.Draft) {
			d.Redact = []string{"self#jumbf=/c2pa/a/c2pa.assertions/b"}
		}, credential.CodeContent},
		"an update of nothing": {func(_ *credential.Signer, d *credential.Draft) { d.Update = true }, credential.CodeContent},
	} {
		s, d := signer(false), draft()
		c.change(s, &d)
		_, err := s.Prepare(context.Background(), media.Memory(file), media.PNG, d, credential.Options{Now: time.Now()})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestStampRefused has a time-stamping authority that says something else.
func TestStampRefused(t *testing.T) {
	t.Parallel()
	file := sample(t, "media/sample1.png")
	set := infrastructure()
	for name, stamp := range map[string]func(context.Context, []byte) ([]byte, error){
		"about another message": func(_ context.Context, _ []byte) ([]byte, error) {
			return set.Stamps.Stamp(rand.Reader, time.Now(), []byte("another"))
		},
		"nothing": func(context.Context, []byte) ([]byte, error) { return nil, nil },
	} {
		s := signer(false)
		s.Stamp = stamp
		_, err := prepare(t, s, file, draft()).Edit(context.Background())
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != credential.CodeStamp {
			t.Errorf("%s: %v", name, err)
		}
	}
}
