package consent

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Codes of refusals of a token. Each names one condition that does not hold.
const (
	CodeToken        colophon.Code = "consent-token"         // no such token, or not a token at all
	CodeTokenExpired colophon.Code = "consent-token-expired" // args "until"
	CodeTokenRevoked colophon.Code = "consent-token-revoked"
	CodeTokenSpent   colophon.Code = "consent-token-spent"
	CodeTokenScope   colophon.Code = "consent-token-scope" // arg "field": the token was made for something else
	CodeState        colophon.Code = "consent-state"       // arg "state": the consent is not given
	CodePeriod       colophon.Code = "consent-period"      // it does not run yet, or no more
	CodeScope        colophon.Code = "consent-scope"       // arg "field": the consent does not allow it
	CodeForbidden    colophon.Code = "consent-forbidden"   // the consent forbids it by name
	CodeRelation     colophon.Code = "consent-relation"    // nobody confirmed yet that the guardian or kin is one
	CodeUses         colophon.Code = "consent-uses"        // all uses are taken
)

// Limits of tokens.
const (
	// MaxTokenUses is how many uses one token may have.
	MaxTokenUses = 100
	// usualToken is how long a token is good unless something else is asked for.
	usualToken   = time.Hour
	longestToken = 31 * 24 * time.Hour
)

// Use is what somebody wants to do with a likeness. In the scope of a token an empty field limits nothing beyond the consent.
type Use struct {
	Function  string           `json:"function,omitempty"`
	Modality  []Modality       `json:"modality,omitempty"`
	Purpose   string           `json:"purpose,omitempty"`
	Scene     string           `json:"scene,omitempty"`
	Channel   string           `json:"channel,omitempty"`
	Language  string           `json:"language,omitempty"`
	Territory string           `json:"territory,omitempty"`
	Account   evidence.Subject `json:"account,omitempty"`
	Training  bool             `json:"training,omitempty"`
}

func (u Use) check() error {
	for _, f := range u.fields() {
		if f.word != "" && !word(f.word) {
			return invalid(f.name)
		}
	}
	if !among(u.Modality, Modalities()) {
		return invalid("modality")
	}
	return nil
}

type field struct{ name, word string }

func (u Use) fields() []field {
	return []field{{"function", u.Function}, {"scene", u.Scene}, {"channel", u.Channel}, {"language", u.Language}, {"territory", u.Territory}, {"purpose", u.Purpose}, {"account", string(u.Account)}}
}

// Token is what is kept of one: never its text.
type Token struct {
	Consent string    `json:"consent"`
	Scope   Use       `json:"scope"`
	Uses    int       `json:"uses"`
	Until   time.Time `json:"until"`
	Spends  []Spend   `json:"spends,omitempty"`
	// Returned says that the uses it did not spend went back to the consent.
	Returned bool `json:"returned,omitempty"`
}

// Spend is one use that was counted.
type Spend struct {
	Number string    `json:"number"`
	At     time.Time `json:"at"`
}

// TokenEntry is a token in its ledger. Its subject is that of the consent.
type TokenEntry = ledger.Entry[Token]

// Grant is what a token gives.
type Grant struct {
	Consent  string
	Token    string // its identifier, not its text
	Subject  evidence.Subject
	Level    Level
	Modality []Modality
	Until    time.Time // when the token or the consent ends, whichever is first
	Left     int       // uses of the token that are left
	State    State     // of the consent
	Used     time.Time // when it was spent for the number asked about; see [Ledger.Spent]
	// Broken joins what does not hold any more of a use that was counted; see [Ledger.Spent].
	Broken error
}

