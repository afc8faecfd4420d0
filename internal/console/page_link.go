package console

import (
	"context"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/staff"
)

// Links keeps track of one-time links. A *link.Keeper does.
type Links interface {
	Open(ctx context.Context, token string) (hold string, e link.Entry, err error)
	Held(ctx context.Context, hold string) (link.Entry, error)
	Use(ctx context.Context, hold string) (link.Entry, error)
}

func showLink(v *visit) error { return v.show("link", nil) }

// openLink binds a link to this browser and shows what it leads to. To load the page opens nothing, so no preview of a
// messenger does.
func openLink(v *visit) error {
	if v.Links == nil {
		return missing()
	}
	if err := v.Roster.Guess(v.r.Context(), v.attempt()); err != nil {
		return err
	}
	hold, e, err := v.Links.Open(v.r.Context(), v.sent("token"))
	if err != nil {
		return err
	}
	c := v.holdCookie(e.Value.Purpose)
	c.MaxAge = e.Value.Until.Sub(v.Now())
	v.keep(c, hold)
	return v.send("/" + string(e.Value.Purpose))
}

// holdCookie keeps the hold of a link of a purpose.
func (v *visit) holdCookie(p link.Purpose) staff.Cookie {
	c := v.Roster.FormCookie(v.Secure)
	c.Name += "-" + string(p)
	return c
}

// admitHolder finds the link that the browser holds.
func (v *visit) admitHolder() error {
	if v.Links == nil {
		return missing()
	}
	if v.hold = v.cookie(v.holdCookie(v.page.link).Name); v.hold == "" {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeNoLink}
	}
	found, err := v.Links.Held(v.r.Context(), v.hold)
	if err != nil {
		return err
	}
	if found.Value.Purpose != v.page.link {
		return &colophon.Error{Kind: colophon.Refused, Code: CodeNoLink}
	}
	v.link = found
	return nil
}

// guest reports whether a page is for people who are not of the staff.
func (v *visit) guest() bool {
	return v.page.who == holder || v.page.path == LinkPath || strings.HasPrefix(v.page.path, ReceiptPath)
}

// spend ends the link, because what it is for was done.
func (v *visit) spend() error {
	_, err := v.Links.Use(v.r.Context(), v.hold)
	return err
}

func missing() error { return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown} }
