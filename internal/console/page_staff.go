package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func staffPages() []page {
	return slices.Concat(staffList().rows(), []page{
		{method: get, path: "/staff/roles", action: staff.StaffRead, title: "page-permissions", above: "/staff", words: permissionWords(), do: showPermissions},
	}, start("/staff/new", "/staff", invitePerson()), personSheet().rows())
}

func staffList() list[staff.Account] {
	return list[staff.Account]{
		name: "staff", path: "/staff", title: "page-staff", group: groupSystem, action: staff.StaffRead,
		read: func(v *visit, l client.Listing) ([]staff.Account, string, error) {
			return rostered(v, l, v.Roster.Accounts, func(a staff.Account) staff.ID { return a.ID }, func(a staff.Account) bool {
				state, role, login := l.Filter.Get("state"), l.Filter.Get("role"), strings.ToLower(l.Filter.Get("login"))
				return (state == "" || state == personState(a).Text) && (role == "" || slices.Contains(a.Roles, staff.Role(role))) && strings.Contains(strings.ToLower(a.Login), login)
			})
		},
		columns: []column[staff.Account]{
			{name: "login", cell: func(a staff.Account) cell { return personName(a).to("/staff/" + escaped(string(a.ID))) }},
			{name: "roles", cell: rolesOf},
			{name: "means", cell: meansOf},
			{name: "state", cell: personState},
			{name: "created", cell: func(a staff.Account) cell { return moment(a.Created) }},
			{name: "identifier", side: true, cell: func(a staff.Account) cell { return ident(string(a.ID)) }},
		},
		filters: []filter{{name: "login", kind: "text"}, {name: "role", label: "roles", kind: "choice", words: "page-role-", options: roleNames()}, {name: "state", kind: "choice", words: "page-state-", options: []string{"active", "disabled", "invited"}}},
		deeds:   []lead{{"/staff/new", "page-deed-staff-invite", staff.StaffManage}, {"/staff/roles", "page-permissions", staff.StaffRead}},
		says:    []string{"page-person-nameless"},
	}
}

// rostered returns a part of a list of the roster, of what fits.
func rostered[T any](v *visit, l client.Listing, read func(context.Context, staff.Actor, staff.ID, int) ([]T, error), id func(T) staff.ID, fits func(T) bool) (list []T, next string, err error) {
	var after staff.ID
	if l.Cursor != "" {
		if after, err = staff.ParseID(l.Cursor); err != nil {
			return nil, "", err
		}
	}
	for {
		part, err := read(v.r.Context(), v.actor(), after, mostStaff)
		if err != nil {
			return nil, "", err
		}
		for _, x := range part {
			if fits(x) {
				if len(list) == l.Limit {
					return list, string(after), nil
				}
				list = append(list, x)
			}
			after = id(x)
		}
		if len(part) < mostStaff {
			return list, "", nil
		}
	}
}

// invitedPage shows what is shown once: the address with which a person chooses a password.
type invitedPage struct {
	Login   string
	Address string
}

func (v *visit) showInvited(login, token string) (string, error) {
	return "-", v.show("invited", invitedPage{login, v.Origin + "/invitation#" + token})
}

func roleNames() (names []string) {
	for _, role := range staff.Roles() {
		names = append(names, string(role))
	}
	return names
}

func (v *visit) sentRoles() (list []staff.Role) {
	for _, role := range v.r.PostForm["role"] {
		list = append(list, staff.Role(role))
	}
	return list
}

func invitePerson() deed[none] {
	return deed[none]{
		name: "staff-invite", action: staff.StaffManage, record: staff.ProofAccountCreated + " " + staff.ProofAccountInvited,
		fields: []field[none]{{name: "login", kind: "text", required: true, hint: true, most: 128}, {name: "role", kind: "several", words: "page-role-", options: roleNames(), hint: true}},
		do: func(v *visit, _ none) (string, error) {
			a, token, err := v.Roster.Create(v.r.Context(), v.actor(), v.sent("login"), v.sentRoles())
			if err != nil {
				return "", err
			}
			return v.showInvited(a.Login, token)
		},
	}
}

// person is somebody of the staff as the visitor sees them.
type person struct {
	staff.Account
	own bool // the visitor's own account, which they do not manage
}

func personOf(v *visit, id string) (person, error) {
	at, err := staff.ParseID(id)
	if err != nil {
		return person{}, err
	}
	a, err := v.Roster.Account(v.r.Context(), v.actor(), at)
	return person{a, a.ID == v.opened.Account.ID}, err
}

func personName(a staff.Account) cell {
	if a.Login == "" {
		return cell{Text: string(a.ID), Key: "page-person-nameless"}
	}
	return text(a.Login)
}

func personState(a staff.Account) cell {
	name := "active"
	switch {
	case a.Disabled:
		name = "disabled"
	case a.Password == "" && len(a.Passkeys) == 0 && len(a.Identities) == 0:
		name = "invited"
	}
	return state("page-state-", name, map[string]tone{"active": good, "disabled": bad, "invited": wait})
}

func rolesOf(a staff.Account) cell {
	var c cell
	for _, role := range a.Roles {
		c.Many = append(c.Many, word("page-role-", string(role)))
	}
	return c
}