// Mint makes a token for uses of a consent by its requester. The text is returned this once. The uses are taken from the
// consent at once, so that tokens together never have more than it allows.
func (l *Ledger) Mint(ctx context.Context, by ledger.By, id string, scope Use, uses int, until time.Time) (string, TokenEntry, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return "", TokenEntry{}, err
	}
	now := l.book.Now()
	if until.IsZero() {
		until = now.Add(usualToken)
	}
	if until = until.UTC().Truncate(time.Millisecond); until.After(e.Value.Terms.Until) {
		until = e.Value.Terms.Until
	}
	if scope.Account == "" {
		scope.Account = e.Value.Requester
	}
	switch err := scope.check(); {
	case err != nil:
		return "", TokenEntry{}, err
	case uses < 1 || uses > MaxTokenUses:
		return "", TokenEntry{}, invalid("uses")
	case !until.After(now) || until.After(now.Add(longestToken)):
		return "", TokenEntry{}, invalid("until")
	}
	text, digest, err := l.drawToken()
	if err != nil {
		return "", TokenEntry{}, err
	}
	tokenID, err := l.Recorder.NewID()
	if err != nil {
		return "", TokenEntry{}, err
	}
	e, err = l.change(ctx, id, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		if err := errors.Join(append(l.stands(*e), allows(*e, scope, true)...)...); err != nil {
			return ledger.Act{}, err
		}
		if t := e.Value.Terms; t.Uses > 0 && e.Value.Reserved+uses > t.Uses {
			return ledger.Act{}, refuse(colophon.Refused, CodeUses, e.Value.Person.clauses()...)
		}
		e.Value.Reserved += uses
		return l.act(RecordTaken, by, *e, &payload{Token: tokenID, Uses: uses}), nil
	})
	if err != nil {
		return "", TokenEntry{}, err
	}
	t := TokenEntry{ID: tokenID, Subject: e.Subject, State: string(Live), Due: until, Keys: []ledger.Key{{Name: keyConsent, Value: id}, {Name: keyDigest, Value: digest, Unique: true}},
		Value: Token{Consent: id, Scope: scope, Uses: uses, Until: until}}
	if t, err = l.tokens.Add(ctx, t, nil, l.tokenAct(RecordMinted, by, t, payload{Scope: &scope})); err != nil {
		return "", t, err
	}
	after, err := l.book.Get(ctx, id)
	if err == nil && !after.Value.Anew.Equal(e.Value.Anew) { // narrowed since the uses were taken
		t, err = l.Revoke(ctx, by, t.ID)
		err = errors.Join(refuse(colophon.Refused, CodeTokenRevoked, colophon.ClauseDS14), err)
	}
	if err != nil {
		return "", t, err
	}
	return text, t, nil
}

// A token is random bytes and a code over them, by which made-up ones are turned away without a look into the store.
const (
	tokenPrefix = "clt_"
	tokenRandom = 32
	tokenCode   = 16
)

func (l *Ledger) drawToken() (text, digest string, err error) {
	raw := make([]byte, tokenRandom)
	if _, err := io.ReadFull(l.Random, raw); err != nil {
		return "", "", err
	}
	text = tokenPrefix + base64.RawURLEncoding.EncodeToString(append(raw, l.codeOf(raw)...))
	return text, l.digest(keyDigest, text), nil
}

func (l *Ledger) codeOf(raw []byte) []byte {
	mac := hmac.New(sha256.New, l.Secret)
	mac.Write([]byte("consent-token-code\x00"))
	mac.Write(raw)
	return mac.Sum(nil)[:tokenCode]
}

// genuine reports whether a text is a token that was made here.
func (l *Ledger) genuine(text string) bool {
	rest, ok := strings.CutPrefix(text, tokenPrefix)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(rest)
	return ok && err == nil && len(raw) == tokenRandom+tokenCode && hmac.Equal(raw[tokenRandom:], l.codeOf(raw[:tokenRandom]))
}

func (l *Ledger) token(ctx context.Context, text string) (TokenEntry, error) {
	if !l.genuine(text) {
		return TokenEntry{}, refuse(colophon.Missing, CodeToken, colophon.ClauseDS14)
	}
	return l.tokens.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyDigest, Value: l.digest(keyDigest, text)}}})
}

// Check answers whether a token is good for a use now. Nothing is counted. Where it is not, the error joins one
// [colophon.Error] for each condition that does not hold, and the grant says what is known of the consent.
func (l *Ledger) Check(ctx context.Context, text string, use Use) (Grant, error) {
	t, err := l.token(ctx, text)
	if err != nil {
		return Grant{}, err
	}
	return l.judge(ctx, t, use, "")
}

