package evidence_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

func must[T any](t testing.TB, v T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func wantCode(t testing.TB, err error, code colophon.Code) {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

func keyring(t testing.TB, ids ...string) *evidence.Keyring {
	t.Helper()
	var keys []evidence.EnvelopeKey
	for _, id := range ids {
		k, err := evidence.NewEnvelopeKey(id, []byte(fmt.Sprintf("%-32s", id)), rand.Reader)
		keys = append(keys, must(t, k, err))
	}
	return evidence.NewKeyring(keys[0], keys[1:]...)
}

func recorder(t testing.TB, keys *evidence.Keyring) *evidence.Recorder {
	t.Helper()
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	r, err := evidence.NewRecorder(evidence.RecorderConfig{
		Now: func() time.Time { return now }, Rand: rand.Reader, NewID: uuid.NewV7, Keys: keys,
		Classes: map[evidence.Type]evidence.Class{"assessment.filed": evidence.ClassAssessment}, Subjects: 4,
	})
	return must(t, r, err)
}

func signer(t testing.TB, name string) (note.Signer, note.Verifier) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := evidence.NewNoteSigner(name, key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := evidence.NewNoteVerifier(name, key.Public())
	return s, must(t, v, err)
}

// TestCanonical has the examples of RFC 8785 and what I-JSON refuses.
func TestCanonical(t *testing.T) {
	t.Parallel()
	valid := []struct{ in, want string }{
		{`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
			"{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
		{"{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\",\"\\ufb33\":\"Hebrew\",\"1\":\"One\",\"\\ud83d\\ude00\":\"Smiley\",\"\\u0080\":\"Control\",\"\\u00f6\":\"o\"}",
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"o\",\"€\":\"Euro Sign\",\"😀\":\"Smiley\",\"\ufb33\":\"Hebrew\"}"},
		{`[-0, 0.0, 1e21, 1e20, 1e-6, 1e-7, 9007199254740991, 4.35, 5e-324]`, `[0,0,1e+21,100000000000000000000,0.000001,1e-7,9007199254740991,4.35,5e-324]`},
		{` "<&>\u2028" `, "\"<&>\u2028\""},
		{`{}`, `{}`}, {`[]`, `[]`}, {`"\\ud800"`, `"\\ud800"`},
	}
	for _, c := range valid {
		if got, err := evidence.Canonicalise([]byte(c.in)); err != nil || string(got) != c.want {
			t.Errorf("%s gave %s, %v; want %s", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{``, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `"\ud800"`, `"\udc00\ud800"`, `"\ud800x"`, "\"\xff\"", `1 2`, `[1`, `{"a"}`, `[1,]`,
		`9007199254740993`, `1e999`, `01`, `nul`, strings.Repeat("[", 100) + strings.Repeat("]", 100)} {
		if got, err := evidence.Canonicalise([]byte(in)); err == nil {
			t.Errorf("%s was accepted as %s", in, got)
		}
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	keys := keyring(t, "first")
	r := recorder(t, keys)
	rec, err := r.New("artefact.labelled", "s-1", "system", []colophon.Clause{colophon.ClauseLM5}, map[string]any{"b": 1, "a": "题跋"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rec.Leaf(); err == nil {
		t.Error("a record without a sequence has a leaf")
	}
	rec.Sequence = 7
	leaf := must2(t)(rec.Leaf())
	want := fmt.Sprintf(`{"at":1795334400000,"clauses":["lm-5"],"commitment":"%x","id":"%s","role":"system","seq":7,"subject":"s-1","type":"artefact.labelled","v":1}`, rec.Commitment, rec.ID)
	if string(leaf) != want {
		t.Errorf("the leaf is\n%s, want\n%s", leaf, want)
	}
	back, err := evidence.ParseLeaf(leaf)
	if err != nil {
		t.Fatal(err)
	}
	wantBack := rec
	wantBack.Sealed, wantBack.Class = evidence.Sealed{}, ""
	if diff := cmp.Diff(wantBack, back); diff != "" {
		t.Error(diff)
	}
	o, err := keys.Open(&rec)
	if err != nil || string(o.Payload) != `{"a":"题跋","b":1}` {
		t.Errorf("opened %s, %v", o.Payload, err)
	}
	if bytes.Contains(leaf, []byte("题跋")) || bytes.Contains(rec.Sealed.Box, []byte("题跋")) || bytes.Contains(rec.Sealed.Key.Wrapped, o.Salt[:]) {
		t.Error("the payload or the salt can be read")
	}
	for i := range leaf {
		changed := bytes.Clone(leaf)
		changed[i] ^= 1
		if r, err := evidence.ParseLeaf(changed); err == nil {
			if again, _ := r.Leaf(); !bytes.Equal(again, changed) {
				t.Errorf("byte %d: accepted and written otherwise", i)
			}
		}
	}
}

func must2(t testing.TB) func([]byte, error) []byte {
	return func(b []byte, err error) []byte { t.Helper(); return must(t, b, err) }
}

func TestRecordLimits(t *testing.T) {
	t.Parallel()
	r := recorder(t, keyring(t, "first"))
	long := make([]colophon.Clause, 12)
	for i := range long {
		long[i] = colophon.Clause(strings.Repeat("c", 32))
	}
	rec, err := r.New(evidence.Type(strings.Repeat("t", 64)), evidence.Subject(strings.Repeat("s", 64)), evidence.Role(strings.Repeat("r", 32)), long, nil)
	if err != nil {
		t.Fatal(err)
	}
	rec.Sequence = 1<<53 - 1
	if leaf, err := rec.Leaf(); err != nil || len(leaf) > evidence.MaxLeaf {
		t.Errorf("the longest record has a leaf of %d bytes, %v", len(leaf), err)
	}
	for _, c := range []struct {
		field   string
		typ     evidence.Type
		subject evidence.Subject
		role    evidence.Role
		clauses []colophon.Clause
	}{
		{"type", "Upper", "s", "r", nil}, {"type", "", "s", "r", nil}, {"subject", "t", "a b", "r", nil}, {"subject", "t", "名", "r", nil},
		{"role", "t", "s", "r\"", nil}, {"clauses", "t", "s", "r", []colophon.Clause{"x\n"}}, {"clauses", "t", "s", "r", append(long, "one")},
	} {
		_, err := r.New(c.typ, c.subject, c.role, c.clauses, nil)
		wantCode(t, err, evidence.CodeRecordInvalid)
		var e *colophon.Error
		if errors.As(err, &e) && e.Args["field"] != c.field {
			t.Errorf("%v: want field %s", err, c.field)
		}
	}
	_, err = r.New("t", "s", "r", nil, strings.Repeat("x", evidence.MaxPayload))
	wantCode(t, err, evidence.CodePayloadInvalid)
	_, err = r.New("t", "s", "r", nil, func() {})
	wantCode(t, err, evidence.CodePayloadInvalid)
}

func TestSealing(t *testing.T) {
	t.Parallel()
	old := keyring(t, "first")
	r := recorder(t, old)
	one := must3(r.New("a", "s-1", "system", nil, "one"))(t)
	two := must3(r.New("a", "s-1", "system", nil, "two"))(t)
	other := must3(r.New("a", "s-2", "system", nil, "three"))(t)
	if one.Sealed.Key.ID != two.Sealed.Key.ID || one.Sealed.Key.ID == other.Sealed.Key.ID {
		t.Error("one key for each subject is wanted")
	}
	swapped := one
	swapped.Sealed.Box = two.Sealed.Box
	_, err := old.Open(&swapped)
	wantCode(t, err, evidence.CodeUnsealFailed)
	for i := range one.Sealed.Box {
		damaged := one
		damaged.Sealed.Box = bytes.Clone(one.Sealed.Box)
		damaged.Sealed.Box[i] ^= 0x80
		if _, err := old.Open(&damaged); err == nil {
			t.Fatalf("byte %d of the box may be changed", i)
		}
	}
	wrong := one
	wrong.Commitment[0] ^= 1
	_, err = old.Open(&wrong)
	wantCode(t, err, evidence.CodeCommitment)

	// After a rotation the new envelope key opens what was rewrapped, without the old one.
	both := keyring(t, "second", "first")
	rewrapped, err := both.Rewrap(one.Sealed.Key)
	if err != nil || rewrapped.Envelope != "second" {
		t.Fatal(rewrapped, err)
	}
	_, err = keyring(t, "second").Open(&one)
	wantCode(t, err, evidence.CodeKeyUnknown)
	one.Sealed.Key = rewrapped
	if _, err := keyring(t, "second").Open(&one); err != nil {
		t.Error(err)
	}
	one.Sealed.Key.Subject = "s-2"
	_, err = keyring(t, "second").Open(&one)
	wantCode(t, err, evidence.CodeUnsealFailed)

	r.Forget("s-1")
	if again := must3(r.New("a", "s-1", "system", nil, "four"))(t); again.Sealed.Key.ID == two.Sealed.Key.ID {
		t.Error("a forgotten key is used again")
	}
	for i := range 20 { // more subjects than are kept
		must3(r.New("a", evidence.Subject(fmt.Sprint("n", i)), "system", nil, i))(t)
	}
}

func must3(r evidence.Record, err error) func(testing.TB) evidence.Record {
	return func(t testing.TB) evidence.Record { t.Helper(); return must(t, r, err) }
}

// tree makes n leaves, their checkpoint and the path of each.
func tree(t testing.TB, n int, s note.Signer) ([][]byte, evidence.Checkpoint, [][][32]byte, []evidence.Opening) {
	t.Helper()
	keys := keyring(t, "first")
	r := recorder(t, keys)
	leaves, openings := make([][]byte, n), make([]evidence.Opening, n)
	for i := range n {
		rec := must3(r.New("artefact.labelled", "s-1", "system", nil, map[string]any{"digest": fmt.Sprintf("sha256:%064x", i), "n": i}))(t)
		rec.Sequence = uint64(i + 1)
		leaves[i] = must2(t)(rec.Leaf())
		o, err := keys.Open(&rec)
		openings[i] = must(t, o, err)
	}
	root, paths := evidence.NewTestTree(leaves)
	c, err := evidence.SignCheckpoint(s, uint64(n), root)
	return leaves, must(t, c, err), paths, openings
}

func TestProofs(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	_, stranger := signer(t, "log.example/one")
	for _, n := range []int{1, 2, 3, 7, 8, 33} {
		leaves, c, paths, _ := tree(t, n, s)
		var hashes [][32]byte
		for i := range n {
			hashes = append(hashes, evidence.HashLeaf(leaves[i]))
			p := evidence.Proof{Index: uint64(i), Hashes: paths[i], Checkpoint: c.Note}
			raw := p.Marshal()
			back, err := evidence.ParseProof(raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(p, back); diff != "" {
				t.Error(diff)
			}
			if got, err := back.Verify(leaves[i], v); err != nil || got.Size != uint64(n) {
				t.Errorf("%d of %d: %v", i, n, err)
			}
			_, err = back.Verify(leaves[i], stranger)
			wantCode(t, err, evidence.CodeCheckpointUntrusted)
			if n > 1 {
				_, err = back.Verify(leaves[(i+1)%n], v)
				wantCode(t, err, evidence.CodeProofMismatch)
			}
			// Another reader of the format agrees.
			var theirs proof.TLogProof
			if err := theirs.Unmarshal(raw); err != nil || theirs.Index != uint64(i) || !bytes.Equal(theirs.Marshal(), raw) {
				t.Errorf("the file is not as the other reader has it: %v", err)
			}
		}
		if root, err := evidence.RootOf(hashes); err != nil || root != c.Root {
			t.Error("RootOf differs from the definition", err)
		}
	}
	good := "c2sp.org/tlog-proof@v1\nextra QUE=\nindex 3\n" + strings.Repeat("A", 43) + "=\n\ntext\n"
	if p, err := evidence.ParseProof([]byte(good)); err != nil || p.Index != 3 || len(p.Hashes) != 1 {
		t.Error(p, err)
	}
	for _, bad := range []string{"", "c2sp.org/tlog-proof@v1\nindex 03\n\nx\n", "c2sp.org/tlog-proof@v1\nindex 3\nAA==\n\nx\n", "c2sp.org/tlog-proof@v1\nindex 3\n\n",
		"c2sp.org/tlog-proof@v1\nextra ?\nindex 3\n\nx\n", "c2sp.org/tlog-proof@v2\nindex 3\n\nx\n", "c2sp.org/tlog-proof@v1\n" + strings.Repeat("x", 1<<20)} {
		_, err := evidence.ParseProof([]byte(bad))
		wantCode(t, err, evidence.CodeProofInvalid)
	}
}

func TestConsistency(t *testing.T) {
	t.Parallel()
	s, _ := signer(t, "log.example/one")
	leaves, c, paths, _ := tree(t, 4, s)
	root2, _ := evidence.NewTestTree(leaves[:2])
	small := evidence.Checkpoint{Size: 2, Root: root2}
	path := [][32]byte{paths[0][1]} // the right half
	if err := evidence.VerifyConsistency(small, c, path); err != nil {
		t.Error(err)
	}
	small.Root[0] ^= 1
	wantCode(t, evidence.VerifyConsistency(small, c, path), evidence.CodeInconsistent)
	wantCode(t, evidence.VerifyConsistency(c, evidence.Checkpoint{Size: 2, Root: root2}, nil), evidence.CodeInconsistent)
	wantCode(t, evidence.VerifyConsistency(evidence.Checkpoint{}, c, nil), evidence.CodeInconsistent)
}

func TestCheckpoint(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	c := must4(evidence.SignCheckpoint(s, 12, [32]byte{1}))(t)
	for i := range c.Note {
		changed := bytes.Clone(c.Note)
		changed[i] ^= 1
		if _, err := evidence.ParseCheckpoint(changed, v); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
	other, otherV := signer(t, "witness.example")
	foreign := must2(t)(note.Sign(&note.Note{Text: "log.example/one\n12\n" + strings.Repeat("A", 43) + "=\n"}, other))
	_, err := evidence.ParseCheckpoint(foreign, v, otherV)
	wantCode(t, err, evidence.CodeCheckpointUntrusted)
	for _, text := range []string{"log.example/one\n", "log.example/one\n012\n" + strings.Repeat("A", 43) + "=\n", "log.example/one\n-1\n" + strings.Repeat("A", 43) + "=\n", "log.example/one\n1\nAAAA\n"} {
		raw := must2(t)(note.Sign(&note.Note{Text: text}, s))
		_, err := evidence.ParseCheckpoint(raw, v)
		wantCode(t, err, evidence.CodeCheckpointInvalid)
	}
	_, err = evidence.ParseCheckpoint(c.Note)
	wantCode(t, err, evidence.CodeCheckpointUntrusted)
}

func must4(c evidence.Checkpoint, err error) func(testing.TB) evidence.Checkpoint {
	return func(t testing.TB) evidence.Checkpoint { t.Helper(); return must(t, c, err) }
}

func TestSample(t *testing.T) {
	t.Parallel()
	s, v := signer(t, "log.example/one")
	leaves, c, paths, _ := tree(t, 33, s)
	seed := []byte("inspection 7")
	indexes := evidence.Select(seed, c, 10)
	if len(indexes) != 10 || !cmp.Equal(indexes, evidence.Select(seed, c, 10)) || cmp.Equal(indexes, evidence.Select([]byte("inspection 8"), c, 10)) {
		t.Fatalf("selected %v", indexes)
	}
	var shown []evidence.Exhibit
	for _, i := range indexes {
		shown = append(shown, evidence.Exhibit{Index: i, Leaf: leaves[i], Hashes: paths[i]})
	}
	verify := func(e []evidence.Exhibit) (colophon.Verdict, []evidence.Check) {
		checks, err := evidence.VerifySample(seed, 10, c.Note, e, v)
		if err != nil {
			t.Fatal(err)
		}
		return evidence.Overall(checks), checks
	}
	if verdict, checks := verify(shown); verdict != colophon.Passed {
		t.Error(checks)
	}
	verdict, checks := verify(shown[1:])
	if want := (evidence.Check{Part: "sample", Name: fmt.Sprint(indexes[0]), Verdict: colophon.Failed, Code: evidence.CodeSampleMissing}); verdict != colophon.Failed || checks[0] != want {
		t.Errorf("an omission gives %v", checks[0])
	}
	replaced := append([]evidence.Exhibit{}, shown...)
	replaced[0].Leaf = leaves[(indexes[0]+1)%33]
	if verdict, _ := verify(replaced); verdict != colophon.Failed {
		t.Error("another record passes")
	}
	if verdict, _ := verify(append(shown, shown[0])); verdict != colophon.Failed {
		t.Error("a record shown twice passes")
	}
	if got := evidence.Select(seed, c, 99); len(got) != 33 || got[32] != 32 {
		t.Error(got)
	}
	// The draw is fixed for ever: an inspector's own program must come to the same.
	fixed := evidence.Select([]byte("seed"), evidence.Checkpoint{Size: 1000, Root: [32]byte{1, 2, 3}}, 5)
	if want := goldenSample; !cmp.Equal(fixed, want) {
		t.Errorf("selected %v, want %v", fixed, want)
	}
	count := make([]int, 4)
	for i := range 4000 {
		for _, x := range evidence.Select([]byte(fmt.Sprint(i)), evidence.Checkpoint{Size: 4}, 1) {
			count[x]++
		}
	}
	for x, n := range count {
		if n < 850 || n > 1150 {
			t.Errorf("index %d was drawn %d times of 4000", x, n)
		}
	}
}

func TestRetention(t *testing.T) {
	t.Parallel()
	var r evidence.Retention
	day := func(s string) time.Time { d, err := time.Parse("2006-01-02", s); return must(t, d, err) }
	for _, c := range []struct {
		class    evidence.Class
		at, want string
	}{
		{evidence.ClassLog, "2026-01-15", "2026-07-15"}, {evidence.ClassLog, "2026-08-31", "2027-03-01"},
		{evidence.ClassAssessment, "2024-02-29", "2027-03-01"}, {"", "2026-01-15", "2029-01-15"},
	} {
		if got := r.Until(c.class, day(c.at)); !got.Equal(day(c.want)) {
			t.Errorf("%s from %s ends %v", c.class, c.at, got)
		}
	}
	for d := day("2026-01-01"); d.Before(day("2028-12-31")); d = d.AddDate(0, 0, 1) {
		for _, class := range []evidence.Class{evidence.ClassLog, evidence.ClassAssessment} {
			since := r.Since(class, d)
			if r.Until(class, since).After(d) || !r.Until(class, since.Add(time.Hour)).After(d) {
				t.Fatalf("%s on %v: %v", class, d, since)
			}
		}
	}
	for _, c := range []struct {
		class  evidence.Class
		months int
		from   []colophon.Clause
	}{
		{evidence.ClassLog, 5, []colophon.Clause{colophon.ClauseCSL23, colophon.ClauseDS10, colophon.ClauseDS16, colophon.ClauseLM9}},
		{evidence.ClassAssessment, 35, []colophon.Clause{colophon.ClausePIPL56}},
	} {
		_, err := evidence.NewRetention(map[evidence.Class]int{c.class: c.months})
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != evidence.CodeRetentionShort || !slices.Equal(e.Clauses, c.from) {
			t.Errorf("%s for %d months: %+v", c.class, c.months, err)
		}
	}
	longer, err := evidence.NewRetention(map[evidence.Class]int{evidence.ClassLog: 12})
	if err != nil || !longer.Until(evidence.ClassLog, day("2026-01-15")).Equal(day("2027-01-15")) {
		t.Error(longer, err)
	}
}

func FuzzCanonicalise(f *testing.F) {
	f.Add([]byte(`{"b":[1,2.5e3,"\ud83d\ude00"],"a":null}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		once, err := evidence.Canonicalise(raw)
		if err != nil {
			return
		}
		if twice, err := evidence.Canonicalise(once); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q became %q, then %q, %v", raw, once, twice, err)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	f.Add([]byte(`{"at":1,"clauses":["lm-5"],"commitment":"` + hex.EncodeToString(make([]byte, 32)) + `","id":"01936f7e-8c1a-7000-8000-000000000000","role":"r","seq":1,"subject":"s","type":"t","v":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := evidence.ParseLeaf(raw)
		if err != nil {
			return
		}
		if again, err := r.Leaf(); err != nil || !bytes.Equal(again, raw) {
			t.Errorf("%q became %q, %v", raw, again, err)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 3\n" + strings.Repeat("A", 43) + "=\n\ntext\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := evidence.ParseProof(raw)
		if err != nil {
			return
		}
		if again, err := evidence.ParseProof(p.Marshal()); err != nil || !cmp.Equal(p, again) {
			t.Errorf("%q reads back as %v, %v", raw, again, err)
		}
	})
}

func FuzzParseCheckpoint(f *testing.F) {
	_, key, _ := ed25519.GenerateKey(bytes.NewReader(make([]byte, 32)))
	s, _ := evidence.NewNoteSigner("log.example/one", key, rand.Reader)
	v, _ := evidence.NewNoteVerifier("log.example/one", key.Public())
	c, _ := evidence.SignCheckpoint(s, 5, [32]byte{1})
	f.Add([]byte("log.example/one\n5\n"), c.Note)
	f.Fuzz(func(t *testing.T, text, raw []byte) {
		if got, err := evidence.ParseCheckpoint(raw, v); err == nil && (got.Size != 5 || got.Root != [32]byte{1}) {
			t.Errorf("%q passes for a signed checkpoint", raw)
		}
		if signed, err := note.Sign(&note.Note{Text: string(text)}, s); err == nil {
			if got, err := evidence.ParseCheckpoint(signed, v); err == nil && got.Origin != "log.example/one" {
				t.Errorf("%q has origin %q", text, got.Origin)
			}
		}
	})
}

func BenchmarkProofVerify(b *testing.B) {
	s, v := signer(b, "log.example/one")
	leaves, c, paths, _ := tree(b, 4096, s)
	parsed := must4(evidence.ParseCheckpoint(c.Note, v))(b)
	for i := 0; b.Loop(); i++ {
		n := i % len(leaves)
		if err := evidence.VerifyInclusion(parsed, uint64(n), leaves[n], paths[n]); err != nil {
			b.Fatal(err)
		}
	}
}
