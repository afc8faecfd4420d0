package identity

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity/form"
)

// Claim is what somebody says about himself. It lives in memory: it has no text, no JSON and no place in a log.
type Claim struct {
	Kind   Method // of Number; empty or Phone where there is none
	Number string
	Name   string // of a person, or of an organisation
	Phone  string
	Card   string // of a bank
}

const hidden = "identity.Claim{hidden}"

// String hides what the claim holds.
func (Claim) String() string { return hidden }

// GoString hides what the claim holds.
func (Claim) GoString() string { return hidden }

// LogValue implements slog.LogValuer.
func (Claim) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalJSON refuses: a claim goes nowhere.
func (Claim) MarshalJSON() ([]byte, error) { return nil, errors.New("a claim is not written down") }

// Masked is what may be shown of a claim to who may see it.
type Masked struct {
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
	Phone  string `json:"phone,omitempty"`
}

// known is a claim of which the form was checked.
type known struct {
	Claim
	person string // what stays with the person of Number
	born   time.Time
	low    bool // the telephone says less about who has it
}

// check checks the form of all that a claim holds.
func (c Claim) check(now time.Time) (k known, err error) {
	k.Claim = c
	if c.Number != "" {
		var n form.Number
		switch c.Kind {
		case ResidentID:
			n, err = form.ResidentID(c.Number, now)
		case HKMacauPermit:
			n, err = form.HKMacauPermit(c.Number, now)
		case TaiwanPermit:
			n, err = form.TaiwanPermit(c.Number, now)
		case PermanentCard:
			n, err = form.PermanentCard(c.Number, now)
		case Passport:
			n, err = form.Passport(c.Number)
		case USCC:
			n, err = form.USCC(c.Number)
		case NetworkIdentity, OIDC:
			n = form.Number{Text: c.Number, Person: c.Number}
			if len(c.Number) > maxOpaque || !utf8.ValidString(c.Number) || strings.ContainsFunc(c.Number, unicode.IsControl) {
				err = invalid("number")
			}
		default:
			err = invalid("kind")
		}
		if err != nil {
			return known{}, err
		}
		k.Number, k.person, k.born = n.Text, n.Person, n.Born
	}
	if c.Name != "" {
		name := form.Name
		if c.Kind == USCC {
			name = form.Title
		}
		if k.Name, err = name(c.Name); err != nil {
			return known{}, err
		}
	}
	if c.Phone != "" {
		m, err := form.ParseMobile(c.Phone)
		if err != nil {
			return known{}, err
		}
		k.Phone, k.low = m.Text, m.Low()
	}
	if c.Card != "" {
		if k.Card, err = form.BankCard(c.Card); err != nil {
			return known{}, err
		}
	}
	return k, nil
}

// maxOpaque is the longest number of which only its issuer knows the form, in bytes.
const maxOpaque = 256

// in reports whether an identifier repeats what the claim holds of a person.
func (c Claim) in(id string) bool {
	return slices.ContainsFunc([]string{c.Number, c.Phone, c.Card}, func(v string) bool {
		return v != "" && strings.Contains(strings.ToUpper(id), strings.ToUpper(v))
	})
}

// lacks returns the field without which a level can't be verified, or "".
func (c Claim) lacks(level Level) string {
	need := func(fields ...string) string {
		have := map[string]string{"number": c.Number, "name": c.Name, "phone": c.Phone, "card": c.Card}
		i := slices.IndexFunc(fields, func(f string) bool { return have[f] == "" })
		if i < 0 {
			return ""
		}
		return fields[i]
	}
	switch level {
	case PhoneNumber:
		return need("phone")
	case TwoFactor, Live:
		return need("number", "name")
	case ThreeFactor:
		return need("number", "name", "phone")
	case FourFactor:
		return need("number", "name", "phone", "card")
	case Organisation:
		if c.Kind != USCC {
			return "kind"
		}
		return need("number", "name")
	}
	return ""
}

// minor is the band of age on a day.
func minor(born, now time.Time) Minor {
	if born.IsZero() {
		return AgeUnknown
	}
	today := form.Day(now)
	switch {
	case !born.AddDate(18, 0, 0).After(today):
		return Adult
	case !born.AddDate(14, 0, 0).After(today):
		return Under18
	}
	return Under14
}

// Names of keys under which verifications are found.
const (
	keyNumber      = "number"
	keyOpaque      = "opaque" // a number of which only its issuer knows the form
	keyName        = "name"
	keyPhone       = "phone"
	keyTransaction = "transaction"
	keyImport      = "import"
)

// digest makes the keyed digest under which a value is found. The kinds keep equal values of different kinds apart.
func (r *Registrar) digest(kind, value string) string {
	mac := hmac.New(sha256.New, r.config.Secret)
	mac.Write([]byte("colophon/identity/v1\x00" + kind + "\x00" + value))
	return hex.EncodeToString(mac.Sum(nil))
}

// keys are the digests of what a claim holds. They go when the account is erased.
func (r *Registrar) keys(k known) (list []ledger.Key) {
	add := func(name, kind, value string) {
		if value != "" {
			list = append(list, ledger.Key{Name: name, Value: r.digest(kind, value), Personal: true})
		}
	}
	if k.Kind == NetworkIdentity || k.Kind == OIDC {
		add(keyOpaque, keyOpaque+"/"+string(k.Kind), k.person)
	} else {
		add(keyNumber, keyNumber+"/"+string(k.Kind), k.person)
	}
	add(keyName, keyName, strings.ToUpper(strings.ReplaceAll(k.Name, " ", "")))
	add(keyPhone, keyPhone, k.Phone)
	return list
}

// Fingerprint is a keyed digest of all that a claim holds, by which an equal claim is known.
func (r *Registrar) Fingerprint(c Claim) string {
	return r.digest("claim", strings.Join([]string{string(c.Kind), c.Number, c.Name, c.Phone, c.Card}, "\x00"))
}

// personKey is the key by which one person with several accounts is found: a number, or without one the telephone.
func personKey(keys []ledger.Key) (ledger.Key, bool) {
	for _, name := range []string{keyNumber, keyOpaque, keyPhone} {
		if i := slices.IndexFunc(keys, func(k ledger.Key) bool { return k.Name == name }); i >= 0 {
			return keys[i], true
		}
	}
	return ledger.Key{}, false
}

// mask is what may be shown of a claim.
func (k known) mask() Masked {
	m := Masked{Number: stars(k.Number, 1, 1), Phone: stars(k.Phone, 3, 2)}
	m.Name = stars(k.Name, 1, 0)
	return m
}

// stars keeps characters at both ends, and shows the number of the others.
func stars(s string, before, behind int) string {
	runes := []rune(s)
	if len(runes) <= before+behind {
		before, behind = 0, 0
	}
	for i := before; i < len(runes)-behind; i++ {
		runes[i] = '*'
	}
	return string(runes)
}

// merge adds what a source learned to what was known. It reports false where one says something else than the other.
func merge(a, b []ledger.Key) ([]ledger.Key, bool) {
	for _, k := range b {
		i := slices.IndexFunc(a, func(o ledger.Key) bool { return o.Name == k.Name })
		if i >= 0 && a[i].Value != k.Value {
			return a, false
		}
		if i < 0 {
			a = append(slices.Clone(a), k)
		}
	}
	return a, true
}

// merge fills in what is not there.
func (m Masked) merge(o Masked) Masked {
	return Masked{cmp.Or(m.Number, o.Number), cmp.Or(m.Name, o.Name), cmp.Or(m.Phone, o.Phone)}
}
