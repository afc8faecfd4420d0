package app

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/moderation"
)

// packAs asks with the session of somebody of the staff.
func (h *hands) packAs(session string, v any, method, path string, body any, want int) []byte {
	h.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		h.must(err)
	}
	_, answer := h.ask(method, path, text, want, "Authorization", "Bearer "+session, "Content-Type", "application/json")
	if v != nil {
		h.must(json.Unmarshal(answer, v))
	}
	return answer
}

// packSend sends a form with proofs; a pair whose name is file is a file.
func (h *hands) packSend(path string, v any, want int, pairs ...string) []byte {
	h.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i] != "file" {
			h.must(m.WriteField(pairs[i], pairs[i+1]))
			continue
		}
		part, err := m.CreateFormFile("file", "receipt")
		h.must(err)
		_, err = io.WriteString(part, pairs[i+1])
		h.must(err)
	}
	h.must(m.Close())
	_, answer := h.ask("POST", path, body.Bytes(), want, "Authorization", "Bearer "+h.first, "Content-Type", m.FormDataContentType())
	if v != nil {
		h.must(json.Unmarshal(answer, v))
	}
	return answer
}

// drafted waits for the report that is drafted by itself for a duty.
func (h *hands) drafted(duty string) httpapi.Pack {
	h.Helper()
	for {
		var page struct{ Packs []httpapi.Pack }
		h.packAs(h.first, &page, "GET", "/v1/packs?duty="+duty, nil, 200)
		if len(page.Packs) > 0 {
			return page.Packs[0]
		}
		h.must(wait(h.Context(), refreshEvery/20))
	}
}

func packAnswer(d httpapi.PackDocument, from pack.Source) httpapi.PackAnswered {
	for _, f := range d.Fields {
		if f.From == from {
			return f
		}
	}
	return httpapi.PackAnswered{}
}

