package console

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

func webhookPages() []page {
	return slices.Concat(webhookList().rows(), start("/webhooks/new", "/webhooks", addWebhook()), webhookSheet().rows(), messageList().rows(), messageSheet().rows())
}

// eventTypes are the types of events that programs may be told of, by the last part of their sentences.
func eventTypes() [][2]string {
	return [][2]string{{"all", "*"}, {"intake-taken", "intake.taken"}, {"intake-scan-ended", "intake.scan-ended"}, {"companion-crisis", "companion.crisis"}}
}

func eventNames() (names []string) {
	for _, t := range eventTypes() {
		names = append(names, t[0])
	}
	return names
}

func eventWord(typ string) cell {
	for _, t := range eventTypes() {
		if t[1] == typ {
			return cell{Text: typ, Key: "page-event-" + t[0]}
		}
	}
	return cell{Text: typ, Key: "page-event-" + strings.ReplaceAll(typ, ".", "-")}
}

func eventCells(types []string) cell {
	var c cell
	for _, t := range types {
		c.Many = append(c.Many, eventWord(t))
	}
	return c
}

func webhookState(w client.Webhook) cell {
	return state("page-webhook-state-", w.State, map[string]tone{"active": good, "paused": wait, "gone": bad})
}

func webhookList() list[client.Webhook] {
	return list[client.Webhook]{
		name: "webhooks", path: "/webhooks", title: "page-webhooks", group: groupSystem, action: staff.WebhookManage,
		fetch: func(ctx context.Context, c *client.Client, _ client.Listing) ([]client.Webhook, string, error) {
			all, err := c.Webhooks(ctx)
			return all, "", err
		},
		columns: []column[client.Webhook]{
			{name: "host", cell: func(w client.Webhook) cell { return text(w.Host).to("/webhooks/" + escaped(w.ID)) }},
			{name: "state", cell: webhookState},
			{name: "told-of", cell: func(w client.Webhook) cell { return eventCells(w.Types) }},
			{name: "added", cell: func(w client.Webhook) cell { return moment(w.Created) }},
		},
		deeds: []lead{{"/webhooks/new", "page-deed-webhook-add", staff.WebhookManage}, {"/webhook-messages", "page-messages", staff.WebhookManage}},
		says:  append(of("page-webhook-state-", "active", "paused", "gone", "removed"), of("page-event-", append(eventNames(), "webhook-test")...)...),
	}
}

func addWebhook() deed[none] {
	return deed[none]{
		name: "webhook-add", action: staff.WebhookManage, record: "webhook.added",
		fields: []field[none]{{name: "address", kind: "text", required: true, hint: true, most: 2048}, {name: "types", kind: "several", words: "page-event-", options: eventNames(), hint: true}},
		do: func(v *visit, _ none) (string, error) {
			var types []string
			for _, t := range eventTypes() {
				if slices.Contains(v.r.PostForm["types"], t[0]) {
					types = append(types, t[1])
				}
			}
			w, err := v.api().AddWebhook(v.r.Context(), strings.TrimSpace(v.sent("address")), types...)
			if err != nil {
				return "", err
			}
			return "-", v.show("webhookmade", w)
		},
		says: []string{"page-webhook-made-lead", "page-webhook-secret", "page-webhook-made-hint", "page-webhooks-back"},
	}
}

func webhookSheet() sheet[client.Webhook] {
	step := func(name, step string, may func(client.Webhook) bool, do func(v *visit, w client.Webhook) (string, error)) deed[client.Webhook] {
		return deed[client.Webhook]{name: name, step: step, action: staff.WebhookManage, record: "webhook.changed", may: may, do: do}
	}
	set := func(to string) func(v *visit, w client.Webhook) (string, error) {
		return func(v *visit, w client.Webhook) (string, error) {
			_, err := v.api().StepWebhook(v.r.Context(), w.ID, to)
			return "", err
		}
	}
	is := func(states ...string) func(client.Webhook) bool {
		return func(w client.Webhook) bool { return slices.Contains(states, w.State) }
	}
	test := step("webhook-test", "test", is("active"), func(v *visit, w client.Webhook) (string, error) {
		m, err := v.api().TestWebhook(v.r.Context(), w.ID)
		if err != nil {
			return "", err
		}
		return "/webhook-messages/" + escaped(m.ID), nil
	})
	test.record = "webhook.queued"
	rotate := step("webhook-rotate", "rotate", is("active", "paused", "gone"), func(v *visit, w client.Webhook) (string, error) {
		made, err := v.api().StepWebhook(v.r.Context(), w.ID, "rotate")
		if err != nil {
			return "", err
		}
		return "-", v.show("webhookmade", made)
	})
	remove := step("webhook-remove", "remove", is("active", "paused", "gone"), func(v *visit, w client.Webhook) (string, error) {
		return "/webhooks", v.api().RemoveWebhook(v.r.Context(), w.ID)
	})
	remove.danger = true
	return sheet[client.Webhook]{
		path: "/webhooks/{id}", title: "page-webhook", action: staff.WebhookManage,
		fetch:   func(v *visit, id string) (client.Webhook, error) { return v.api().Webhook(v.r.Context(), id) },
		heading: func(w client.Webhook) cell { return text(w.Host) },
		facts: func(w client.Webhook) []fact {
			return []fact{{"state", webhookState(w)}, {"told-of", eventCells(w.Types)}, {"added", moment(w.Created)}, {"changed", moment(w.Changed)}}
		},
		parts: func(v *visit, w client.Webhook) ([]part, error) {
			messages, _, err := v.api().WebhookMessages(v.r.Context(), client.Listing{Filter: map[string][]string{"webhook": {w.ID}}, Limit: listSize})
			if err != nil {
				return nil, err
			}
			return []part{{Title: "page-messages-of", Lead: "page-messages-of-lead", Empty: "page-messages-of-none", Table: tableOf("page-messages-of", messageColumns(), messages)}}, nil
		},
		deeds:  []deed[client.Webhook]{test, step("webhook-pause", "pause", is("active"), set("pause")), step("webhook-resume", "resume", is("paused", "gone"), set("resume")), rotate, remove},
		labels: []string{"changed"},
		says:   append(messageWords(), "page-messages-of", "page-messages-of-lead", "page-messages-of-none"),
	}
}