// meansOf is by what somebody can sign in.
func meansOf(a staff.Account) cell {
	var c cell
	if a.Password != "" {
		c.Many = append(c.Many, word("page-method-", "password"))
	}
	if len(a.Passkeys) > 0 {
		c.Many = append(c.Many, word("page-method-", "passkey"))
	}
	for _, i := range a.Identities {
		c.Many = append(c.Many, text(i.Issuer))
	}
	return c
}

func personSheet() sheet[person] {
	return sheet[person]{
		path: "/staff/{id}", title: "page-person", action: staff.StaffRead, fetch: personOf,
		heading: func(p person) cell { return personName(p.Account) }, private: true,
		facts: func(p person) []fact {
			own := cell{}
			if p.own {
				own = cell{Text: "own", Key: "page-person-own"}
			}
			return []fact{{"state", personState(p.Account)}, {"roles", rolesOf(p.Account)}, {"means", meansOf(p.Account)}, {"created", moment(p.Created)}, {"identifier", ident(string(p.ID))}, {"own-account-of-staff", own}}
		},
		parts: func(_ *visit, p person) ([]part, error) {
			return []part{{Title: "page-person-may", Lead: "page-person-may-lead", Table: permissionTable(p.Roles, false), Ways: []lead{{to: "/staff/roles", title: "page-permissions"}}}}, nil
		},
		deeds:  personDeeds(),
		labels: []string{"state", "roles", "means", "created", "identifier", "own-account-of-staff"},
		says:   slices.Concat(of("page-state-", "active", "disabled", "invited"), of("page-method-", "password", "passkey"), []string{"page-person-nameless", "page-person-own", "page-person-may", "page-person-may-lead"}),
	}
}

func personDeeds() []deed[person] {
	other := func(p person) bool { return !p.own }
	sure := func(change func(*visit, person) error) func(*visit, person) (string, error) {
		return func(v *visit, p person) (string, error) { return "", change(v, p) }
	}
	return []deed[person]{
		{name: "person-roles", step: "roles", action: staff.StaffManage, record: staff.ProofRolesChanged, may: other, danger: true,
			fields: []field[person]{{name: "role", kind: "several", words: "page-role-", options: roleNames(), hint: true, value: func(p person) string {
				var names []string
				for _, role := range p.Roles {
					names = append(names, string(role))
				}
				return strings.Join(names, " ")
			}}},
			do: sure(func(v *visit, p person) error {
				_, err := v.Roster.SetRoles(v.r.Context(), v.actor(), p.ID, v.sentRoles())
				return err
			})},
		{name: "person-invite", step: "invite", action: staff.StaffManage, record: staff.ProofAccountInvited, may: func(p person) bool { return !p.own && p.Login != "" },
			do: func(v *visit, p person) (string, error) {
				token, err := v.Roster.Invite(v.r.Context(), v.actor(), p.ID)
				if err != nil {
					return "", err
				}
				return v.showInvited(p.Login, token)
			}},
		{name: "person-enable", step: "enable", action: staff.StaffManage, record: staff.ProofAccountEnabled, may: func(p person) bool { return !p.own && p.Disabled },
			do: sure(func(v *visit, p person) error {
				_, err := v.Roster.Enable(v.r.Context(), v.actor(), p.ID)
				return err
			})},
		{name: "person-disable", step: "disable", action: staff.StaffManage, record: staff.ProofAccountDisabled, danger: true, may: func(p person) bool { return !p.own && !p.Disabled },
			do: sure(func(v *visit, p person) error {
				_, err := v.Roster.Disable(v.r.Context(), v.actor(), p.ID)
				return err
			})},
	}
}

// permissionColumns are what the roles may do, and whether the key of an application may.
func permissionColumns(roles []staff.Role, keys bool) []column[staff.Action] {
	list := []column[staff.Action]{{name: "permission", cell: func(a staff.Action) cell { return word("page-action-", string(a)) }}}
	for _, role := range roles {
		list = append(list, column[staff.Action]{name: "role-" + string(role), cell: func(a staff.Action) cell { return yes(staff.Allowed(role, a)) }})
	}
	if keys {
		list = append(list, column[staff.Action]{name: "by-key", side: true, cell: func(a staff.Action) cell { return yes(staff.AllowedToKeys(a)) }})
	}
	return list
}

// permissionTable shows what the roles may do; without the keys, what one of them may.
func permissionTable(roles []staff.Role, keys bool) *tableView {
	list := staff.Actions()
	if !keys {
		list = slices.DeleteFunc(list, func(a staff.Action) bool {
			return !slices.ContainsFunc(roles, func(r staff.Role) bool { return staff.Allowed(r, a) })
		})
	}
	return tableOf("page-permissions", permissionColumns(roles, keys), list)
}

func permissionWords() []string {
	words := append(of("page-label-role-", roleNames()...), "page-label-permission", "page-label-by-key")
	for _, a := range staff.Actions() {
		words = append(words, "page-action-"+string(a))
	}
	return words
}

func showPermissions(v *visit) error {
	return v.show("permissions", permissionTable(staff.Roles(), true))
}
