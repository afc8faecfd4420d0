package console

import (
	"context"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/staff"
)

// Codes of what came of a verification other than a match, and of pages that can't verify.
const (
	CodeVerifyMismatch colophon.Code = "page-verification-mismatch"
	CodeVerifyUnlisted colophon.Code = "page-verification-no-record"
	CodeVerifyUntold   colophon.Code = "page-verification-could-not-tell" // the source could not say
	CodeVerifyExpired  colophon.Code = "page-verification-expired"
	CodeVerifyAgain    colophon.Code = "page-verification-again" // the code was not the one that was sent
	CodeVerifyNone     colophon.Code = "page-verification-none"  // no way is set up
)

// Registrar verifies accounts. An *identity.Registrar does.
type Registrar interface {
	Sources() (now, later []identity.Facts)
	Verify(ctx context.Context, by ledger.By, account evidence.Subject, source string, c identity.Claim) (identity.Entry, error)
	Begin(ctx context.Context, by ledger.By, account evidence.Subject, b identity.Beginning) (identity.Entry, identity.Begun, error)
	Complete(ctx context.Context, by ledger.By, id string, resp identity.Response) (identity.Entry, error)
	Verification(ctx context.Context, id string) (identity.Entry, error)
}

// way is one way to be verified, with what it asks for.
type way struct {
	Source      string
	Kind        string // word of what it is called
	Numbers     []identity.Method
	Phone, Card bool
	later       bool
}

type verificationPage struct {
	Ways   []way
	Typing bool // a code was sent and waits to be typed
}

// ways are those that the provider configured. A face is never the only one (Facial Recognition Measures Art. 10).
func (v *visit) ways() ([]way, error) {
	if v.Registrar == nil {
		return nil, missing()
	}
	now, later := v.Registrar.Sources()
	all := slices.Concat(now, later)
	if len(all) == 0 {
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeVerifyNone, Clauses: []colophon.Clause{colophon.ClauseDS9}}
	}
	if !slices.ContainsFunc(all, func(f identity.Facts) bool { return !f.Face }) {
		return nil, &colophon.Error{Kind: colophon.Refused, Code: identity.CodeFaceOnly, Clauses: []colophon.Clause{colophon.ClauseFR10}}
	}
	var list []way
	for i, f := range all {
		list = append(list, wayOf(f, i >= len(now)))
	}
	return list, nil
}

// wayOf says what a source asks for. One that finds out by itself is asked by going there.
func wayOf(f identity.Facts, later bool) way {
	w := way{Source: f.Name, Kind: "number", later: later}
	for _, m := range f.Methods {
		switch m {
		case identity.Phone, identity.OIDC, identity.NetworkIdentity, identity.Other:
			w.Kind = string(m)
		default:
			w.Numbers = append(w.Numbers, m)
		}
	}
	if f.Learns {
		w.Numbers = nil
	} else {
		w.Card = f.Level == identity.FourFactor
		w.Phone = w.Card || f.Level == identity.ThreeFactor || f.Level == identity.PhoneNumber
	}
	switch {
	case f.Face:
		w.Kind = "face"
	case len(w.Numbers) > 0:
		w.Kind = "number"
	}
	return w
}

func showVerification(v *visit) error {
	ways, err := v.ways()
	if err != nil {
		return err
	}
	data := verificationPage{Ways: ways}
	if e, err := v.pending(); err == nil {
		data.Typing = e.Value.Result == identity.Waiting && e.Value.Method == identity.Phone
	}
	return v.show("verification", data)
}

// verify has what somebody filled in checked, or sends them where they are asked for more.
func verify(v *visit) error {
	ways, err := v.ways()
	if err != nil {
		return err
	}
	i := slices.IndexFunc(ways, func(w way) bool { return w.Source == v.sent("source") })
	if i < 0 {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	claim := identity.Claim{Kind: identity.Method(v.sent("kind")), Number: v.sent("number"), Name: v.sent("name"), Phone: v.sent("phone"), Card: v.sent("card")}
	if !ways[i].later {
		return v.verified(v.Registrar.Verify(v.r.Context(), user(), v.link.Subject, ways[i].Source, claim))
	}
	e, begun, err := v.Registrar.Begin(v.r.Context(), user(), v.link.Subject,
		identity.Beginning{Source: ways[i].Source, Claim: claim, Return: v.Origin + VerificationReturnPath, Locale: string(v.lang)})
	if err != nil {
		return err
	}
	v.keep(v.pendingCookie(), e.ID)
	if begun.URL == "" {
		return v.send(verificationPath)
	}
	return v.goTo(begun.URL)
}

func verifyCode(v *visit) error {
	return v.complete(identity.Response{Code: v.sent("code")})
}

func verifyReturned(v *visit) error {
	return v.complete(identity.Response{Query: v.r.URL.Query()})
}

// complete hands what came back to whoever asked for it.
func (v *visit) complete(resp identity.Response) error {
	e, err := v.pending()
	if err != nil {
		return err
	}
	return v.verified(v.Registrar.Complete(v.r.Context(), user(), e.ID, resp))
}

// verified shows what came of it. The link is used up by a match alone.
func (v *visit) verified(e identity.Entry, err error) error {
	if err != nil {
		return err
	}
	code, known := map[identity.Result]colophon.Code{identity.Match: colophon.Code(e.Value.Reason), identity.Waiting: CodeVerifyAgain, identity.Mismatch: CodeVerifyMismatch,
		identity.NoRecord: CodeVerifyUnlisted, identity.Expired: CodeVerifyExpired}[e.Value.Result]
	if !known {
		code = CodeVerifyUntold
	}
	if code != "" {
		return &colophon.Error{Kind: colophon.Refused, Code: code, Clauses: []colophon.Clause{colophon.ClauseDS9}}
	}
	if err := v.spend(); err != nil {
		return err
	}
	v.keep(v.pendingCookie(), "")
	return v.show("verified", e.Value)
}

// pendingCookie keeps the identifier of a verification that waits for the person. It is no secret.
func (v *visit) pendingCookie() staff.Cookie {
	c := v.Roster.FormCookie(v.Secure)
	c.Name += "-pending"
	return c
}

// pending returns the verification that waits. One of another account is none.
func (v *visit) pending() (identity.Entry, error) {
	if v.Registrar == nil {
		return identity.Entry{}, missing()
	}
	e, err := v.Registrar.Verification(v.r.Context(), v.cookie(v.pendingCookie().Name))
	if err == nil && e.Subject != v.link.Subject {
		err = &colophon.Error{Kind: colophon.Missing, Code: identity.CodeMissing}
	}
	return e, err
}

// user is whoever uses the provider's service.
func user() ledger.By { return ledger.By{Role: "user"} }
