package console

import (
	"encoding/json"
	"net/http"

	"github.com/colophon-project/colophon/staff"
)

// ticketProvider is the ticket that keeps a sign-in at an OpenID provider.
const ticketProvider staff.TicketKind = "oidc"

type signInPage struct {
	Next      string
	Again     bool // they have a session, but it is too old for what they want
	Passkeys  bool
	Providers []Provider
}

func showSignIn(v *visit) error {
	data := signInPage{Again: v.r.FormValue("again") != "", Passkeys: v.Passkeys, Providers: v.Providers}
	if next := v.after(); next != "/" {
		data.Next = next
	}
	return v.show("signin", data)
}

func signIn(v *visit) error {
	o, err := v.Roster.SignIn(v.r.Context(), v.sent("login"), v.sent("password"), v.attempt())
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send(v.after())
}

func beginPasskeySignIn(v *visit) error {
	c, err := v.Roster.BeginPasskeySignIn(v.r.Context(), v.attempt())
	if err != nil {
		return err
	}
	v.keep(v.stepCookie(), c.Ticket)
	return v.answer(http.StatusOK, c.Options)
}

func finishPasskeySignIn(v *visit) error {
	o, err := v.Roster.FinishPasskeySignIn(v.r.Context(), v.step(), []byte(v.sent("response")), v.attempt())
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send(v.after())
}

// flow is a sign-in at a provider, as it is kept on the server.
type flow struct {
	State []byte `json:"state"`
	Next  string `json:"next"`
}

// beginProvider sends the browser to a provider.
func beginProvider(v *visit) error {
	address, state, err := v.OIDC.Begin(v.r.Context(), v.sent("issuer"))
	if err != nil {
		return err
	}
	kept, err := json.Marshal(flow{state, v.after()})
	if err != nil {
		return err
	}
	ticket, err := v.Roster.Begin(v.r.Context(), ticketProvider, kept)
	if err != nil {
		return err
	}
	v.keep(v.stepCookie(), ticket)
	return v.goTo(address)
}

// goTo takes the browser to another site. It is not redirected: the policy that keeps forms on this site counts where a form
// is redirected to.
func (v *visit) goTo(address string) error {
	v.w.Header().Set("Refresh", "0; url="+address)
	return v.show("provider", address)
}

func finishProvider(v *visit) error {
	kept, err := v.Roster.Finish(v.r.Context(), ticketProvider, v.step())
	if err != nil {
		return err
	}
	var f flow
	if err := json.Unmarshal(kept, &f); err != nil {
		return err
	}
	claims, err := v.OIDC.Finish(v.r.Context(), f.State, v.r.URL.Query())
	if err != nil {
		return err
	}
	o, err := v.Roster.SignInWith(v.r.Context(), claims, v.attempt())
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send(f.Next)
}

func signOut(v *visit) error {
	if err := v.Roster.SignOut(v.r.Context(), v.opened.Token); err != nil {
		return err
	}
	return v.leave()
}

// leave takes the session away from the browser.
func (v *visit) leave() error {
	v.keep(v.Roster.SessionCookie(v.Secure), "")
	return v.send("/sign-in")
}
