package console_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// archive is an API that knows what is for everybody: a log, services and agreements.
type archive struct {
	leaves   [][]byte
	hashes   []tlog.Hash // as package tlog stores them
	signer   note.Signer
	key      string
	broken   string // path of a tile in which a bit is wrong
	services []client.PublicService
	texts    []client.Agreement
	current  []string // identifiers
}

func newArchive(t *testing.T, size int) *archive {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &archive{}
	if a.signer, err = evidence.NewNoteSigner("log.example/evidence", private, rand.Reader); err != nil {
		t.Fatal(err)
	}
	if a.key, err = note.NewEd25519VerifierKey("log.example/evidence", public); err != nil {
		t.Fatal(err)
	}
	for i := range size {
		id, err := uuid.NewV7()
		if err != nil {
			t.Fatal(err)
		}
		r := evidence.Record{ID: id.String(), Type: "artefact.produced", Sequence: uint64(i + 1), Subject: "system", Clauses: []colophon.Clause{colophon.ClauseDS16}, At: 1795305600000 + int64(i), Role: "application", Commitment: [32]byte{byte(i)}}
		leaf, err := r.Leaf()
		if err != nil {
			t.Fatal(err)
		}
		more, err := tlog.StoredHashes(int64(i), leaf, a.reader())
		if err != nil {
			t.Fatal(err)
		}
		a.leaves, a.hashes = append(a.leaves, leaf), append(a.hashes, more...)
	}
	return a
}

func (a *archive) reader() tlog.HashReaderFunc {
	return func(indexes []int64) (list []tlog.Hash, err error) {
		for _, i := range indexes {
			list = append(list, a.hashes[i])
		}
		return list, nil
	}
}

