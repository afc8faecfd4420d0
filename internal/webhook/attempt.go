package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// ErrAgain says that a message was not taken and is to be tried again.
var ErrAgain = errors.New("webhook: not taken")

// ErrBusy says that a message was not sent, because its endpoint is slow and others are on their way to it.
var ErrBusy = errors.New("webhook: the endpoint is slow")

const (
	// quick is how long an answer may take before an endpoint is slow.
	quick = time.Second
	// slowAtOnce is how many messages go to a slow endpoint at the same time, so that it never has all workers.
	slowAtOnce = 2
)

// enter begins to send to an endpoint, unless it is slow and busy.
func (d *Dispatcher) enter(endpoint string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[endpoint]
	if l.slow && l.busy >= slowAtOnce {
		return false
	}
	l.busy++
	d.lanes[endpoint] = l
	return true
}

// leave ends what enter began.
func (d *Dispatcher) leave(endpoint string, took time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[endpoint]
	l.busy, l.slow = l.busy-1, took > quick
	if d.lanes[endpoint] = l; l == (lane{}) {
		delete(d.lanes, endpoint)
	}
}

// Attempt sends a message once and keeps what came of it. ErrAgain asks for another attempt; last says that there will be
// none, after which the message has failed. ErrBusy says that there was no attempt, and that it is to be made later.
func (d *Dispatcher) Attempt(ctx context.Context, id string, last bool) error {
	m, err := d.messages.Get(ctx, id)
	if err != nil || MessageState(m.State) != Waiting {
		return err
	}
	e, err := d.endpoints.Get(ctx, m.Value.Endpoint)
	if err != nil {
		return err
	}
	began := d.messages.Now()
	a, gone := Attempt{At: began, Outcome: NotWanted}, false
	if State(e.State) == Active {
		if !d.enter(e.ID) {
			return ErrBusy
		}
		defer func() { d.leave(e.ID, d.messages.Now().Sub(began)) }()
		if a, gone, err = d.send(ctx, e, m, began); err != nil {
			return err
		}
		a.Milliseconds = d.messages.Now().Sub(began).Milliseconds()
	}
	to := Waiting
	switch {
	case a.Outcome == Taken:
		to = Delivered
	case a.Outcome == NotWanted:
		to = Dropped
	case last, gone:
		to = Failed
	}
	_, err = d.messages.Change(context.WithoutCancel(ctx), id, func(m *MessageEntry) (ledger.Act, error) {
		if MessageState(m.State) != Waiting {
			return ledger.Act{}, ledger.ErrSame
		}
		m.State = string(to)
		m.Value.Tried++
		list := append(slices.Clone(m.Value.Attempts), a)
		m.Value.Attempts = list[max(0, len(list)-keptAttempts):]
		return act(RecordAttempt, ledger.By{Role: "system"}, map[string]any{"message": id, "attempt": a, "state": to}), nil
	})
	if err == nil && gone {
		_, err = d.Set(ctx, ledger.By{Role: "system"}, e.ID, Gone)
	}
	if err == nil && to == Waiting {
		err = ErrAgain
	}
	return err
}

// send sends a message. Its error is a fault of ours; what the other side did stands in the attempt.
func (d *Dispatcher) send(ctx context.Context, e EndpointEntry, m MessageEntry, at time.Time) (a Attempt, gone bool, err error) {
	var s sealed
	if ok, err := d.endpoints.Open(e, &s); err != nil || !ok {
		return Attempt{At: at, Outcome: NotWanted}, false, err // its secrets were erased
	}
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	stamp := strconv.FormatInt(at.Unix(), 10)
	// Header names stand in lower case in the specification; HTTP does not tell them apart.
	header.Set("Webhook-Id", m.ID)
	header.Set("Webhook-Timestamp", stamp)
	header.Set("Webhook-Signature", s.sign(m.ID, stamp, m.Value.Body, at))
	status, err := d.c.Sender.Send(ctx, s.URL, header, m.Value.Body)
	a = Attempt{At: at, Status: status}
	var known *colophon.Error
	switch {
	case ctx.Err() != nil:
		return a, false, ctx.Err() // we were stopped, and nobody knows what came of it
	case errors.As(err, &known) && known.Kind == colophon.Refused:
		a.Outcome, a.Code = NotAsked, known.Code
	case errors.As(err, &known):
		a.Outcome, a.Code = Unreached, known.Code
	case err != nil:
		a.Outcome = Unreached
	case status >= 200 && status < 300:
		a.Outcome = Taken
	default:
		a.Outcome = Declined
	}
	return a, status == http.StatusGone, nil
}

// sign returns a signature by each secret that is good at a time.
func (s *sealed) sign(id, stamp string, body []byte, at time.Time) string {
	var list []string
	for _, key := range s.Secrets {
		if !key.Until.IsZero() && !at.Before(key.Until) {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key.Text, secretPrefix))
		if err != nil {
			continue
		}
		mac := hmac.New(sha256.New, raw)
		mac.Write([]byte(id + "." + stamp + "."))
		mac.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(list, " ")
}
