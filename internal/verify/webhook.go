package verify

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/identity"
)

// Headers of a signed message.
const (
	HeaderTimestamp = "Colophon-Timestamp"
	HeaderNonce     = "Colophon-Nonce"
	HeaderSignature = "Colophon-Signature"
)

// window is how far the time of a message may be from ours.
const window = 5 * time.Minute

// direction says which way a signed message goes, so that none can be sent back as another.
type direction string

const (
	toThem   direction = "question"
	fromThem direction = "answer"
	later    direction = "call-back"
)

// keys sign and verify messages: either shared secrets, of which the first signs, or a key of each side.
type keys struct {
	shared  [][]byte
	private ed25519.PrivateKey
	peer    ed25519.PublicKey
}

// signed is what a signature is over.
func signed(d direction, timestamp, nonce string, body []byte) []byte {
	return slices.Concat([]byte("colophon-verify-1\n"+string(d)+"\n"+timestamp+"\n"+nonce+"\n"), body)
}

func (k keys) sign(message []byte) string {
	if k.private != nil {
		return Ed25519 + "=" + base64.StdEncoding.EncodeToString(ed25519.Sign(k.private, message))
	}
	return HMAC + "=" + hex.EncodeToString(digest(k.shared[0], message))
}

func (k keys) verify(message []byte, signature string) bool {
	algorithm, value, _ := strings.Cut(signature, "=")
	if k.private != nil {
		s, err := base64.StdEncoding.DecodeString(value)
		return algorithm == Ed25519 && err == nil && ed25519.Verify(k.peer, message, s)
	}
	s, err := hex.DecodeString(value)
	return algorithm == HMAC && err == nil && slices.ContainsFunc(k.shared, func(secret []byte) bool { return hmac.Equal(s, digest(secret, message)) })
}

// digest is HMAC-SHA256.
func digest(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}

// question is what is posted to a server of the provider's.
type question struct {
	Act       string `json:"act"` // check, begin, result, send
	ID        string `json:"id,omitempty"`
	Level     string `json:"level,omitempty"`
	Claim     *claim `json:"claim,omitempty"`
	Return    string `json:"return,omitempty"`
	Locale    string `json:"locale,omitempty"`
	Reference string `json:"reference,omitempty"`
	Phone     string `json:"phone,omitempty"`
	Code      string `json:"code,omitempty"`
	Valid     int    `json:"valid,omitempty"` // seconds
}

// claim is [identity.Claim] on its way to a source that is to judge it, or back.
type claim struct {
	Kind   string `json:"kind,omitempty"`
	Number string `json:"number,omitempty"`
	Name   string `json:"name,omitempty"`
	Phone  string `json:"phone,omitempty"`
	Card   string `json:"card,omitempty"`
}

func claimed(c identity.Claim) *claim {
	if c == (identity.Claim{}) {
		return nil
	}
	return &claim{string(c.Kind), c.Number, c.Name, c.Phone, c.Card}
}

// reply is what comes back, as the answer to a question or by itself.
type reply struct {
	ID          string `json:"id"` // of a verification, in a call-back
	Result      string `json:"result"`
	Level       string `json:"level"`
	Transaction string `json:"transaction"`
	Code        string `json:"code"`
	Minor       string `json:"minor"`
	Consent     string `json:"consent"`
	URL         string `json:"url"`
	Reference   string `json:"reference"`
	Claim       *claim `json:"claim"`
}

// peer exchanges signed messages with a server of the provider's.
type peer struct {
	far    far
	facts  identity.Facts
	keys   keys
	now    func() time.Time
	random io.Reader
}

// ask puts a question and returns the reply to it: signed, in answer to this question, and now.
func (p peer) ask(ctx context.Context, q question) (reply, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return reply{}, p.far.fault(CodeUnreachable, errors.New("making the request"))
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(p.random, raw); err != nil {
		return reply{}, err
	}
	nonce, timestamp := hex.EncodeToString(raw), strconv.FormatInt(p.now().Unix(), 10)
	text, header, err := p.far.post(ctx, "application/json", body, func(r *http.Request) {
		r.Header.Set(HeaderTimestamp, timestamp)
		r.Header.Set(HeaderNonce, nonce)
		r.Header.Set(HeaderSignature, p.keys.sign(signed(toThem, timestamp, nonce, body)))
	})
	if err != nil {
		return reply{}, err
	}
	if got, err := p.genuine(header, fromThem, text); err != nil {
		return reply{}, err
	} else if got != nonce {
		return reply{}, p.far.fault(CodeSignature, errors.New("in answer to another question"))
	}
	return p.read(text)
}

