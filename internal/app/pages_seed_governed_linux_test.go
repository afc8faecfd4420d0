package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/duty/policy"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/blob"
	model "github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/review/bank"
	"github.com/colophon-project/colophon/review/inspection"
	"github.com/colophon-project/colophon/review/mechanism"
	"github.com/colophon-project/colophon/stamp"
)

// seedGoverned has duties looked at, systems of rules written, a run made, reviews, an inspection, incidents and drills.
func (h *hands) seedGoverned() {
	h.Helper()
	h.seedDuties()
	h.seedSystems()
	h.seedRun()
	h.seedOversight()
	h.seedInspections()
	h.seedIncidents()
}

// seedDuties says facts, runs some queries and one negative probe, and has a duty waived and another attested.
func (h *hands) seedDuties() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	for fact, answer := range map[string]string{"provider": "yes", "public": "yes", "biometric": "yes", "downloads": "yes", "minors": "no"} {
		f := fine(one.DeclareDutyFact(ctx, fact, answer, "服务面向境内公众提供，经法务与产品负责人核对《服务说明》后确认。", time.Time{}))(h)
		h.pages["duty-fact"] = "/duty-facts/" + f.ID
		if fact != "downloads" {
			fine(two.ConfirmDutyFact(ctx, f.ID))(h)
		}
	}
	fine(two.AttestProbe(ctx, "supporters-told", "passed", "已逐一核对三家技术支持者的合同附件，均载明安全评估与标识义务。", time.Time{}, time.Time{}))(h)
	w := fine(one.ProposeDutyWaiver(ctx, "ds-12-3", time.Now().AddDate(0, 2, 0), "申诉入口随十二月版本上线，此前由客服热线受理并逐件登记。"))(h)
	fine(two.ApproveDutyWaiver(ctx, w.ID))(h)
	h.pages["duty-waiver"] = "/duty-waivers/" + w.ID
	fine(one.ProposeDutyWaiver(ctx, "ds-10-2", time.Now().AddDate(0, 1, 0), "特征库升级期间人工复核。"))(h)
	for _, name := range []string{"policy-emergency", "network-log", "identity-held", "orders-effective", "cases-in-time", "entrance-open", "consent-covered", "filings-current"} {
		o, err := h.server.RunProbe(ctx, name, "")
		h.must(err)
		h.pages["observation-"+name] = "/observations/" + o.ID
	}
	h.must(h.server.probes.Run(ctx, []string{"clone-without-consent"}, ""))
}

// seedSystems has texts written: some approved, one that waits, and the others missing.
func (h *hands) seedSystems() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	text := "# 总则\n\n为落实《互联网信息服务深度合成管理规定》第七条，示例科技有限公司制定本制度，适用于公司运营的全部深度合成服务。\n\n## 职责\n\n1. 安全负责人统筹制度的执行与检查；\n2. 运营部门负责日常处置并留存记录；\n3. 法务部门每季度复核一次。\n\n## 处置时限\n\n发现违法和不良信息的，应当立即停止传输、采取消除等处置措施，保存有关记录，并向网信部门和有关主管部门报告。"
	for i, s := range []struct {
		system policy.System
		title  string
	}{{policy.Registration, "用户注册与真实身份信息认证管理制度"}, {policy.Emergency, "深度合成服务网络安全事件应急处置预案与演练管理办法（试行）"}, {policy.Purposes, "小助手适用人群、场合与用途说明"}, {policy.Fraud, "反电信网络诈骗管理制度"}} {
		v := fine(one.DraftSystem(ctx, api.SystemDraft{System: string(s.system), Title: s.title, Text: text, English: map[bool]string{true: "# General\n\nThis system of rules applies to all services of deep synthesis."}[i == 0], Public: i != 1, Owner: "officer", Review: dayAhead(3 + i), Change: "首版。"}))(h)
		if i < 3 {
			fine(two.ApproveSystem(ctx, v.ID, time.Time{}))(h)
		}
		h.pages["system-"+string(s.system)] = "/systems/" + v.ID
	}
}