// checkpoint signs the log as it was at a size.
func (a *archive) checkpoint(t *testing.T, size int) evidence.Checkpoint {
	t.Helper()
	root, err := tlog.TreeHash(int64(size), a.reader())
	if err != nil {
		t.Fatal(err)
	}
	c, err := evidence.SignCheckpoint(a.signer, uint64(size), root)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (a *archive) serve(t *testing.T) http.Handler {
	var signed []byte
	if len(a.leaves) > 0 {
		signed = a.checkpoint(t, len(a.leaves)).Note
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, tile := strings.CutPrefix(r.URL.Path, "/v1/log/tile/")
		switch {
		case tile:
			_, _ = w.Write(a.tile(path))
		case r.URL.Path == "/v1/log/key":
			_, _ = w.Write([]byte(a.key + "\n"))
		case r.URL.Path == "/v1/log/checkpoint" && signed != nil:
			_, _ = w.Write(signed)
		case r.URL.Path == "/v1/public/refutations":
			_ = json.NewEncoder(w).Encode(map[string]any{"refutations": []any{}})
		case r.URL.Path == "/v1/public/services":
			_ = json.NewEncoder(w).Encode(map[string]any{"services": a.services})
		case r.URL.Path == "/v1/public/agreements":
			var list []client.Agreement
			for _, v := range a.texts {
				if strings.Contains(strings.Join(a.current, " "), v.ID) {
					list = append(list, v)
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"agreements": list})
		case r.URL.Path == "/v1/public/agreement-versions":
			_ = json.NewEncoder(w).Encode(map[string]any{"agreements": a.texts})
		default:
			for _, v := range a.texts {
				if r.URL.Path == "/v1/public/agreements/"+v.ID {
					_ = json.NewEncoder(w).Encode(v)
					return
				}
			}
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"code":"log-no-tile","title":"there is no such thing","status":404}`))
		}
	})
}

func (a *archive) tile(path string) []byte {
	var raw []byte
	if name, ok := strings.CutPrefix(path, "entries/"); ok {
		t, err := tlog.ParseTilePath("tile/8/data/" + name)
		if err != nil {
			return nil
		}
		for i := range t.W {
			leaf := a.leaves[int(t.N)*256+i]
			raw = append(append(raw, byte(len(leaf)>>8), byte(len(leaf))), leaf...)
		}
	} else if t, err := tlog.ParseTilePath("tile/8/" + path); err == nil {
		raw, _ = tlog.ReadTileData(t, a.reader())
	}
	if path == a.broken {
		raw[len(raw)/2] ^= 1
	}
	return raw
}

func visited(t *testing.T, a *archive) *browser {
	t.Helper()
	w := newWorld(t, func(_ *staff.Config, c *console.Config) { c.API = a.serve(t) })
	return w.browser()
}

// TestLogPages shows entries of logs of many sizes: each way leads to the root, and the files that are handed out verify.
func TestLogPages(t *testing.T) {
	t.Parallel()
	sums := regexp.MustCompile(`<code>([0-9a-f]{8})</code>`)
	for _, size := range []int{1, 2, 3, 7, 300} {
		a := newArchive(t, size)
		b := visited(t, a)
		key, err := note.NewVerifier(a.key)
		b.fine(err)
		root := a.checkpoint(t, size).Root
		for _, i := range []int{0, 1, 2, 5, 254, 255, 256, 299} {
			if i >= size {
				continue
			}
			path := fmt.Sprintf("/log/%d", i)
			r := b.get(path)
			b.want(r, http.StatusOK, "This entry is in the log, unchanged.", "artefact.produced", "Application")
			found := sums.FindAllStringSubmatch(r.body, -1)
			if n := len(found); n < 2 || found[n-1][1] != hex.EncodeToString(root[:4]) || found[n-2][1] != found[n-1][1] {
				t.Errorf("%s of %d: the way ends at %v, the root is %x", path, size, found, root[:4])
			}
			proof, err := evidence.ParseProof([]byte(b.get(path + "/proof").body))
			b.fine(err)
			leaf := b.get(path + "/leaf").body
			if leaf != string(a.leaves[i]) {
				t.Errorf("the leaf at %d is %s", i, leaf)
			}
			if _, err := proof.Verify([]byte(leaf), key); err != nil {
				t.Errorf("%s of %d: %v", path, size, err)
			}
		}
		for _, none := range []string{fmt.Sprint(size), "03", "-1", "x", "99999999999999999999"} {
			b.want(b.get("/log/"+none), http.StatusNotFound)
		}
	}
}

// TestLogCompared hands in earlier checkpoints: of this log, of another one, by another key, and of more than there is.
func TestLogCompared(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 300)
	b := visited(t, a)
	other := newArchive(t, 300)
	ask := func(note string) reply { return b.get("/log?" + url.Values{"earlier": {note}}.Encode()) }
	b.want(ask(string(a.checkpoint(t, 130).Note)), http.StatusOK, "Nothing was rewritten", "130 of the 300")
	b.want(ask(strings.ReplaceAll(strings.TrimSpace(string(a.checkpoint(t, 256).Note)), "\n", "\r\n")), http.StatusOK, "Nothing was rewritten")
	forged, err := evidence.SignCheckpoint(a.signer, 130, [32]byte{1})
	b.fine(err)
	r := ask(string(forged.Note))
	b.want(r, http.StatusOK, "does not begin with what this checkpoint covers")
	b.lacks(r, "Nothing was rewritten")
	more, err := evidence.SignCheckpoint(a.signer, 301, [32]byte{1})
	b.fine(err)
	b.want(ask(string(more.Note)), http.StatusOK, "newer than the log that this server shows")
	for _, untold := range []string{string(other.checkpoint(t, 130).Note), "x", strings.Repeat("x", 5000)} {
		r := ask(untold)
		b.want(r, http.StatusOK, "could not be told")
		b.lacks(r, "Nothing was rewritten")
	}
	b.want(b.get("/log?entry=7"), http.StatusSeeOther, "/log/7")
	b.want(b.get("/log?entry=x"), http.StatusUnprocessableEntity, "found by its number")
}

// TestLogBroken breaks a tile on its way: nothing is called unchanged.
func TestLogBroken(t *testing.T) {
	t.Parallel()
	for _, broken := range []string{"0/000", "1/000.p/1", "0/001.p/44", "entries/000"} {
		a := newArchive(t, 300)
		a.broken = broken
		b := visited(t, a)
		r := b.get("/log/128")
		b.lacks(r, "in the log, unchanged")
		if strings.HasPrefix(broken, "entries") == (r.StatusCode == http.StatusInternalServerError) {
			t.Errorf("%s: %d", broken, r.StatusCode)
		}
	}
	b := visited(t, newArchive(t, 0))
	b.want(b.get("/log"), http.StatusOK, "Nothing is in the log yet")
	b.want(b.get("/log/0"), http.StatusNotFound)
}

// TestRegisterPages shows services whose words are hostile, in both languages.
func TestRegisterPages(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 1)
	evil := `</script><script>alert(1)</script>`
	a.services = []client.PublicService{{ID: "studio", Service: client.ServiceText{Names: client.TextPair{ZH: "影像工坊", EN: "Studio" + evil}, Role: "provider", Forms: []client.ServiceForm{{Kind: "website", At: "javascript:alert(1)"}}},
		Functions: []client.PublicFunction{{ID: "painter", Names: client.TextPair{ZH: "绘画", EN: "Painter"}, Purpose: client.TextPair{EN: evil}, Item: 5, Kind: client.TextPair{ZH: "图像生成", EN: "making of pictures"}, Class: "other",
			Filing: client.FunctionFiling{State: "filed", Number: "110108000000101230017", Link: "data:text/html,x"}, Notice: client.FunctionNotice{Policy: "required", Method: client.TextPair{ZH: "右下角文字", EN: "words in the corner"}}}}}}
	b := visited(t, a)
	for _, path := range []string{"/register", "/register/studio"} {
		r := b.get(path + "?lang=en")
		b.want(r, http.StatusOK, "words in the corner", "110108000000101230017", `<link rel="canonical" href="`+b.origin+path+`?lang=en">`, `hreflang="zh-CN" href="`+b.origin+path+`?lang=zh">`)
		if strings.Contains(r.body, evil) || strings.Contains(r.body, `href="javascript`) || strings.Contains(r.body, `href="data:`) {
			t.Errorf("%s shows\n%s", path, r.body)
		}
		things := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`).FindStringSubmatch(r.body)
		if things == nil || !json.Valid([]byte(things[1])) {
			t.Errorf("%s: things %v", path, things)
		}
		b.want(b.get(path+"?lang=zh"), http.StatusOK, "影像工坊", "右下角文字", `<html lang="zh-CN">`)
	}
	b.want(b.get("/register/none"), http.StatusNotFound, `name="robots" content="noindex"`)
	b.want(b.get("/robots.txt"), http.StatusOK, "Allow: /register\n", "Disallow: /\n", "Sitemap: "+b.origin+"/sitemap.xml")
	var m struct {
		URLs []struct {
			Loc string `xml:"loc"`
		} `xml:"url"`
	}
	b.fine(xml.Unmarshal([]byte(b.get("/sitemap.xml").body), &m))
	found := fmt.Sprint(m.URLs)
	for _, want := range []string{"/register}", "/register/studio}", "/rules}", "/log}"} {
		if !strings.Contains(found, b.origin+want) {
			t.Errorf("the map of the site lacks %s: %s", want, found)
		}
	}
}

