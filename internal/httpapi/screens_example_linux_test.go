package httpapi_test

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/staff"
)

// unique makes a word that no test made before in this world.
func (w *world) unique(word string) string {
	w.made++
	return fmt.Sprintf("%s-%d", word, w.made)
}

// batch is a batch of one feature that somebody proposed and others took as far as a state.
func (w *world) batch(to library.State) string {
	w.Helper()
	ctx, k := w.Context(), w.config.Curator
	first, second := library.Actor{ID: "somebody", Role: "engineer"}, library.Actor{ID: "somebody-else", Role: "reviewer"}
	b, err := k.Propose(ctx, first, "test", []library.Feature{{Kind: library.Keyword, Value: w.unique("entry"), Category: "fraud", Level: keyword.Review, Language: "en", Standard: "standard", Reason: "reason"}})
	w.must(err)
	sel := library.Selection{Batch: b.ID}
	for _, step := range []struct {
		to   library.State
		take func() error
	}{
		{library.Proposed, func() error { return nil }},
		{library.Reviewed, func() error { _, err := k.Review(ctx, second, sel); return err }},
		{library.Replayed, func() error { _, err := k.Replay(ctx, second, sel, "there are no samples"); return err }},
		{library.Active, func() error { _, err := k.Activate(ctx, second, sel); return err }},
	} {
		w.must(step.take())
		if step.to == to {
			break
		}
	}
	return b.ID
}

// table is a decision table that lets everything pass but one category.
func (w *world) table() policy.Table {
	row := policy.Row{ID: "fraud", Category: "fraud", Level: "block", Surface: "*", Class: "*", Action: policy.Refuse, Reason: "test"}
	rest := policy.Row{ID: "rest", Category: "*", Level: "*", Surface: "*", Class: "*", Action: policy.Allow, Reason: "test"}
	return policy.Table{Version: w.unique("v"), Rows: []policy.Row{row, rest}}
}

// tableJSON is the same as a request has it.
func (w *world) tableJSON() httpapi.PolicyTable {
	t := w.table()
	v := httpapi.PolicyTable{Version: t.Version, Cases: []httpapi.PolicyCase{}}
	for _, r := range t.Rows {
		v.Rows = append(v.Rows, httpapi.PolicyRow{ID: r.ID, Category: r.Category, Level: r.Level, Surface: r.Surface, Class: r.Class, Action: r.Action.String(), Reason: r.Reason})
	}
	return v
}

// proposed is the version of a table that somebody proposed, and compared.
func (w *world) proposed() string {
	w.Helper()
	v, err := w.config.Policies.Propose(w.Context(), policy.Actor{ID: "somebody", Role: "engineer"}, w.table(), "test")
	w.must(err)
	_, err = w.config.Policies.Compare(w.Context(), policy.Actor{ID: "somebody", Role: "engineer"}, v.Table.Version, 1)
	w.must(err)
	return v.Table.Version
}

// reviewerIn is the person in a role as the docket knows people.
func (w *world) reviewerIn(role staff.Role) moderation.By {
	return moderation.By{ID: string(w.people[role].Account.ID), Role: evidence.Role(role), Senior: role == staff.Officer}
}

// waiting is a held item; taken by somebody where a role is named.
func (w *world) waiting(role staff.Role) string {
	w.Helper()
	it, err := w.config.Docket.Enter(w.Context(), "application", moderation.Entry{Subject: "s-held", Surface: "input", Function: "dialogue",
		Why:     moderation.Why{Judgement: uuid.NewString(), Action: "review", Findings: []moderation.Finding{{Rule: "t-fraud", Category: "fraud", Level: "block", High: true, Illegal: true}}},
		Content: moderation.Content{Format: "parts", Text: []byte("what waits")}})
	w.must(err)
	if role != "" {
		_, err = w.config.Docket.Take(w.Context(), w.reviewerIn(role), it.ID)
		w.must(err)
	}
	return it.ID
}

