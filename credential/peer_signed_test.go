package credential_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/status"
	"github.com/colophon-project/colophon/internal/media"
)

// byPeer has the peer sign a file with our test signer.
func byPeer(t testing.TB, file []byte, settings string) []byte {
	t.Helper()
	facts, _ := media.Facts(detect(t, file))
	in, out := filepath.Join(t.TempDir(), "in"+facts.Extensions[0]), filepath.Join(t.TempDir(), "out"+facts.Extensions[0])
	if err := os.WriteFile(in, file, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(infrastructure().Signer.Key)
	if err != nil {
		t.Fatal(err)
	}
	a := request(t, map[string]string{
		"reader": "sign", "path": in, "mime": facts.MIME, "out": out, "cert": string(infrastructure().Signer.PEM()), "settings": settings,
		"key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	})
	if a.State != "signed" {
		t.Fatalf("%s %v", a.State, a.Notes)
	}
	signed, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestPeerSigned reads what the peer has signed, with each kind of binding that it writes, and with one bit changed.
func TestPeerSigned(t *testing.T) {
	for _, c := range []struct {
		name, settings string
		binding        string
		match, miss    status.Code
	}{
		{"earth_apollo17.jpg", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.png", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.webp", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.gif", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"test.tiff", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.svg", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.wav", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"test.avi", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.mp3", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.flac", "", credential.KindDataHash, status.DataMatch, status.DataMismatch},
		{"sample1.heic", "", credential.KindBMFFHash, status.BMFFMatch, status.BMFFMismatch},
		{"video1_no_manifest.mp4", "", credential.KindBMFFHash, status.BMFFMatch, status.BMFFMismatch},
		{"c.mov", "", credential.KindBMFFHash, status.BMFFMatch, status.BMFFMismatch},
		{"video1_no_manifest.mp4", `{"core":{"merkle_tree_chunk_size_in_kb":16}}`, credential.KindBMFFHash, status.BMFFMatch, status.BMFFMismatch},
		{"video1_no_manifest.mp4", `{"core":{"merkle_tree_chunk_size_in_kb":64,"merkle_tree_max_proofs":0}}`, credential.KindBMFFHash, status.BMFFMatch, status.BMFFMismatch},
	} {
		t.Run(c.name+c.settings, func(t *testing.T) {
			out := byPeer(t, sample(t, "media/"+c.name), c.settings)
			r := judge(t, out)
			if r.State() != credential.Trusted || !r.Active.Has(c.match) {
				t.Fatalf("%s %v", r.State(), r.Active.Failure)
			}
			store, err := credential.Read(media.Memory(out), detect(t, out))
			if err != nil {
				t.Fatal(err)
			}
			if len(store.Active().Of(c.binding)) != 1 {
				t.Errorf("no %s", c.binding)
			}
			if r := judge(t, touched(t, out)); r.Intact != colophon.Failed || !r.Active.Has(c.miss) {
				t.Errorf("with a bit changed: %s %v", r.State(), failures(r))
			}
		})
	}
}

// TestOverPeer signs what the peer has signed: its store becomes an ingredient, wherever it stood.
func TestOverPeer(t *testing.T) {
	for _, name := range []string{"earth_apollo17.jpg", "sample1.png", "sample1.webp", "sample1.gif", "test.tiff", "sample1.svg", "sample1.wav", "test.avi", "sample1.mp3", "sample1.flac", "sample1.heic", "video1_no_manifest.mp4", "c.mov", "sample1.m4a"} {
		out := sign(t, signer(true), byPeer(t, sample(t, "media/"+name), ""), draft())
		r := judge(t, out)
		if r.State() != credential.Trusted {
			t.Errorf("%s: %s %v", name, r.State(), failures(r))
		}
		if a := ask(t, "rust", out, anchors()); a.State != "Trusted" || a.Ingredients != 1 {
			t.Errorf("%s: c2pa-node says %s %v %v, %d ingredients", name, a.State, a.Failures, a.Notes, a.Ingredients)
		}
	}
}
