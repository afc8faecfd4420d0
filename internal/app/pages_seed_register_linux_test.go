package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	model "github.com/colophon-project/colophon/internal/sample"
)

// seedGovernedRegister fills the pages of filings, published lists, algorithms, datasets, annotation, cards and apps.
func (h *hands) seedGovernedRegister() {
	h.Helper()
	h.seedFilings()
	h.seedFiled()
	h.seedAlgorithms()
	h.seedDatasets()
	h.seedAnnotation()
	h.seedCards()
}

// pagePicture is a small picture of a page, another one for each number.
func pagePicture(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 64, 96))
	for i := range img.Pix {
		img.Pix[i] = 0xff
	}
	for x := range 8 + n {
		img.SetRGBA(x, 4+n%80, color.RGBA{40, 40, 80, 255})
	}
	var b bytes.Buffer
	jpeg.Encode(&b, img, nil)
	return append(b.Bytes(), byte(n))
}

// filingOf begins the filing of a function and enters a kit, of which change may spoil something.
func (h *hands) filingOf(function string, annexes bool, change func(kit map[string]any)) api.AlgorithmFiling {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	f := fine(one.DraftFiling(ctx, function))(h)
	if annexes {
		for i, a := range []api.FilingAnnex{{Kind: "licence", Title: "营业执照"}, {Kind: "commitment", Title: "算法备案承诺书（加盖公章的扫描件）"},
			{Kind: "screenshot", Title: "标识截图", Place: "report.marking", Caption: "图 1 结果标识"}, {Kind: "screenshot", Title: "权益截图", Place: "report.rights", Caption: "图 2 投诉入口"},
			{Kind: "screenshot", Title: "生态截图", Place: "report.ecology", Caption: "图 3 特征库"}, {Kind: "label", Title: "位置截图", Place: "labels.places", Caption: "图 4 标识位置"}, {Kind: "label", Title: "读取截图", Place: "labels.reading", Caption: "图 5 读取结果"}} {
			fine(one.AttachToFiling(ctx, f.ID, a, api.CaseUpload{Name: fmt.Sprint(i, ".jpg"), File: bytes.NewReader(pagePicture(i))}))(h)
		}
	}
	kit := h.enteredKit(f.ID)
	change(kit)
	raw, err := json.Marshal(kit)
	h.must(err)
	if function == "chat-1" { // names the provider as the server knows it
		raw = bytes.ReplaceAll(raw, []byte("示例科技有限公司"), []byte("Studio"))
	}
	began, person := time.Now().AddDate(0, 0, -20).UTC(), api.FilingPerson{Name: "某负责人", Post: "总经理", ID: "000000", Phone: "000"}
	people := api.FilingPeople{Legal: person, Responsible: person}
	if annexes {
		people.Contact, people.Head = person, person
	}
	return fine(one.WriteFiling(ctx, f.ID, api.FilingWriting{Kit: raw, Began: &began, People: &people}))(h)
}

// seedFilings has a filing of each colour: just begun, full of contradictions, proposed, and filed.
func (h *hands) seedFilings() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	fine(one.DraftFiling(ctx, "portrait-swap"))(h)
	h.filingOf("paint-1", true, func(k map[string]any) {
		partAt(k, "report")["name"], partAt(k, "report")["marking"].(map[string]any)["shots"] = "示例图像生成与编辑算法", []any{}
		partAt(k, "detail")["deployment"], partAt(k, "listing")["use"], partAt(k, "report")["conclusion"] = "云端", "生成图像。", ""
		partAt(k, "products", 0)["holder"] = "示例科技有限公司北京分公司"
		partAt(k, "detail", "output", 0)["formats"] = []string{"MP3"}
	})
	voice := h.filingOf("voice-1", false, func(map[string]any) {})
	fine(one.StepFiling(ctx, voice.ID, "propose"))(h)
	chat := h.filingOf("chat-1", true, func(k map[string]any) {
		partAt(k, "detail")["output"] = []any{object{"modality": "text", "formats": []string{"TXT"}, "size": "不超过4KB"}}
	})
	if verdict, found := h.findings(chat.ID); verdict != "passed" {
		h.Fatalf("%q", found)
	}
	fine(one.StepFiling(ctx, chat.ID, "propose"))(h)
	fine(two.StepFiling(ctx, chat.ID, "approve"))(h)
	fine(one.SubmitFiling(ctx, chat.ID, "BA-2026-0417", time.Now().AddDate(0, 0, -3), api.CaseUpload{Name: "receipt.jpg", File: bytes.NewReader(pagePicture(9))}))(h)
	fine(two.DecideFiling(ctx, chat.ID, true, seedNumber(15), "", time.Now()))(h)
}

