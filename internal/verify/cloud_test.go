package verify_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/identity/identitytest"
	"github.com/colophon-project/colophon/internal/verify"
)

const (
	keyID  = "LTAI5tExample"
	secret = "secret of the access key"
)

func hmac256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, text)
	return h.Sum(nil)
}

func sum256(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// cloud checks the signature of a question as it came over the line, and answers it.
type cloud struct {
	*testing.T
	form   *regexp.Regexp // of the header Authorization: key, scope, names of headers, signature
	needed string         // headers that have to be signed
	sign   func(r *http.Request, scope, request string) string
	fits   func(r *http.Request, body []byte) bool
	answer string
}

// ServeHTTP implements http.Handler.
func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	m := c.form.FindStringSubmatch(r.Header.Get("Authorization"))
	if err != nil || m == nil || m[1] != keyID || m[3] != c.needed || r.Method != http.MethodPost || r.URL.Path != "/" || r.URL.RawQuery != "" || !c.fits(r, body) {
		c.Errorf("a question that is none: %s %s %v", r.Method, r.URL, r.Header)
		return
	}
	request := "POST\n/\n\n"
	for name := range strings.SplitSeq(m[3], ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "x-tc-action":
			value = strings.ToLower(value)
		}
		request += name + ":" + strings.TrimSpace(value) + "\n"
	}
	request += "\n" + m[3] + "\n" + sum256(string(body))
	if c.sign(r, m[2], sum256(request)) != m[4] {
		c.Errorf("signature of\n%s", request)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	io.WriteString(w, c.answer)
}

// aliyun is a server that answers as Id2MetaVerify.
func aliyun(t *testing.T, answer string) *cloud {
	return &cloud{
		T: t, answer: answer, needed: "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version",
		form: regexp.MustCompile(`^ACS3-HMAC-SHA256 Credential=([^,]+),()SignedHeaders=([^,]+),Signature=([0-9a-f]{64})$`),
		sign: func(_ *http.Request, _, request string) string {
			return hex.EncodeToString(hmac256([]byte(secret), "ACS3-HMAC-SHA256\n"+request))
		},
		fits: func(r *http.Request, body []byte) bool {
			h := r.Header
			at, err := time.Parse("2006-01-02T15:04:05Z", h.Get("x-acs-date"))
			q, err2 := url.ParseQuery(string(body))
			return err == nil && time.Since(at).Abs() < 15*time.Minute && err2 == nil && len(q) == 3 && q.Get("ParamType") == "normal" && q.Get("IdentifyNum") == person.Number &&
				q.Get("UserName") == person.Name && h.Get("x-acs-action") == "Id2MetaVerify" && h.Get("x-acs-version") == "2019-03-07" &&
				h.Get("x-acs-content-sha256") == sum256(string(body)) && len(h.Get("x-acs-signature-nonce")) == 32 && h.Get("Content-Type") == "application/x-www-form-urlencoded"
		},
	}
}

// tencent is a server that answers as IdCardVerification.
func tencent(t *testing.T, answer string) *cloud {
	return &cloud{
		T: t, answer: answer, needed: "content-type;host;x-tc-action",
		form: regexp.MustCompile(`^TC3-HMAC-SHA256 Credential=([^/]+)/(\d{4}-\d\d-\d\d/faceid/tc3_request), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$`),
		sign: func(r *http.Request, scope, request string) string {
			key := []byte("TC3" + secret)
			for part := range strings.SplitSeq(scope, "/") {
				key = hmac256(key, part)
			}
			return hex.EncodeToString(hmac256(key, "TC3-HMAC-SHA256\n"+r.Header.Get("X-TC-Timestamp")+"\n"+scope+"\n"+request))
		},
		fits: func(r *http.Request, body []byte) bool {
			h := r.Header
			seconds, err := strconv.ParseInt(h.Get("X-TC-Timestamp"), 10, 64)
			at := time.Unix(seconds, 0).UTC()
			var q map[string]string
			return err == nil && time.Since(at).Abs() < 5*time.Minute && strings.Contains(h.Get("Authorization"), "/"+at.Format(time.DateOnly)+"/") && json.Unmarshal(body, &q) == nil && len(q) == 2 &&
				q["IdCard"] == person.Number && q["Name"] == person.Name && h.Get("X-TC-Action") == "IdCardVerification" && h.Get("X-TC-Version") == "2018-03-01" && h.Get("Content-Type") == "application/json; charset=utf-8"
		},
	}
}