// TestReportToAuthority follows a report from the screening that opens its duty to the erasure of the account: drafted by
// itself, with "not known yet" where it is not known, filed with proof, amended in a chain that anybody can check.
func TestReportToAuthority(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"provider-name": "示例服务提供者", "report-responsible": "值班负责人，电话 000", "starter-library": "on"})
	var judged httpapi.ScreenJudgement
	h.json(&judged, "POST", "/v1/screen", []byte(`{"surface":"input","function":"dialogue","parts":[{"name":"a","text":"注册送彩金"}]}`), 200, "Content-Type", "application/json")
	if judged.Duty == "" {
		t.Fatalf("%+v", judged)
	}
	p := h.drafted(judged.Duty)
	if p.Form != "public-security" || p.State != pack.Drafted || p.Author != "" || p.Due == nil || p.Duty != moderation.Open || len(p.Open) == 0 || p.Subject == "" {
		t.Fatalf("%+v", p)
	}
	h.must(h.server.draftPacks(t.Context())) // again, which does nothing
	var all struct{ Packs []httpapi.Pack }
	if h.packAs(h.first, &all, "GET", "/v1/packs", nil, 200); len(all.Packs) != 1 {
		t.Errorf("%d reports", len(all.Packs))
	}

	path := "/v1/packs/" + p.ID
	var d httpapi.PackDocument
	h.packAs(h.second, &d, "GET", path+"/document", nil, 200)
	for from, want := range map[pack.Source]string{
		pack.FromProvider: "known", pack.FromResponsible: "known", pack.FromCategory: "known", pack.FromFound: "known", pack.FromMeasures: "known", pack.FromAccount: "known", pack.FromIdentity: "known", pack.FromRecords: "known", pack.FromDuty: "known", pack.FromService: "known",
		pack.FromNumbers: "none", pack.FromMade: "none", pack.FromStanding: "none", pack.FromCase: "none", pack.FromSpread: "none",
		pack.FromSummary: "unknown", pack.FromPersons: "unknown", pack.FromLoss: "unknown", pack.FromPlaces: "unknown", pack.FromForm: "unknown",
	} {
		a := packAnswer(d, from)
		if a.State != want || len(a.Lines) == 0 || want == "unknown" && a.Lines[0] != "尚不掌握" || want == "none" && a.Lines[0] != "无" {
			t.Errorf("%s: %+v", from, a)
		}
	}
	if got := packAnswer(d, pack.FromCategory).Lines; !slices.Equal(got, []string{"赌博"}) {
		t.Error(got)
	}

	at := time.Now().UTC().Format(time.RFC3339)
	filing := []string{"channel", "network-police", "reference", "网警 7", "at", at}
	if answer := h.packSend(path+":file", nil, 403, filing...); !bytes.Contains(answer, []byte(pack.CodeIncomplete)) || !bytes.Contains(answer, []byte("summary")) {
		t.Errorf("%s", answer)
	}
	answers := []map[string]any{{"from": "summary", "state": "known", "lines": []string{"有人索要网络赌博的招揽文案。", "系统未予生成。"}}, {"from": "persons", "state": "none"}}
	h.packAs(h.first, &p, "POST", path+":fill", map[string]any{"answers": answers}, 200)
	if slices.Contains(p.Open, "summary") {
		t.Errorf("%v", p.Open)
	}
	h.packAs(h.first, &p, "POST", path+":fill", map[string]any{}, 200) // what was answered stays
	h.packAs(h.first, &d, "GET", path+"/document", nil, 200)
	if a := packAnswer(d, pack.FromSummary); !a.Said || len(a.Lines) != 2 || packAnswer(d, pack.FromPersons).State != "none" {
		t.Errorf("%+v", a)
	}
	if answer := h.packSend(path+":file", nil, 422, append(slices.Clone(filing), "incomplete", "true", "file", "no picture at all")...); !bytes.Contains(answer, []byte(pack.CodeInvalid)) {
		t.Errorf("%s", answer)
	}
	picture := string(scene(t))
	h.packSend(path+":file", &p, 200, append(slices.Clone(filing), "incomplete", "true", "file", picture)...)
	if p.State != pack.Filed || p.Filing.Reference != "网警 7" || !p.Filing.Incomplete || len(p.Proofs) != 1 || p.Proofs[0].Type != "image/jpeg" || p.Duty != moderation.Filed {
		t.Fatalf("%+v", p)
	}
	duty, err := h.server.screens.reports.Duty(t.Context(), judged.Duty)
	h.must(err)
	if sum, err := duty.Filing.Attachment.MarshalText(); err != nil || string(sum) != p.SHA256 || duty.Filing.Channel != "network-police" {
		t.Errorf("%s %+v", sum, duty.Filing)
	}
	if got := h.packAs(h.first, nil, "GET", path+"/proofs/"+p.Proofs[0].SHA256, nil, 200); string(got) != picture {
		t.Errorf("%d bytes of a proof of %d", len(got), len(picture))
	}
	if h.packSend(path+":prove", &p, 200, "file", picture); len(p.Proofs) != 1 { // which is there
		t.Errorf("%+v", p.Proofs)
	}
	for _, pairs := range [][]string{append(slices.Clone(filing), "channel", "12377"), {"no field", "x"}} {
		h.packSend(path+":file", nil, 400, pairs...)
	}

	var second httpapi.Pack
	h.packAs(h.first, &second, "POST", path+":amend", map[string]any{"answers": []map[string]any{{"from": "places", "state": "known", "lines": []string{"https://somewhere.example/1"}}, {"from": "content-form", "state": "known", "lines": []string{"文本"}}}}, 201)
	if second.Part != 2 || second.Before != p.SHA256 || second.Amends != p.ID {
		t.Errorf("%+v", second)
	}
	next := "/v1/packs/" + second.ID
	h.packAs(h.first, &d, "GET", next+"/document", nil, 200)
	if d.Amends != p.Number || packAnswer(d, pack.FromSummary).State != "known" {
		t.Errorf("%+v", d)
	}
	first, amended := h.packAs(h.first, nil, "GET", path+"/download", nil, 200), h.packAs(h.first, nil, "GET", next+"/download?format=json", nil, 200)
	h.must(pack.Chain(first, amended))
	for i := range first {
		if i%97 == 0 {
			broken := slices.Clone(first)
			broken[i] ^= 1
			if pack.Chain(broken, amended) == nil {
				t.Fatalf("byte %d was changed, and nobody noticed", i)
			}
		}
	}
	h.printed(next, second)
	h.packSend(next+":file", &second, 200, append(slices.Clone(filing), "incomplete", "true")...)
	if h.packAs(h.first, &p, "GET", path, nil, 200); p.State != pack.Amended || p.AmendedBy != second.ID {
		t.Errorf("%+v", p)
	}
	h.erasedPack(p, second)
	h.stop()
	h.checked()
}

