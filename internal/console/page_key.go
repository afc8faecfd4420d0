package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

const day = 24 * time.Hour

func keyPages() []page {
	return slices.Concat(keyList().rows(), start("/keys/new", "/keys", makeKey()), keySheet().rows())
}

// keyEntry is a key with what became of it: good, replaced, ended or revoked.
type keyEntry struct {
	staff.Key
	State string
	Good  bool
}

func entryOfKey(k staff.Key, now time.Time) keyEntry {
	good := k.Good(now) == nil
	e := keyEntry{Key: k, State: "ended", Good: good}
	switch {
	case !k.Revoked.IsZero():
		e.State = "revoked"
	case good && k.ReplacedBy != "":
		e.State = "replaced"
	case good:
		e.State = "good"
	}
	return e
}

func keyList() list[keyEntry] {
	return list[keyEntry]{
		name: "keys", path: "/keys", title: "page-keys", group: groupSystem, action: staff.APIKeyRead,
		read: func(v *visit, l client.Listing) ([]keyEntry, string, error) {
			keys, next, err := rostered(v, l, v.Roster.Keys, func(k staff.Key) staff.ID { return k.ID }, func(k staff.Key) bool {
				state, name := l.Filter.Get("state"), strings.ToLower(l.Filter.Get("name"))
				return (state == "" || state == entryOfKey(k, v.Now()).State) && strings.Contains(strings.ToLower(k.Name), name)
			})
			var entries []keyEntry
			for _, k := range keys {
				entries = append(entries, entryOfKey(k, v.Now()))
			}
			return entries, next, err
		},
		columns: []column[keyEntry]{
			{name: "name", cell: func(k keyEntry) cell { return text(k.Name).to("/keys/" + escaped(string(k.ID))) }},
			{name: "state", cell: keyState},
			{name: "key-actions", cell: func(k keyEntry) cell { return keyActions(k.Key) }},
			{name: "services", side: true, cell: func(k keyEntry) cell { return scopeNames(k.Scope.Services) }},
			{name: "functions", side: true, cell: func(k keyEntry) cell { return scopeNames(k.Scope.Functions) }},
			{name: "key-ends", cell: func(k keyEntry) cell { return moment(k.Ends) }},
			{name: "last-used", cell: func(k keyEntry) cell { return keyUsed(k.Key) }},
			{name: "identifier", side: true, cell: func(k keyEntry) cell { return ident(string(k.ID)) }},
		},
		filters: []filter{{name: "name", kind: "text"}, {name: "state", kind: "choice", words: "page-key-", options: []string{"good", "replaced", "ended", "revoked"}}},
		deeds:   []lead{{"/keys/new", "page-deed-key-make", staff.APIKeyManage}},
	}
}

// keyMadePage shows the text of a key, once.
type keyMadePage struct {
	Text string
	Key  staff.Key
}

// keyLives are for how many days a key may be good.
func keyLives() []string { return []string{"90", "30", "180", "365"} }

// keyOverlaps are how many days an old key works on.
func keyOverlaps() []string { return []string{"7", "0", "1", "30"} }

// daysNamed are numbers of days as people say them.
func daysNamed(v *visit, days []string) map[string]string {
	names := map[string]string{}
	for _, n := range days {
		if names[n] = v.speakers[v.lang].Say("page-days", "days", n); n == "0" {
			names[n] = v.speakers[v.lang].Say("page-key-overlap-none")
		}
	}
	return names
}

func makeKey() deed[none] {
	all := func(none) string { return "*" }
	return deed[none]{
		name: "key-make", action: staff.APIKeyManage, record: staff.ProofKeyCreated,
		fields: []field[none]{
			{name: "name", kind: "text", required: true, hint: true, most: 80},
			{name: "key-actions", kind: "several", words: "page-action-", choices: func(v *visit, _ none) ([]string, error) {
				var names []string
				for _, a := range staff.Actions() {
					if staff.AllowedToKeys(a) && v.actor().May(a) {
						names = append(names, string(a))
					}
				}
				return names, nil
			}},
			{name: "services", kind: "text", hint: true, value: all, most: 4096},
			{name: "functions", kind: "text", hint: true, value: all, most: 4096},
			{name: "life", kind: "choice", options: keyLives(), names: func(v *visit) map[string]string { return daysNamed(v, keyLives()) }, required: true},
		},
		do: func(v *visit, _ none) (string, error) {
			life, err := v.days("life")
			if err != nil {
				return "", err
			}
			scope := staff.Scope{Services: strings.Fields(v.sent("services")), Functions: strings.Fields(v.sent("functions"))}
			for _, a := range v.r.PostForm["key-actions"] {
				scope.Actions = append(scope.Actions, staff.Action(a))
			}
			text, k, err := v.Roster.CreateKey(v.r.Context(), v.actor(), strings.TrimSpace(v.sent("name")), scope, life)
			if err != nil {
				return "", err
			}
			return "-", v.show("keymade", keyMadePage{text, k})
		},
	}
}