// seedNumber is a filing number that passes the check.
func seedNumber(serial int) string {
	for digit := range 10 {
		if n := fmt.Sprintf("11010800000000126%03d%d", serial, digit); checked(n) {
			return n
		}
	}
	return ""
}

// seedFiled imports published lists: one that another replaced, one with rows in doubt, one that was withdrawn.
func (h *hands) seedFiled() {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	const head = "序号,算法名称,角色,主体名称,应用产品,主要用途,备案编号,备注\n"
	rows := func(first, last int) string {
		var b strings.Builder
		for i := first; i <= last; i++ {
			fmt.Fprintf(&b, "%d,示例文本生成算法-%d,服务提供者,示例数字科技（第%d号）有限责任公司,示例助手（APP）、示例助手（网站）,应用于智能问答场景，基于大语言模型，根据用户输入的文本，生成与之相符的回答。,网信算备%s号,\n", i, i, i, seedNumber(i))
		}
		return b.String()
	}
	about := func(series, batch, published string) api.ListAbout {
		return api.ListAbout{Series: series, Batch: batch, Published: published, Source: "https://list.example/" + batch}
	}
	fine(one.ImportFilingList(ctx, about("deep-synthesis", "2026年第3批", "2026-06-12"), strings.NewReader(head+rows(10, 14))))(h)
	fine(one.ImportFilingList(ctx, about("deep-synthesis", "2026年第3批", "2026-06-12"), strings.NewReader(head+rows(10, 40)+
		"41,示例语音克隆算法,服务技术支持者,示例声学科技有限公司,,应用于语音合成场景。,网信算备11010800000000126001号,\n42,示例换脸算法,服务提供者,示例影像有限公司,示例影像（小程序）,应用于图像编辑场景。,网信算备110108000000001260421号,已注销\n")))(h)
	wrong := fine(one.ImportFilingList(ctx, about("algorithm", "2026年8月", "2026-08-01"), strings.NewReader("序号,算法名称,算法类别,主体名称,应用产品,备案编号,备注\n1,示例推荐算法,个性化推送类,示例科技有限公司,示例资讯（APP）,"+seedNumber(77)+",\n")))(h)
	fine(one.WithdrawFilingList(ctx, wrong.List.ID, "导入了错误的文件，应为九月公布的清单。"))(h)
}

// seedAlgorithms enters an algorithm that serves undeclared, one that serves as declared, one of a third party that lacks papers, and a retired one.
func (h *hands) seedAlgorithms() {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	own := func(zh, en string, functions, models []string) api.AlgorithmText {
		return api.AlgorithmText{Names: api.TextPair{ZH: zh, EN: en}, Kind: "generation", Origin: "own", Functions: functions, Models: models}
	}
	fine(one.AddAlgorithm(ctx, "dialogue", own("示例对话生成算法", "Example dialogue generation algorithm", []string{"chat-1"}, nil)))(h)
	fine(one.DeclareVersion(ctx, "dialogue", "2026.08", strings.Repeat("5c", 32), "加入拒答训练，合格率由百分之九十一升至百分之九十六。"))(h)
	fine(one.DeclareVersion(ctx, "dialogue", "2026.11", "", "更换底座模型。"))(h)
	fine(one.BindVersion(ctx, "dialogue", "2026.11"))(h)
	fine(one.AddAlgorithm(ctx, "painter", own("示例图像生成算法", "Example image generation algorithm", []string{"paint-1"}, nil)))(h)
	fine(one.DeclareVersion(ctx, "painter", "1.0", "", ""))(h)
	fine(one.BindVersion(ctx, "painter", "1.0"))(h)
	fine(one.ChangeAlgorithm(ctx, "painter", own("示例图像生成算法", "Example image generation algorithm", []string{"paint-1"}, []string{model.Image})))(h)
	fine(one.AddAlgorithm(ctx, "recommender", api.AlgorithmText{Names: api.TextPair{ZH: "示例云内容推荐算法（第三方采购，用于首页信息流的排序与推荐）", EN: "Content recommendation bought from a third party, for the stream of the first page"}, Kind: "recommendation", Origin: "third-party", Number: "110108000000001260010"}))(h)
	fine(one.AddAlgorithm(ctx, "old-search", api.AlgorithmText{Names: api.TextPair{ZH: "旧检索算法", EN: "Old search"}, Kind: "retrieval", Origin: "own"}))(h)
	fine(one.RetireAlgorithm(ctx, "old-search"))(h)
	h.must(h.server.watchAlgorithms(ctx))
}