// printed has programs of others read what is downloaded.
func (h *hands) printed(path string, p httpapi.Pack) {
	h.Helper()
	file := filepath.Join(h.TempDir(), "pack.pdf")
	h.must(os.WriteFile(file, h.packAs(h.first, nil, "GET", path+"/download?format=pdf", nil, 200), 0o600))
	if out, err := exec.Command("qpdf", "--check", file).CombinedOutput(); err != nil {
		h.Fatalf("%v %s", err, out)
	}
	text, err := exec.Command("pdftotext", "-layout", file, "-").Output()
	h.must(err)
	page := h.packAs(h.first, nil, "GET", path+"/download?format=html", nil, 200)
	words := h.packAs(h.first, nil, "GET", path+"/download?format=text", nil, 200)
	for _, want := range []string{p.Number, "尚不掌握", "涉嫌违法犯罪线索移送报告", "赌博", "示例服务提供者"} {
		for name, got := range map[string][]byte{"PDF": text, "HTML": page, "text": words} {
			if !bytes.Contains(got, []byte(want)) {
				h.Errorf("%s has no %s", name, want)
			}
		}
	}
	if !bytes.Contains(text, []byte("not known yet")) || !bytes.Contains(text, []byte(p.SHA256)) {
		h.Errorf("%s", text)
	}
	packed := h.packAs(h.first, nil, "GET", path+"/download?format=zip", nil, 200)
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	h.must(err)
	var names []string
	for _, f := range z.File {
		names = append(names, strings.TrimPrefix(f.Name, "pack-"+p.Number))
	}
	if !slices.Equal(names, []string{".json", ".txt", ".html", ".pdf"}) {
		h.Error(names)
	}
}

// erasedPack erases the account that reports are about: what they say is read by nobody any more, and their chain stays.
func (h *hands) erasedPack(list ...httpapi.Pack) {
	h.Helper()
	_, err := custody{h.server}.Erase(h.Context(), byOfficer(), person)
	h.must(err)
	for _, p := range list {
		var left httpapi.Pack
		h.packAs(h.first, &left, "GET", "/v1/packs/"+p.ID, nil, 200)
		if left.Sealed == "whole" || left.Number != p.Number || left.SHA256 != p.SHA256 || left.Before != p.Before || left.State != p.State {
			h.Errorf("%+v", left)
		}
		h.packAs(h.first, nil, "GET", "/v1/packs/"+p.ID+"/document", nil, 409)
		h.packAs(h.first, nil, "GET", "/v1/packs/"+p.ID+"/download", nil, 409)
	}
}

// TestReportOfTheDesk has a decision of the desk open a report duty about content that was handed out: the draft knows marks,
// digests, deliveries and measures. Filing it without a number of the authority closes the duty all the same.
func TestReportOfTheDesk(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"provider-name": "示例服务提供者", "admission": "off"})
	ctx := t.Context()
	var made httpapi.Artefact
	h.json(&made, "POST", "/v1/artefacts?function=person&name=a.jpg", scene(t), 201)
	h.ask("GET", "/v1/artefacts/"+string(made.Number)+"/content", nil, 200)
	cases := h.server.cases.desk
	o, err := cases.Open(ctx, ledger.By{Role: "user"}, desk.Draft{Kind: desk.Report, Party: desk.PartyPublic, Source: desk.FromWeb, Language: "zh", Grounds: []colophon.Code{desk.GroundIllegal}, Contact: "somebody@mail.example", About: desk.About{Numbers: []string{string(made.Number)}}})
	h.must(err)
	clerk := desk.Clerk{By: ledger.By{Role: "reviewer", ID: "staff-1"}}
	_, err = cases.Take(ctx, clerk, o.ID)
	h.must(err)
	_, err = cases.Decide(ctx, clerk, o.ID, desk.Ruling{Outcome: desk.Founded, Facts: "The picture shows what was reported.", Explanation: "The clause forbids it in so many words.",
		Statement: desk.Statement{Clauses: desk.Laws()[:1], Category: desk.GroundIllegal}, Deeds: []desk.Deed{{Do: desk.StopContent, Target: string(made.Number)}, {Do: desk.OpenDuty, Target: string(made.Number)}}})
	h.must(err)
	c, err := cases.Perform(ctx, o.ID)
	h.must(err)
	p := h.drafted(c.Actions[1].Ref)
	if p.Form != "12377" || p.About.Case != o.ID || p.Subject != made.Subject {
		t.Fatalf("%+v", p)
	}
	var d httpapi.PackDocument
	h.packAs(h.first, nil, "POST", "/v1/packs/"+p.ID+":fill", map[string]any{}, 200) // the case is told by now
	h.packAs(h.first, &d, "GET", "/v1/packs/"+p.ID+"/document", nil, 200)
	for from, want := range map[pack.Source]string{
		pack.FromNumbers: string(made.Number), pack.FromDigests: made.After, pack.FromMarks: "经读回核对存在", pack.FromSpread: "共交付", pack.FromForm: "图片", pack.FromMeasures: "停止", pack.FromCase: o.ID, pack.FromAccount: string(made.Subject),
		pack.FromFound: "投诉、举报", pack.FromRecords: "证据日志",
	} {
		a := packAnswer(d, from)
		if a.State != "known" || !strings.Contains(strings.Join(a.Lines, "\n"), want) {
			t.Errorf("%s: %+v", from, a)
		}
	}
	if a := packAnswer(d, pack.FromSpread); !strings.Contains(a.Lines[len(a.Lines)-1], "尚不掌握") {
		t.Errorf("%+v", a) // where it went from there
	}
	if packAnswer(d, pack.FromRefutation).State != "none" || packAnswer(d, pack.FromPlaces).State != "unknown" {
		t.Errorf("%+v", d.Fields)
	}
	if whole, err := json.Marshal(d); err != nil || bytes.Contains(whole, []byte(person)) || bytes.Contains(whole, []byte("mail.example")) {
		t.Errorf("the report names a person: %s %v", whole, err)
	}
	h.packSend("/v1/packs/"+p.ID+":file", &p, 200, "channel", "12377", "at", time.Now().UTC().Format(time.RFC3339), "incomplete", "true")
	duty, err := h.server.screens.reports.Duty(ctx, c.Actions[1].Ref)
	h.must(err)
	if duty.State != moderation.Filed || duty.Filing.Reference != "pack:"+p.Number {
		t.Errorf("%+v", duty)
	}
	h.stop()
	h.checked()
}

