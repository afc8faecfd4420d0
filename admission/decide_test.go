package admission_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
)

const account evidence.Subject = "01900000-0000-7000-8000-00000000000a"

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// faces is the view of a question that nothing speaks against: exchange of faces, with the consent of one person.
func faces() (admission.View, admission.Question) {
	return admission.View{
		Orders:     admission.Orders{Standing: incident.Fresh},
		Identity:   admission.Identity{Known: true, Level: identity.ThreeFactor, Minor: identity.Adult, Least: identity.PhoneNumber, Until: noon.Add(time.Hour)},
		Standing:   admission.Standing{Known: true},
		Agreements: admission.Agreements{Known: true},
		Function:   admission.Function{Known: true, Registered: true, State: "live", Class: "person", Likeness: []string{"face"}, Identity: "two-factor", Consent: "recorded"},
		Consents:   []admission.Consent{{Known: true, State: "given", Subject: "p-1", Level: "recorded", Enough: true}},
		Prompt:     admission.Prompt{Known: true, Acknowledged: true},
	}, admission.Question{Account: account, Act: admission.Use, Function: "swap", Depicted: 1, At: noon}
}

// texts is the same of a function without risk.
func texts() (admission.View, admission.Question) {
	v, q := faces()
	v.Function = admission.Function{Known: true, Registered: true, State: "live", Class: "dialogue", Identity: "phone"}
	v.Consents, v.Prompt, q.Depicted, q.Function = nil, admission.Prompt{}, 0, "chat"
	return v, q
}

// condition is what a case expects: a code that refuses, or, with a sign before it, one that is told and lets pass.
func conditions(d admission.Decision) []string {
	var list []string
	for _, c := range d.Conditions {
		switch {
		case c.Refuses && c.Verdict == colophon.Failed:
			list = append(list, string(c.Code))
		case c.Refuses:
			list = append(list, "?"+string(c.Code))
		case c.Verdict != colophon.Passed:
			list = append(list, "~"+string(c.Code))
		}
	}
	return list
}

type change = func(*admission.View, *admission.Question)

