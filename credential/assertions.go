package credential

import (
	"slices"
	"strings"

	"github.com/colophon-project/colophon/credential/internal/bind"
	"github.com/colophon-project/colophon/credential/status"
)

// redactions judges what a claim takes out of its ingredients (C2PA 2.2, 15.11.3.2).
func (v *validation) redactions(m *Manifest) {
	for _, uri := range m.Claim.Redacted {
		label, assertion := assertionIn(uri)
		switch {
		case label == "" || label == m.Label:
			v.add(status.AssertionSelfRedacted, uri, "a claim redacts its own assertion")
		case strings.HasPrefix(assertion, KindActions):
			v.add(status.ActionRedacted, uri, "actions may not be redacted")
		case strings.HasPrefix(assertion, "c2pa.hash."):
			v.add(status.DataRedacted, uri, "what binds content may not be redacted")
		}
		other := v.store.Find(label)
		if other == nil || label == m.Label {
			continue
		}
		if a := other.find(assertion); a != nil && !a.zeroed() {
			v.add(status.AssertionNotRedacted, uri, "the assertion is still there")
		}
	}
}

// parents judges how many parents a manifest has, and what an update may hold (C2PA 2.2, 11.2.4).
func (v *validation) parents(m *Manifest) {
	parents := 0
	for _, a := range m.Of(KindIngredient) {
		var in ingredient
		if a.decode(&in) == nil && in.Relationship == ParentOf {
			parents++
		}
	}
	if !m.Update {
		if parents > 1 {
			v.add(status.MultipleParents, m.URI(), "more than one parent")
		}
		return
	}
	switch {
	case parents == 0:
		v.add(status.UpdateWrongParents, m.URI(), "an update without a parent")
	case parents > 1:
		v.add(status.UpdateInvalid, m.URI(), "an update with more than one parent")
	}
	if len(m.bindings()) > 0 {
		v.add(status.UpdateInvalid, m.URI(), "an update that binds content")
	}
	for _, a := range m.Of(KindActions) {
		var list Actions
		if a.decode(&list) != nil {
			continue
		}
		for _, act := range list.List {
			switch act.Action {
			case actionMetadata, ActionOpened, actionPublished, ActionRedacted:
			default:
				v.add(status.UpdateInvalid, m.URI(), "an update with an action that changes content")
			}
		}
	}
}

// assertions judges that the claim lists what is in the store, and with the right hashes (C2PA 2.2, 15.10).
func (v *validation) assertions(m *Manifest) {
	listed := map[*Assertion]bool{}
	for _, l := range m.Claim.Links() {
		label, name := assertionIn(l.URL)
		uri := absolute(m.Label, l.URL)
		if label != "" && label != m.Label {
			v.add(status.AssertionOutside, l.URL, "an assertion of another manifest")
			continue
		}
		a := m.find(name)
		if a != nil {
			listed[a] = true
		}
		if slices.ContainsFunc(v.redacted, func(r string) bool { return absolute(m.Label, r) == uri && manifestIn(r) == m.Label }) {
			continue
		}
		alg := l.Alg
		if alg == "" {
			alg = m.Claim.Alg
		}
		switch {
		case a == nil:
			v.add(status.AssertionMissing, uri, "the assertion is not in the store")
		case bind.NewHash(alg) == nil:
			v.add(status.AlgorithmUnsupported, uri, "a hash that is not allowed")
		case bind.Same(alg, l.Hash, a.box.Content()):
			v.add(status.AssertionMatch, uri, "")
		default:
			v.add(status.AssertionMismatch, uri, "the assertion is not what was signed")
		}
	}
	for _, a := range m.Assertions {
		if !listed[a] {
			v.add(status.AssertionUndeclared, a.URI, "an assertion that the claim does not list")
		}
	}
}

// actions judges what was done to content (C2PA 2.2, 18.14.4.7 and 15.10.3.2.1). Claims of version 1 had fewer rules.
func (v *validation) actions(m *Manifest) {
	all := m.Of(KindActions)
	if m.Claim.Version < 2 {
		if len(all) > 1 {
			v.add(status.ActionMalformed, m.URI(), "more than one assertion of actions")
		}
		return
	}
	first := -1
	lists := make([]Actions, len(all))
	for i, a := range all {
		if err := a.decode(&lists[i]); err != nil || len(lists[i].List) == 0 {
			v.add(status.ActionMalformed, a.URI, "no actions")
			return
		}
		if begins(lists[i].List[0].Action) && first < 0 {
			first = i
		}
	}
	if first < 0 && !m.Update {
		v.add(status.ActionMalformed, m.URI(), "the first action is neither created nor opened")
	}
	for i, a := range all {
		for j := range lists[i].List {
			act := &lists[i].List[j]
			if act.Action == "" {
				v.add(status.ActionMalformed, a.URI, "an action without a name")
			}
			if begins(act.Action) && (i != first || j > 0) {
				v.add(status.ActionMalformed, a.URI, "content begins more than once")
			}
			v.action(m, a, act)
		}
	}
}

func begins(action string) bool { return action == ActionCreated || action == ActionOpened }

// action judges one action.
func (v *validation) action(m *Manifest, a *Assertion, act *Action) {
	links, named := act.Parameters.links()
	want := ParentOf
	switch act.Action {
	case ActionCreated:
		if act.DigitalSourceType == "" {
			v.add(status.ActionMalformed, a.URI, "created, and from what is not said")
		}
		return
	case ActionPlaced, actionRemoved:
		want = ComponentOf
	case ActionOpened:
	case actionTranscoded, actionRepackaged:
		if !named {
			return
		}
	case actionTranslated:
		if act.Parameters == nil || act.Parameters.From == "" || act.Parameters.To == "" {
			v.add(status.ActionMalformed, a.URI, "translated without languages")
		}
		return
	case ActionRedacted:
		v.redaction(m, a, act)
		return
	default:
		return
	}
	if !slices.ContainsFunc(links, func(l Link) bool { return m.has(l.URL, want) }) {
		v.add(status.ActionIngredientMismatch, a.URI, "an action without an ingredient that is "+string(want))
	}
}

// has reports whether a manifest has an ingredient with a relationship at a URI.
func (m *Manifest) has(uri string, r Relationship) bool {
	a := m.assertion(uri)
	var in ingredient
	return a != nil && a.Kind() == KindIngredient && a.decode(&in) == nil && in.Relationship == r
}

// redaction judges an action that says that something was redacted.
func (v *validation) redaction(m *Manifest, a *Assertion, act *Action) {
	if act.Parameters == nil {
		return
	}
	label, name := assertionIn(act.Parameters.Redacted)
	other := v.store.Find(label)
	switch {
	case other == nil || other.Claim == nil:
		v.add(status.ActionRedactionMismatch, a.URI, "redacted of no ingredient")
	case !slices.ContainsFunc(other.Claim.Links(), func(l Link) bool { _, n := assertionIn(l.URL); return n == name && name != "" }):
		v.add(status.AssertionNotRedacted, a.URI, "redacted is what was never there")
	}
}
