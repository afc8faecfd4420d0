package incident

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Grace is for how long orders need not be confirmed before faces and voices stop.
const Grace = 2 * time.Second

// Act is what somebody is about to do.
type Act string

// The acts.
const (
	Use      Act = "use"              // of a function
	Publish  Act = "publish"          // what a function made, or hand it out
	Register Act = "register-account" // of the provider's service
)

// Target is one thing that orders may be about. Words that are empty are unknown, and no order about them fits;
// of models, Models says which it may be.
type Target struct {
	Act       Act
	Service   string
	Function  string
	Model     string
	Models    []string // any of which may be behind it, where nobody says by which it is made
	Template  string
	Account   evidence.Subject
	Content   string
	Biometric bool // it makes or edits faces or voices
}

// place is where an order is found.
type place struct {
	scope  Scope
	target string
}

// valid reports whether an order can stand there. A scope that is not set, or a target that is not known, has none.
func (p place) valid() bool { return p.scope != "" && p.scope.targeted() == (p.target != "") }

// places are where the orders stand that may be about a target.
func (t Target) places() []place {
	list := append(make([]place, 0, 16), place{OnEverything, ""}, place{OnService, t.Service}, place{OnFunction, t.Function}, place{OnModel, t.Model}, place{OnTemplate, t.Template},
		place{OnAccount, string(t.Account)}, place{OnContent, t.Content})
	switch t.Act {
	case Publish:
		list = append(list, place{OnPublish, ""})
	case Register:
		list = append(list, place{OnRegistration, ""})
	}
	for _, m := range t.Models {
		if m != t.Model {
			list = append(list, place{OnModel, m})
		}
	}
	return list
}

// stops reports whether an action forbids an act.
func (a Action) stops(act Act) bool {
	switch a {
	case Stop:
		return true
	case Limit:
		return act != Publish
	case Quarantine:
		return act == Publish
	}
	return true // a word that is not known here
}

// spares reports whether work that runs already goes on.
func (a Action) spares() bool { return a == Limit || a == Quarantine }

// Standing is what a node can say of its orders at one moment.
type Standing string

// The standings.
const (
	Fresh     Standing = "fresh"     // confirmed within Grace
	Stale     Standing = "stale"     // faces and voices stop
	Uncertain Standing = "uncertain" // everything stops
)

// Board is what a node knows of the orders at one moment. It never changes. The zero Board was never confirmed.
type Board struct {
	Confirmed time.Time // when the store was asked that gave this answer

	bound  time.Duration
	orders map[place][]Entry
}

// NewBoard makes a board of the orders that bind, as the store gave them to somebody who asked at a time. Bound is for how
// long it may serve without being confirmed anew.
func NewBoard(orders []Entry, confirmed time.Time, bound time.Duration) *Board {
	b := &Board{confirmed, bound, make(map[place][]Entry, len(orders))}
	for _, e := range orders {
		at := place{e.Value.Scope, e.Value.Target}
		b.orders[at] = append(b.orders[at], e)
	}
	return b
}

// Standing says how far the board can be relied on.
func (b *Board) Standing(now time.Time) Standing {
	switch age := now.Sub(b.Confirmed); {
	case age <= Grace:
		return Fresh
	case age <= b.bound:
		return Stale
	}
	return Uncertain
}

// Blocks returns the orders that forbid what is about to be done, by identifier. It says nothing of how fresh they are.
func (b *Board) Blocks(t Target, now time.Time) []Entry { return b.blocks(t, now, false) }

// blocks leaves out, for work that runs already, the orders that let it go on.
func (b *Board) blocks(t Target, now time.Time, runs bool) []Entry {
	if len(b.orders) == 0 {
		return nil
	}
	var list []Entry
	for _, at := range t.places() {
		if !at.valid() {
			continue
		}
		for _, e := range b.orders[at] {
			if e.Value.Action.stops(t.Act) && !(runs && e.Value.Action.spares()) && (e.Value.Until.IsZero() || now.Before(e.Value.Until)) {
				list = append(list, e)
			}
		}
	}
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Check is an error of kind Refused where an order forbids what is about to be done, or nobody can know whether one does.
func (b *Board) Check(t Target, now time.Time) error { return b.check(t, now, false) }

func (b *Board) check(t Target, now time.Time, runs bool) error {
	if list := b.blocks(t, now, runs); len(list) > 0 {
		o := list[0].Value
		return &colophon.Error{Kind: colophon.Refused, Code: CodeInForce, Clauses: o.Clauses(), Args: colophon.Args{"order": list[0].ID, "scope": string(o.Scope), "action": string(o.Action)}}
	}
	switch standing := b.Standing(now); {
	case standing == Uncertain:
		return refused(CodeUncertain)
	case standing == Stale && t.Biometric:
		return refused(CodeStale)
	}
	return nil
}

// Orders returns the orders on the board, by identifier.
func (b *Board) Orders() []Entry {
	list := slices.Concat(slices.Collect(maps.Values(b.orders))...)
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.ID, b.ID) })
	return list
}
