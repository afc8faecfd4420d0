package checker_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/app/sample"
	"github.com/colophon-project/colophon/internal/checker"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
)

const code = "001191110102MACQD9K64010000"

func english(t testing.TB) *locale.Printer {
	t.Helper()
	say, err := locale.For(locale.English)
	if err != nil {
		t.Fatal(err)
	}
	return say
}

func key(t testing.TB) *label.SigningKey {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	k, err := label.ParseSigningKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func labelled(t testing.TB, file []byte, r label.Request) (out []byte, sidecar bool) {
	t.Helper()
	plan, err := label.Prepare(media.Memory(file), r)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if plan.Edit == nil {
		return plan.Sidecar, true
	}
	if err := plan.Edit.Apply(&b, media.Memory(file)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), false
}

func files(t testing.TB) map[string][]byte {
	t.Helper()
	list, err := sample.Files()
	if err != nil {
		t.Fatal(err)
	}
	m := map[string][]byte{}
	for _, f := range list {
		m[f.Name] = f.Bytes
	}
	return m
}

// TestEveryFormat checks a file of each format: as it is, labelled, and with a byte of its label changed.
func TestEveryFormat(t *testing.T) {
	t.Parallel()
	seal := key(t)
	say := english(t)
	for name, data := range files(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bare := checker.Check(media.Memory(data), checker.Options{Name: name}, say)
			if bare.Answer != checker.None && bare.Answer != checker.Untold || !strings.Contains(bare.Sure, "not mean that it is real") {
				t.Errorf("without a label: %+v", bare)
			}
			sum := sha256.Sum256(data)
			if bare.Digest != hex.EncodeToString(sum[:]) || bare.Size != int64(len(data)) {
				t.Errorf("digest %s of %d bytes", bare.Digest, bare.Size)
			}
			marked, beside := labelled(t, data, label.Request{Options: label.Options{Name: name}, Key: seal, Rand: rand.Reader,
				Fields: label.Fields{Label: label.Belongs, ContentProducer: code, ProduceID: "number-of-the-content"}})
			o := checker.Options{Name: name, Pinned: []label.PublicKey{seal.Public()}, Code: code, Provider: "Example Studio"}
			if beside {
				o.Sidecar, marked = media.Memory(marked), data
			}
			got := checker.Check(media.Memory(marked), o, say)
			if got.Answer != checker.Marked || got.Number != "number-of-the-content" || got.Producer != "Example Studio" || !strings.Contains(got.Sure, "this provider's key") {
				t.Errorf("labelled: %+v", got)
			}
			o.Pinned = nil
			if got := checker.Check(media.Memory(marked), o, say); got.Answer != checker.Marked || strings.Contains(got.Sure, "this provider's key") {
				t.Errorf("by a key that nobody knows: %+v", got)
			}
			if changed := bytes.Replace(marked, []byte("number-of-the-content"), []byte("number-of-other-thing"), 1); !bytes.Equal(changed, marked) {
				o.Pinned = []label.PublicKey{seal.Public()}
				if got := checker.Check(media.Memory(changed), o, say); got.Answer == checker.Marked || got.Answer == checker.None {
					t.Errorf("changed: %+v", got)
				}
			}
		})
	}
}

// TestAnswers goes through what the answers rest on.
func TestAnswers(t *testing.T) {
	t.Parallel()
	say := english(t)
	note := []byte("# A text\n\nWords.\n")
	with := func(fields label.Fields) []byte {
		out, _ := labelled(t, note, label.Request{Options: label.Options{Name: "a.md"}, Fields: fields})
		return out
	}
	png := files(t)["sample.png"]
	if png == nil {
		t.Fatal("there is no sample.png")
	}
	xmp := bytes.Replace(files(t)["sample.svg"], []byte("</svg>"), []byte(`<metadata>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia </metadata></svg>`), 1)
	for _, c := range []struct {
		about, name string
		data        []byte
		want        checker.Answer
		says        string
	}{
		{"a label without a seal", "a.md", with(label.Fields{Label: label.Belongs, ContentProducer: "Example", ProduceID: "1"}), checker.Marked, "has no seal"},
		{"a code of an organisation", "a.md", with(label.Fields{Label: label.Belongs, ContentProducer: code, ProduceID: "1"}), checker.Marked, "91110102MACQD9K640"},
		{"possible", "a.md", with(label.Fields{Label: label.Possible, ContentProducer: code, ProduceID: "1"}), checker.Possible, "not certain"},
		{"suspected", "a.md", with(label.Fields{Label: label.Suspected, ContentProducer: code, ProduceID: "1"}), checker.Possible, "not certain"},
		{"a notice in words", "a.md", []byte("> 【人工智能生成】\n\nWords.\n"), checker.Possible, "not certain"},
		{"a term of IPTC", "a.svg", xmp, checker.Possible, "not certain"},
		{"a key that holds no label", "a.md", []byte("---\nAIGC: nonsense\n---\n\nWords.\n"), checker.Broken, "with care"},
		{"a label out of form", "a.md", []byte("---\nAIGC: '{\"Label\":\"1\",\"ContentProducer\":\"x\"'\n---\n\nWords.\n"), checker.Broken, "with care"},
		{"nothing", "a.md", note, checker.None, "does not mean that it is real"},
		{"half a file", "a.png", png[:len(png)/2], checker.Untold, "does not mean that it is real"},
		{"no file that is known", "a.bin", []byte{0, 1, 2, 3}, checker.Untold, "does not mean that it is real"},
		{"no bytes", "a.png", nil, checker.Untold, "does not mean that it is real"},
	} {
		got := checker.Check(media.Memory(c.data), checker.Options{Name: c.name}, say)
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if got.Answer != c.want || !strings.Contains(string(text), c.says) {
			t.Errorf("%s: %s, want %s: %s", c.about, got.Answer, c.want, text)
		}
	}
}

