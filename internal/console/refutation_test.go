package console_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/staff"
)

// TestRefutationPages shows refutations whose words are hostile, in both languages and every state, as everybody sees them.
func TestRefutationPages(t *testing.T) {
	t.Parallel()
	const evil = `</script><script>alert(1)</script>`
	at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	list := []client.Refutation{{
		ID: "one", State: "published", Claim: client.Words{ZH: "广场发生爆炸" + evil, EN: "An explosion on the square" + evil}, Verdict: "altered", Reason: client.Words{ZH: "没有发生" + evil, EN: "There was none" + evil},
		Sources: []client.RefutationSource{{Title: "Police" + evil, URL: "javascript:alert(1)", Date: "2026-11-22"}}, Numbers: []string{"number-1"}, Published: &at,
		Linked: json.RawMessage(`{"@context":"https://schema.org","@graph":[{"@type":"ClaimReview","claimReviewed":` + quoted("An explosion"+evil) + `}]}`),
	}, {
		ID: "two", State: "withdrawn", Claim: client.Words{ZH: "停水", EN: "No water"}, Verdict: "false", Reason: client.Words{ZH: "有水", EN: "There is water"}, Published: &at, Ended: &at, Why: &client.Words{ZH: "后来确实停水", EN: "There was none later"},
	}, {
		ID: "three", State: "corrected", Claim: client.Words{ZH: "停电", EN: "No light"}, Verdict: "unproven", Reason: client.Words{ZH: "无法认定", EN: "Nobody can tell"}, Published: &at, Ended: &at, CorrectedBy: "one",
	}}
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/public/refutations" {
			_ = json.NewEncoder(w).Encode(map[string]any{"refutations": list})
			return
		}
		for _, one := range list {
			if r.URL.Path == "/v1/public/refutations/"+one.ID {
				_ = json.NewEncoder(w).Encode(one)
				return
			}
		}
		(&archive{}).serve(t).ServeHTTP(w, r)
	})
	b := newWorld(t, func(_ *staff.Config, c *console.Config) { c.API = api }).browser()
	for path, says := range map[string][2][]string{
		"/refutations":       {{"Altered", "There was none", "No water", "Withdrawn", "/v1/recall/feed.json?lang=en"}, {"没有发生", "停水", "/v1/recall/feed.json?lang=zh"}},
		"/refutations/one":   {{"An explosion", "Altered", "There was none", "Police", "number=number-1"}, {"广场发生爆炸", "没有发生"}},
		"/refutations/two":   {{"This refutation was withdrawn", "There was none later"}, {"已撤回", "后来确实停水"}},
		"/refutations/three": {{"This refutation had a mistake", `href="/refutations/one"`}, {"已由另一则取代"}},
	} {
		for i, lang := range []string{"en", "zh"} {
			r := b.get(path + "?lang=" + lang)
			b.want(r, http.StatusOK, says[i]...)
			b.want(r, http.StatusOK, `<link rel="canonical" href="`+b.origin+path+`?lang=`+lang+`">`, `hreflang="zh-CN" href="`+b.origin+path+`?lang=zh">`)
			if strings.Contains(r.body, evil) || strings.Contains(r.body, `href="javascript`) {
				t.Errorf("%s shows\n%s", path, r.body)
			}
			things := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`).FindStringSubmatch(r.body)
			if stands := !strings.HasSuffix(path, "two") && !strings.HasSuffix(path, "three"); stands != (things != nil) || stands && !json.Valid([]byte(things[1])) {
				t.Errorf("%s: things %v", path, things)
			}
		}
	}
	r := b.get("/refutations?lang=en&q=WATER")
	b.want(r, http.StatusOK, "No water")
	b.lacks(r, "An explosion", "No light")
	b.want(b.get("/refutations?lang=en&q=nothing"), http.StatusOK, "nobody may have looked at it yet")
	b.want(b.get("/refutations?lang=en&q=number-1"), http.StatusOK, "An explosion")
	b.want(b.get("/refutations/none"), http.StatusNotFound)
	b.want(b.get("/sitemap.xml"), http.StatusOK, b.origin+"/refutations/one</loc>", b.origin+"/refutations/two</loc>", b.origin+"/refutations/feed</loc>")
}

func quoted(s string) string {
	text, _ := json.Marshal(s) // of a text
	return string(text)
}
