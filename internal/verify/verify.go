// Package verify asks those who know to whom an account belongs: it implements [identity.Source] and [identity.Later].
//
// [Endpoint] is one of them in the configuration; [Open] makes them all. What is behind them, by [Kind]:
//
//   - webhook.go: a server of the provider's own, by signed messages (docs/format/verify-webhook.md), that answers now or
//     later; package reference beside this one is such a server, to be copied;
//   - sms.go: a code sent to a telephone, by a server of the provider's that sends messages;
//   - oidc.go: an OpenID provider, and the national network identity where it is reached as one;
//   - aliyun.go: Id2MetaVerify of Aliyun;
//   - tencent.go: IdCardVerification of Tencent Cloud.
//
// call.go stands around all that go by HTTP: TLS beyond loopback, a deadline, a bound on the size of an answer, no
// redirects, no second try, since a question costs money and is counted there. What is not exactly an answer is an error, or
// [identity.SourceError] where the code that came with it tells the operator something.
//
// # What not to do here
//
// Never take the success of a call for a match: each answer has a field of its own for that. Never put what was sent or
// received into an error or a log: a server may repeat the number that it was asked about. Never send to an address that
// came in an answer. Keep nothing: what has to be known again later is the state of a verification, which the registrar
// keeps sealed.
package verify

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/staff"
)

// Codes of errors, with the argument "source".
const (
	CodeSetting     colophon.Code = "verify-setting"     // arg "setting", too
	CodeClaim       colophon.Code = "verify-claim"       // the claim lacks what the source asks about
	CodeTimeout     colophon.Code = "verify-timeout"     // no answer in time
	CodeUnreachable colophon.Code = "verify-unreachable" // no connection, or it broke
	CodeStatus      colophon.Code = "verify-status"      // arg "status", too
	CodeAnswer      colophon.Code = "verify-answer"      // the answer is not one
	CodeSignature   colophon.Code = "verify-signature"   // it is not signed, or not by the source, or not now
	CodeLate        colophon.Code = "verify-late"        // the code that was sent no longer counts
)

// SignIn signs people in at OpenID providers, which it knows by their issuer.
type SignIn interface {
	Begin(ctx context.Context, issuer string) (address string, flow []byte, err error)
	Finish(ctx context.Context, flow []byte, sent url.Values) (staff.Claims, error)
}

// Config is what [Open] needs.
type Config struct {
	Endpoints []Endpoint
	// Secret keys the digests of codes: 32 bytes, the same on all nodes.
	Secret []byte
	Now    func() time.Time
	Random io.Reader
	SignIn SignIn // nil without an endpoint of the kind [OIDC]
	// Transport sends requests; nil for one that verifies certificates by the system's roots and uses the proxy that the
	// environment names.
	Transport http.RoundTripper
}

// Open makes the sources of a configuration: those that answer now, and those that answer later. It asks nobody anything yet.
func Open(c Config) ([]identity.Source, []identity.Later, error) {
	if c.Now == nil || c.Random == nil || len(c.Secret) < 32 {
		return nil, nil, errors.New("verify: a clock, randomness and a secret are needed")
	}
	if err := Check(c.Endpoints); err != nil {
		return nil, nil, err
	}
	var sources []identity.Source
	var laters []identity.Later
	for _, e := range c.Endpoints {
		switch e.Kind {
		case Webhook:
			sources = append(sources, &webhook{c.peer(e)})
		case Aliyun:
			sources = append(sources, &aliyun{c.far(e), e.facts(), e.KeyID, e.Secret, c.Now, c.Random})
		case Tencent:
			sources = append(sources, &tencent{c.far(e), e.facts(), e.KeyID, e.Secret, c.Now})
		case CallBack:
			laters = append(laters, &callBack{c.peer(e)})
		case SMS:
			laters = append(laters, &sms{c.peer(e), c.Secret, e.withDefaults().Valid})
		case OIDC:
			if c.SignIn == nil {
				return nil, nil, setting(e, "issuer", errors.New("nothing signs in there"))
			}
			laters = append(laters, &signIn{e, c.SignIn})
		}
	}
	return sources, laters, nil
}
