package httpapi

import (
	"context"
	"encoding/json"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/webhook"
	"github.com/colophon-project/colophon/staff"
)

func webhookRoutes() []route {
	return []route{
		{get, "/v1/webhooks", "webhooks", staff.WebhookManage, "webhooks", 0, 200, do((*server).webhooks), "List the programs that are told what happens", 0},
		{post, "/v1/webhooks", "add-webhook", staff.WebhookManage, "webhooks", small, 201, once((*server).addWebhook), "Have a program told; its secret is shown this once", 0},
		{get, "/v1/webhooks/{id}", "webhook", staff.WebhookManage, "webhooks", 0, 200, do((*server).webhook), "Show one of them", 0},
		{post, "/v1/webhooks/{id}:rotate", "rotate-webhook", staff.WebhookManage, "webhooks", small, 201, once((*server).rotateWebhook), "Make another secret; the one before signs for a day more", 0},
		{post, "/v1/webhooks/{id}:pause", "pause-webhook", staff.WebhookManage, "webhooks", small, 200, once((*server).pauseWebhook), "Tell it nothing for now; what happens meanwhile is not told later", 0},
		{post, "/v1/webhooks/{id}:resume", "resume-webhook", staff.WebhookManage, "webhooks", small, 200, once((*server).resumeWebhook), "Tell it again", 0},
		{post, "/v1/webhooks/{id}:test", "test-webhook", staff.WebhookManage, "webhooks", small, 201, once((*server).testWebhook), "Send it a message that says nothing", 0},
		{del, "/v1/webhooks/{id}", "remove-webhook", staff.WebhookManage, "webhooks", 0, 204, do((*server).removeWebhook), "Remove it for good", 0},
		{get, "/v1/webhook-messages", "webhook-messages", staff.WebhookManage, "webhooks", 0, 200, do((*server).webhookMessages), "List messages with what came of each attempt, the newest first", 0},
		{get, "/v1/webhook-messages/{id}", "webhook-message", staff.WebhookManage, "webhooks", 0, 200, do((*server).webhookMessage), "Show a message", 0},
		{post, "/v1/webhook-messages/{id}:replay", "replay-webhook", staff.WebhookManage, "webhooks", small, 200, once((*server).replayWebhook), "Send a message once more", 0},
	}
}

// Webhook is a program that is told what happens.
type Webhook struct {
	ID      string        `json:"id" doc:"Identifier."`
	State   webhook.State `json:"state" enum:"active,paused,gone,removed" doc:"gone: it answered 410, which asks for no more messages."`
	Host    string        `json:"host" doc:"Host of its address; the address itself is not shown again."`
	Types   []string      `json:"types" nullable:"false" doc:"Types of events that it is told of; * for all."`
	Created time.Time     `json:"created" doc:"When it was added."`
	Changed time.Time     `json:"changed" doc:"When it changed last."`
	Secret  string        `json:"secret,omitempty" doc:"The secret that messages are signed with (Standard Webhooks); shown this once."`
}

func viewWebhook(e webhook.EndpointEntry) Webhook {
	return Webhook{ID: e.ID, State: webhook.State(e.State), Host: e.Value.Host, Types: e.Value.Types, Created: e.Made, Changed: e.Changed}
}

type webhookOutput struct {
	Replayed
	Body Webhook
}

// withoutSecret is what is kept as the answer to an idempotency key.
func (o *webhookOutput) withoutSecret() webhookOutput {
	kept := *o
	kept.Body.Secret = ""
	return kept
}

func shownWebhook(e webhook.EndpointEntry, err error) (*webhookOutput, error) {
	return &webhookOutput{Body: viewWebhook(e)}, err
}

type webhooksOutput struct {
	Body struct {
		Webhooks []Webhook `json:"webhooks" nullable:"false" doc:"Those that were not removed."`
	}
}

func (s *server) webhooks(ctx context.Context, _ *struct{}) (*webhooksOutput, error) {
	list, err := s.Webhooks.Endpoints(ctx)
	out := &webhooksOutput{}
	out.Body.Webhooks = []Webhook{}
	for _, e := range list {
		out.Body.Webhooks = append(out.Body.Webhooks, viewWebhook(e))
	}
	return out, err
}

type addWebhookInput struct {
	Keyed
	Body struct {
		URL   string   `json:"url" minLength:"8" maxLength:"2048" doc:"Where to. It may not lie in a network of its own, unless the settings name its host." example:"https://platform.example/hooks/colophon"`
		Types []string `json:"types" minItems:"1" maxItems:"32" nullable:"false" doc:"Types of events: intake.taken, intake.scan-ended, companion.crisis; * for all."`
	}
}

func (s *server) addWebhook(ctx context.Context, in *addWebhookInput) (*webhookOutput, error) {
	e, secret, err := s.Webhooks.Add(ctx, ledgerBy(ctx), webhook.Draft{URL: in.Body.URL, Types: in.Body.Types})
	return withSecret(e, secret, err)
}

func withSecret(e webhook.EndpointEntry, secret string, err error) (*webhookOutput, error) {
	out, err := shownWebhook(e, err)
	out.Body.Secret = secret
	return out, err
}

func (s *server) webhook(ctx context.Context, in *Named) (*webhookOutput, error) {
	return shownWebhook(s.Webhooks.Endpoint(ctx, in.ID))
}