// days reads a field with a number of days.
func (v *visit) days(field string) (time.Duration, error) {
	n, err := strconv.ParseUint(v.sent(field), 10, 16)
	if err != nil {
		return 0, &colophon.Error{Kind: colophon.Invalid, Code: staff.CodeKeyInvalid, Args: colophon.Args{"field": field}}
	}
	return time.Duration(n) * day, nil
}

func keyOf(v *visit, id string) (keyEntry, error) {
	at, err := staff.ParseID(id)
	if err != nil {
		return keyEntry{}, err
	}
	k, err := v.Roster.Key(v.r.Context(), v.actor(), at)
	return entryOfKey(k, v.Now()), err
}

func keyState(k keyEntry) cell {
	return state("page-key-", k.State, map[string]tone{"good": good, "ended": bad, "revoked": bad})
}

func keyActions(k staff.Key) cell {
	var c cell
	for _, a := range k.Scope.Actions {
		c.Many = append(c.Many, word("page-action-", string(a)))
	}
	return c
}

// scopeNames are the services or functions of a key.
func scopeNames(names []string) cell {
	switch {
	case len(names) == 0:
		return cell{Text: "none", Key: "page-none"}
	case slices.Contains(names, "*"):
		return cell{Text: "*", Key: "page-every"}
	}
	return idents(names)
}

// keyUsed is when a key was used last, in whole hours.
func keyUsed(k staff.Key) cell {
	if k.Used.IsZero() {
		return cell{Text: "never", Key: "page-never"}
	}
	return moment(k.Used)
}

func keyLink(id staff.ID) cell { return ident(string(id)).to("/keys/" + escaped(string(id))) }

func keySheet() sheet[keyEntry] {
	return sheet[keyEntry]{
		path: "/keys/{id}", title: "page-key", action: staff.APIKeyRead, fetch: keyOf,
		heading: func(k keyEntry) cell { return text(k.Name) },
		facts: func(k keyEntry) []fact {
			return []fact{{"state", keyState(k)}, {"key-actions", keyActions(k.Key)}, {"services", scopeNames(k.Scope.Services)}, {"functions", scopeNames(k.Scope.Functions)}, {"created", moment(k.Created)},
				{"key-ends", moment(k.Ends)}, {"last-used", keyUsed(k.Key)}, {"key-revoked", moment(k.Revoked)}, {"key-replaces", keyLink(k.Replaces)}, {"key-replaced-by", keyLink(k.ReplacedBy)}, {"identifier", ident(string(k.ID))}}
		},
		labels: []string{"state", "key-actions", "services", "functions", "created", "key-ends", "last-used", "key-revoked", "key-replaces", "key-replaced-by", "identifier"},
		says:   slices.Concat(of("page-key-", "good", "replaced", "ended", "revoked"), []string{"page-every", "page-none", "page-never"}),
		deeds: []deed[keyEntry]{
			{name: "key-rotate", step: "rotate", action: staff.APIKeyManage, record: staff.ProofKeyRotated, may: func(k keyEntry) bool { return k.Good && k.ReplacedBy == "" }, effect: keyLastUsed,
				fields: []field[keyEntry]{{name: "overlap", kind: "choice", options: keyOverlaps(), names: func(v *visit) map[string]string { return daysNamed(v, keyOverlaps()) }, required: true, hint: true}},
				do: func(v *visit, k keyEntry) (string, error) {
					overlap, err := v.days("overlap")
					if err != nil {
						return "", err
					}
					text, made, err := v.Roster.RotateKey(v.r.Context(), v.actor(), k.ID, overlap)
					if err != nil {
						return "", err
					}
					return "-", v.show("keymade", keyMadePage{text, made})
				}},
			{name: "key-revoke", step: "revoke", action: staff.APIKeyManage, record: staff.ProofKeyRevoked, danger: true, may: func(k keyEntry) bool { return k.Good }, effect: keyLastUsed,
				do: func(v *visit, k keyEntry) (string, error) {
					return "", v.Roster.RevokeKey(v.r.Context(), v.actor(), k.ID)
				},
				says: []string{"page-effect-key-used", "page-effect-key-unused", "page-effect-key-heir"}},
		},
	}
}

// keyLastUsed says whom it hits: a key that is in use, and whether there is another in its place.
func keyLastUsed(v *visit, k keyEntry) ([]said, error) {
	list := []said{{"page-effect-key-unused", []string{"name", k.Name}}}
	if !k.Used.IsZero() {
		list[0] = said{"page-effect-key-used", []string{"name", k.Name, "at", k.Used.In(v.Zone).Format("2006-01-02 15:04 MST")}}
	}
	if k.ReplacedBy != "" {
		list = append(list, said{"page-effect-key-heir", nil})
	}
	return list, nil
}
