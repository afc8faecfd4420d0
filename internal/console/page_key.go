package console

import (
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/staff"
)

const day = 24 * time.Hour

type keysPage struct {
	Keys    []keyEntry
	More    staff.ID
	Actions []staff.Action // those that the visitor may give to a key
	Chosen  []string
	Lives   []int // days
	Overlap []int // days
}

// keyEntry is a key with what became of it: good, replaced, ended or revoked.
type keyEntry struct {
	staff.Key
	State string
	Good  bool
}

func showKeys(v *visit) error {
	list, more, err := entries(v, v.Roster.Keys, func(k staff.Key) staff.ID { return k.ID })
	if err != nil {
		return err
	}
	data := keysPage{More: more, Lives: []int{90, 30, 180, 365}, Overlap: []int{7, 0, 1, 30}, Chosen: v.r.PostForm["action"]}
	for _, k := range list {
		good := k.Good(v.Now()) == nil
		e := keyEntry{Key: k, State: "ended", Good: good}
		switch {
		case !k.Revoked.IsZero():
			e.State = "revoked"
		case good && k.ReplacedBy != "":
			e.State = "replaced"
		case good:
			e.State = "good"
		}
		data.Keys = append(data.Keys, e)
	}
	for _, a := range staff.Actions() {
		if staff.AllowedToKeys(a) && v.actor().May(a) {
			data.Actions = append(data.Actions, a)
		}
	}
	return v.show("keys", data)
}

// keyMadePage shows the text of a key, once.
type keyMadePage struct {
	Text string
	Key  staff.Key
}

func createKey(v *visit) error {
	life, err := v.days("life")
	if err != nil {
		return err
	}
	scope := staff.Scope{Services: strings.Fields(v.sent("services")), Functions: strings.Fields(v.sent("functions"))}
	for _, a := range v.r.PostForm["action"] {
		scope.Actions = append(scope.Actions, staff.Action(a))
	}
	text, k, err := v.Roster.CreateKey(v.r.Context(), v.actor(), strings.TrimSpace(v.sent("name")), scope, life)
	if err != nil {
		return err
	}
	return v.show("keymade", keyMadePage{text, k})
}

// days reads a field with a number of days.
func (v *visit) days(field string) (time.Duration, error) {
	n, err := strconv.ParseUint(v.sent(field), 10, 16)
	if err != nil {
		return 0, &colophon.Error{Kind: colophon.Invalid, Code: staff.CodeKeyInvalid, Args: colophon.Args{"field": field}}
	}
	return time.Duration(n) * day, nil
}

func rotateKey(v *visit) error {
	overlap, err := v.days("overlap")
	if err != nil {
		return err
	}
	id, err := v.id()
	if err != nil {
		return err
	}
	text, k, err := v.Roster.RotateKey(v.r.Context(), v.actor(), id, overlap)
	if err != nil {
		return err
	}
	return v.show("keymade", keyMadePage{text, k})
}

func revokeKey(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := v.Roster.RevokeKey(v.r.Context(), v.actor(), id); err != nil {
		return err
	}
	return v.send("/keys?done=revoked")
}
