package console

import (
	"encoding/base64"
	"net/http"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

type accountPage struct {
	Passkeys bool
	Session  staff.Session
}

func showAccount(v *visit) error {
	return v.show("account", accountPage{Passkeys: v.Passkeys, Session: v.opened.Session})
}

func changePassword(v *visit) error {
	password, err := v.newPassword()
	if err != nil {
		return err
	}
	o, err := v.Roster.ChangePassword(v.r.Context(), v.opened.Token, v.sent("current"), password)
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send("/account?done=password")
}

func beginPasskey(v *visit) error {
	c, err := v.Roster.BeginPasskey(v.r.Context(), v.opened.Token)
	if err != nil {
		return err
	}
	v.keep(v.stepCookie(), c.Ticket)
	return v.answer(http.StatusOK, c.Options)
}

func finishPasskey(v *visit) error {
	o, err := v.Roster.FinishPasskey(v.r.Context(), v.opened.Token, v.step(), []byte(v.sent("response")))
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send("/account?done=passkey")
}

func removePasskey(v *visit) error {
	id, err := base64.RawURLEncoding.DecodeString(v.sent("passkey"))
	if err != nil {
		return &colophon.Error{Kind: colophon.Missing, Code: staff.CodePasskeyUnknown}
	}
	o, err := v.Roster.RemovePasskey(v.r.Context(), v.opened.Token, id)
	if err != nil {
		return err
	}
	v.enter(o)
	return v.send("/account?done=passkey-removed")
}
