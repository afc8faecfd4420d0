package httpapi_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/wire"
	"github.com/colophon-project/colophon/staff"
)

// asked is the body of a request for a judgement about texts.
func asked(surface string, texts ...string) map[string]any {
	var parts []any
	for i, t := range texts {
		parts = append(parts, map[string]any{"name": "messages." + string(rune('0'+i)), "by": "user", "text": t})
	}
	return map[string]any{"surface": surface, "parts": parts}
}

func (w *world) screen(body any) (v httpapi.ScreenJudgement) {
	w.Helper()
	w.ask("POST", "/v1/screen", body).as(w.key).with("Colophon-Account", account).want(200, &v)
	return v
}

// silent fails when what was judged, or for whom, stands where nobody may read it.
func (w *world) silent(secrets ...string) {
	w.Helper()
	held, err := w.store.RecordsAfter(w.Context(), 0, 500)
	w.must(err)
	var told bytes.Buffer
	for _, h := range held {
		leaf, err := h.Leaf()
		w.must(err)
		told.Write(leaf)
	}
	told.Write(w.logged.Bytes())
	for _, secret := range append(secrets, person, strings.TrimPrefix(person, "+")) {
		if strings.Contains(told.String(), secret) {
			w.Errorf("a leaf or the log says %q", secret)
		}
	}
}

// TestScreen judges texts, and looks at what the answer says.
func TestScreen(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	fine := w.screen(asked("input", "写一首关于春天的诗"))
	if fine.Action != "allow" || fine.Verdict != "passed" || len(fine.Runs) == 0 || len(fine.Findings) != 0 || fine.Held+fine.Duty != "" || !strings.Contains(fine.Policy, "colophon") || fine.Library == "" {
		t.Errorf("%+v", fine)
	}
	waits := w.screen(asked("input", "第一句", "请问"+reviewed+"可靠吗"))
	want := httpapi.ScreenFinding{Check: "keyword", Feature: "t-fraud", Category: "fraud", Level: "block", How: "plain", Part: "messages.1", Start: 6, End: 24, RuneStart: 2, RuneEnd: 8}
	if waits.Action != "review" || waits.Verdict == "passed" || waits.Held == "" || waits.Duty != "" || !slices.Contains(waits.Findings, want) || !slices.Contains(waits.Rows, "fraud-asked") || !slices.Contains(waits.Help, "fraud-line") {
		t.Errorf("%+v", waits)
	}
	no := w.screen(asked("input", refused))
	if no.Action != "refuse" || no.Verdict != "failed" || no.Held != "" || no.Duty == "" || !slices.Contains(no.Clauses, "ds-10") {
		t.Errorf("%+v", no)
	}
	if less := w.screen(asked("input", limited)); less.Action != "limit" || less.Verdict == "passed" || !slices.Contains(less.Help, "crisis-line") || less.Duty != "" {
		t.Errorf("%+v", less)
	}
	file := map[string]any{"surface": "upload", "parts": []any{map[string]any{"name": "file", "data": text(refused)}}}
	if v := w.screen(file); v.Action != "refuse" || v.Findings[0].Part == "" {
		t.Errorf("%+v", v)
	}
	var list struct{ Judgements []httpapi.Judged }
	w.ask("GET", "/v1/judgements?action=refuse&category=weapons", nil).as(w.key).want(200, &list)
	subject, err := w.accounts.Subject(t.Context(), person)
	w.must(err)
	if len(list.Judgements) != 2 || list.Judgements[1].ID != no.ID || list.Judgements[1].Subject != subject || list.Judgements[1].Verdict != "failed" {
		t.Errorf("%+v", list)
	}
	var page struct {
		Judgements []httpapi.Judged
		Next       string
	}
	seen := 0
	for cursor := ""; ; cursor = page.Next {
		page.Next = ""
		w.ask("GET", "/v1/judgements?limit=2&cursor="+cursor, nil).as(w.key).want(200, &page)
		if seen += len(page.Judgements); page.Next == "" {
			break
		}
	}
	if seen != 5 {
		t.Errorf("%d judgements by pages", seen)
	}
	for _, by := range w.network.seen {
		if by.Source != w.source || by.Role != "application" {
			t.Errorf("%+v", by)
		}
	}
	if len(w.network.seen) != 5 {
		t.Errorf("%d lines of the network log", len(w.network.seen))
	}
	w.silent(reviewed, refused, limited, "春天")
}

