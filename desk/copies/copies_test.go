package copies_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/evidence"
)

func TestSteps(t *testing.T) {
	t.Parallel()
	may := map[[2]copies.State]bool{
		{copies.Requested, copies.Granted}: true, {copies.Requested, copies.Refused}: true, {copies.Requested, copies.Withdrawn}: true,
		{copies.Granted, copies.Handed}: true, {copies.Granted, copies.Refused}: true, {copies.Granted, copies.Withdrawn}: true,
	}
	if len(copies.States()) != 5 {
		t.Errorf("states %v", copies.States())
	}
	for _, from := range copies.States() {
		for _, to := range copies.States() {
			if from.May(to) != may[[2]copies.State{from, to}] {
				t.Errorf("from %s to %s: %t", from, to, from.May(to))
			}
		}
	}
}

const rules = `{"keep_months":6,"duty":{"zh":"甲","en":"a"},"rows":[` +
	`{"id":"one","purposes":["copy-purpose-proof"],"recipients":["copy-recipient-own"],"classes":["voice"],"decide":"refuse","why":"copy-reason-risk"}]}`

func TestParseRules(t *testing.T) {
	t.Parallel()
	if _, err := copies.ParseRules([]byte(rules)); err != nil {
		t.Fatal(err)
	}
	if r, err := copies.Starter(); err != nil || r.KeepMonths < 6 {
		t.Fatalf("%+v, %v", r, err)
	}
	for name, c := range map[string]struct{ old, new, field string }{
		"less than six months": {`"keep_months":6`, `"keep_months":5`, "keep_months"},
		"too long":             {`"keep_months":6`, `"keep_months":121`, "keep_months"},
		"no duty":              {`"zh":"甲"`, `"zh":" "`, "duty"},
		"no identifier":        {`"id":"one"`, `"id":""`, "id"},
		"twice":                {`"rows":[`, `"rows":[{"id":"one","decide":"person"},`, "id"},
		"purpose":              {`copy-purpose-proof`, `fun`, "one.purposes"},
		"recipient":            {`copy-recipient-own`, `all`, "one.recipients"},
		"class":                {`"voice"`, `"painting"`, "one.classes"},
		"decide":               {`"decide":"refuse"`, `"decide":"perhaps"`, "one.decide"},
		"why of a grant":       {`"decide":"refuse"`, `"decide":"grant"`, "one.why"},
		"no why":               {`,"why":"copy-reason-risk"`, ``, "one.why"},
		"why of the system":    {`copy-reason-risk`, `copy-reason-failed`, "one.why"},
		"unknown word":         {`"keep_months":6`, `"keep_months":6,"colour":1`, "json"},
		"more":                 {`}]}`, `}]}1`, "json"},
	} {
		_, err := copies.ParseRules([]byte(strings.Replace(rules, c.old, c.new, 1)))
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != copies.CodeRules || e.Args["field"] != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseRules(f *testing.F) {
	f.Add([]byte(rules))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := copies.ParseRules(raw)
		if err != nil {
			return
		}
		again, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := copies.ParseRules(again); err != nil {
			t.Errorf("what was read can't be read again: %v", err)
		}
		if r.KeepMonths < 6 {
			t.Errorf("kept for %d months", r.KeepMonths)
		}
	})
}

// keys signs and verifies; the seed makes it the same in every run.
func keys(t testing.TB, seed string) (note.Signer, note.Verifier) {
	t.Helper()
	private, public, err := note.GenerateKey(strings.NewReader(strings.Repeat(seed, 64)), "receipts.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		t.Fatal(err)
	}
	return signer, verifier
}

const head = "colophon receipt of a copy without notice\n"

// signed signs a receipt, or something like one.
func signed(t testing.TB, by note.Signer, head string, r any, tail string) []byte {
	t.Helper()
	raw, err := evidence.Canonical(r)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Sign(&note.Note{Text: head + string(raw) + tail}, by)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// loose is the same document with bits in its signature that Base64 does not read.
func loose(raw []byte) []byte {
	raw = bytes.Clone(raw)
	raw[bytes.LastIndexByte(raw, '=')-1]++
	return raw
}

func TestOpenReceipt(t *testing.T) {
	t.Parallel()
	signer, verifier := keys(t, "a")
	_, other := keys(t, "b")
	good := signed(t, signer, head, copies.Receipt{Schema: copies.Schema, Receipt: "r-1"}, "\n")
	if r, err := copies.OpenReceipt(good, verifier); err != nil || r.Receipt != "r-1" {
		t.Fatalf("%+v, %v", r, err)
	}
	for name, c := range map[string]struct {
		raw   []byte
		trust []note.Verifier
		code  colophon.Code
	}{
		"no key":        {good, nil, copies.CodeNoKey},
		"another key":   {good, []note.Verifier{other}, copies.CodeSignature},
		"changed":       {[]byte(strings.Replace(string(good), "r-1", "r-2", 1)), []note.Verifier{verifier}, copies.CodeSignature},
		"another head":  {signed(t, signer, "colophon receipt\n", copies.Receipt{Schema: copies.Schema}, "\n"), []note.Verifier{verifier}, copies.CodeReceipt},
		"another body":  {signed(t, signer, head, map[string]string{"schema": copies.Schema, "colour": "red"}, "\n"), []note.Verifier{verifier}, copies.CodeReceipt},
		"schema":        {signed(t, signer, head, copies.Receipt{Schema: "other"}, "\n"), []note.Verifier{verifier}, copies.CodeReceipt},
		"not canonical": {signed(t, signer, head+" ", copies.Receipt{Schema: copies.Schema}, "\n"), []note.Verifier{verifier}, copies.CodeReceipt},
		"more":          {signed(t, signer, head, copies.Receipt{Schema: copies.Schema}, "\n\n"), []note.Verifier{verifier}, copies.CodeReceipt},
		"another form":  {loose(good), []note.Verifier{verifier}, copies.CodeReceipt},
		"too long":      {make([]byte, copies.MaxReceipt+1), []note.Verifier{verifier}, copies.CodeReceipt},
		"nothing":       {nil, nil, copies.CodeReceipt},
	} {
		_, err := copies.OpenReceipt(c.raw, c.trust...)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpenReceipt(f *testing.F) {
	signer, verifier := keys(f, "a")
	f.Add(signed(f, signer, head, copies.Receipt{Schema: copies.Schema, Receipt: "r-1"}, "\n"))
	f.Add(signed(f, signer, head, map[string]int{"a": 1}, "\n"))
	f.Add([]byte(head + "{}\n\n— receipts.example AAAA\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if r, err := copies.OpenReceipt(raw, verifier); err == nil && r.Schema != copies.Schema {
			t.Errorf("%+v", r)
		}
	})
}
