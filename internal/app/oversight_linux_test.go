package app

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/review/ethics"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
)

func dayAhead(months int) string { return time.Now().AddDate(0, months, 0).Format(time.DateOnly) }

// headOf is a head of an assessment.
func headOf(t *testing.T, a httpapi.SecurityAssessment, id string) httpapi.SecurityHead {
	t.Helper()
	at := slices.IndexFunc(a.Heads, func(h httpapi.SecurityHead) bool { return h.ID == id })
	if at < 0 {
		t.Fatalf("no head %s", id)
	}
	return a.Heads[at]
}

// examine has somebody enter a review of the face swap as it serves, and somebody else approve it.
func (h *hands) examine() (m httpapi.MechanismReview) {
	h.Helper()
	var checks []object
	for _, p := range mechanism.Points() {
		checks = append(checks, object{"point": p, "finding": "passed", "note": "Looked at with fifty samples."})
	}
	h.as(h.first, "POST", "/v1/mechanism-reviews", object{"algorithm": "portrait-swap", "checks": checks, "conclusion": "fit", "next": dayAhead(6)}, 201, &m)
	h.as(h.first, "POST", "/v1/mechanism-reviews/"+m.ID+":approve", nil, 403, nil)
	h.as(h.second, "POST", "/v1/mechanism-reviews/"+m.ID+":approve", nil, 200, &m)
	return m
}

// TestOversight assesses the security of a running server: its queries say that a tool serves without a review, and stop saying
// so once it was reviewed. The review lapses by itself when another version serves.
func TestOversight(t *testing.T) {
	t.Parallel()
	h := employ(t, nil)
	h.goLive()
	var a httpapi.SecurityAssessment
	h.as(h.first, "POST", "/v1/security-assessments", object{"title": "工作室", "functions": "换脸", "hardware": "自有机房", "licences": "已备案"}, 201, &a)
	tools := headOf(t, a, "tools")
	if tools.State != "failed" || tools.Answers[0].Against != 1 || tools.Answers[0].Count != 1 || !slices.Equal(tools.Answers[0].Sample, []string{"portrait-swap"}) || tools.Answers[0].Of != "function" || tools.Answers[0].Sentence == "" || time.Since(tools.Answers[0].At) > time.Hour {
		t.Errorf("%+v", tools)
	}
	if staffed := headOf(t, a, "staff"); staffed.State != "passed" || staffed.Answers[0].Count < 2 {
		t.Errorf("%+v", staffed)
	}
	if corpus := headOf(t, a, "corpus"); corpus.State != "could-not-tell" && corpus.State != "failed" {
		t.Errorf("nothing says anything of training data, and it is %s", corpus.State)
	}
	for _, x := range a.Heads { // each head was asked something, and no answer came from an error
		for _, y := range x.Answers {
			if y.Why == security.CodeError || y.Sentence == "" || strings.HasPrefix(y.Sentence, string(y.Why)) {
				t.Errorf("%s: %+v", x.ID, y)
			}
		}
	}
	at := "/v1/security-assessments/" + a.ID
	h.as(h.first, "POST", at+":state", object{"head": "tools", "text": "We looked at it in spring."}, 200, &a)
	if tools = headOf(t, a, "tools"); tools.State != "failed" || tools.Statement == nil {
		t.Errorf("what a person says covers what failed: %+v", tools)
	}
	h.as(h.first, "POST", at+":propose", nil, 403, nil)

	m := h.examine()
	asked := func() httpapi.SecurityHead {
		t.Helper()
		var a httpapi.SecurityAssessment
		h.as(h.first, "POST", at+":ask", nil, 200, &a)
		return headOf(t, a, "tools")
	}
	if tools = asked(); tools.State != "passed" || m.Coverage != "current" {
		t.Errorf("%s: %+v", m.Coverage, tools)
	}
	h.lapses(m)
	if tools = asked(); tools.State != "attested" || tools.Answers[0].Count != 0 {
		t.Errorf("nothing is live, and only a person said something: %+v", tools)
	}
	h.weighs("2")
	h.as(h.first, "POST", "/v1/functions/portrait-swap:live", nil, 200, nil)
	if tools = asked(); tools.State != "failed" || tools.Answers[0].Against != 1 {
		t.Errorf("another version serves, and nobody reviewed it: %+v", tools)
	}
	h.triggered()
	h.debated()
}

// lapses has another version serve, after which the review covers it no more; the sweep writes that down.
func (h *hands) lapses(m httpapi.MechanismReview) {
	h.Helper()
	pair := func(zh, en string) object { return object{"zh": zh, "en": en} }
	h.as(h.first, "POST", "/v1/functions/portrait-swap:change", object{"service": "studio", "names": pair("换脸", "Face swap"), "purpose": pair("海报", "Posters"), "kind": "face-swap",
		"models": []any{object{"name": "swap", "version": "2", "own": true}}, "notice": object{"policy": "required", "method": pair("左下角文字", "words in a corner")},
		"filing":   object{"state": "not-needed", "reason": "It forms no opinion."},
		"security": object{"done": time.Now().Add(-time.Hour).UTC(), "until": time.Now().AddDate(1, 0, 0).UTC(), "report": "SA-1", "digest": strings.Repeat("0", 64)}}, 200, nil)
	h.as(h.second, "GET", "/v1/mechanism-reviews/"+m.ID, nil, 200, &m)
	if m.State != "approved" || m.Coverage != "stale" || m.Why == nil || m.Why.Code != mechanism.ReasonServing && m.Why.Code != mechanism.ReasonStopped {
		h.Errorf("another version serves, and the review is %+v", m)
	}
	h.must(h.server.sweepReviews(h.Context()))
	h.as(h.second, "GET", "/v1/mechanism-reviews/"+m.ID, nil, 200, &m)
	if m.State != "lapsed" || m.Ended == nil {
		h.Errorf("%+v", m)
	}
}

