package feed_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/near"
	"github.com/colophon-project/colophon/screen/phash"
)

func keys(t testing.TB, name string, seed byte) (note.Signer, note.Verifier) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	s, err := evidence.NewNoteSigner(name, key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewNoteVerifier(name, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}

func entry(n int) feed.Entry {
	at := time.Date(2026, 11, 22, 8, n, 0, 0, time.UTC)
	claim := feed.Words{ZH: "据传自来水厂昨夜泄漏，居民不要饮用自来水。", EN: "They say that the water works had a leak."}
	s, _ := near.Of("据可靠消息，市中心的自来水厂昨夜发生严重泄漏，请大家转告亲友。")
	return feed.Entry{Kind: feed.Publish, Refutation: fmt.Sprintf("refutation-%d", n), Claim: claim, Verdict: feed.False, Reason: claim, Since: at, At: at, Contact: "desk@provider.example",
		Sources: []feed.Source{{Title: "Water works", URL: "https://water.example/1", Date: "2026-11-21"}},
		Prints:  feed.Prints{Numbers: []string{"number-1"}, Digests: []feed.Digest{{Alg: "sha256", Value: strings.Repeat("ab", 32)}}, Likeness: []phash.Hash{{1, 2, 3, 4}}, Near: []near.Signature{s}}}
}

// lines makes a feed of some entries, and the head after each.
func lines(t testing.TB, entries ...feed.Entry) (list []string, heads []feed.Head) {
	t.Helper()
	heads = []feed.Head{{}}
	for _, e := range entries {
		line, h, err := feed.Next(heads[len(heads)-1], e)
		if err != nil {
			t.Fatal(err)
		}
		list, heads = append(list, string(line)+"\n"), append(heads, h)
	}
	return list, heads
}

func sign(t testing.TB, s note.Signer, h feed.Head) []byte {
	t.Helper()
	raw, err := feed.Sign(s, h)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func code(err error) colophon.Code {
	if e, ok := err.(*colophon.Error); ok {
		return e.Code
	}
	return ""
}

func TestReadFollows(t *testing.T) {
	t.Parallel()
	signer, key := keys(t, "provider.example/recall", 1)
	all, heads := lines(t, entry(1), entry(2), entry(3))
	var seen feed.Head
	got, seen, err := feed.Read(strings.NewReader(all[0]), sign(t, signer, heads[1]), key, seen)
	if err != nil || len(got) != 1 || seen != heads[1] {
		t.Fatal(got, seen, err)
	}
	want := entry(1)
	want.Sequence = 1
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	// The whole feed again, with a line behind the checkpoint that is left for the next time.
	got, seen, err = feed.Read(strings.NewReader(strings.Join(all, "")), sign(t, signer, heads[2]), key, seen)
	if err != nil || len(got) != 1 || got[0].Refutation != "refutation-2" || seen != heads[2] {
		t.Fatal(got, seen, err)
	}
	// What is behind the seen alone.
	got, seen, err = feed.Read(strings.NewReader(all[2]), sign(t, signer, heads[3]), key, seen)
	if err != nil || len(got) != 1 || got[0].Sequence != 3 || seen != heads[3] {
		t.Fatal(got, seen, err)
	}
	if got, _, err = feed.Read(strings.NewReader(""), sign(t, signer, heads[3]), key, seen); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	if _, empty, err := feed.Read(strings.NewReader(""), sign(t, signer, feed.Head{}), key, feed.Head{}); err != nil || empty != (feed.Head{}) {
		t.Fatal(empty, err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	signer, key := keys(t, "provider.example/recall", 1)
	stranger, _ := keys(t, "provider.example/recall", 2)
	all, heads := lines(t, entry(1), entry(2), entry(3))
	other, otherHeads := lines(t, entry(1), entry(4), entry(3))
	text := strings.Join(all, "")
	for _, c := range []struct {
		name  string
		lines string
		sign  note.Signer
		head  feed.Head
		seen  feed.Head
		want  colophon.Code
	}{
		{"another key", text, stranger, heads[3], feed.Head{}, evidence.CodeCheckpointUntrusted},
		{"a line that was changed", strings.Replace(text, "refutation-2", "refutation-9", 1), signer, heads[3], feed.Head{}, feed.CodeBroken},
		{"the last line changed", strings.Replace(text, "refutation-3", "refutation-9", 1), signer, heads[3], feed.Head{}, feed.CodeBroken},
		{"a line that was left out", all[0] + all[2], signer, heads[3], feed.Head{}, feed.CodeBroken},
		{"lines in another order", all[1] + all[0] + all[2], signer, heads[3], feed.Head{}, feed.CodeBroken},
		{"a line that is missing", all[0] + all[1], signer, heads[3], feed.Head{}, feed.CodeShort},
		{"half of the last line", text[:len(text)-10], signer, heads[3], feed.Head{}, feed.CodeShort},
		{"the last line without its end", text[:len(text)-1], signer, heads[3], feed.Head{}, feed.CodeShort},
		{"a shorter feed", all[0], signer, heads[1], heads[2], feed.CodeShrunk},
		{"another history of the same length", strings.Join(other[:2], ""), signer, otherHeads[2], heads[2], feed.CodeForked},
		{"another history that is longer", strings.Join(other, ""), signer, otherHeads[3], heads[2], feed.CodeForked},
		{"another history that goes on", other[2], signer, otherHeads[3], heads[2], feed.CodeForked},
		{"an empty line", "\n" + text, signer, heads[3], feed.Head{}, feed.CodeInvalid},
		{"a name in another case", strings.Replace(text, `"kind"`, `"Kind"`, 1), signer, heads[3], feed.Head{}, feed.CodeInvalid},
		{"a member that nobody knows", strings.Replace(text, `"kind"`, `"extra":1,"kind"`, 1), signer, heads[3], feed.Head{}, feed.CodeInvalid},
		{"white space", " " + text, signer, heads[3], feed.Head{}, feed.CodeInvalid},
		{"a carriage return", strings.ReplaceAll(text, "\n", "\r\n"), signer, heads[3], feed.Head{}, feed.CodeInvalid},
		{"a long line", `"` + strings.Repeat("a", feed.MaxLine+2) + `"` + "\n" + text, signer, heads[3], feed.Head{}, feed.CodeLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, seen, err := feed.Read(strings.NewReader(c.lines), sign(t, c.sign, c.head), key, c.seen)
			if code(err) != c.want || got != nil || seen != c.seen {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestReadBounded reads no more than a bound of a feed that has no end.
func TestReadBounded(t *testing.T) {
	t.Parallel()
	signer, key := keys(t, "provider.example/recall", 1)
	h, e := feed.Head{}, entry(1)
	e.Reason = feed.Words{ZH: strings.Repeat("字", feed.MaxWords), EN: strings.Repeat("a", feed.MaxWords)}
	e.Claim = e.Reason
	e.Prints = feed.Prints{Numbers: []string{strings.Repeat("n", 256)}}
	for range feed.MaxPrints - 1 {
		e.Numbers = append(e.Numbers, e.Numbers[0])
	}
	var all bytes.Buffer
	for all.Len() <= feed.MaxRead {
		var line []byte
		var err error
		if line, h, err = feed.Next(h, e); err != nil {
			t.Fatal(err)
		}
		all.Write(append(line, '\n'))
	}
	if got, _, err := feed.Read(&all, sign(t, signer, h), key, feed.Head{}); code(err) != feed.CodeLong || got != nil {
		t.Fatal(err)
	}
}

func TestEntryForm(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*feed.Entry){
		"kind":       func(e *feed.Entry) { e.Kind = "other" },
		"refutation": func(e *feed.Entry) { e.Refutation = "a b" },
		"corrects":   func(e *feed.Entry) { e.Kind = feed.Correct },
		"claim":      func(e *feed.Entry) { e.Claim.ZH = "" },
		"verdict":    func(e *feed.Entry) { e.Verdict = "true" },
		"reason":     func(e *feed.Entry) { e.Reason.EN = "a\x00b" },
		"since":      func(e *feed.Entry) { e.Since = time.Time{} },
		"url":        func(e *feed.Entry) { e.URL = "javascript:alert(1)" },
		"contact":    func(e *feed.Entry) { e.Contact = "a\nb" },
		"sources":    func(e *feed.Entry) { e.Sources[0].URL = "https://user:word@water.example" },
		"numbers":    func(e *feed.Entry) { e.Numbers = make([]string, feed.MaxPrints+1) },
		"digests":    func(e *feed.Entry) { e.Digests[0].Alg = "md5" },
		"likeness":   func(e *feed.Entry) { e.Likeness = append(e.Likeness, phash.Hash{}) },
		"near":       func(e *feed.Entry) { e.Near = make([]near.Signature, feed.MaxPrints+1) },
	} {
		e := entry(1)
		change(&e)
		if _, _, err := feed.Next(feed.Head{}, e); code(err) != feed.CodeInvalid || err.(*colophon.Error).Args["field"] != want {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	e := entry(1)
	e.Sequence, e.URL = 1, "https://provider.example/refutations/refutation-1"
	d := feed.NewDocument(feed.Meta{Title: "Recalled", Home: "https://provider.example/refutations", Address: "https://provider.example/recall/feed.json",
		Lines: "https://provider.example/recall/feed.jsonl", Signed: "https://provider.example/recall/checkpoint", Language: "en", Provider: "Provider"}, []feed.Entry{e})
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version string `json:"version"`
		Title   string `json:"title"`
		Items   []struct {
			ID    string     `json:"id"`
			Title string     `json:"title"`
			Text  string     `json:"content_text"`
			Date  time.Time  `json:"date_published"`
			Entry feed.Entry `json:"_recall"`
		} `json:"items"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.Version != "https://jsonfeed.org/version/1.1" || got.Title != "Recalled" || len(got.Items) != 1 {
		t.Fatalf("%s", raw)
	}
	if i := got.Items[0]; i.ID != "refutation-1#1" || i.Title != e.Claim.EN || i.Text != e.Reason.EN || !i.Date.Equal(e.At) || !cmp.Equal(i.Entry, e) {
		t.Errorf("%s", raw)
	}
	if raw, err := json.Marshal(feed.NewDocument(feed.Meta{Title: "Recalled"}, nil)); err != nil || !strings.Contains(string(raw), `"items":[]`) {
		t.Errorf("%s %v", raw, err)
	}
}

func FuzzParseLine(f *testing.F) {
	all, _ := lines(f, entry(1), entry(2))
	for _, l := range all {
		f.Add([]byte(strings.TrimSuffix(l, "\n")))
	}
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"sequence":1,"sequence":2}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := feed.ParseLine(raw)
		if err != nil {
			return
		}
		if field := e.Check(); field != "" || len(raw) > feed.MaxLine {
			t.Fatal(field)
		}
		if again, err := evidence.Canonical(e); err != nil || !bytes.Equal(again, raw) {
			t.Fatalf("%s %v", again, err)
		}
	})
}

// FuzzRead signs for a feed and has lines read that may not be those: only what was signed for is taken.
func FuzzRead(f *testing.F) {
	signer, key := keys(f, "provider.example/recall", 1)
	all, heads := lines(f, entry(1), entry(2))
	text := strings.Join(all, "")
	f.Add([]byte(text), sign(f, signer, heads[2]), true)
	f.Add([]byte(all[1]), sign(f, signer, heads[2]), false)
	f.Add([]byte(text[5:]), []byte("a\n1\nAAAA\n\n"), true)
	f.Fuzz(func(t *testing.T, raw, checkpoint []byte, fresh bool) {
		seen := heads[1]
		if fresh {
			seen = feed.Head{}
		}
		got, now, err := feed.Read(bytes.NewReader(raw), checkpoint, key, seen)
		if err != nil {
			if got != nil || now != seen {
				t.Fatal("something was taken with an error")
			}
			return
		}
		if now != seen && now != heads[2] && now != heads[1] {
			t.Fatal("taken without a signature", now)
		}
		if uint64(len(got)) != now.Size-seen.Size {
			t.Fatal(len(got), now)
		}
	})
}