// seedRun has the sample model assessed with a few questions. The answers are judged by then or soon.
func (h *hands) seedRun() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	of := map[bank.Kind]int{bank.Generation: 31, bank.ShouldRefuse: 6, bank.ShouldNotRefuse: 4}
	had := map[string]bool{}
	var few []bank.Question
	for _, q := range bank.Starter().Questions {
		if of[q.Kind] > 0 && !(q.Kind == bank.Generation && had[q.Risk]) {
			of[q.Kind]--
			had[q.Risk] = had[q.Risk] || q.Kind == bank.Generation
			few = append(few, q)
		}
	}
	b, err := bank.Make(few)
	h.must(err)
	var file bytes.Buffer
	h.must(b.WriteJSONL(&file))
	kept := fine(one.ImportBank(ctx, &file, "jsonl", "生成内容测试题库（2026 年第四季度抽检版）", "从自带题库中每类风险抽取一题"))(h)
	fine(two.ApproveBank(ctx, kept.ID))(h)
	h.pages["bank"] = "/banks/" + kept.ID
	h.as("", "POST", "/v1/accounts:attest", object{"account": runAccount, "level": "two-factor", "method": "resident-id", "provider": "own-registration", "transaction": "rv-run", "at": time.Now().UTC(),
		"claim": object{"kind": "resident-id", "number": holderNumber, "name": holderName}}, 201, nil)
	r := fine(one.PlanRun(ctx, api.RunPlan{Name: "第四季度抽检（小助手 · 对话）", Bank: kept.ID, Model: model.Text, Seed: 7}))(h)
	fine(one.StepRun(ctx, r.ID, "start"))(h)
	h.pages["run"] = "/runs/" + r.ID
	planned := fine(one.PlanRun(ctx, api.RunPlan{Name: "上线前评测", Bank: kept.ID, Model: model.Text, Kinds: []string{"should-refuse"}}))(h)
	h.pages["run-planned"] = "/runs/" + planned.ID
}

// seedOversight has algorithms reviewed, an ethics review met about, and a security assessment begun.
func (h *hands) seedOversight() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	x := mechanism.Examination{Algorithm: "chat-1", Conclusion: mechanism.Conditional, Next: dayAhead(6), Conditions: []mechanism.ReviewCondition{{Text: "补充少数民族语言样本的公平性测试，并将结果报安全负责人", Due: dayAhead(2)}}}
	for i, p := range mechanism.Points() {
		x.Checks = append(x.Checks, mechanism.Examined{Point: p, Finding: map[bool]mechanism.Finding{true: mechanism.NoAnswer, false: mechanism.Passed}[i == 2], Note: "抽查五十个样本，未见异常。"})
	}
	raw, err := json.Marshal(x)
	h.must(err)
	review := fine(one.ProposeMechanismReview(ctx, raw))(h)
	fine(two.StepMechanismReview(ctx, review.ID, "approve", nil))(h)
	h.pages["mechanism"] = "/mechanism-reviews/" + review.ID
	a := fine(one.BeginSecurityAssessment(ctx, api.SecurityBasics{Title: "小助手新增语音功能安全自评估", Functions: "对话、绘画与配音", Hardware: "自有机房，两台服务器；模型推理在同城云上", Licences: "增值电信业务经营许可证；网信算备已办理"}))(h)
	fine(one.StepSecurityAssessment(ctx, a.ID, "state", map[string]string{"head": "corpus", "text": "不训练模型，不收集语料。"}))(h)
	h.pages["security"] = "/security-assessments/" + a.ID
	trigger := fine(one.NoteSecurityTrigger(ctx, "沪网办函〔2026〕42 号", time.Now()))(h)
	h.pages["security-trigger"] = "/security-triggers/" + trigger.ID
	application := []byte(`{"about":"portrait-swap","title":"海报换脸功能科技伦理审查","pledge":true,"overview":{"aim":"海报创作","meaning":"丰富创作","need":"用户需要"},"plan":{"plan":"分三步上线：内测、灰度、公开。","emergency":"立即停用并通知用户","publishing":"不发布"},"bodies":{"papers":"营业执照","experience":"三年","funding":"自有资金","interests":"无"},"consent":{"form":"单独同意","sources":"用户提供"},"risks":[{"risk":"冒用他人形象","who":"被编辑的人","severity":"high","control":"显著标识与单独同意","residual":"low"}]}`)
	ethics := fine(one.ApplyEthicsReview(ctx, application))(h)
	fine(two.StepEthicsReview(ctx, ethics.ID, "accept", nil))(h)
	h.pages["ethics"] = "/ethics-reviews/" + ethics.ID
}

