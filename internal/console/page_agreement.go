package console

import (
	"cmp"
	"context"
	"html/template"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// CodeNotTicked says that somebody did not tick every text that they have to accept.
const CodeNotTicked colophon.Code = "page-not-ticked"

// Texts are what accounts have to accept. An *agreement.Keeper has them.
type Texts interface {
	Current(ctx context.Context) ([]agreement.Entry, error)
	Accepted(ctx context.Context, account evidence.Subject) ([]agreement.Acceptance, error)
	Accept(ctx context.Context, by ledger.By, account evidence.Subject, s agreement.Shown) (agreement.Acceptance, error)
}

// agreementText is a version as it is shown.
type agreementText struct {
	ID, Kind, Title, Digest string
	Number                  int
	HTML                    template.HTML
}

// showAgreement shows the whole of every text that somebody still has to accept.
func showAgreement(v *visit) error {
	owed, err := v.owed()
	if err != nil {
		return err
	}
	var list []agreementText
	for _, e := range owed {
		text := e.Value.Texts.In(string(v.lang))
		html, err := agreement.Render(text)
		if err != nil {
			return err
		}
		list = append(list, agreementText{e.ID, string(e.Value.Kind), agreement.Title(text), e.Value.Digests.In(string(v.lang)), e.Value.Number, template.HTML(html)})
	}
	return v.show("agreement", list)
}

// owed are the versions in force that the holder's account has not accepted. What a link is about is the audience.
func (v *visit) owed() ([]agreement.Entry, error) {
	if v.Texts == nil {
		return nil, missing()
	}
	current, err := v.Texts.Current(v.r.Context())
	if err != nil {
		return nil, err
	}
	accepted, err := v.Texts.Accepted(v.r.Context(), v.link.Subject)
	if err != nil {
		return nil, err
	}
	audience := agreement.Audience(cmp.Or(v.link.Value.About, string(agreement.Users)))
	kinds := agreement.Owed(current, accepted, audience)
	return slices.DeleteFunc(slices.Clone(current), func(e agreement.Entry) bool {
		return e.Value.Audience != audience || !slices.Contains(kinds, e.Value.Kind)
	}), nil
}

// acceptAgreement keeps what was accepted, each with the digest of the text that stood on the page.
func acceptAgreement(v *visit) error {
	owed, err := v.owed()
	if err != nil {
		return err
	}
	for _, e := range owed {
		if v.sent("accept-"+e.ID) == "" {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeNotTicked}
		}
	}
	for _, e := range owed {
		shown := agreement.Shown{Version: e.ID, Language: v.sent("language"), Digest: v.sent("digest-" + e.ID), How: agreement.Page}
		if _, err := v.Texts.Accept(v.r.Context(), user(), v.link.Subject, shown); err != nil {
			return err
		}
	}
	if err := v.spend(); err != nil {
		return err
	}
	return v.show("agreementdone", nil)
}
