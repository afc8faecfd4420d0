package console

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

func accountPages() []page {
	return append(start("/account/sign-out", "/account", leaveEverywhere()), removePasskey().rows("/account/passkeys/{id}/remove", "/account", ownPasskey)...)
}

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

// ownPasskey finds a passkey of the visitor.
func ownPasskey(v *visit, id string) (staff.Passkey, error) {
	key, err := base64.RawURLEncoding.DecodeString(id)
	i := slices.IndexFunc(v.opened.Account.Passkeys, func(p staff.Passkey) bool { return bytes.Equal(p.ID, key) })
	if err != nil || i < 0 {
		return staff.Passkey{}, &colophon.Error{Kind: colophon.Missing, Code: staff.CodePasskeyUnknown}
	}
	return v.opened.Account.Passkeys[i], nil
}

func removePasskey() deed[staff.Passkey] {
	return deed[staff.Passkey]{
		name: "passkey-remove", record: staff.ProofPasskeyRemoved, danger: true,
		effect: func(v *visit, p staff.Passkey) ([]said, error) {
			return []said{{"page-effect-passkey", []string{"at", p.Created.In(v.Zone).Format("2006-01-02 15:04 MST")}}}, nil
		},
		do: func(v *visit, p staff.Passkey) (string, error) {
			o, err := v.Roster.RemovePasskey(v.r.Context(), v.opened.Token, p.ID)
			if err == nil {
				v.enter(o)
			}
			return "", err
		},
		says: []string{"page-effect-passkey"},
	}
}

func leaveEverywhere() deed[none] {
	return deed[none]{
		name: "sign-out-everywhere", record: staff.ProofSignedOutAll, danger: true,
		do: func(v *visit, _ none) (string, error) {
			if err := v.Roster.SignOutEverywhere(v.r.Context(), v.opened.Token); err != nil {
				return "", err
			}
			return "-", v.leave()
		},
	}
}