// judge holds a use against a token and its consent. A number that the token was spent for already needs no further use.
func (l *Ledger) judge(ctx context.Context, t TokenEntry, use Use, number string) (Grant, error) {
	if err := use.check(); err != nil {
		return Grant{}, err
	}
	e, err := l.book.Get(ctx, t.Value.Consent)
	if err != nil {
		return Grant{}, err
	}
	g := Grant{Consent: e.ID, Token: t.ID, Subject: e.Subject, Level: e.Value.Level, Modality: e.Value.Terms.Modality, Until: t.Value.Until,
		Left: t.Value.Uses - len(t.Value.Spends), State: State(e.State)}
	if e.Value.Terms.Until.Before(g.Until) {
		g.Until = e.Value.Terms.Until
	}
	broken := append(l.stands(e), l.tokenStands(t, number)...)
	if !e.Value.Anew.IsZero() && !t.Made.After(e.Value.Anew) {
		broken = append(broken, refuse(colophon.Refused, CodeTokenRevoked, colophon.ClauseDS14))
	}
	broken = append(broken, within(t.Value.Scope, use)...)
	return g, errors.Join(append(broken, allows(e, use, false)...)...)
}

// stands says why nothing may be made with a consent now, whatever it is.
func (l *Ledger) stands(e Entry) (broken []error) {
	clauses, now := e.Value.Person.clauses(), l.book.Now()
	if s := State(e.State); s != Given {
		if s == Withdrawn {
			clauses = append(clauses, colophon.ClausePIPL15)
		}
		broken = append(broken, &colophon.Error{Kind: colophon.Refused, Code: CodeState, Args: colophon.Args{"state": e.State}, Clauses: clauses})
	}
	if now.Before(e.Value.Terms.From) || !now.Before(e.Value.Terms.Until) {
		broken = append(broken, refuse(colophon.Refused, CodePeriod, clauses...))
	}
	if e.Value.Grantor != Self && (e.Value.Relation == nil || e.Value.Relation.State != RelationConfirmed) {
		broken = append(broken, refuse(colophon.Refused, CodeRelation, clauses...))
	}
	return broken
}

func (l *Ledger) tokenStands(t TokenEntry, number string) []error {
	again := number != "" && slices.ContainsFunc(t.Value.Spends, func(s Spend) bool { return s.Number == number })
	switch s := TokenState(t.State); {
	case s == Revoked:
		return []error{refuse(colophon.Refused, CodeTokenRevoked, colophon.ClauseDS14)}
	case s == TokenExpired || !l.book.Now().Before(t.Value.Until):
		return []error{&colophon.Error{Kind: colophon.Refused, Code: CodeTokenExpired, Args: colophon.Args{"until": t.Value.Until.Format(time.RFC3339)}, Clauses: []colophon.Clause{colophon.ClauseDS14}}}
	case s != Live && !again:
		return []error{refuse(colophon.Refused, CodeTokenSpent, colophon.ClauseDS14)}
	}
	return nil
}

// within says which fields of a use lie outside the scope of a token.
func within(scope, use Use) (broken []error) {
	wrong := func(name string) {
		broken = append(broken, &colophon.Error{Kind: colophon.Refused, Code: CodeTokenScope, Args: colophon.Args{"field": name}, Clauses: []colophon.Clause{colophon.ClauseDS14}})
	}
	wanted := use.fields()
	for i, f := range scope.fields() {
		if f.word != "" && f.word != wanted[i].word {
			wrong(f.name)
		}
	}
	if len(scope.Modality) > 0 && !among(use.Modality, scope.Modality) {
		wrong("modality")
	}
	if use.Training && !scope.Training {
		wrong("training")
	}
	return broken
}