// TestConditions changes one thing of a question that is allowed, and says what refuses it then: a code, "?" and a code where
// nobody could tell, "~" and a code where that lets pass. The clauses and the remedy are those of the first.
func TestConditions(t *testing.T) {
	for _, c := range []struct {
		name   string
		begin  func() (admission.View, admission.Question)
		change change
		want   string
		clause colophon.Clause
		remedy colophon.Code
	}{
		{"nothing", faces, func(*admission.View, *admission.Question) {}, "", "", ""},
		{"nothing, of text", texts, func(*admission.View, *admission.Question) {}, "", "", ""},

		{"unverified", faces, func(v *admission.View, _ *admission.Question) { v.Identity.Level = identity.None }, "admission-unverified", colophon.ClauseDS9, admission.RemedyVerify},
		{"unverified publishes", texts, func(v *admission.View, q *admission.Question) {
			v.Identity.Level, q.Act, q.Function, q.Class = identity.None, admission.Publish, "", "other"
		}, "admission-unverified", colophon.ClauseDS9, admission.RemedyVerify},
		{"below", faces, func(v *admission.View, _ *admission.Question) { v.Identity.Level = identity.PhoneNumber }, "admission-verified-below", colophon.ClauseDS9, admission.RemedyVerifyMore},
		{"organisation", faces, func(v *admission.View, _ *admission.Question) {
			v.Identity.Level, v.Identity.Minor = identity.Organisation, identity.AgeUnknown
		}, "", "", ""},
		{"over", faces, func(_ *admission.View, q *admission.Question) { q.At = noon.Add(time.Hour) }, "admission-verified-no-more", colophon.ClauseDS9, admission.RemedyVerifyAgain},
		{"recheck", texts, func(v *admission.View, _ *admission.Question) {
			v.Identity.Recheck, v.Identity.Level = true, identity.None
		}, "admission-recheck", colophon.ClauseAF22, admission.RemedyVerifyAgain},
		{"identity unknown", texts, func(v *admission.View, _ *admission.Question) { v.Identity = admission.Identity{} }, "?admission-identity-unknown", colophon.ClauseDS9, admission.RemedyLater},
		{"level unknown", texts, func(v *admission.View, _ *admission.Question) { v.Function.Identity = "fingerprint" }, "?admission-identity-unknown", colophon.ClauseDS9, admission.RemedyLater},
		{"child", faces, func(v *admission.View, _ *admission.Question) { v.Identity.Minor = identity.Under14 }, "admission-under-14", colophon.ClausePIPL31, admission.RemedyGuardian},
		{"child and text", texts, func(v *admission.View, _ *admission.Question) { v.Identity.Minor = identity.Under14 }, "", "", ""},
		{"age unknown", faces, func(v *admission.View, _ *admission.Question) { v.Identity.Minor = identity.AgeUnknown }, "?admission-age-unknown", colophon.ClausePIPL31, admission.RemedyLater},

		{"measure", texts, func(v *admission.View, _ *admission.Question) {
			v.Standing.Blocking = []admission.Measure{{ID: "m", Step: "suspend"}}
		}, "admission-measure", colophon.ClauseDS10, admission.RemedyAppeal},
		{"measure with its ground", texts, func(v *admission.View, _ *admission.Question) {
			v.Standing.Blocking = []admission.Measure{{ID: "m", Step: "suspend", Clauses: []colophon.Clause{colophon.ClauseGenAI14}}}
		}, "admission-measure", colophon.ClauseGenAI14, admission.RemedyAppeal},
		{"standing unknown", texts, func(v *admission.View, _ *admission.Question) { v.Standing = admission.Standing{} }, "?admission-standing-unknown", colophon.ClauseDS10, admission.RemedyLater},

		{"owed", texts, func(v *admission.View, _ *admission.Question) { v.Agreements.Owed = []string{"label-methods"} }, "admission-agreement-owed", colophon.ClauseLM8, admission.RemedyAccept},
		{"owed by the provider", texts, func(v *admission.View, q *admission.Question) {
			v.Agreements.Owed, q.Own = []string{"label-methods"}, true
		}, "", "", ""},
		{"owed unknown", texts, func(v *admission.View, _ *admission.Question) { v.Agreements = admission.Agreements{} }, "~admission-agreement-unknown", "", ""},
		{"owed unknown, high", faces, func(v *admission.View, _ *admission.Question) { v.Agreements = admission.Agreements{} }, "?admission-agreement-unknown", colophon.ClauseDS8, admission.RemedyLater},

		{"order", texts, func(v *admission.View, _ *admission.Question) {
			v.Orders.Blocking = []admission.Order{{ID: "o", Scope: incident.OnFunction, Action: incident.Stop, Clauses: []colophon.Clause{colophon.ClauseDS21}}}
		}, "admission-order", colophon.ClauseDS21, admission.RemedyProvider},
		{"orders stale", faces, func(v *admission.View, _ *admission.Question) { v.Orders.Standing = incident.Stale }, "?admission-orders-stale", colophon.ClauseDS21, admission.RemedyLater},
		{"orders stale, of text", texts, func(v *admission.View, _ *admission.Question) { v.Orders.Standing = incident.Stale }, "", "", ""},
		{"orders uncertain", texts, func(v *admission.View, _ *admission.Question) { v.Orders.Standing = incident.Uncertain }, "?admission-orders-uncertain", colophon.ClauseDS21, admission.RemedyLater},
		{"orders never", texts, func(v *admission.View, _ *admission.Question) { v.Orders = admission.Orders{} }, "?admission-orders-uncertain", colophon.ClauseDS21, admission.RemedyLater},

		{"no function", texts, func(v *admission.View, _ *admission.Question) { v.Function = admission.Function{Known: true} }, "admission-function-missing", colophon.ClauseDS7, admission.RemedyProvider},
		{"unnamed", texts, func(v *admission.View, q *admission.Question) { v.Function, q.Function = admission.Function{}, "" }, "admission-function-unnamed", colophon.ClauseDS7, admission.RemedyProvider},
		{"unnamed face published", faces, func(v *admission.View, q *admission.Question) {
			v.Function, v.Consents, q.Act, q.Function, q.Depicted, q.Class = admission.Function{}, nil, admission.Publish, "", 0, "person"
		}, "admission-function-unnamed", colophon.ClauseDS7, admission.RemedyProvider},
		{"register silent", texts, func(v *admission.View, q *admission.Question) { v.Function, q.Class = admission.Function{}, "dialogue" }, "?admission-function-unknown", colophon.ClauseDS7, admission.RemedyLater},
		{"register silent, voice", texts, func(v *admission.View, q *admission.Question) { v.Function, q.Class = admission.Function{}, "voice" }, "?admission-function-unknown", colophon.ClauseDS7, admission.RemedyLater},
		{"register silent, class unsaid", texts, func(v *admission.View, _ *admission.Question) { v.Function = admission.Function{} }, "?admission-function-unknown", colophon.ClauseDS7, admission.RemedyLater},
		{"a face by a function for text", texts, func(_ *admission.View, q *admission.Question) { q.Class = "person" }, "admission-function-class", colophon.ClauseDS7, admission.RemedyProvider},
		{"a voice by a function for faces", faces, func(_ *admission.View, q *admission.Question) { q.Class = "voice" }, "", "", ""},
		{"not live", texts, func(v *admission.View, _ *admission.Question) { v.Function.State = "suspended" }, "admission-function-not-live", colophon.ClauseDS7, admission.RemedyProvider},
		{"no assessment", faces, func(v *admission.View, _ *admission.Question) {
			v.Function.Unmet = []admission.Requirement{{Name: "assessment", Failed: true, Code: "register-no-assessment", Clause: colophon.ClausePIPL55}}
		}, "register-no-assessment", colophon.ClausePIPL55, admission.RemedyProvider},
		{"assessment unknown", faces, func(v *admission.View, _ *admission.Question) {
			v.Function.Unmet = []admission.Requirement{{Name: "assessment", Code: "register-untold", Clause: colophon.ClausePIPL55}}
		}, "?register-untold", colophon.ClausePIPL55, admission.RemedyLater},
		{"filing unknown", texts, func(v *admission.View, _ *admission.Question) {
			v.Function.Unmet = []admission.Requirement{{Name: "filing", Code: "register-untold", Clause: colophon.ClauseDS19}}
		}, "~register-untold", "", ""},

		{"no consent", faces, func(v *admission.View, _ *admission.Question) { v.Consents = nil }, "admission-consent-few", colophon.ClauseDS14, admission.RemedyConsent},
		{"nobody said to be depicted", faces, func(v *admission.View, q *admission.Question) { v.Consents, q.Depicted = nil, 0 }, "admission-consent-few", colophon.ClauseDS14, admission.RemedyConsent},
		{"two people, one consent", faces, func(_ *admission.View, q *admission.Question) { q.Depicted = 2 }, "admission-consent-few", colophon.ClausePIPL29, admission.RemedyConsent},
		{"two tokens of one person", faces, func(v *admission.View, q *admission.Question) {
			q.Depicted, v.Consents = 2, append(v.Consents, v.Consents[0])
		}, "admission-consent-few", colophon.ClausePIPL29, admission.RemedyConsent},
		{"depicted without a rule", texts, func(_ *admission.View, q *admission.Question) { q.Depicted = 1 }, "admission-consent-few", colophon.ClauseDS14, admission.RemedyConsent},
		{"withdrawn", faces, func(v *admission.View, _ *admission.Question) {
			v.Consents[0].Ended, v.Consents[0].State = true, "withdrawn"
		}, "admission-consent-unavailable admission-consent-few", colophon.ClausePIPL15, admission.RemedyConsent},
		{"of another scope", faces, func(v *admission.View, _ *admission.Question) {
			v.Consents[0].Broken = []admission.Broken{{Code: "consent-scope", Clauses: []colophon.Clause{colophon.ClauseDS14}}, {Code: "consent-period"}}
		}, "consent-scope consent-period admission-consent-few", colophon.ClauseDS14, admission.RemedyConsent},
		{"consent below", faces, func(v *admission.View, _ *admission.Question) { v.Consents[0].Enough = false }, "admission-consent-below admission-consent-few", colophon.ClauseDS14, admission.RemedyConsent},
		{"consent unknown", faces, func(v *admission.View, _ *admission.Question) { v.Consents[0] = admission.Consent{} }, "?admission-consent-unknown", colophon.ClauseDS14, admission.RemedyLater},
		{"prompt owed", faces, func(v *admission.View, _ *admission.Question) { v.Prompt.Acknowledged = false }, "admission-prompt-owed", colophon.ClauseDS14, admission.RemedyAcknowledge},
		{"prompt unknown", faces, func(v *admission.View, _ *admission.Question) { v.Prompt = admission.Prompt{} }, "?admission-prompt-unknown", colophon.ClauseDS14, admission.RemedyLater},

		{"too often", texts, func(v *admission.View, _ *admission.Question) {
			v.Quotas = []admission.Quota{{Per: "account", Known: true, Over: true}}
		}, "admission-quota", "", admission.RemedyLater},
		{"not counted", texts, func(v *admission.View, _ *admission.Question) { v.Quotas = []admission.Quota{{Per: "account"}} }, "~admission-quota-unknown", "", ""},
		{"not counted, high", faces, func(v *admission.View, _ *admission.Question) { v.Quotas = []admission.Quota{{Per: "account"}} }, "?admission-quota-unknown", "", admission.RemedyLater},
		{"not counted, high by the register", texts, func(v *admission.View, _ *admission.Question) {
			v.Function.Risk, v.Identity.Minor, v.Quotas = true, identity.Adult, []admission.Quota{{Per: "account"}}
		}, "?admission-quota-unknown", "", admission.RemedyLater},

		{"registers", texts, func(v *admission.View, q *admission.Question) {
			v.Identity, v.Function, q.Act, q.Function = admission.Identity{Known: true}, admission.Function{}, admission.Register, ""
		}, "", "", ""},
		{"registers while barred", texts, func(v *admission.View, q *admission.Question) {
			v.Standing.Blocking, v.Function, q.Act, q.Function = []admission.Measure{{ID: "m", Step: "bar"}}, admission.Function{}, admission.Register, ""
		}, "admission-measure", colophon.ClauseDS10, admission.RemedyAppeal},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, q := c.begin()
			c.change(&v, &q)
			d := admission.Decide(v, q)
			if got := strings.Join(conditions(d), " "); got != c.want {
				t.Fatalf("%q, want %q\n%+v", got, c.want, d)
			}
			refuses := c.want != "" && c.want[0] != '~'
			if d.Allow == refuses || (d.Err() == nil) == refuses {
				t.Fatalf("allowed: %v", d.Allow)
			}
			wantVerdict := colophon.Passed
			if refuses {
				first := d.Refusals()[0]
				if c.clause != "" && !slices.Contains(first.Clauses, c.clause) || first.Remedy != c.remedy {
					t.Errorf("%+v, want %s and %s", first, c.clause, c.remedy)
				}
				wantVerdict = map[bool]colophon.Verdict{true: colophon.Unknown, false: colophon.Failed}[c.want[0] == '?']
			}
			if d.Verdict != wantVerdict {
				t.Errorf("%v, want %v", d.Verdict, wantVerdict)
			}
		})
	}
}