func (w *world) duty() string {
	w.Helper()
	d, err := w.config.Reports.Open(w.Context(), "application", moderation.Hit{Judgement: uuid.NewString(), Categories: []string{"weapons"}, Subject: "s-duty"})
	w.must(err)
	return d.ID
}

func (w *world) sample() string {
	w.Helper()
	ids, err := w.config.Curator.AddSamples(w.Context(), library.Actor{ID: "somebody", Role: "officer"}, []library.Specimen{{Origin: "test", Text: "a sample", Until: w.clock.Now().Add(time.Hour)}})
	w.must(err)
	return ids[0]
}

// screenExample makes the request of [world.example] for routes of screening.
func (w *world) screenExample(row httpapi.Row, role staff.Role, may bool) (call, bool) {
	w.Helper()
	id := strangeID
	made := func(f func() string) {
		if may {
			id = f()
		}
	}
	at := func(state library.State) { made(func() string { return w.batch(state) }) }
	var body any
	path := row.Path
	switch row.ID {
	case "screen":
		body = map[string]any{"surface": "input", "parts": []any{map[string]any{"name": "a", "text": "hello"}}}
	case "screen-file":
		body = text("hello")
	case "moderations":
		body = map[string]any{"input": "hello"}
	case "guardrail":
		body = map[string]any{"input_type": "request", "texts": []string{"hello"}}
	case "propose-features":
		body = map[string]any{"origin": "test", "features": []any{map[string]any{"value": w.unique("entry"), "category": "fraud", "level": "note", "standard": "s", "reason": "r"}}}
	case "import-features":
		path += "?origin=test&standard=s&reason=r"
		body = []byte("value,category,level\n" + w.unique("entry") + ",fraud,note\n")
	case "review-features":
		at(library.Proposed)
		body = map[string]any{"batch": id}
	case "reject-features":
		at(library.Proposed)
		body = map[string]any{"batch": id, "reason": "test"}
	case "replay-features":
		at(library.Reviewed)
		body = map[string]any{"batch": id, "reason": "test"}
	case "activate-features":
		at(library.Replayed)
		body = map[string]any{"batch": id}
	case "rehearse-features":
		at(library.Active)
		body = map[string]any{"batch": id}
	case "retire-features":
		at(library.Active)
		body = map[string]any{"batch": id, "reason": "test"}
	case "export-library":
		at(library.Active)
	case "add-samples":
		body = map[string]any{"samples": []any{map[string]any{"text": "hello", "origin": "test", "until": w.clock.Now().Add(time.Hour)}}}
	case "remove-samples":
		made(w.sample)
		body = map[string]any{"ids": []string{id}, "reason": "test"}
	case "propose-policy":
		body = map[string]any{"table": w.tableJSON(), "reason": "test"}
	case "import-policy":
		path += "?reason=test"
		file, err := policy.Export(w.table(), w.config.Shelf.Signer)
		w.must(err)
		body = file
	case "policy-version", "export-policy":
		made(w.proposed)
	case "compare-policy":
		made(w.proposed)
		body = map[string]any{"days": 1}
	case "release-policy":
		made(w.proposed)
		body = map[string]any{"reason": "test"}
	case "held-figures":
		path += "?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z"
	case "held-next":
		made(func() string { return w.waiting("") })
	case "held-item", "held-take":
		made(func() string { return w.waiting("") })
	case "held-content", "held-extend", "held-return":
		made(func() string { return w.waiting(role) })
	case "held-decide":
		made(func() string { return w.waiting(role) })
		body = map[string]any{"decision": "refuse", "reason": "fraud"}
	case "file-report":
		made(w.duty)
		body = map[string]any{"channel": "12377", "reference": "no-1", "at": w.clock.Now()}
	case "dismiss-report":
		made(w.duty)
		body = map[string]any{"reason": "false-hit", "note": "test"}
	case "judgements", "library", "features", "feature-batches", "samples", "policy", "policies", "held", "held-board", "report-duties":
	default:
		return call{}, false
	}
	return w.ask(row.Method, strings.Replace(path, "{id}", url.PathEscape(id), 1), body), true
}
