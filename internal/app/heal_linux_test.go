package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/pki"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/production"
)

// signerFiles makes a test infrastructure, and returns the signer's key and the list that trusts it.
func signerFiles(t *testing.T) (key, trust string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "pki")
	if err := InitPKI(dir, pki.Profile("es256"), "Studio", "Studio", time.Now()); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "signer.key"), filepath.Join(dir, "trust.pem")
}

// passedOn is what becomes of a picture that people pass on: cut, made smaller and encoded again, twice, without metadata.
func passedOn(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	first := mediatest.FFmpeg(t, "first.jpg", "-i", mediatest.File(t, name, content), "-map_metadata", "-1", "-vf", "crop=iw*0.95:ih*0.95,scale=1080:-2", "-q:v", "5")
	return mediatest.FFmpeg(t, "second.jpg", "-i", mediatest.File(t, "first.jpg", first), "-map_metadata", "-1", "-q:v", "7")
}

// TestHeal marks photographs with everything, passes them on until nothing but the picture is left, and has them known again.
func TestHeal(t *testing.T) {
	t.Parallel()
	key, trust := signerFiles(t)
	d := deploy(t, map[string]string{"watermark": "picture", "credential-key": key, "credential-trust": trust, "admission": "off", "screen-artefacts": "off"})
	d.join()
	var list []string
	if os.Getenv("COLOPHON_TORTURE") != "" {
		for _, pattern := range []string{filepath.Join(os.Getenv("COLOPHON_SAMPLES"), "images", "*.png"), "/usr/share/backgrounds/mate/*/*.jpg", "/usr/share/backgrounds/*.jpg"} {
			some, err := filepath.Glob(pattern)
			d.must(err)
			list = append(list, some...)
		}
		list = list[:min(50, len(list))]
	}
	content := map[string][]byte{}
	for _, path := range list {
		b, err := os.ReadFile(path)
		d.must(err)
		content[path] = b
	}
	for _, name := range []string{"15.png", "20.png"} {
		b, ok := mediatest.Sample(t, filepath.Join("images", name))
		if !ok {
			return // where they have to be, Sample ends the test
		}
		path := filepath.Join(os.Getenv("COLOPHON_SAMPLES"), "images", name)
		content[path] = b
	}
	var last httpapi.Artefact
	found, wrong, unmarked := 0, 0, 0
	var copyOf []byte
	for path, b := range content {
		var a httpapi.Artefact
		d.json(&a, "POST", "/v1/artefacts?function=other&name="+filepath.Base(path), b, 201)
		mark, _ := a.Marks["watermark"].(map[string]any)
		if mark["state"] != "put" {
			unmarked++
		}
		_, marked := d.ask("GET", "/v1/artefacts/"+string(a.Number)+"/content", nil, 200)
		if a.Marks["credential"].(map[string]any)["state"] != "put" {
			t.Errorf("%s: %v", path, a.Marks["credential"])
		}
		d.credited(marked, media.Format(a.Format), trust)
		passed := passedOn(t, filepath.Base(path), marked)
		var h httpapi.Healing
		d.json(&h, "POST", "/v1/artefacts:heal?name=a.jpg", passed, 200)
		switch {
		case h.Attribution == nil:
			t.Logf("%s: not known: %+v", path, h)
		case h.Attribution.Number != a.Number:
			wrong++
		default:
			found++
			last, copyOf = a, passed
		}
	}
	t.Logf("%d pictures, %d bear no watermark, %d known again, %d wrong", len(content), unmarked, found, wrong)
	if wrong > 0 || found*100 < len(content)*98 {
		t.Fatalf("%d of %d known again, %d wrong", found, len(content), wrong)
	}
	d.healed(copyOf, last)
	d.stranger()
}

// credited reads the credential of what was handed out.
func (d *deployment) credited(marked []byte, f media.Format, trust string) {
	d.Helper()
	list, err := ReadTrust([]string{trust})
	d.must(err)
	store, err := credential.Read(media.Memory(marked), f)
	d.must(err)
	r, err := store.Validate(d.Context(), media.Memory(marked), f, credential.Options{Trust: list, Now: time.Now()})
	d.must(err)
	if r.Intact != colophon.Passed || r.Trusted != colophon.Passed {
		d.Errorf("the credential is %v, %v: %+v", r.Intact, r.Trusted, r.Active)
	}
}

// healed has the label of a copy restored, and reads it with another program; a restored copy is whole, and is told as known.
func (d *deployment) healed(lost []byte, a httpapi.Artefact) {
	d.Helper()
	header, whole := d.ask("POST", "/v1/artefacts:restore?name=a.jpg", lost, 200)
	if header.Get("Colophon-Restored") != "watermark; sure=strong" || header.Get("Colophon-Artefact") != string(a.Number) {
		d.Errorf("%v", header)
	}
	r, err := label.Read(media.Memory(whole), label.Options{Pinned: d.server.keys.Seals})
	d.must(err)
	if len(r.Marks) != 1 || r.Marks[0].Fields.ProduceID != string(a.Number) || r.Marks[0].Seal.State != label.SealPinned {
		d.Errorf("%+v", r.Marks)
	}
	if said := string(mediatest.Output(d.T, "exiftool", "-s3", "-XMP:AIGC", mediatest.File(d.T, "whole.jpg", whole))); !strings.Contains(said, string(a.Number)) {
		d.Errorf("exiftool reads %q", said)
	}
	var h httpapi.Healing
	d.json(&h, "POST", "/v1/artefacts:heal?name=a.jpg", whole, 200)
	if h.Restorable != "failed" || h.Reason == nil || h.Reason.Code != production.CodeWhole || h.Attribution == nil || h.Attribution.Number != a.Number {
		d.Errorf("%+v", h)
	}
	d.ask("POST", "/v1/artefacts:restore?name=a.jpg", whole, 409)
	held, err := d.server.store.RecordsAbout(d.Context(), string(a.Number), 0, 50)
	d.must(err)
	n := 0
	for _, rec := range held {
		if rec.Type == artefact.RecordRestored {
			n++
		}
	}
	if n != 1 {
		d.Errorf("%d records of a restored label", n)
	}
}

// stranger is a picture that was never here.
func (d *deployment) stranger() {
	d.Helper()
	b, ok := mediatest.Sample(d.T, filepath.Join("images", "05.png"))
	if !ok || os.Getenv("COLOPHON_TORTURE") != "" { // it was there then
		return
	}
	var h httpapi.Healing
	d.json(&h, "POST", "/v1/artefacts:heal?name=a.png", b, 200)
	if h.Attribution != nil || h.Reason == nil || h.Reason.Code != production.CodeStrangerTo || len(h.Looks) != 4 {
		text, _ := json.Marshal(h)
		d.Errorf("%s", text)
	}
	if _, said := d.ask("POST", "/v1/artefacts:restore?name=a.png", b, 409); !bytes.Contains(said, []byte(production.CodeStrangerTo)) {
		d.Errorf("%s", said)
	}
}
