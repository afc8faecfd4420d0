package verify_test

import (
	"encoding/json"
	"testing"

	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/verify"
)

// sane checks what a parser made of bytes that anybody may have written.
func sane(t *testing.T, text []byte, a identity.Answer, err error) {
	if err != nil {
		if a != (identity.Answer{}) || len(err.Error()) > 100 {
			t.Fatalf("%+v, %v", a, err)
		}
		return
	}
	switch a.Result {
	case identity.Match, identity.Mismatch, identity.NoRecord, identity.SourceError:
	default:
		t.Fatalf("%+v", a)
	}
	if !json.Valid(text) {
		t.Fatalf("an answer from what is no JSON: %q", text)
	}
}

func FuzzAliyun(f *testing.F) {
	f.Add([]byte(`{"Message":"success","RequestId":"1","Code":"200","ResultObject":{"BizCode":"1"}}`))
	f.Add([]byte(`{"Message":"success","RequestId":"1","Code":"200","ResultObject":{"BizCode":"3"}}`))
	f.Add([]byte(`{"RequestId":"1","Code":"401","Message":"m"}`))
	f.Add([]byte(`{"Code":"200","ResultObject":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := verify.ReadAliyun(text)
		sane(t, text, a, err)
		if err == nil && a.Result == identity.Match && a.CodeRaw != "200:1" {
			t.Fatalf("%+v", a)
		}
	})
}

func FuzzTencent(f *testing.F) {
	f.Add([]byte(`{"Response":{"Result":"0","Description":"d","RequestId":"1"}}`))
	f.Add([]byte(`{"Response":{"Result":"-5","RequestId":"1"}}`))
	f.Add([]byte(`{"Response":{"Error":{"Code":"AuthFailure","Message":"m"},"RequestId":"1"}}`))
	f.Add([]byte(`{"Response":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := verify.ReadTencent(text)
		sane(t, text, a, err)
		if err == nil && a.Result == identity.Match && a.CodeRaw != "0" {
			t.Fatalf("%+v", a)
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"id":"1","result":"match","level":"two-factor","transaction":"t","code":"c","minor":"adult","consent":"c","url":"u","reference":"r","claim":{"kind":"resident-id","number":"1"}}`))
	f.Add([]byte(`{"result":"pending"}`))
	f.Add([]byte(`{"result":"match","level":"organisation"}`))
	f.Add([]byte(`{"result":"match","more":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := verify.ReadReply(text, identity.ThreeFactor)
		sane(t, text, a, err)
		if err == nil && !identity.ThreeFactor.Satisfies(a.Level) {
			t.Fatalf("%+v", a)
		}
	})
}