// TestReportOfMuch says of more content than is told one by one that there is more, and leaves no number out.
func TestReportOfMuch(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"admission": "off"})
	k := &knowing{Server: h.server, facts: pack.Facts{}}
	for i := range maxPackItems + 2 {
		var made httpapi.Artefact
		h.json(&made, "POST", "/v1/artefacts?function=other&name=a.txt", fmt.Appendf(nil, "What was said %d times.", i), 201)
		k.found.About.Numbers = append(k.found.About.Numbers, string(made.Number))
	}
	h.must(errors.Join(k.content(t.Context()), k.spread(t.Context())))
	if got := k.facts[pack.FromNumbers].Lines; len(got) != maxPackItems+2 {
		t.Errorf("%d numbers", len(got))
	}
	for _, from := range []pack.Source{pack.FromMade, pack.FromMarks} {
		if got := k.facts[from].Lines; len(got) != maxPackItems+1 || !strings.Contains(got[maxPackItems], "另有 2 件") {
			t.Errorf("%s: %q", from, got)
		}
	}
	if got := k.facts[pack.FromSpread]; got.Certainty != pack.Unknown {
		t.Errorf("nobody looked at all of it: %+v", got)
	}
	h.stop()
}

// TestFiledBeforeTheDuty has the process die between the filing of a report and the end of its duty.
func TestFiledBeforeTheDuty(t *testing.T) {
	t.Parallel()
	d := deploy(t, nil)
	ctx := t.Context()
	d.join()
	duty, err := d.server.screens.reports.Open(ctx, system, moderation.Hit{Judgement: "judgement-1", Categories: []string{"sexual"}, Subject: evidence.System})
	d.must(err)
	d.must(d.server.draftPacks(ctx))
	list, _, err := d.server.packs.keeper.Packs(ctx, pack.Filter{About: pack.About{Duty: duty.ID}})
	d.must(err)
	if len(list) != 1 || list[0].Form != "12377" || list[0].Subject != evidence.System {
		t.Fatalf("%+v", list)
	}
	_, err = d.server.packs.keeper.File(ctx, ledger.By{Role: "officer", ID: "staff-1"}, list[0].ID, pack.Filing{Channel: "12377", At: time.Now(), Incomplete: true})
	d.must(err)
	d.must(d.server.draftPacks(ctx))
	if duty, err = d.server.screens.reports.Duty(ctx, duty.ID); err != nil || duty.State != moderation.Filed || duty.By != "staff-1" {
		t.Errorf("%+v %v", duty, err)
	}
	d.stop()
}

// TestPackForms has a deployment bring a form of its own, and refuses one that can't be used.
func TestPackForms(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	form := `{"id":"12377","names":{"zh":"甲","en":"a"},"authority":{"zh":"乙","en":"b"},"basis":{"zh":"丙","en":"c"},"clauses":["ds-10"],"drafted":["*"],"fields":[{"id":"one","names":{"zh":"一","en":"one"},"required":true,"from":"summary"}]}`
	write(t, filepath.Join(dir, "a.json"), form)
	write(t, filepath.Join(dir, "b.json"), strings.Replace(form, `"id":"12377"`, `"id":"own"`, 1))
	for path, want := range map[string]int{"": 4, dir: 5, filepath.Join(dir, "a.json"): 4} {
		forms, err := packForms(path)
		if err != nil || len(forms) != want {
			t.Errorf("%s: %d forms, %v", path, len(forms), err)
		}
	}
	write(t, filepath.Join(dir, "c.json"), "{")
	if _, err := packForms(dir); !isCode(err, pack.CodeForm) {
		t.Error(err)
	}
	if _, err := packForms(filepath.Join(dir, "none")); err == nil {
		t.Error("a folder that is not there was read")
	}
}
