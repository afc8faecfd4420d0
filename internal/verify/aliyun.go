package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon/identity"
)

// aliyun asks Id2MetaVerify, version 2019-03-07: whether a name and the number of a resident identity card, or of a
// residence permit of Hong Kong, Macau or Taiwan, belong together.
//
//   - https://help.aliyun.com/zh/id-verification/information-verification/developer-reference/vatsl9lfmbwe74iv
//   - https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
//
// The parameters go in the body as a form, as Aliyun's own clients send them, so that no number stands in an address.
type aliyun struct {
	far    far
	known  identity.Facts
	keyID  string
	secret Secret
	now    func() time.Time
	random io.Reader
}

// Facts implements identity.Source.
func (a *aliyun) Facts() identity.Facts { return a.known }

// Check implements identity.Source.
func (a *aliyun) Check(ctx context.Context, c identity.Claim) (identity.Answer, error) {
	if c.Number == "" || c.Name == "" {
		return identity.Answer{}, a.far.fault(CodeClaim, nil)
	}
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(a.random, nonce); err != nil {
		return identity.Answer{}, err
	}
	const kind = "application/x-www-form-urlencoded"
	body := []byte(url.Values{"ParamType": {"normal"}, "IdentifyNum": {c.Number}, "UserName": {c.Name}}.Encode())
	text, _, err := a.far.post(ctx, kind, body, func(r *http.Request) {
		sum := sha256.Sum256(body)
		signed := map[string]string{
			"content-type": kind, "host": r.Host, "x-acs-action": "Id2MetaVerify", "x-acs-version": "2019-03-07", "x-acs-content-sha256": hex.EncodeToString(sum[:]),
			"x-acs-date": a.now().UTC().Format("2006-01-02T15:04:05Z"), "x-acs-signature-nonce": hex.EncodeToString(nonce),
		}
		for name, value := range signed {
			if name != "host" {
				r.Header.Set(name, value)
			}
		}
		r.Header.Set("Authorization", acs3(a.keyID, string(a.secret), "", signed))
	})
	if err != nil {
		return identity.Answer{}, err
	}
	answer, err := readAliyun(text)
	if err != nil {
		return identity.Answer{}, a.far.fault(CodeAnswer, err)
	}
	return told(c, answer), nil
}

// acs3 is the header Authorization by ACS3-HMAC-SHA256, of a POST to / with a query that is in canonical form already.
func acs3(keyID, secret, query string, signed map[string]string) string {
	headers, names := canonical(signed)
	request := sha256.Sum256([]byte("POST\n/\n" + query + "\n" + headers + "\n" + names + "\n" + signed["x-acs-content-sha256"]))
	signature := digest([]byte(secret), []byte("ACS3-HMAC-SHA256\n"+hex.EncodeToString(request[:])))
	return "ACS3-HMAC-SHA256 Credential=" + keyID + ",SignedHeaders=" + names + ",Signature=" + hex.EncodeToString(signature)
}

// canonical lists headers, each on a line, and their names, as both clouds sign them.
func canonical(signed map[string]string) (headers, names string) {
	list := make([]string, 0, len(signed))
	for name := range signed {
		list = append(list, name)
	}
	slices.Sort(list)
	for _, name := range list {
		headers += name + ":" + signed[name] + "\n"
	}
	return headers, strings.Join(list, ";")
}

// readAliyun reads an answer. Code tells whether the question was put rightly, and BizCode alone what came of it.
func readAliyun(text []byte) (identity.Answer, error) {
	var a struct {
		RequestID    string `json:"RequestId"`
		Code         string
		ResultObject *struct{ BizCode string }
	}
	if err := decode(text, false, &a); err != nil {
		return identity.Answer{}, err
	}
	if a.Code == "" {
		return identity.Answer{}, errors.New("no code")
	}
	answer := identity.Answer{Result: identity.SourceError, Transaction: a.RequestID, CodeRaw: a.Code}
	if a.Code != "200" {
		return answer, nil
	}
	if a.ResultObject == nil {
		return identity.Answer{}, errors.New("no result")
	}
	answer.CodeRaw += ":" + a.ResultObject.BizCode
	switch a.ResultObject.BizCode {
	case "1":
		answer.Result = identity.Match
	case "2":
		answer.Result = identity.Mismatch
	case "3":
		answer.Result = identity.NoRecord
	default:
		return identity.Answer{}, errors.New("a result that is none")
	}
	return answer, nil
}