func messageState(m client.WebhookMessage) cell {
	return state("page-message-state-", m.State, map[string]tone{"waiting": wait, "delivered": good, "failed": bad})
}

func messageWords() []string {
	return slices.Concat(of("page-message-state-", "waiting", "delivered", "failed", "dropped"), of("page-attempt-", "taken", "declined", "unreached", "not-asked", "not-wanted"))
}

// lastAttempt is what came of sending a message the last time.
func lastAttempt(m client.WebhookMessage) cell {
	if len(m.Attempts) == 0 {
		return cell{}
	}
	return attempt(m.Attempts[len(m.Attempts)-1])
}

func attempt(a client.WebhookAttempt) cell {
	return state("page-attempt-", a.Outcome, map[string]tone{"taken": good, "declined": bad, "unreached": bad, "not-asked": bad})
}

func messageColumns() []column[client.WebhookMessage] {
	return []column[client.WebhookMessage]{
		{name: "message", cell: func(m client.WebhookMessage) cell { return ident(m.ID).to("/webhook-messages/" + escaped(m.ID)) }},
		{name: "state", cell: messageState},
		{name: "event", cell: func(m client.WebhookMessage) cell { return eventWord(m.Type) }},
		{name: "tried", cell: func(m client.WebhookMessage) cell { return count(int64(m.Tried)) }},
		{name: "last-attempt", cell: lastAttempt},
		{name: "created", cell: func(m client.WebhookMessage) cell { return moment(m.Created) }},
	}
}

func messageList() list[client.WebhookMessage] {
	return list[client.WebhookMessage]{
		name: "messages", path: "/webhook-messages", title: "page-messages", action: staff.WebhookManage,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.WebhookMessage, string, error) {
			return c.WebhookMessages(ctx, l)
		},
		columns: messageColumns(),
		filters: []filter{{name: "state", kind: "choice", words: "page-message-state-", options: []string{"waiting", "delivered", "failed", "dropped"}}, {name: "webhook", kind: "text"}},
		says:    messageWords(),
	}
}

func messageSheet() sheet[client.WebhookMessage] {
	return sheet[client.WebhookMessage]{
		path: "/webhook-messages/{id}", title: "page-message", action: staff.WebhookManage,
		fetch: func(v *visit, id string) (client.WebhookMessage, error) {
			return v.api().WebhookMessage(v.r.Context(), id)
		},
		facts: func(m client.WebhookMessage) []fact {
			return []fact{{"state", messageState(m)}, {"event", eventWord(m.Type)}, {"webhook", ident(m.Webhook).to("/webhooks/" + escaped(m.Webhook))}, {"tried", count(int64(m.Tried))}, {"created", moment(m.Created)}, {"changed", moment(m.Changed)}}
		},
		parts: func(_ *visit, m client.WebhookMessage) ([]part, error) {
			body, err := json.MarshalIndent(m.Body, "", "  ")
			if err != nil {
				return nil, err
			}
			attempts := slices.Clone(m.Attempts)
			slices.Reverse(attempts)
			return []part{
				{Title: "page-attempts", Lead: "page-attempts-lead", Empty: "page-attempts-none", Table: tableOf("page-attempts", []column[client.WebhookAttempt]{
					{name: "at", cell: func(a client.WebhookAttempt) cell { return moment(a.At) }},
					{name: "outcome", cell: attempt},
					{name: "answer", cell: func(a client.WebhookAttempt) cell {
						if a.Status == 0 {
							return ident(string(a.Code))
						}
						return ident(strconv.Itoa(a.Status))
					}},
					{name: "milliseconds", cell: func(a client.WebhookAttempt) cell { return count(a.Milliseconds) }},
				}, attempts)},
				{Title: "page-message-body", Code: string(body)},
			}, nil
		},
		labels: []string{"webhook", "changed", "at", "outcome", "answer", "milliseconds"},
		says:   append(messageWords(), "page-attempts", "page-attempts-lead", "page-attempts-none", "page-message-body"),
		deeds: []deed[client.WebhookMessage]{{
			name: "message-replay", step: "replay", action: staff.WebhookManage, record: "webhook.replay", may: func(m client.WebhookMessage) bool { return m.State != "waiting" },
			do: func(v *visit, m client.WebhookMessage) (string, error) {
				_, err := v.api().ReplayWebhook(v.r.Context(), m.ID)
				return "", err
			},
		}},
	}
}