// allows says which fields of a use the terms of a consent do not allow. The scope of a token may leave open what the use
// itself says later.
func allows(e Entry, use Use, scope bool) (broken []error) {
	t, clauses := e.Value.Terms, e.Value.Person.clauses()
	wrong := func(code colophon.Code, name string) {
		broken = append(broken, &colophon.Error{Kind: colophon.Refused, Code: code, Args: colophon.Args{"field": name}, Clauses: clauses})
	}
	if len(use.Modality) == 0 && !scope || !among(use.Modality, t.Modality) {
		wrong(CodeScope, "modality")
	}
	if use.Purpose != t.Purpose && !(scope && use.Purpose == "") {
		wrong(CodeScope, "purpose")
	}
	if use.Account != e.Value.Requester {
		wrong(CodeScope, "account")
	}
	if use.Training && !t.Train {
		wrong(CodeScope, "training")
	}
	fields := use.fields()
	for i, list := range t.lists()[:5] {
		if len(list.words) > 0 && !slices.Contains(list.words, fields[i].word) && !(scope && fields[i].word == "") {
			wrong(CodeScope, fields[i].name)
		}
	}
	for _, f := range fields {
		if f.name != "account" && f.word != "" && slices.Contains(t.Forbidden, f.word) {
			wrong(CodeForbidden, f.name)
		}
	}
	return broken
}

// rounds is how often a change of a token is tried again; each round itself tries several times.
const rounds = 64

// Spend counts one use of a token and ties it to the content number of what is made. To spend it again for the same number
// changes nothing. Whether the consent still stands is asked after the use was counted as well: a use that met the end of the
// consent is taken back and refused.
func (l *Ledger) Spend(ctx context.Context, by ledger.By, text string, use Use, number string) (Grant, error) {
	g, _, err := l.spend(ctx, by, text, use, number)
	return g, err
}

// SpendAll spends tokens for one content number, all or none: where one is refused, the uses that were counted of the others
// are taken back.
func (l *Ledger) SpendAll(ctx context.Context, by ledger.By, texts []string, use Use, number string) ([]Grant, error) {
	var grants, counted []Grant
	for _, text := range texts {
		g, fresh, err := l.spend(ctx, by, text, use, number)
		if err != nil {
			for _, c := range counted {
				if back := l.unspend(context.WithoutCancel(ctx), by, c.Token, number); back != nil {
					err = errors.Join(err, back)
				}
			}
			return nil, err
		}
		if grants = append(grants, g); fresh {
			counted = append(counted, g)
		}
	}
	return grants, nil
}

// spend also reports whether it counted the use now, and not before.
func (l *Ledger) spend(ctx context.Context, by ledger.By, text string, use Use, number string) (g Grant, fresh bool, err error) {
	if !word(number) {
		return g, false, invalid("number")
	}
	t, err := l.token(ctx, text)
	if err != nil {
		return g, false, err
	}
	if g, err = l.judge(ctx, t, use, number); err != nil {
		return g, false, err
	}
	t, err = l.changeToken(ctx, t.ID, func(t *TokenEntry) (ledger.Act, error) {
		fresh = false
		if broken := l.tokenStands(*t, number); broken != nil {
			return ledger.Act{}, errors.Join(broken...)
		}
		if slices.ContainsFunc(t.Value.Spends, func(s Spend) bool { return s.Number == number }) {
			return ledger.Act{}, ledger.ErrSame
		}
		fresh = true
		t.Value.Spends = append(slices.Clone(t.Value.Spends), Spend{number, l.book.Now()})
		t.Keys = append(slices.Clone(t.Keys), ledger.Key{Name: keyNumber, Value: number})
		if len(t.Value.Spends) == t.Value.Uses {
			t.State, t.Due = string(Spent), time.Time{}
		}
		return l.tokenAct(RecordSpent, by, *t, payload{Number: number}), nil
	})
	if err != nil {
		return g, false, err
	}
	if g, err = l.judge(ctx, t, use, number); err != nil && fresh {
		err = errors.Join(err, l.unspend(context.WithoutCancel(ctx), by, t.ID, number))
	}
	return g, fresh, err
}