type oneWebhookInput struct {
	Keyed
	Named
}

func (s *server) rotateWebhook(ctx context.Context, in *oneWebhookInput) (*webhookOutput, error) {
	return withSecret(s.Webhooks.Rotate(ctx, ledgerBy(ctx), in.ID))
}

func (s *server) pauseWebhook(ctx context.Context, in *oneWebhookInput) (*webhookOutput, error) {
	return shownWebhook(s.Webhooks.Set(ctx, ledgerBy(ctx), in.ID, webhook.Paused))
}

func (s *server) resumeWebhook(ctx context.Context, in *oneWebhookInput) (*webhookOutput, error) {
	return shownWebhook(s.Webhooks.Set(ctx, ledgerBy(ctx), in.ID, webhook.Active))
}

func (s *server) removeWebhook(ctx context.Context, in *Named) (*struct{}, error) {
	_, err := s.Webhooks.Set(ctx, ledgerBy(ctx), in.ID, webhook.Removed)
	return nil, err
}

// WebhookAttempt is one time that a message was sent.
type WebhookAttempt struct {
	At           time.Time       `json:"at" doc:"When."`
	Outcome      webhook.Outcome `json:"outcome" enum:"taken,declined,unreached,not-asked,not-wanted" doc:"taken: an answer of success. declined: any other answer. unreached: none. not-asked: the address lies where nothing is sent to. not-wanted: paused or removed."`
	Status       int             `json:"status,omitempty" doc:"HTTP status of the answer."`
	Code         colophon.Code   `json:"code,omitempty" doc:"Why there was no answer."`
	Milliseconds int64           `json:"milliseconds" doc:"How long it took."`
}

// WebhookMessage is one event on its way to one program.
type WebhookMessage struct {
	ID       string               `json:"id" doc:"Identifier, as it stands in webhook-id."`
	State    webhook.MessageState `json:"state" enum:"waiting,delivered,failed,dropped" doc:"failed: tried for a day. dropped: the program was paused or removed."`
	Webhook  string               `json:"webhook" doc:"Whom it goes to."`
	Event    string               `json:"event" doc:"Identifier of the event."`
	Type     string               `json:"type" doc:"Type of the event." example:"intake.taken"`
	Body     map[string]any       `json:"body" doc:"What it says."`
	Tried    int                  `json:"tried" doc:"How often it was sent."`
	Attempts []WebhookAttempt     `json:"attempts" nullable:"false" doc:"What came of it, the last twenty times."`
	Created  time.Time            `json:"created" doc:"When it was made."`
	Changed  time.Time            `json:"changed" doc:"When it was tried last."`
}

func viewMessage(e webhook.MessageEntry) (WebhookMessage, error) {
	m := e.Value
	v := WebhookMessage{ID: e.ID, State: webhook.MessageState(e.State), Webhook: m.Endpoint, Event: m.Event, Type: m.Type, Tried: m.Tried, Attempts: []WebhookAttempt{}, Created: e.Made, Changed: e.Changed}
	for _, a := range m.Attempts {
		v.Attempts = append(v.Attempts, WebhookAttempt(a))
	}
	return v, json.Unmarshal(m.Body, &v.Body)
}

type messageOutput struct {
	Replayed
	Body WebhookMessage
}

func shownMessage(e webhook.MessageEntry, err error) (*messageOutput, error) {
	if err != nil {
		return nil, err
	}
	v, err := viewMessage(e)
	return &messageOutput{Body: v}, err
}

func (s *server) testWebhook(ctx context.Context, in *oneWebhookInput) (*messageOutput, error) {
	return shownMessage(s.Webhooks.Test(ctx, in.ID))
}

func (s *server) replayWebhook(ctx context.Context, in *oneWebhookInput) (*messageOutput, error) {
	return shownMessage(s.Webhooks.Replay(ctx, ledgerBy(ctx), in.ID))
}

func (s *server) webhookMessage(ctx context.Context, in *Named) (*messageOutput, error) {
	return shownMessage(s.Webhooks.Message(ctx, in.ID))
}

type messagesInput struct {
	Page
	Webhook string                 `query:"webhook" maxLength:"64" doc:"Whom they go to; absent for all."`
	States  []webhook.MessageState `query:"state,explode" nullable:"false" maxItems:"4" enum:"waiting,delivered,failed,dropped" doc:"State; may be repeated."`
}

type messagesOutput struct {
	Body struct {
		Messages []WebhookMessage `json:"messages" nullable:"false" doc:"The newest first."`
		Next     string           `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) webhookMessages(ctx context.Context, in *messagesInput) (*messagesOutput, error) {
	q := ledger.Query{Newest: true, After: in.Cursor, Limit: in.Limit}
	for _, state := range in.States {
		q.States = append(q.States, string(state))
	}
	list, next, err := s.Webhooks.Messages(ctx, in.Webhook, q)
	out := &messagesOutput{}
	out.Body.Messages, out.Body.Next = []WebhookMessage{}, next
	for _, e := range list {
		v, err := viewMessage(e)
		if err != nil {
			return nil, err
		}
		out.Body.Messages = append(out.Body.Messages, v)
	}
	return out, err
}
