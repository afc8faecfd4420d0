package register

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Limits.
const (
	maxWord   = 64
	maxLine   = 256
	maxText   = 1024
	maxMany   = 32
	maxPeriod = 31 * 24 * time.Hour
)

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}

// Word reports whether s may name a service or function: lower-case letters, digits and hyphens.
func Word(s string) bool {
	return s != "" && len(s) <= maxWord && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-'
	})
}

// prose reports whether s is text of one paragraph; it may be empty.
func prose(s string, limit int) bool {
	return len(s) <= limit && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

func (n Names) fits(limit int) bool { return prose(n.ZH, limit) && prose(n.EN, limit) }

func (n Names) whole() bool { return n.ZH != "" && n.EN != "" }

func digest(s string) bool {
	raw, err := hex.DecodeString(s)
	return s == "" || err == nil && len(raw) == sha256.Size && s == strings.ToLower(s)
}

// among reports whether a list has only such words, each once.
func among(list, words []string) bool {
	for i, s := range list {
		if !slices.Contains(words, s) || slices.Contains(list[:i], s) {
			return false
		}
	}
	return true
}

func (s Service) check() error {
	switch {
	case !s.Names.fits(maxLine) || !s.Names.whole():
		return invalid("names")
	case !slices.Contains(roles, s.Role):
		return invalid("role")
	case len(s.Forms) == 0 || len(s.Forms) > maxMany:
		return invalid("forms")
	}
	for _, f := range s.Forms {
		if !slices.Contains(formKinds, f.Kind) || f.At == "" || !prose(f.At, maxLine) || !prose(f.ICP, maxLine) {
			return invalid("forms")
		}
	}
	return nil
}

// check refuses a description that is out of form. What is missing is the matter of [Function.missing].
func (f *Function) check(now time.Time) error {
	bad := ""
	for _, c := range []struct {
		field string
		ok    bool
	}{
		{"names", f.Names.fits(maxLine)},
		{"purpose", f.Purpose.fits(maxText)},
		{"likeness", among(f.Likeness, modalities)},
		{"scenes", len(f.Scenes) <= maxMany && !slices.ContainsFunc(f.Scenes, func(s string) bool { return !Word(s) })},
		{"models", len(f.Models) <= maxMany && !slices.ContainsFunc(f.Models, func(m Model) bool { return !m.fits() })},
		{"identity", f.Identity == "" || slices.Contains(identities, f.Identity)},
		{"consent", f.Consent == "" || slices.Contains(consents, f.Consent)},
		{"notice", (f.Notice.Policy == "" || slices.Contains(noticePolicies, f.Notice.Policy)) && f.Notice.Method.fits(maxText)},
		{"quotas", len(f.Quotas) <= maxMany && !slices.ContainsFunc(f.Quotas, func(q Quota) bool { return !q.fits() })},
		{"filing.reason", prose(f.Filing.Reason, maxText)},
		{"filing.link", f.Filing.Link == "" || prose(f.Filing.Link, maxText) && (strings.HasPrefix(f.Filing.Link, "https://") || strings.HasPrefix(f.Filing.Link, "http://"))},
		{"security", f.Security.fits(now)},
	} {
		if !c.ok && bad == "" {
			bad = c.field
		}
	}
	if bad != "" {
		return invalid(bad)
	}
	return nil
}

func (m Model) fits() bool {
	if m.Name == "" || !prose(m.Name, maxLine) || !prose(m.Version, maxLine) || !digest(m.Digest) || !prose(m.Number, maxLine) {
		return false
	}
	// A model is filed as an algorithm, or as a generative model under a number of another form.
	return strings.Trim(m.Number, "0123456789") != "" || m.Number == "" || len(m.Number) == numberDigits
}

func (q Quota) fits() bool {
	return slices.Contains(pers, q.Per) && q.Events > 0 && q.Events <= 1e9 && q.Period >= time.Second && q.Period <= maxPeriod && q.Burst >= 0 && q.Burst <= 1e9
}

func (s Security) same(o Security) bool {
	return s.Done.Equal(o.Done) && s.Until.Equal(o.Until) && s.Report == o.Report && s.Digest == o.Digest
}

func (s Security) fits(now time.Time) bool {
	if s.Done.IsZero() {
		return s.same(Security{})
	}
	return !s.Done.After(now) && (s.Until.IsZero() || s.Until.After(s.Done)) && s.Report != "" && prose(s.Report, maxLine) && digest(s.Digest)
}

// suits refuses a description that contradicts its kind.
func (k Kind) suits(f *Function) error {
	contradicts := func(field string, allowed []string) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeKind, Args: colophon.Args{"kind": k.ID, "field": field, "allowed": strings.Join(allowed, ", ")}}
	}
	if f.Class != "" && !slices.Contains(k.Classes, f.Class) {
		return contradicts("class", k.Classes)
	}
	for _, m := range k.Likeness {
		if !slices.Contains(f.Likeness, m) {
			return contradicts("likeness", k.Likeness)
		}
	}
	return nil
}

// missing returns what a description lacks for the function to be ready, or "".
func (f *Function) missing() string {
	switch {
	case !f.Names.whole():
		return "names"
	case !f.Purpose.whole():
		return "purpose"
	case f.Class == "":
		return "class"
	case len(f.Models) == 0:
		return "models"
	case f.Notice.Policy == "":
		return "notice.policy"
	case !f.Notice.Method.whole():
		return "notice.method"
	case f.Filing.State == "":
		return "filing.state"
	}
	return ""
}

// facts is the digest of what a function is: its purpose, its scope and the models behind it. Filing numbers, notice and
// quotas are not part of it.
func (f *Function) facts() (string, error) {
	type model struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Digest  string `json:"digest"`
		Own     bool   `json:"own"`
	}
	models := make([]model, len(f.Models))
	for i, m := range f.Models {
		models[i] = model{m.Name, m.Version, m.Digest, m.Own}
	}
	raw, err := evidence.Canonical(map[string]any{"service": f.Service, "purpose": f.Purpose, "kind": f.Kind, "class": f.Class,
		"likeness": slices.Sorted(slices.Values(f.Likeness)), "scenes": slices.Sorted(slices.Values(f.Scenes)), "models": models})
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), err
}

// follows refuses a filing that does not follow from the one before, and normalises its number.
func (f *Filing) follows(before Filing, now time.Time) error {
	if f.State != before.State && !before.State.May(f.State) {
		return &colophon.Error{Kind: colophon.Conflict, Code: CodeFiling, Args: colophon.Args{"from": string(before.State), "to": string(f.State)}, Clauses: []colophon.Clause{colophon.ClauseDS19}}
	}
	if f.Number != "" {
		n, err := CheckFiling(f.Number)
		if err != nil {
			return err
		}
		f.Number = n.Digits
	}
	switch {
	case f.State == FilingNeedless && f.Reason == "":
		return invalid("filing.reason")
	case (f.State == FilingDone || f.State == FilingChanged) == (f.Number == "") && f.State != FilingCancelled:
		return invalid("filing.number")
	case f.At.After(now):
		return invalid("filing.at")
	case f.At.IsZero() && f.State == before.State:
		f.At = before.At
	case f.At.IsZero():
		f.At = now
	}
	f.At = f.At.UTC().Truncate(time.Millisecond)
	return nil
}