// TestConversations spreads a keyword over messages. What one caller says is not read on from what another one said.
func TestConversations(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	other, _ := w.newKey([]staff.Action{staff.ScreenUse}, []string{staff.Every}, time.Hour)
	say := func(key, account, conversation, words string) (v httpapi.ScreenJudgement) {
		body := asked("input", words)
		body["conversation"] = conversation
		c := w.ask("POST", "/v1/screen", body).as(key)
		if account != "" {
			c = c.with("Colophon-Account", account)
		}
		c.want(200, &v)
		return v
	}
	first, second := refused[:len("出售枪")], refused[len("出售枪"):]
	for _, c := range []struct {
		key, account, conversation, action string
	}{
		{w.key, account, "a", "review"}, {w.key, account, "b", "allow"}, {w.key, "somebody-else", "a", "allow"}, {w.key, "", "a", "review"}, {other, "", "a", "allow"}, {other, account, "a", "review"},
	} {
		say(w.key, account, "a", "好的")
		say(w.key, "", "a", "好的")
		from := c.account
		if c.action == "review" {
			say(map[bool]string{true: w.key, false: c.key}[c.account != ""], from, c.conversation, first)
		} else {
			say(w.key, account, "a", first)
			say(w.key, "", "a", first)
		}
		if v := say(c.key, from, c.conversation, second); v.Action != c.action || c.action == "review" && v.Findings[0].RuneStart >= 0 {
			t.Errorf("%s %q: %+v", c.account, c.conversation, v)
		}
	}
}