// TestPersonIsNotNamed: a code that is an individual's is not repeated.
func TestPersonIsNotNamed(t *testing.T) {
	t.Parallel()
	const person = "002111010519491231002X10000"
	out, _ := labelled(t, []byte("Words.\n"), label.Request{Options: label.Options{Name: "a.md"}, Fields: label.Fields{Label: label.Belongs, ContentProducer: person, ProduceID: "1"}})
	text, err := json.Marshal(checker.Check(media.Memory(out), checker.Options{Name: "a.md"}, english(t)))
	if err != nil || strings.Contains(string(text), person[4:22]) {
		t.Errorf("%s %v", text, err)
	}
}

// broken is a file of which only the first bytes can be read.
type broken struct{ file media.Memory }

func (b broken) Size() int64 { return b.file.Size() }

func (b broken) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > 40 {
		return 0, errors.New("the file is gone")
	}
	return b.file.ReadAt(p, off)
}

// TestUnreadableIsNotUnmarked: a file that goes away while it is read has no answer.
func TestUnreadableIsNotUnmarked(t *testing.T) {
	t.Parallel()
	for name, data := range files(t) {
		if len(data) < 100 {
			continue
		}
		got := checker.Check(broken{data}, checker.Options{Name: name}, english(t))
		if got.Answer != checker.Untold || got.Digest != "" {
			t.Errorf("%s: %+v", name, got)
		}
		for _, l := range got.Looks {
			if l.Outcome == checker.NotSeen {
				t.Errorf("%s: %s was not seen in what nobody read", name, l.Name)
			}
		}
	}
}

// TestWords: every sentence that a report can need is there, in both languages.
func TestWords(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, a := range checker.Answers() {
		keys = append(keys, "check-answer-"+string(a))
		if a != checker.Marked {
			keys = append(keys, "check-means-"+string(a))
		}
	}
	for _, s := range []label.SealState{label.SealCouldNotTell, label.SealAbsent, label.SealPinned, label.SealUnknownKey, label.SealBroken} {
		keys = append(keys, "check-means-marked-"+s.String(), "check-seal-"+s.String())
	}
	for _, o := range checker.Outcomes() {
		keys = append(keys, "check-outcome-"+string(o))
	}
	for _, l := range []string{"label", "seal", "seal-platform", "terms", "credential", "notice"} {
		keys = append(keys, "check-look-"+l)
	}
	for _, f := range []string{"says", "producer", "number", "platform", "platform-number", "key", "term"} {
		keys = append(keys, "check-fact-"+f)
	}
	for _, p := range []label.Place{media.PlaceXMP, media.PlaceEXIF, media.PlaceText, media.PlaceKeys, media.PlaceTag, media.PlaceInfo, media.PlaceChunk, media.PlaceOnMetaData, media.PlaceTXXX, media.PlaceVorbisComment, media.PlaceProperty,
		media.PlaceInfoDict, media.PlaceFrontMatter, media.PlaceMeta, media.PlaceExtras, media.PlaceSidecar, media.PlaceDescription, media.PlaceAPP9, media.PlaceAPP11, media.PlaceITunes, media.PlaceUserBox, media.PlaceCustomXML,
		media.PlaceComment, media.PlaceInline, media.PlaceQuickTime, "c2pa"} {
		keys = append(keys, "check-place-"+string(p))
	}
	for _, language := range []locale.Language{locale.English, locale.Chinese} {
		say, err := locale.For(language)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if !say.Has(k) {
				t.Errorf("%s: no sentence for %s", language, k)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("a.png", []byte("\x89PNG\r\n\x1a\n"))
	f.Add("a.md", []byte("---\nAIGC: '{\"Label\":\"1\"}'\n---\n"))
	f.Add("a.jpg", []byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00"))
	say := english(f)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		r := checker.Check(media.Memory(data), checker.Options{Name: name}, say)
		if r.Title == "" || r.Sure == "" || len(r.Looks) == 0 {
			t.Errorf("%+v", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}