// seedDatasets enters datasets, of which one was sampled and failed by a source, and lost what a withdrawn consent was for.
func (h *hands) seedDatasets() {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	given := h.trains("narrator-1", "voice-1")
	fine(one.AddDataset(ctx, "stories", api.DatasetText{Names: api.TextPair{ZH: "有声故事语料", EN: "Stories read aloud"}, Modalities: []string{"text", "audio"}, Origin: "own", Source: "签约主播录制的故事，以及公开网页上的散文。", Licence: "主播授权书，含训练用途", Bytes: 48_318_382_080,
		Personal: "yes", Kinds: []string{"声音", "账号标识"}, Bases: []string{"consent"}, Ground: "与主播签订的单独同意书", Consents: []string{given}, Biometric: "yes", Biometrics: []string{"voice"}, Minors: "no"}))(h)
	s := h.drawn("stories", items(given, 5, 3))
	h.judges(h.first, s.Sheet)
	h.judges(h.second, s.Sheet)
	fine(one.StepTrainingSample(ctx, s.ID, "finish"))(h)
	fine(one.AddDataset(ctx, "pictures", api.DatasetText{Names: api.TextPair{ZH: "取得授权的图片库（含二零二三年以前采购的全部批次）", EN: "Licensed library of pictures, with all batches bought before 2023"}, Modalities: []string{"image"}, Origin: "purchased", Source: "图片库供应商", Items: 1_204_000, Personal: "no", Biometric: "no", Minors: "no"}))(h)
	h.drawn("pictures", items("", 4, 0))
	fine(one.UseDataset(ctx, "pictures", "painter", "1.0", "pretraining"))(h)
	fine(one.AddDataset(ctx, "scraps", api.DatasetText{Names: api.TextPair{ZH: "待整理", EN: "To be sorted"}, Modalities: []string{"text"}, Origin: "open", Source: "不详"}))(h)
	fine(one.RetireDataset(ctx, "scraps"))(h)
	_, err := h.server.consents.Withdraw(ctx, ledger.By{Role: consent.RoleSubject}, given, "")
	h.must(err)
	h.must(h.server.followDatasets(ctx))
}