// genuine checks the signature of a message and returns its nonce.
func (p peer) genuine(h http.Header, d direction, body []byte) (nonce string, err error) {
	for _, name := range []string{HeaderTimestamp, HeaderNonce, HeaderSignature} {
		if len(h[textproto.CanonicalMIMEHeaderKey(name)]) != 1 {
			return "", p.far.fault(CodeSignature, errors.New("a header is missing, or there twice"))
		}
	}
	timestamp, nonce := h.Get(HeaderTimestamp), h.Get(HeaderNonce)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	switch {
	case !p.keys.verify(signed(d, timestamp, nonce, body), h.Get(HeaderSignature)):
		return "", p.far.fault(CodeSignature, errors.New("signature"))
	case err != nil || p.now().Sub(time.Unix(seconds, 0)).Abs() > window:
		return "", p.far.fault(CodeSignature, errors.New("not now"))
	}
	return nonce, nil
}

// read parses a reply.
func (p peer) read(text []byte) (reply, error) {
	var a reply
	if err := decode(text, true, &a); err != nil {
		return reply{}, p.far.fault(CodeAnswer, err)
	}
	return a, nil
}

// judge makes of a reply what it says about a person.
func (p peer) judge(a reply) (identity.Answer, error) {
	answer := identity.Answer{Result: identity.Result(a.Result), Transaction: a.Transaction, CodeRaw: a.Code, Minor: identity.Minor(a.Minor), Consent: a.Consent}
	bad := func(field string) (identity.Answer, error) {
		return identity.Answer{}, p.far.fault(CodeAnswer, errors.New("field "+field))
	}
	switch answer.Result {
	case identity.Match, identity.Mismatch, identity.NoRecord, identity.SourceError:
	default: // pending, too: nothing came of it yet, and that is no try which failed
		return bad("result")
	}
	switch answer.Minor {
	case identity.AgeUnknown, identity.Under14, identity.Under18, identity.Adult:
	default:
		return bad("minor")
	}
	if a.Level != "" {
		level, err := identity.ParseLevel(a.Level)
		if err != nil || level == identity.None || !p.facts.Level.Satisfies(level) {
			return bad("level")
		}
		answer.Level = level
	}
	if c := a.Claim; c != nil {
		if !known(c.Kind) && c.Kind != "" || (c.Kind == "") != (c.Number == "") {
			return bad("claim")
		}
		answer.Learned = identity.Claim{Kind: identity.Method(c.Kind), Number: c.Number, Name: c.Name, Phone: c.Phone, Card: c.Card}
	}
	return answer, nil
}

// webhook is a server of the provider's that answers now.
type webhook struct{ peer }

// Facts implements identity.Source.
func (w *webhook) Facts() identity.Facts { return w.facts }

// Check implements identity.Source.
func (w *webhook) Check(ctx context.Context, c identity.Claim) (identity.Answer, error) {
	a, err := w.ask(ctx, question{Act: "check", Level: w.facts.Level.String(), Claim: claimed(c)})
	if err != nil {
		return identity.Answer{}, err
	}
	answer, err := w.judge(a)
	return told(c, answer), err
}

// callBack is a server of the provider's that answers later.
type callBack struct{ peer }

// waiting is what a call-back has to fit.
type waiting struct {
	ID string `json:"id"`
}

// Facts implements identity.Later.
func (b *callBack) Facts() identity.Facts { return b.facts }

// Begin implements identity.Later.
func (b *callBack) Begin(ctx context.Context, s identity.Start) (identity.Begun, error) {
	a, err := b.ask(ctx, question{Act: "begin", ID: s.ID, Level: b.facts.Level.String(), Claim: claimed(s.Claim), Return: s.Return, Locale: s.Locale})
	if err != nil {
		return identity.Begun{}, err
	}
	if a.Result != string(identity.Waiting) || !reachable(strings.SplitN(a.URL, "?", 2)[0]) || len(a.URL) > 2048 || len(a.Reference) > 200 {
		return identity.Begun{}, b.far.fault(CodeAnswer, errors.New("no beginning"))
	}
	state, err := json.Marshal(waiting{s.ID})
	return identity.Begun{URL: a.URL, Reference: a.Reference, State: state}, err
}

// Complete implements identity.Later. Without a message it asks what became of the verification, for a browser may be back
// before the call-back, and a call-back may not get through.
func (b *callBack) Complete(ctx context.Context, w identity.Begun, r identity.Response) (identity.Answer, error) {
	var state waiting
	if err := json.Unmarshal(w.State, &state); err != nil {
		return identity.Answer{}, err
	}
	var a reply
	var err error
	if len(r.Body) == 0 {
		a, err = b.ask(ctx, question{Act: "result", ID: state.ID, Reference: w.Reference})
	} else if _, err = b.genuine(r.Header, later, r.Body); err == nil {
		a, err = b.read(r.Body)
	}
	if err == nil && (a.ID != state.ID || a.ID == "") {
		err = b.far.fault(CodeAnswer, errors.New("about another verification"))
	}
	if err != nil {
		return identity.Answer{}, err
	}
	return b.judge(a)
}