// TestEveryReasonIsTold has everything wrong at once: nothing hides behind what failed first, and the error leads to all.
func TestEveryReasonIsTold(t *testing.T) {
	v, q := faces()
	v.Identity.Level, v.Identity.Minor = identity.None, identity.Under14
	v.Standing.Blocking = []admission.Measure{{ID: "m1", Step: "limit-function"}, {ID: "m2", Step: "suspend"}}
	v.Agreements.Owed, v.Function.State, v.Consents, v.Prompt.Acknowledged = []string{"service-agreement"}, "suspended", nil, false
	v.Orders = admission.Orders{Standing: incident.Stale, Blocking: []admission.Order{{ID: "o", Scope: incident.OnModel, Action: incident.Limit}}}
	d := admission.Decide(v, q)
	want := "admission-order ?admission-orders-stale admission-unverified admission-under-14 admission-measure admission-measure admission-agreement-owed admission-function-not-live admission-consent-few admission-prompt-owed"
	if got := strings.Join(conditions(d), " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	var e *colophon.Error
	var all *admission.Denied
	if err := d.Err(); !errors.As(err, &e) || e.Kind != colophon.Refused || e.Code != admission.CodeOrder || !errors.As(err, &all) || len(all.Decision.Refusals()) != 10 || !strings.Contains(all.Error(), "admission-prompt-owed") {
		t.Errorf("%v", d.Err())
	}
	for _, c := range d.Conditions {
		if c.Name == "" || c.Remedy == "" || c.Name != "function" && len(c.Clauses) == 0 && c.Code != admission.CodeOrder {
			t.Errorf("%+v says not enough", c)
		}
	}
}

// TestHighRiskNeverPassesUnknown tries every way in which one or two parts of a view may be unknown.
func TestHighRiskNeverPassesUnknown(t *testing.T) {
	blind := []change{
		func(v *admission.View, _ *admission.Question) { v.Orders.Standing = "" },
		func(v *admission.View, _ *admission.Question) {
			if v.Orders.Standing == incident.Fresh {
				v.Orders.Standing = incident.Stale
			}
		},
		func(v *admission.View, _ *admission.Question) {
			v.Identity = admission.Identity{Least: v.Identity.Least}
		},
		func(v *admission.View, _ *admission.Question) { v.Identity.Minor = "" },
		func(v *admission.View, _ *admission.Question) { v.Standing = admission.Standing{} },
		func(v *admission.View, _ *admission.Question) { v.Agreements = admission.Agreements{} },
		func(v *admission.View, _ *admission.Question) { v.Function = admission.Function{} },
		func(v *admission.View, _ *admission.Question) {
			v.Function.Unmet = []admission.Requirement{{Name: "filing"}}
		},
		func(v *admission.View, _ *admission.Question) { v.Consents[0] = admission.Consent{} },
		func(v *admission.View, _ *admission.Question) { v.Prompt = admission.Prompt{} },
		func(v *admission.View, _ *admission.Question) { v.Quotas = []admission.Quota{{Per: "account"}} },
	}
	always := map[int]bool{0: true, 2: true, 4: true}
	for i, one := range blind {
		for j, two := range blind {
			v, q := faces()
			one(&v, &q)
			two(&v, &q)
			if d := admission.Decide(v, q); d.Allow || d.Verdict != colophon.Unknown {
				t.Errorf("%d %d: %+v", i, j, d)
			}
			if (i == 8 || j == 8) || i == 3 || j == 3 || i == 6 || j == 6 {
				continue // nothing of text
			}
			v, q = texts()
			one(&v, &q)
			two(&v, &q)
			if d := admission.Decide(v, q); d.Allow != !(always[i] || always[j]) {
				t.Errorf("text %d %d: %+v", i, j, d)
			}
		}
	}
}

// TestReplay decides again from the bytes that a record holds.
func TestReplay(t *testing.T) {
	v, q := faces()
	v.Consents[0].Broken = []admission.Broken{{Code: "consent-scope", Args: colophon.Args{"field": "scene"}}}
	kept := func(rules string, d admission.Decision) []byte {
		decision, err := evidence.Canonical(d)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := evidence.Canonical(admission.Kept{Rules: rules, Question: q, View: v, Decision: decision})
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	d := admission.Decide(v, q)
	r, err := admission.Replay(kept(admission.Rules, d))
	if err != nil || !r.Same {
		t.Fatal(r.Same, err)
	}
	if diff := cmp.Diff(d, r.Decision); diff != "" {
		t.Error(diff)
	}
	d.Allow = true
	if r, err = admission.Replay(kept(admission.Rules, d)); err != nil || r.Same {
		t.Error("a record that was bent is the same", err)
	}
	var e *colophon.Error
	if _, err = admission.Replay(kept("0", d)); !errors.As(err, &e) || e.Code != admission.CodeRules {
		t.Error(err)
	}
	for _, bad := range []string{``, `{}`, `[]`, `{"rules":"1","question":{"tokens":["x"]}}`, `{"rules":"1","view":{"identity":{"level":"godlike"}}}`} {
		if _, err = admission.Replay([]byte(bad)); !errors.As(err, &e) || e.Code != admission.CodeNoDecision {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// FuzzReplay has no payload crash, and none that can be read change by being read twice.
func FuzzReplay(f *testing.F) {
	v, q := faces()
	text, err := evidence.Canonical(admission.Kept{Rules: admission.Rules, Question: q, View: v, Decision: json.RawMessage(`{}`)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"rules":"1","question":{"account":"a","act":"use","at":"0001-01-01T00:00:00Z"},"view":{"consents":[{}]},"decision":null}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		r, err := admission.Replay(payload)
		if err != nil {
			return
		}
		if diff := cmp.Diff(r.Decision, admission.Decide(r.Kept.View, r.Kept.Question)); diff != "" {
			t.Error(diff)
		}
	})
}

// BenchmarkDecide decides over a view of a function that asks for consents.
func BenchmarkDecide(b *testing.B) {
	v, q := faces()
	b.ReportAllocs()
	for b.Loop() {
		if !admission.Decide(v, q).Allow {
			b.Fatal("refused")
		}
	}
}
