package console

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// CodeEraseUnconfirmed says that the end of the pseudonym was not entered as it is.
const CodeEraseUnconfirmed colophon.Code = "page-erase-unconfirmed" // arg "name"

func holdPages() []page {
	return slices.Concat(holdList().rows(), holdSheet().rows(), start("/holds/new", "/holds", placeHold()), erasureList().rows(), []page{
		{method: get, path: "/erasures/new", action: staff.SubjectErase, title: "page-erase", do: showErase,
			words: []string{"page-label-own-account", "page-hint-own-account", "page-done-erase-erased", "page-done-erase-restricted", "page-erase-comes-erased", "page-erase-comes-restricted"}},
		{method: post, path: "/erasures/new", action: staff.SubjectErase, title: "page-erase", back: "/erasures/new", do: rehearseErase},
		{method: post, path: "/erasures/erase", action: staff.SubjectErase, title: "page-erase", back: "/erasures/new", do: erase},
	})
}

func holdState(h client.Hold) cell {
	if h.Lifted != nil {
		return state("page-hold-state-", "lifted", nil)
	}
	return state("page-hold-state-", "standing", map[string]tone{"standing": wait})
}

// heldThing is what a hold keeps.
func heldThing(h client.Hold) cell {
	if h.Record != "" {
		return ident(h.Record).to("/records/" + escaped(h.Record))
	}
	return account(h.Subject)
}

func holdKind(h client.Hold) cell {
	if h.Record != "" {
		return word("page-hold-on-", "record")
	}
	return word("page-hold-on-", "subject")
}

func holdList() list[client.Hold] {
	return list[client.Hold]{
		name: "holds", path: "/holds", title: "page-holds", group: groupEvidence, action: staff.EvidenceRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Hold, string, error) {
			return c.Holds(ctx, l)
		},
		columns: []column[client.Hold]{
			{name: "hold", cell: func(h client.Hold) cell { return ident(h.ID).to("/holds/" + escaped(h.ID)) }},
			{name: "state", cell: holdState},
			{name: "hold-on", cell: holdKind},
			{name: "kept", cell: heldThing},
			{name: "placed", cell: func(h client.Hold) cell { return moment(h.Placed) }},
			{name: "lifted", side: true, cell: func(h client.Hold) cell { return sometime(h.Lifted) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-hold-state-", options: []string{"standing"}}},
		deeds:   []lead{{"/holds/new", "page-deed-hold-place", staff.EvidenceHold}},
		says:    []string{"page-hold-state-lifted", "page-hold-on-record", "page-hold-on-subject"},
	}
}

func placeHold() deed[none] {
	return deed[none]{
		name: "hold-place", action: staff.EvidenceHold, record: "hold.placed",
		fields: []field[none]{{name: "subject", kind: "text", hint: true, most: 64}, {name: "held-record", kind: "text", hint: true, most: 64}},
		do: func(v *visit, _ none) (string, error) {
			id, err := v.api().PlaceHold(v.r.Context(), strings.TrimSpace(v.sent("subject")), strings.TrimSpace(v.sent("held-record")))
			return "/holds/" + escaped(id), err
		},
	}
}

func holdSheet() sheet[client.Hold] {
	return sheet[client.Hold]{
		path: "/holds/{id}", title: "page-hold", action: staff.EvidenceRead,
		fetch: func(v *visit, id string) (client.Hold, error) { return v.api().Hold(v.r.Context(), id) },
		facts: func(h client.Hold) []fact {
			return []fact{{"state", holdState(h)}, {"hold-on", holdKind(h)}, {"kept", heldThing(h)}, {"placed", moment(h.Placed)}, {"lifted", sometime(h.Lifted)}, {"identifier", ident(h.ID)}}
		},
		deeds: []deed[client.Hold]{{
			name: "hold-lift", step: "lift", action: staff.EvidenceHold, record: "hold.lifted", danger: true, may: func(h client.Hold) bool { return h.Lifted == nil },
			do: func(v *visit, h client.Hold) (string, error) { return "", v.api().LiftHold(v.r.Context(), h.ID) },
		}},
	}
}

func erasureList() list[client.Erasure] {
	return list[client.Erasure]{
		name: "erasures", path: "/erasures", title: "page-erasures", group: groupEvidence, action: staff.EvidenceRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Erasure, string, error) {
			return c.Erasures(ctx, l)
		},
		columns: []column[client.Erasure]{
			{name: "subject", cell: func(e client.Erasure) cell { return account(e.Subject) }},
			{name: "state", cell: func(e client.Erasure) cell {
				return state("page-erasure-state-", e.State, map[string]tone{"erased": good, "restricted": wait})
			}},
			{name: "requested", cell: func(e client.Erasure) cell { return moment(e.Requested) }},
			{name: "kept-until", cell: func(e client.Erasure) cell {
				if e.Done != nil {
					return cell{}
				}
				return moment(e.Due)
			}},
			{name: "erased", side: true, cell: func(e client.Erasure) cell { return sometime(e.Done) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-erasure-state-", options: []string{"restricted"}}},
		deeds:   []lead{{"/erasures/new", "page-erase", staff.SubjectErase}},
		says:    []string{"page-erasure-state-erased"},
	}
}

// erasePage asks for an account, then says what erasing it comes to. The account's own identifier stands in forms alone.
type erasePage struct {
	Account string
	Ahead   *client.ErasureRehearsal
	Name    string // what is entered to confirm
}

func showErase(v *visit) error {
	return v.show("erase", erasePage{Account: v.r.PostFormValue("own-account")})
}

func (v *visit) eraseAhead() (erasePage, error) {
	r, err := v.api().RehearseErasure(v.r.Context(), v.sent("own-account"))
	return erasePage{v.sent("own-account"), &r, r.Subject[max(0, len(r.Subject)-6):]}, err
}

func rehearseErase(v *visit) error {
	data, err := v.eraseAhead()
	if err != nil {
		return err
	}
	return v.show("erase", data)
}

func erase(v *visit) error {
	data, err := v.eraseAhead()
	if err != nil {
		return err
	}
	if strings.TrimSpace(v.sent("confirm")) != data.Name {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeEraseUnconfirmed, Args: colophon.Args{"name": data.Name}}
	}
	state, err := v.api().EraseAccount(v.r.Context(), data.Account)
	if err != nil {
		return err
	}
	return v.send("/erasures?done=erase-" + state)
}