// seedAnnotation enters rules, who was trained in them, and checks of labels, one of which failed.
func (h *hands) seedAnnotation() {
	h.Helper()
	ctx, one, two := h.Context(), h.client(h.first), h.client(h.second)
	rule := func(name, kind, zh, en string) api.AnnotationRule {
		return fine(one.DraftAnnotationRule(ctx, api.AnnotationRule{Name: name, Kind: kind, Title: api.TextPair{ZH: zh, EN: en}, Text: "一、标注目标：判断回答是否含有违法不良信息。\n二、标注格式：通过、不通过、存疑。\n三、标注方法：两人独立标注，不一致的由审核人员裁定。\n四、质量指标：抽检比例不低于百分之十，合格率不低于百分之九十八。", Part: 10, Share: 980_000}))(h)
	}
	safety := rule("safety", "safety", "安全性标注规则", "Rule for labels of safety")
	fine(two.StepAnnotationRule(ctx, safety.ID, "approve"))(h)
	rule("helpful", "functional", "功能性标注规则（问答、摘要与改写）", "Rule for labels of function: answers, summaries and rewriting")
	for id, duty := range map[string]string{"a-07": "annotate", "a-12": "annotate", "c-03": "check"} {
		fine(one.EnterAnnotator(ctx, id, duty))(h)
		fine(one.TrainAnnotator(ctx, id, safety.ID, time.Now().AddDate(0, -1, 0), true, ""))(h)
	}
	fine(one.EnterAnnotator(ctx, "a-15", "annotate"))(h)
	fine(one.TrainAnnotator(ctx, "a-15", safety.ID, time.Now().AddDate(0, 0, -2), false, ""))(h)
	fine(one.AnnotatorLeaves(ctx, "a-15"))(h)
	for _, c := range []api.AnnotationCheckText{{Batch: "2026-11-1", Labels: 12_400, Checked: 1_300, Wrong: 9, Untold: 2}, {Batch: "2026-11-2", Labels: 8_000, Checked: 900, Wrong: 61}, {Batch: "2026-11-3", Labels: 6_000, Checked: 40}} {
		c.Rule, c.Dataset, c.Annotators, c.Checker = safety.ID, "stories", []string{"a-07", "a-12"}, "c-03"
		fine(one.EnterAnnotationCheck(ctx, c))(h)
	}
}

// seedCards issues cards and asks the providers of apps for theirs.
func (h *hands) seedCards() {
	h.Helper()
	ctx, one := h.Context(), h.client(h.first)
	var made httpapi.Artefact
	h.json(&made, "POST", "/v1/artefacts?function=other&name=poster.jpg", jpegSample(h.T), 201, "Colophon-Account", pictureAccount)
	_, marked := h.ask("GET", "/v1/artefacts/"+string(made.Number)+"/content", nil, 200)
	check := fine(one.CheckMaterials(ctx, "assistant.example", true, api.UploadedFile{Uploaded: api.Uploaded{Name: "海报样张.jpg"}, File: bytes.NewReader(marked)}))(h)
	fine(one.IssueCard(ctx, "assistant", 30))(h)
	fine(one.IssueCard(ctx, "assistant", 90, api.CardMaterials{Function: "paint-1", Check: check.ID}))(h)
	gone := fine(one.IssueCard(ctx, "studio", 10))(h)
	fine(one.WithdrawCard(ctx, gone.ID, "备案编号填写有误。"))(h)
	card := fine(one.PublicCard(ctx, "assistant"))(h)
	key, err := os.ReadFile(filepath.Join(h.set.Keys, "log.pub"))
	h.must(err)
	until := time.Now().AddDate(0, 0, 14)
	ask := func(app, address string) string {
		h.Helper()
		return fine(one.AskListing(ctx, app, address, until))(h).ID
	}
	step := func(id, step, reason string) {
		h.Helper()
		fine(one.StepListing(ctx, id, step, reason))(h)
	}
	fine(one.AnswerListing(ctx, ask("示例小助手", "https://assistant.example/app"), api.ListingAnswer{Offers: true, Card: string(card), Key: strings.TrimSpace(string(key))}))(h)
	fine(one.AnswerListing(ctx, ask("示例相机", "com.example.camera"), api.ListingAnswer{Offers: true, Card: string(card)}))(h)
	ask("示例绘本（儿童版，含有声读物与亲子互动）", "com.example.picturebook.children")
	step(ask("示例变声器", "com.example.voice"), "refuse", "逾期未提交合规卡。")
	for i, app := range []string{"示例记事本", "示例资讯", "示例壁纸", "示例翻译"} {
		id := ask(app, fmt.Sprint("com.example.app", i))
		fine(one.AnswerListing(ctx, id, api.ListingAnswer{}))(h)
		step(id, "list", "声明不提供生成合成服务。")
		switch i {
		case 1:
			fine(one.WarnListing(ctx, id, "用户举报其提供图像生成功能，与声明不符。", until))(h)
		case 2:
			step(id, "suspend", "内容未添加标识，限期整改。")
		case 3:
			step(id, "delist", "拒不改正。")
		}
	}
}
