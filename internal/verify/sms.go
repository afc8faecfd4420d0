package verify

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/colophon-project/colophon/identity"
)

// sms sends codes to telephones through a server of the provider's.
type sms struct {
	peer
	secret []byte
	valid  time.Duration
}

// sentCode is what is known of a code that was sent. How often it may be tried, and how often one is sent, is for the
// registrar to count.
type sentCode struct {
	ID     string    `json:"id"`
	Digest []byte    `json:"digest"` // under the secret
	Until  time.Time `json:"until"`
}

// Facts implements identity.Later.
func (s *sms) Facts() identity.Facts { return s.facts }

func (s *sms) digest(id, code string) []byte {
	return digest(s.secret, []byte("colophon-code-1\n"+s.facts.Name+"\n"+id+"\n"+code))
}

// Begin implements identity.Later.
func (s *sms) Begin(ctx context.Context, start identity.Start) (identity.Begun, error) {
	if start.Claim.Phone == "" {
		return identity.Begun{}, s.far.fault(CodeClaim, nil)
	}
	n, err := rand.Int(s.random, big.NewInt(1_000_000))
	if err != nil {
		return identity.Begun{}, err
	}
	code := fmt.Sprintf("%06d", n)
	sent := sentCode{start.ID, s.digest(start.ID, code), s.now().Add(s.valid).UTC()}
	a, err := s.ask(ctx, question{Act: "send", ID: start.ID, Phone: start.Claim.Phone, Code: code, Locale: start.Locale, Valid: int(s.valid / time.Second)})
	if err != nil {
		return identity.Begun{}, err
	}
	if a.Result != "sent" {
		return identity.Begun{}, s.far.fault(CodeAnswer, errors.New("not sent"))
	}
	state, err := json.Marshal(sent)
	return identity.Begun{Sent: masked(start.Claim.Phone), Reference: a.Transaction, State: state, Until: sent.Until}, err
}

// Complete implements identity.Later.
func (s *sms) Complete(_ context.Context, w identity.Begun, r identity.Response) (identity.Answer, error) {
	var sent sentCode
	if err := json.Unmarshal(w.State, &sent); err != nil {
		return identity.Answer{}, err
	}
	if !s.now().Before(sent.Until) {
		return identity.Answer{}, s.far.fault(CodeLate, nil)
	}
	if !hmac.Equal(sent.Digest, s.digest(sent.ID, strings.TrimSpace(r.Code))) {
		return identity.Answer{Result: identity.Waiting}, nil
	}
	return identity.Answer{Result: identity.Match, Transaction: w.Reference}, nil
}

// masked shows a telephone number to whoever knows it.
func masked(phone string) string {
	if len(phone) < 8 {
		return "****"
	}
	return phone[:3] + "****" + phone[len(phone)-4:]
}