func TestAliyun(t *testing.T) {
	right := func(biz string) string {
		return fmt.Sprintf(`{"Message":"success","RequestId":"130A2C10-B9EE-4D84-88E3-5384FF039795","Code":"200","ResultObject":{"BizCode":%q}}`, biz)
	}
	codes := map[identity.Result]string{
		identity.Match: right("1"), identity.Mismatch: right("2"), identity.NoRecord: right("3"), identity.SourceError: `{"Message":"权威源服务异常","RequestId":"1","Code":"402"}`,
	}
	wrong := map[string]http.HandlerFunc{}
	for _, text := range []string{
		right("0"), right("4"), right(""), right("01"), right("1 "), `{"RequestId":"1","Code":"200"}`, `{"RequestId":"1","Code":"200","ResultObject":{}}`, `{"RequestId":"1","Code":"200","ResultObject":null}`,
		`{"RequestId":"1","Code":200,"ResultObject":{"BizCode":"1"}}`, `{"RequestId":"1","Code":"Success","ResultObject":{"BizCode":"1"}}`, `{"RequestId":"1","ResultObject":{"BizCode":"1"}}`,
		`{"RequestId":"1","Code":"200","ResultObject":{"BizCode":1}}`, `{"RequestId":"1","Code":"401","ResultObject":{"BizCode":"1"}}`, `{"RequestId":"1","Code":"200","ResultObject":[{"BizCode":"1"}]}`, right("1") + right("1"),
		`{"RequestId":"11010519491231002X","Code":"500","Message":"11010519491231002X 某某甲"}`, `{"RequestId":"1","Code":"11010519491231002x"}`,
	} {
		wrong[text] = aliyun(t, text).ServeHTTP
	}
	identitytest.Source{
		Open: func(t *testing.T, address string) identity.Source {
			return source(t, config(verify.Endpoint{Name: "aliyun", Kind: verify.Aliyun, URL: address, KeyID: keyID, Secret: secret}))
		},
		Far:     func(t *testing.T, r identity.Result) http.Handler { return aliyun(t, codes[r]) },
		Claim:   person,
		Results: []identity.Result{identity.Match, identity.Mismatch, identity.NoRecord, identity.SourceError},
		Wrong:   wrong,
	}.Run(t)
	a, err := verify.ReadAliyun([]byte(codes[identity.Match]))
	if want := (identity.Answer{Result: identity.Match, Transaction: "130A2C10-B9EE-4D84-88E3-5384FF039795", CodeRaw: "200:1"}); err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := verify.ReadAliyun([]byte(codes[identity.SourceError])); err != nil || a.CodeRaw != "402" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestTencent(t *testing.T) {
	right := func(result string) string {
		return fmt.Sprintf(`{"Response":{"Result":%q,"Description":"-","RequestId":"c4b2a7f0-3c0e-4b8e-9d1a-1b6f6f0b7f0e"}}`, result)
	}
	codes := map[identity.Result]string{identity.Match: right("0"), identity.Mismatch: right("-1"), identity.NoRecord: right("-5"), identity.SourceError: right("-4")}
	wrong := map[string]http.HandlerFunc{}
	for _, text := range []string{
		right("-2"), right("-3"), right("-6"), right("-7"), right("-8"), right("-9"), right("1"), right(""), right("00"), right("0 "), right("true"), `{"Response":{"RequestId":"1"}}`, `{"Result":"0"}`, `{"Response":{"Result":0}}`,
		`{"Response":null}`, `{"Response":{"Result":"0","Error":{"Code":"AuthFailure.SignatureFailure","Message":"11010519491231002X"},"RequestId":"1"}}`, right("0") + "x", `{"Response":{"Result":"11010519491231002X","RequestId":"某某甲"}}`,
	} {
		wrong[text] = tencent(t, text).ServeHTTP
	}
	identitytest.Source{
		Open: func(t *testing.T, address string) identity.Source {
			return source(t, config(verify.Endpoint{Name: "tencent", Kind: verify.Tencent, URL: address, KeyID: keyID, Secret: secret}))
		},
		Far:     func(t *testing.T, r identity.Result) http.Handler { return tencent(t, codes[r]) },
		Claim:   person,
		Results: []identity.Result{identity.Match, identity.Mismatch, identity.NoRecord, identity.SourceError},
		Wrong:   wrong,
	}.Run(t)
	a, err := verify.ReadTencent([]byte(`{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"m"},"RequestId":"r"}}`))
	if want := (identity.Answer{Result: identity.SourceError, Transaction: "r", CodeRaw: "AuthFailure.SignatureFailure"}); err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	for _, c := range []identity.Claim{{Name: person.Name}, {Number: person.Number}} {
		for _, kind := range []verify.Kind{verify.Aliyun, verify.Tencent} {
			_, err := source(t, config(verify.Endpoint{Name: "c", Kind: kind, KeyID: keyID, Secret: secret})).Check(t.Context(), c)
			refused(t, "half a claim", err, verify.CodeClaim)
		}
	}
}

// TestSignatures compares with the examples of the documentation.
func TestSignatures(t *testing.T) {
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	got := verify.ACS3("YourAccessKeyId", "YourAccessKeySecret", "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai", map[string]string{
		"host": "ecs.cn-shanghai.aliyuncs.com", "x-acs-action": "RunInstances", "x-acs-content-sha256": empty, "x-acs-date": "2023-10-26T10:22:32Z",
		"x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d", "x-acs-version": "2014-05-26",
	})
	if want := "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"; got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
	body := `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	got = verify.TC3("AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "cvm", time.Unix(1551113065, 0).UTC(), []byte(body), map[string]string{
		"content-type": "application/json; charset=utf-8", "host": "cvm.tencentcloudapi.com",
	})
	if want := "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"; got != want {
		t.Errorf("\n%s\n%s", got, want)
	}
}

func TestFacts(t *testing.T) {
	for _, test := range []struct {
		endpoint verify.Endpoint
		level    identity.Level
		methods  []identity.Method
		face     bool
	}{
		{webhook("https://desk.example"), identity.ThreeFactor, []identity.Method{identity.ResidentID}, false},
		{verify.Endpoint{Name: "a", Kind: verify.Webhook, URL: "https://a.example", Secret: shared, Level: "organisation"}, identity.Organisation, []identity.Method{identity.USCC}, false},
		{verify.Endpoint{Name: "a", Kind: verify.Webhook, URL: "https://a.example", Secret: shared, Level: "phone"}, identity.PhoneNumber, []identity.Method{identity.Phone}, false},
		{verify.Endpoint{Name: "a", Kind: verify.CallBack, URL: "https://a.example", Secret: shared, Level: "two-factor", Methods: []string{"passport"}}, identity.TwoFactor, []identity.Method{identity.Passport}, false},
		{verify.Endpoint{Name: "a", Kind: verify.CallBack, URL: "https://a.example", Secret: shared, Level: "live"}, identity.Live, []identity.Method{identity.ResidentID}, true},
		{phone("https://a.example"), identity.PhoneNumber, []identity.Method{identity.Phone}, false},
		{verify.Endpoint{Name: "a", Kind: verify.Aliyun, KeyID: keyID, Secret: secret}, identity.TwoFactor, []identity.Method{identity.ResidentID, identity.HKMacauPermit, identity.TaiwanPermit}, false},
		{verify.Endpoint{Name: "a", Kind: verify.Tencent, KeyID: keyID, Secret: secret}, identity.TwoFactor, []identity.Method{identity.ResidentID}, false},
	} {
		sources, laters, err := verify.Open(config(test.endpoint))
		if err != nil {
			t.Fatal(err)
		}
		var f identity.Facts
		if len(sources) == 1 {
			f = sources[0].Facts()
		} else {
			f = laters[0].Facts()
		}
		if f.Name != test.endpoint.Name || f.Level != test.level || !slices.Equal(f.Methods, test.methods) || f.Face != test.face {
			t.Errorf("%s: %+v", test.endpoint.Kind, f)
		}
	}
}