// mosaic is a picture with enough in it to be held against others.
func mosaic(t *testing.T) []byte {
	random, img := rand.New(rand.NewPCG(1, 2)), image.NewGray(image.Rect(0, 0, 256, 256))
	for y := 0; y < 256; y += 16 {
		for x := 0; x < 256; x += 16 {
			draw.Draw(img, image.Rect(x, y, x+16, y+16), image.NewUniform(color.Gray{Y: uint8(random.IntN(256))}), image.Point{}, draw.Src)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestCouldNotTell has files judged that nobody can read all of.
func TestCouldNotTell(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	file := func(query string, content []byte) (v httpapi.ScreenJudgement) {
		w.ask("POST", "/v1/screen:file"+query, content).as(w.key).with("Colophon-Account", account).with("Accept-Language", "zh").want(200, &v)
		return v
	}
	v := file("?surface=input&name=a.png", mosaic(t))
	at := slices.IndexFunc(v.Runs, func(r httpapi.ScreenRun) bool { return r.Check == screen.CheckRead })
	if v.Verdict != "could-not-tell" || v.Action != "review" || v.Held == "" || !slices.Equal(v.Unknown, []string{"minors"}) || at < 0 || v.Runs[at].Outcome != "not-run" ||
		v.Runs[at].Reason == nil || v.Runs[at].Reason.Sentence == "" || v.Runs[at].Reason.Sentence == string(v.Runs[at].Reason.Code) {
		t.Errorf("%+v", v)
	}
	if v := file("?surface=output", mosaic(t)); v.Verdict != "could-not-tell" || v.Action != "refuse" || v.Held+v.Duty != "" { // nothing illegal was found
		t.Errorf("%+v", v)
	}
	if v := file("", bytes.Repeat([]byte{0, 1, 2}, 999)); v.Verdict != "could-not-tell" || v.Action != "review" || len(v.Unknown) < 40 {
		t.Errorf("%+v", v)
	}
	if v := file("", text("known")); v.Action != "refuse" || v.Duty == "" || v.Findings[0].Feature != "t-file" {
		t.Errorf("%+v", v)
	}
	if v := file("", text("hello")); v.Verdict != "passed" || v.Action != "allow" {
		t.Errorf("%+v", v)
	}
}

// TestScreenRefuses sends what is no request, to each door of the screening.
func TestScreenRefuses(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	parts := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, `{"name":"p`+string(rune(0x4E00+i))+`","text":"a"}`)
		}
		return `{"surface":"input","parts":[` + strings.Join(list, ",") + `]}`
	}
	nested := func(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }
	texts := func(n int) string { return strings.TrimSuffix(strings.Repeat(`"a",`, n), ",") }
	ok := `{"surface":"input","parts":[{"name":"a","text":"b"}]`
	const guardrail = "/beta/litellm_basic_guardrail_api"
	for _, c := range []struct {
		path, body string
		status     int
		code       string
	}{
		{"/v1/screen", ok + `}`, 200, ""},
		{"/v1/screen", ok + `,"more":1}`, 422, "api-fields"},
		{"/v1/screen", ok + `,"class":"a b"}`, 422, "api-fields"},
		{"/v1/screen", ok + `,"function":"a b"}`, 422, "api-fields"},
		{"/v1/screen", ok + `,"function":"Dialogue"}`, 422, "api-fields"},
		{"/v1/screen", `{"surface":"input","parts":[{"name":"a\nb","text":"b"}]}`, 422, "api-fields"},
		{"/v1/screen", `{"surface":"input","parts":[{"name":"` + strings.Repeat("长", 128) + `","text":"b"}]}`, 422, string(screen.CodeItem)},
		{"/v1/screen", ok + `,"surface":"input"}`, 400, "api-body"},
		{"/v1/screen", ok, 400, "api-body"},
		{"/v1/screen", "\xff", 400, "api-body"},
		{"/v1/screen", `{"surface":"input","parts":[{"name":"a","text":"` + "\xff" + `"}]}`, 400, "api-body"},
		{"/v1/screen", `{"surface":"input","parts":` + nested(100000) + `}`, 400, "api-body"},
		{"/v1/screen", `{"surface":"elsewhere","parts":[{"name":"a","text":"b"}]}`, 422, "api-fields"},
		{"/v1/screen", `{"surface":"input","parts":[]}`, 422, "api-fields"},
		{"/v1/screen", `{"surface":"input","parts":[{"name":"a","data":"*"}]}`, 422, "api-fields"},
		{"/v1/screen", `{"surface":"input","parts":[{"name":"a","text":"b","data":"YQ=="}]}`, 422, string(screen.CodeItem)},
		{"/v1/screen", `{"surface":"input","parts":[{"name":"a","text":"b"},{"name":"a","text":"b"}]}`, 422, string(screen.CodeItem)},
		{"/v1/screen", parts(1024), 200, ""},
		{"/v1/screen", parts(5000), 422, "api-fields"},
		{"/v1/screen", ok + strings.Repeat(" ", 16<<20) + `}`, 413, string(httpapi.CodeBodyTooLarge)},
		{"/v1/moderations", `{"input":"a","user":"b","metadata":{"x":` + nested(50) + `}}`, 200, ""},
		{"/v1/moderations", `{"input":[` + texts(5000) + `]}`, 422, string(wire.CodeRequest)},
		{"/v1/moderations", `{"input":` + nested(100000) + `}`, 422, string(wire.CodeRequest)},
		{"/v1/moderations", `{"input":"` + "\xff" + `"}`, 400, "api-body"},
		{"/v1/moderations", ``, 422, string(wire.CodeRequest)},
		{"/v1/moderations", `{"input":"a"` + strings.Repeat(" ", 16<<20) + `}`, 413, string(httpapi.CodeBodyTooLarge)},
		{guardrail, `{"input_type":"request","texts":["a"],"anything":{"x":` + nested(50) + `}}`, 200, ""},
		{guardrail, `{"input_type":"sideways","texts":["a"]}`, 422, string(wire.CodeRequest)},
		{guardrail, `{"input_type":"request","texts":[` + texts(5000) + `]}`, 422, string(wire.CodeRequest)},
		{guardrail, `{"input_type":"request","tools":` + nested(200) + `}`, 422, string(wire.CodeRequest)},
		{guardrail, `{"input_type":"request","texts":["` + "\xff" + `"]}`, 400, "api-body"},
	} {
		out := w.ask("POST", c.path, c.body).as(w.key).send()
		w.clean(out)
		var p httpapi.Problem
		if out.Code != 200 {
			w.must(json.Unmarshal(out.Body.Bytes(), &p))
		}
		if out.Code != c.status || string(p.Code) != c.code {
			t.Errorf("%s %.80s: %d %.300s, want %d %s", c.path, c.body, out.Code, out.Body, c.status, c.code)
		}
	}
	w.ask("POST", "/v1/screen", ok+"}").as(w.key).with("Colophon-Account", "%zz").wantCode(422, httpapi.CodeFields)
	w.ask("POST", "/v1/screen:file", text(strings.Repeat("a", maxUpload+(64<<10)+1))).as(w.key).wantCode(413, httpapi.CodeBodyTooLarge)
	w.ask("POST", "/v1/screen:file", text("a")).as(w.key).with("Content-Digest", "sha-256=:"+strings.Repeat("A", 43)+"=:").wantCode(400, httpapi.CodeContentDigest)
	w.silent()
}

