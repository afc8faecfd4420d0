package console

import (
	"context"

	"github.com/colophon-project/colophon/staff"
)

// pageSize is how many entries a list shows at once.
const pageSize = 100

type staffPage struct {
	People []staff.Account
	More   staff.ID // the entry after which the next page begins; empty on the last
	Roles  []staff.Role
	Chosen []string
}

func showStaff(v *visit) error {
	list, more, err := entries(v, v.Roster.Accounts, func(a staff.Account) staff.ID { return a.ID })
	if err != nil {
		return err
	}
	return v.show("staff", staffPage{list, more, staff.Roles(), v.r.PostForm["role"]})
}

// entries returns the part of a list that the address asks for.
func entries[T any](v *visit, read func(context.Context, staff.Actor, staff.ID, int) ([]T, error), id func(T) staff.ID) ([]T, staff.ID, error) {
	var after staff.ID
	if text := v.r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = staff.ParseID(text); err != nil {
			return nil, "", err
		}
	}
	list, err := read(v.r.Context(), v.actor(), after, pageSize+1)
	if err != nil || len(list) <= pageSize {
		return list, "", err
	}
	list = list[:pageSize]
	return list, id(list[pageSize-1]), nil
}

// invitedPage shows what is shown once: the address with which a person chooses a password.
type invitedPage struct {
	Login   string
	Address string
}

func (v *visit) showInvited(a staff.Account, token string) error {
	return v.show("invited", invitedPage{a.Login, v.Origin + "/invitation#" + token})
}

func createPerson(v *visit) error {
	a, token, err := v.Roster.Create(v.r.Context(), v.actor(), v.sent("login"), v.roles())
	if err != nil {
		return err
	}
	return v.showInvited(a, token)
}

func (v *visit) roles() []staff.Role {
	var list []staff.Role
	for _, role := range v.r.PostForm["role"] {
		list = append(list, staff.Role(role))
	}
	return list
}

type personPage struct {
	Person staff.Account
	Own    bool // the visitor's own account, which they do not manage
	Roles  []staff.Role
	Chosen []string
}

func showPerson(v *visit) error {
	a, err := v.person()
	if err != nil {
		return err
	}
	data := personPage{Person: a, Own: a.ID == v.opened.Account.ID, Roles: staff.Roles()}
	for _, role := range a.Roles {
		data.Chosen = append(data.Chosen, string(role))
	}
	return v.show("person", data)
}

func (v *visit) person() (staff.Account, error) {
	id, err := v.id()
	if err != nil {
		return staff.Account{}, err
	}
	return v.Roster.Account(v.r.Context(), v.actor(), id)
}

// amend changes the account that the address names, and shows it again.
func (v *visit) amend(done string, change func(context.Context, staff.Actor, staff.ID) (staff.Account, error)) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := change(v.r.Context(), v.actor(), id); err != nil {
		return err
	}
	return v.send(v.place() + "?done=" + done)
}

func setRoles(v *visit) error {
	return v.amend("roles", func(ctx context.Context, by staff.Actor, id staff.ID) (staff.Account, error) {
		return v.Roster.SetRoles(ctx, by, id, v.roles())
	})
}

func disablePerson(v *visit) error { return v.amend("disabled", v.Roster.Disable) }

func enablePerson(v *visit) error { return v.amend("enabled", v.Roster.Enable) }

func invitePerson(v *visit) error {
	a, err := v.person()
	if err != nil {
		return err
	}
	token, err := v.Roster.Invite(v.r.Context(), v.actor(), a.ID)
	if err != nil {
		return err
	}
	return v.showInvited(a, token)
}