// changeToken changes a token that many may change at the same time.
func (l *Ledger) changeToken(ctx context.Context, id string, fn func(t *TokenEntry) (ledger.Act, error)) (t TokenEntry, err error) {
	for range rounds {
		t, err = l.tokens.Change(ctx, id, fn)
		var e *colophon.Error
		if !errors.As(err, &e) || e.Code != ledger.CodeChanged {
			break
		}
	}
	return t, err
}

// unspend takes a use back that was counted while the consent ended, or beside one that was refused. A token that was revoked
// meanwhile stays so.
func (l *Ledger) unspend(ctx context.Context, by ledger.By, id, number string) error {
	_, err := l.changeToken(ctx, id, func(t *TokenEntry) (ledger.Act, error) {
		t.Value.Spends = slices.DeleteFunc(slices.Clone(t.Value.Spends), func(s Spend) bool { return s.Number == number })
		t.Keys = slices.DeleteFunc(slices.Clone(t.Keys), func(k ledger.Key) bool { return k.Name == keyNumber && k.Value == number })
		if TokenState(t.State) == Spent {
			t.State, t.Due = string(Live), t.Value.Until
		}
		return l.tokenAct(RecordUnspent, by, *t, payload{Number: number}), nil
	})
	return err
}

func (l *Ledger) tokenAct(typ evidence.Type, by ledger.By, t TokenEntry, p payload) ledger.Act {
	p.Consent, p.Token, p.State, p.By = t.Value.Consent, t.ID, t.State, by.ID
	p.Uses = t.Value.Uses - len(t.Value.Spends)
	return ledger.Act{Type: typ, Role: by.Role, Clauses: []colophon.Clause{colophon.ClauseDS14}, Payload: p}
}

// Revoke ends a token. Its uses go back to the consent.
func (l *Ledger) Revoke(ctx context.Context, by ledger.By, id string) (TokenEntry, error) {
	t, err := l.endToken(ctx, by, id, Revoked)
	if err != nil {
		return t, err
	}
	return t, l.giveBack(ctx, by, t)
}

func (l *Ledger) endToken(ctx context.Context, by ledger.By, id string, s TokenState) (TokenEntry, error) {
	return l.changeToken(ctx, id, func(t *TokenEntry) (ledger.Act, error) {
		if !TokenState(t.State).May(s) {
			return ledger.Act{}, ledger.ErrSame
		}
		t.State, t.Due = string(s), time.Time{}
		if len(t.Value.Spends) < t.Value.Uses {
			t.Due = l.book.Now() // until what it did not spend went back
		}
		return l.tokenAct(RecordTokenEnded, by, *t, payload{}), nil
	})
}

// giveBack returns unspent uses to the consent, once. The token is marked before: dying in between, uses are lost and none is
// had twice.
func (l *Ledger) giveBack(ctx context.Context, by ledger.By, t TokenEntry) error {
	unspent := 0
	_, err := l.changeToken(ctx, t.ID, func(t *TokenEntry) (ledger.Act, error) {
		unspent = t.Value.Uses - len(t.Value.Spends)
		if s := TokenState(t.State); t.Value.Returned || unspent == 0 || s != Revoked && s != TokenExpired {
			unspent = 0
			return ledger.Act{}, ledger.ErrSame
		}
		t.Value.Returned, t.Due = true, time.Time{}
		return l.tokenAct(RecordReturned, by, *t, payload{}), nil
	})
	if err != nil || unspent == 0 {
		return err
	}
	_, err = l.change(ctx, t.Value.Consent, func(e *Entry, _ *Particulars) (ledger.Act, error) {
		e.Value.Reserved -= unspent
		return l.act(RecordReturned, by, *e, &payload{Token: t.ID, Uses: unspent}), nil
	})
	return err
}

// Token returns a token by its identifier.
func (l *Ledger) Token(ctx context.Context, id string) (TokenEntry, error) {
	return l.tokens.Get(ctx, id)
}

// Tokens returns a page of the tokens of a consent.
func (l *Ledger) Tokens(ctx context.Context, consent, after string, limit int) ([]TokenEntry, string, error) {
	return l.tokens.Page(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyConsent, Value: consent}}, After: after, Limit: limit})
}