// TestScreenReachesItsFunctions gives a key one function and looks for a way around that.
func TestScreenReachesItsFunctions(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	officer := w.people[staff.Officer].Account.Actor()
	key, _, err := w.config.Roster.CreateKey(t.Context(), officer, "voices", staff.Scope{Actions: keyActions(), Services: []string{"radio"}, Functions: []string{"voice"}}, time.Hour)
	w.must(err)
	body := asked("input", reviewed)
	for function, status := range map[string]int{"dialogue": 403, "voice": 200} {
		body["function"] = function
		if got := w.ask("POST", "/v1/screen", body).as(key).send().Code; got != status {
			t.Errorf("%s: %d", function, got)
		}
		if got := w.ask("POST", "/v1/screen:file?function="+function, text("a")).as(key).send().Code; got != status {
			t.Errorf("file of %s: %d", function, got)
		}
	}
	body["service"] = "television"
	w.ask("POST", "/v1/screen", body).as(key).wantCode(403, staff.CodeKeyScope)
	w.ask("POST", "/v1/screen:file?service=television", text("a")).as(key).wantCode(403, staff.CodeKeyScope)
	body["service"], body["function"] = "radio", "dialogue"
	v := w.screen(body)
	for _, path := range []string{"/v1/judgements", "/v1/held", "/v1/held?function=dialogue", "/v1/held/" + v.Held, "/v1/held/figures?from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z", "/v1/report-duties"} {
		w.ask("GET", path, nil).as(key).wantCode(403, staff.CodeKeyScope)
	}
	var page struct{ Items []httpapi.HeldItem }
	w.ask("GET", "/v1/held?function=voice", nil).as(key).want(200, &page)
	if len(page.Items) != 1 || page.Items[0].Function != "voice" {
		t.Errorf("%+v", page)
	}
	w.ask("GET", "/v1/held/"+page.Items[0].ID, nil).as(key).want(200, nil)
}

// TestJudgedArtefacts takes what a function produced through the screening: refused, and held until two people released it.
func TestJudgedArtefacts(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.judged = true
	w.produce(text("a poem about spring"))
	p := w.ask("POST", upload+"&name=a.txt", text(refused)).as(w.key).wantCode(403, "production-refused")
	if !slices.Contains(p.Clauses, "ds-10") || p.Args["judgement"] == "" {
		t.Errorf("%+v", p)
	}
	content := text(newsy)
	var a httpapi.Artefact
	out := w.ask("POST", upload+"&name=a.txt", content).as(w.key).want(202, &a)
	at := "/v1/artefacts/" + string(a.Number)
	if a.State != "held" || out.Header().Get("Location") != at {
		t.Errorf("%+v %v", a, out.Header())
	}
	w.ask("GET", at+"/content", nil).as(w.key).wantCode(409, "production-not-ready")
	reviewer, officer := w.people[staff.Reviewer], w.people[staff.Officer]
	var page struct{ Items []httpapi.HeldItem }
	w.ask("GET", "/v1/held?about="+string(a.Number), nil).by(reviewer).want(200, &page)
	if len(page.Items) != 1 || page.Items[0].Queue != "news" {
		t.Fatalf("%+v", page)
	}
	item := "/v1/held/" + page.Items[0].ID
	for _, who := range []staff.Opened{reviewer, officer} {
		w.ask("POST", item+":take", nil).by(who).want(200, nil)
		got := w.ask("GET", item+"/content", nil).by(who).want(200, nil)
		if !bytes.Equal(got.Body.Bytes(), content) || got.Header().Get("Colophon-Held-Format") != httpapi.HeldArtefact || got.Header().Get("Content-Disposition") != "attachment" {
			t.Errorf("%v %q", got.Header(), got.Body)
		}
		w.ask("POST", item+":decide", map[string]any{"decision": "release"}).by(who).want(200, nil)
	}
	if n := w.act(); n != 1 {
		t.Errorf("%d outcomes were acted upon", n)
	}
	w.ask("GET", at, nil).as(w.key).want(200, &a)
	if a.State != "received" || a.Job == "" {
		t.Errorf("%+v", a)
	}
	w.silent(newsy, refused)
}