// TestRulePages shows versions of a text with their dates, and what changed between two.
func TestRulePages(t *testing.T) {
	t.Parallel()
	a := newArchive(t, 1)
	day := func(n int) *time.Time {
		at := time.Date(2026, 10, n, 4, 0, 0, 0, time.UTC)
		return &at
	}
	version := func(id, state string, number int, at *time.Time, text string) client.Agreement {
		return client.Agreement{ID: id, Kind: "management-rules", Audience: "users", State: state, Number: number, Title: client.TextPair{ZH: "规则", EN: "Rules"}, Texts: &client.TextPair{ZH: "# 规则\n\n" + text, EN: "# Rules\n\n" + text}, Effective: at}
	}
	later := day(30)
	*later = later.AddDate(1, 0, 0)
	a.texts = []client.Agreement{version("v4", "published", 4, later, "later"), version("v3", "published", 3, day(9), "# You must be 18\n\n<img src=x onerror=alert(1)>"), version("v2", "superseded", 2, day(5), "You must be 16"), version("v1", "withdrawn", 1, day(1), "old")}
	a.current = []string{"v3"}
	b := visited(t, a)
	r := b.get("/rules?lang=en")
	b.want(r, http.StatusOK, "Comes into force later", "In force", "2026-10-05", "No longer in force", "Withdrawn")
	if strings.Index(r.body, "/rules/v4") > strings.Index(r.body, "/rules/v1") {
		t.Error("the newest version does not come first")
	}
	r = b.get("/rules/v3")
	b.want(r, http.StatusOK, "<h2>You must be 18</h2>", "what changed since version 2")
	if strings.Contains(r.body, "<img src=x") || strings.Count(r.body, "<h1") != 1 {
		t.Errorf("the text is shown as\n%s", r.body)
	}
	b.want(b.get("/rules/v2"), http.StatusOK, "No longer in force.", "Version 3 is in force.", "2026-10-09")
	b.want(b.get("/rules/v3/changes"), http.StatusOK, "<del>", "<ins>", "You must be 16")
	b.want(b.get("/rules/v1/changes"), http.StatusNotFound)
	b.want(b.get("/rules/v9"), http.StatusNotFound)
}

// FuzzBundle reads bundles of entries: what it returns stands in the bundle.
func FuzzBundle(f *testing.F) {
	f.Add([]byte{}, 0)
	f.Add([]byte{0, 1, 'x', 0, 2, 'y', 'z'}, 2)
	f.Add([]byte{0, 9, 'x'}, 1)
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		if n < 0 || n > 256 {
			return
		}
		list, err := console.CutBundle(raw, n)
		if err != nil {
			return
		}
		size := 2 * n
		for _, entry := range list {
			size += len(entry)
		}
		if len(list) != n || size > len(raw) {
			t.Errorf("%d entries of %d bytes came out of %d bytes", len(list), size, len(raw))
		}
	})
}
