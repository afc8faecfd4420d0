package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/colophon-project/colophon/identity"
)

// tencent asks IdCardVerification of FaceID, version 2018-03-01: whether a name and the number of a resident identity card
// belong together.
//
//   - https://cloud.tencent.com/document/product/1007/33188
//   - https://cloud.tencent.com/document/product/1007/31325 (TC3-HMAC-SHA256)
type tencent struct {
	far    far
	known  identity.Facts
	keyID  string
	secret Secret
	now    func() time.Time
}

// Facts implements identity.Source.
func (t *tencent) Facts() identity.Facts { return t.known }

// Check implements identity.Source.
func (t *tencent) Check(ctx context.Context, c identity.Claim) (identity.Answer, error) {
	if c.Number == "" || c.Name == "" {
		return identity.Answer{}, t.far.fault(CodeClaim, nil)
	}
	body, err := json.Marshal(map[string]string{"IdCard": c.Number, "Name": c.Name})
	if err != nil {
		return identity.Answer{}, t.far.fault(CodeUnreachable, errors.New("making the request"))
	}
	const kind, action = "application/json; charset=utf-8", "IdCardVerification"
	text, _, err := t.far.post(ctx, kind, body, func(r *http.Request) {
		now := t.now().UTC()
		r.Header.Set("X-TC-Action", action)
		r.Header.Set("X-TC-Version", "2018-03-01")
		r.Header.Set("X-TC-Timestamp", strconv.FormatInt(now.Unix(), 10))
		r.Header.Set("Authorization", tc3(t.keyID, string(t.secret), "faceid", now, body, map[string]string{
			"content-type": kind, "host": r.Host, "x-tc-action": "idcardverification",
		}))
	})
	if err != nil {
		return identity.Answer{}, err
	}
	answer, err := readTencent(text)
	if err != nil {
		return identity.Answer{}, t.far.fault(CodeAnswer, err)
	}
	return told(c, answer), nil
}

// tc3 is the header Authorization by TC3-HMAC-SHA256, of a POST to / without a query. Values of headers that are signed are
// in lower case.
func tc3(keyID, secret, service string, now time.Time, body []byte, signed map[string]string) string {
	headers, names := canonical(signed)
	sum := sha256.Sum256(body)
	request := sha256.Sum256([]byte("POST\n/\n\n" + headers + "\n" + names + "\n" + hex.EncodeToString(sum[:])))
	day := now.Format("2006-01-02")
	scope := day + "/" + service + "/tc3_request"
	key := []byte("TC3" + secret)
	for _, step := range []string{day, service, "tc3_request", "TC3-HMAC-SHA256\n" + strconv.FormatInt(now.Unix(), 10) + "\n" + scope + "\n" + hex.EncodeToString(request[:])} {
		key = digest(key, []byte(step))
	}
	return "TC3-HMAC-SHA256 Credential=" + keyID + "/" + scope + ", SignedHeaders=" + names + ", Signature=" + hex.EncodeToString(key)
}

// readTencent reads an answer. Of the results that the documentation lists for this action 0 is a match, -1 a mismatch, and
// -5 says that there is no record of the number. The others (-2 and -3: number and name out of form, -4 and -6: the register
// does not answer, -7: too often today), and any that is not listed, compared nothing.
func readTencent(text []byte) (identity.Answer, error) {
	var a struct {
		Response *struct {
			RequestID string `json:"RequestId"`
			Result    string
			Error     *struct{ Code string }
		}
	}
	if err := decode(text, false, &a); err != nil {
		return identity.Answer{}, err
	}
	if a.Response == nil {
		return identity.Answer{}, errors.New("no response")
	}
	answer := identity.Answer{Result: identity.SourceError, Transaction: a.Response.RequestID, CodeRaw: a.Response.Result}
	if a.Response.Error != nil {
		answer.CodeRaw = a.Response.Error.Code
		return answer, nil
	}
	switch a.Response.Result {
	case "":
		return identity.Answer{}, errors.New("no result")
	case "0":
		answer.Result = identity.Match
	case "-1":
		answer.Result = identity.Mismatch
	case "-5":
		answer.Result = identity.NoRecord
	}
	return answer, nil
}