// triggered has a service with the properties of a public forum described, which asks for an assessment before it goes live, and
// a notice come, which leaves thirty working days.
func (h *hands) triggered() {
	h.Helper()
	pair := func(zh, en string) object { return object{"zh": zh, "en": en} }
	h.as(h.first, "POST", "/v1/services", object{"id": "forum", "service": object{"names": pair("社区", "Forum"), "role": "provider", "opinion": true, "forms": []any{object{"kind": "website", "at": "https://forum.example"}}}}, 201, nil)
	h.as(h.first, "POST", "/v1/functions", object{"id": "forum-chat", "function": object{"service": "forum", "names": pair("对话", "Chat"), "purpose": pair("对话", "Chat"), "kind": "dialogue", "class": "dialogue",
		"models": []any{object{"name": "chat", "version": "1", "own": true}}, "notice": object{"policy": "required", "method": pair("文字", "words")}, "filing": object{"state": "preparing"}, "security": object{}}}, 201, nil)
	h.must(h.server.sweepReviews(h.Context()))
	h.must(h.server.sweepReviews(h.Context())) // which opens nothing twice
	var page struct{ Triggers []httpapi.SecurityTrigger }
	h.as(h.second, "GET", "/v1/security-triggers?state=open", nil, 200, &page)
	if len(page.Triggers) != 1 || page.Triggers[0].Kind != security.Launch || page.Triggers[0].Ref != "forum" || !page.Triggers[0].Due.IsZero() {
		h.Errorf("%+v", page)
	}
	var notice httpapi.SecurityTrigger
	h.as(h.first, "POST", "/v1/security-triggers", object{"ref": "2026-42", "at": time.Now().UTC()}, 201, &notice)
	if days := time.Until(notice.Due).Hours() / 24; notice.Late || days < 39 || days > 60 {
		h.Errorf("thirty working days are %f", days)
	}
	h.as(h.first, "POST", "/v1/security-triggers/"+notice.ID+":dismiss", object{"note": "no"}, 403, nil)
}

// debated has a committee of six members from outside: four are too few, one with an interest can't vote, and the clock has
// thirty days.
func (h *hands) debated() {
	h.Helper()
	var members []string
	for i, c := range []string{"technology", "ethics", "law", "public", "public", "technology"} {
		var m httpapi.EthicsMember
		h.as(h.first, "POST", "/v1/ethics-members", object{"category": c, "outside": true, "name": "committee member " + strconv.Itoa(i)}, 201, &m)
		members = append(members, m.ID)
	}
	application := object{"about": "portrait-swap", "title": "换脸", "pledge": true, "overview": object{"aim": "海报", "meaning": "创作", "need": "用户需要"}, "plan": object{"plan": "上线", "emergency": "停用", "publishing": "不发布"},
		"bodies": object{"papers": "营业执照", "experience": "三年", "funding": "自有", "interests": "无"}, "consent": object{"form": "单独同意", "sources": "用户提供"}, "risks": []any{object{"risk": "冒用", "who": "被编辑的人", "severity": "high", "control": "标识", "residual": "low"}}}
	var e httpapi.EthicsReview
	h.as(h.first, "POST", "/v1/ethics-reviews", application, 201, &e)
	at := "/v1/ethics-reviews/" + e.ID
	h.as(h.first, "POST", at+":accept", nil, 403, nil)
	h.as(h.second, "POST", at+":accept", nil, 200, &e)
	if e.Accepted == nil || e.Due == nil || !e.Due.Equal(e.Accepted.AddDate(0, 0, 30)) || !e.Running {
		h.Errorf("%+v", e)
	}
	vote := func(member string, want int) {
		h.Helper()
		h.as(h.second, "POST", at+":vote", object{"member": member, "vote": "approve"}, want, nil)
	}
	h.as(h.second, "POST", at+":meet", object{"members": members[:4]}, 200, &e)
	if e.Quorum == nil || e.Quorum.Code != ethics.CodeQuorum {
		h.Errorf("four are enough: %+v", e.Quorum)
	}
	vote(members[0], 403)
	h.as(h.second, "POST", at+":meet", object{"members": members}, 200, &e)
	h.as(h.second, "POST", at+":recuse", object{"member": members[5], "reason": "money", "note": "Holds shares."}, 200, &e)
	vote(members[5], 403)
	for _, m := range members[:5] {
		vote(m, 200)
	}
	h.as(h.second, "POST", at+":decide", object{"reasons": "权衡利弊", "next": dayAhead(6)}, 403, nil) // nobody answered about the experts
	var grounds []object
	for _, g := range ethics.Grounds() {
		grounds = append(grounds, object{"ground": g, "applies": false, "why": "不涉及"})
	}
	h.as(h.second, "POST", at+":answer", object{"grounds": grounds}, 200, nil)
	h.as(h.second, "POST", at+":decide", object{"reasons": "权衡利弊", "next": dayAhead(6)}, 200, &e)
	if e.State != "approved" || e.Outcome == nil || e.Outcome.Tally["approve"] != 5 || e.Outcome.Late {
		h.Errorf("%+v", e)
	}
	if _, paper := h.ask("GET", at+"/document?format=pdf", nil, 200, "Authorization", "Bearer "+h.first); !strings.HasPrefix(string(paper), "%PDF") {
		h.Errorf("%.20s", paper)
	}
	h.stop()
	h.searched("committee member 0", "committee member 5")
}