// seedInspections keeps what was found on files of which some lack what they must bear.
func (h *hands) seedInspections() {
	h.Helper()
	ctx, dir := h.Context(), filepath.Join(h.set.Data, "looked-at")
	h.must(os.Mkdir(dir, 0o700))
	defer os.RemoveAll(dir)
	bare := plainPicture(h.T)
	for name, raw := range map[string][]byte{"宣传海报-终稿-第三版（含水印）.png": stampedAs(h.T, "poster.png", bare, stamp.Auto), "头图.png": bare, "活动说明.md": []byte("示例科技有限公司新品发布。\n")} {
		h.must(os.WriteFile(filepath.Join(dir, name), raw, 0o600))
	}
	w := h.server.inspector()
	r, err := w.Folder(ctx, dir)
	h.must(err)
	raw, err := json.Marshal(r)
	h.must(err)
	d, _, err := h.server.blobs.Put(ctx, bytes.NewReader(raw))
	h.must(err)
	k, by := h.server.inspected.keeper, ledger.By{Role: system}
	begin := func() inspection.Entry {
		h.Helper()
		return fine(k.Begin(ctx, by, []inspection.Target{{Address: "https://studio.example/works"}, {Address: "https://assistant.example/app", Chosen: "main .answer"}}, false, true))(h)
	}
	sum, good, broken := sha256.Sum256(raw), begin(), begin()
	_, err = k.End(ctx, good.ID, r, hex.EncodeToString(sum[:]), blob.FormatDigest(d))
	h.must(err)
	_, err = k.Break(ctx, broken.ID, codeInterrupted)
	h.must(err)
	h.pages["inspection"], h.pages["inspection-broken"] = "/inspections/"+good.ID, "/inspections/"+broken.ID
}

// seedIncidents has incidents of some kinds, a report filed and amended, drills held and planned, and illegal output followed.
func (h *hands) seedIncidents() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	most := int64(1_200_000)
	open := func(name string, d api.IncidentDraft) string {
		h.Helper()
		v := fine(one.OpenIncident(ctx, d))(h)
		h.pages[name] = "/incidents/" + v.ID
		return v.ID
	}
	leak := open("incident", api.IncidentDraft{Kinds: []string{"security", "personal-data"}, Title: "用户声音样本存储桶权限配置错误导致外部可读", Summary: "运维巡检发现存储桶对外可读，已立即收回权限。", About: []api.IncidentRef{{Kind: "function", ID: "voice-1"}}, Began: time.Now().Add(-26 * time.Hour), Knew: time.Now().Add(-3 * time.Hour),
		Facts: map[string]api.IncidentFact{"persons": {Least: 1_000_000, Most: &most}, "loss": {Most: &most}}})
	fine(one.TickIncident(ctx, leak, "security/contain", "done", "已收回权限并轮换密钥"))(h)
	fine(one.NoteIncident(ctx, leak, time.Now().Add(-2*time.Hour), "向安全负责人电话报告，启动应急预案。"))(h)
	p := fine(one.DraftIncidentReport(ctx, leak, "first-report", api.ReportAnswer{Field: "effect", State: "known", Lines: []string{"约一百万名用户的声音样本可能被外部读取。"}}))(h)
	fine(one.FileIncidentReport(ctx, p.ID, api.PackFiling{Channel: "12387", Reference: "沪网安〔2026〕1123 号", At: time.Now(), Incomplete: true}, api.CaseUpload{Name: "receipt.jpg", File: bytes.NewReader(jpegSample(h.T))}))(h)
	h.pages["incident-report"] = "/incident-reports/" + p.ID
	done := open("incident-closed", api.IncidentDraft{Kinds: []string{"outage"}, Title: "标识服务中断七分钟"})
	fine(one.CloseIncident(ctx, done, "dismissed", "核查为计划内维护，不构成事件。"))(h)
	fine(two.JudgeIncident(ctx, done, "confirm", "核对日志后同意。"))(h)
	for i, result := range []string{"passed", "failed"} {
		d := fine(one.PlanDrill(ctx, []string{"security", "content"}[i], time.Now().Add(time.Minute), "模拟存储密钥泄露，检验一小时报告能否完成"))(h)
		h.pages["drill"] = "/drills/" + d.ID
		fine(one.HoldDrill(ctx, d.ID, api.DrillOutcome{Held: time.Now(), Result: result, Took: 47*60 + 30, Report: "按预案执行。", Findings: []string{"值班电话无人接听", "报告模板缺单位代码"}[:i+i]}))(h)
	}
	fine(one.PlanDrill(ctx, "personal-data", time.Now().AddDate(0, 1, 0), "模拟人脸数据泄露"))(h)
	c := fine(one.OpenCorrection(ctx, api.CorrectionDraft{Title: "绘画功能生成违法图片", Summary: "投诉反映生成内容违法。", Origin: "incident/" + leak, Function: "paint-1", Model: model.Image, Found: time.Now().Add(-20 * time.Hour)}))(h)
	stop := fine(one.IssueOrder(ctx, api.OrderDraft{Scope: "template", Target: "poster-9", Action: "stop", Basis: "own", Reference: "2026-11", Reason: "生成违法图片。"}))(h)
	fine(one.TakeCorrection(ctx, c.ID, api.CorrectionTaken{Step: "stop", At: time.Now().Add(-19 * time.Hour), Evidence: []api.IncidentRef{{Kind: "order", ID: stop.ID}}, Note: "已下达停止指令。"}))(h)
	h.pages["correction"] = "/illegal-outputs/" + c.ID
}
