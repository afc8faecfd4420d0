package app

import (
	"encoding/json"
	"testing"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/review/security"
	"github.com/colophon-project/colophon/staff"
)

// TestOversightPages reads reviews as pages, and votes on one.
func TestOversightPages(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx, one, two := t.Context(), c.client(c.first), c.client(c.second)
	x := mechanism.Examination{Algorithm: "portrait-swap", Conclusion: mechanism.Conditional, Next: dayAhead(6), Conditions: []mechanism.ReviewCondition{{Text: "补充少数民族面部样本测试", Due: dayAhead(2)}}}
	for _, p := range mechanism.Points() {
		x.Checks = append(x.Checks, mechanism.Examined{Point: p, Finding: mechanism.Passed, Note: "抽查五十个样本，未见异常。"})
	}
	raw, err := json.Marshal(x)
	c.must(err)
	review := fine(one.ProposeMechanismReview(ctx, raw))(c.hands)
	fine(two.StepMechanismReview(ctx, review.ID, "approve", nil))(c.hands)
	assessment := fine(one.BeginSecurityAssessment(ctx, api.SecurityBasics{Title: "小助手安全自评估", Functions: "对话与绘画", Hardware: "自有机房，两台服务器", Licences: "已办理备案"}))(c.hands)
	fine(one.StepSecurityAssessment(ctx, assessment.ID, "state", map[string]string{"head": "corpus", "text": "不训练模型。"}))(c.hands)
	for _, head := range assessment.Heads {
		for _, a := range head.Answers {
			if a.Why == security.CodeError {
				t.Errorf("%s: %s ends with an error\n%s", head.ID, a.Query, c.output)
			}
		}
	}
	trigger := fine(one.NoteSecurityTrigger(ctx, "2026-42", time.Now()))(c.hands)
	var members []string
	for _, category := range []string{"technology", "ethics", "law", "public", "technology"} {
		members = append(members, fine(one.SeatEthicsMember(ctx, api.NewEthicsMember{Category: category, Outside: true, Name: evil + category}))(c.hands).ID)
	}
	application := []byte(`{"about":"portrait-swap","title":"换脸功能","pledge":true,"overview":{"aim":"海报创作","meaning":"丰富创作","need":"用户需要"},"plan":{"plan":"分步上线","emergency":"立即停用","publishing":"不发布"},"bodies":{"papers":"营业执照","experience":"三年","funding":"自有","interests":"无"},"consent":{"form":"单独同意","sources":"用户提供"},"risks":[{"risk":"冒用他人形象","who":"被编辑的人","severity":"high","control":"显著标识","residual":"low"}]}`)
	ethics := fine(one.ApplyEthicsReview(ctx, application))(c.hands)
	fine(two.StepEthicsReview(ctx, ethics.ID, "accept", nil))(c.hands)
	fine(c.client(c.session(staff.Officer)).StepEthicsReview(ctx, ethics.ID, "meet", map[string]any{"members": members}))(c.hands)

	officer := c.tab(staff.Officer)
	officer.Open("/sign-in?lang=en")
	officer.Open("/ethics-reviews/" + ethics.ID + "/vote")
	officer.Put("#rv-member", members[0])
	officer.Put("#rv-vote", "approve")
	officer.Press("main form .do button", ".notice[role=status]")
	got := fine(one.EthicsReview(ctx, ethics.ID))(c.hands)
	if got.Seats[0].Vote != "approve" || got.Seats[0].By == "" {
		t.Errorf("%+v", got.Seats)
	}
	officer.Open("/security-assessments/" + assessment.ID)
	if n := browsertest.Ask[int](officer, `document.querySelectorAll('section.sheet').length`); n < 14 {
		t.Errorf("%d heads are shown", n)
	}
	for path, name := range map[string]string{"/reviews": "oversight", "/mechanism-reviews/" + review.ID: "mechanism", "/mechanism-reviews/new": "mechanism-new", "/ethics-reviews/" + ethics.ID: "ethics", "/ethics-reviews/" + ethics.ID + "/vote": "ethics-vote", "/ethics-committee": "ethics-committee",
		"/security-triggers": "security-triggers", "/security-triggers/" + trigger.ID: "security-trigger", "/security-assessments/" + assessment.ID: "security"} {
		c.look(staff.Officer, path, name)
	}
}
