package console_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/staff"
)

// TestLinkPage opens links: to look at the page opens none, and one browser has it from then on.
func TestLinkPage(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	token := g.link(link.Consent, e.Subject, e.ID)
	b := g.browser()
	for range 3 { // previews
		b.want(b.get("/link"), 200, "data-fragment")
	}
	b.want(b.get("/consent"), 403, "Open the link that you were given first")
	b.want(b.do("POST", "/link", url.Values{"token": {token}}), 403, "out of date")
	wrong := "A" + token[1:]
	if wrong == token {
		wrong = "B" + token[1:]
	}
	r := b.send("/link", "/link", "token", wrong)
	b.want(r, 404, "There is no such link")
	b.lacks(r, wrong)
	r = b.send("/link", "/link", "token", token)
	b.want(r, 303, "/consent")
	for _, c := range r.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge != 7*24*3600 {
			t.Errorf("cookie %v", c)
		}
	}
	b.want(b.get("/consent"), 200, "Example Studio")
	r = b.get("/consent")
	if !strings.Contains(r.Header.Get("Permissions-Policy"), "camera=(self), microphone=(self)") || !strings.HasSuffix(r.Header.Get("Content-Security-Policy"), "media-src blob:") {
		t.Errorf("policies %v", r.Header)
	}
	if r := b.get("/receipt"); !strings.Contains(r.Header.Get("Permissions-Policy"), "camera=(), microphone=()") {
		t.Errorf("policies %v", r.Header)
	}
	b.want(b.get("/verification"), 403, "Open the link that you were given first")
	b.want(b.do("POST", "/consent", url.Values{"answer": {"give"}}), 403, "out of date")

	other := g.browser()
	r = other.send("/link", "/link", "token", token)
	other.want(r, 403, "opened in another browser")
	other.lacks(r, token)
	other.want(other.get("/consent"), 403)
	b.want(b.send("/consent", "/consent", "answer", "refuse"), 200, "You have refused")
	b.want(b.get("/consent"), 403, "was used already")
	b.want(b.do("GET", "/consent?lang=zh", nil), 303, "/consent")
	b.want(b.get("/consent"), 403, "该链接已使用")
	if log := g.log.String(); strings.Contains(log, token) {
		t.Errorf("the log has a token: %s", log)
	}
}

// TestHolders asks for every page of a holder with links that are not the right ones.
func TestHolders(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	tokens := map[link.Purpose]string{link.Consent: g.link(link.Consent, e.Subject, e.ID), link.Agreement: g.link(link.Agreement, user, ""), link.Verification: g.link(link.Verification, user, "")}
	for _, row := range console.Rows() {
		if !row.Held {
			continue
		}
		for purpose, token := range tokens {
			if strings.HasPrefix(row.Path, "/"+string(purpose)) {
				continue
			}
			b := g.browser()
			u, err := url.Parse(g.origin)
			g.fine(err)
			for _, name := range []string{"colophon-form-consent", "colophon-form-verification", "colophon-form-agreement"} {
				b.http.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: token, Path: "/"}})
			}
			b.want(b.do(row.Method, row.Path, url.Values{"csrf": {"x"}}), 404, "no such link")
		}
		b := g.browser()
		b.want(b.do(row.Method, row.Path, url.Values{"csrf": {"x"}}), 403, "Open the link")
	}
}

// field returns what stands in a hidden field of a page.
func field(r reply, name string) string {
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(r.body)
	if m == nil {
		return ""
	}
	return m[1]
}

func code(r reply) string {
	return regexp.MustCompile(`([0-9A-Z]{5}-){4}[0-9A-Z]{5}`).FindString(r.body)
}

// answer sends the form of the page of a consent.
func (b *browser) answer(fields ...string) reply {
	b.Helper()
	return b.send("/consent", "/consent", append([]string{"answer", "give", "notice", field(b.get("/consent"), "notice"), "modality", "face", "modality", "voice",
		"scenes", "film", "scenes", "poster", "channels", "app"}, fields...)...)
}

// TestConsentGiven gives a consent without a script and without a recording, comes back, withdraws it, and gets the proof.
func TestConsentGiven(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	b := g.asked(e)
	r := b.get("/consent")
	b.want(r, 200, "a film about the sea", "advertising", "film, poster", "Never for: political", "20 at most", "Asked separately", "counts as claimed only", `name="train" value="1">`)
	before := len(g.now(e.ID).Value.Events)
	b.get("/consent")
	if now := g.now(e.ID); now.State != "shown" || len(now.Value.Events) != before {
		t.Errorf("state %s; %d events, then %d", now.State, before, len(now.Value.Events))
	}
	b.want(b.send("/consent", "/consent", "answer", "give", "notice", "another", "modality", "face", "scenes", "film", "channels", "app"), 409)
	r = b.answer()
	b.want(r, 200, "You have agreed", "no recording, so your consent counts as claimed only")
	now := g.now(e.ID)
	if now.State != "given" || now.Value.Level != consent.Claimed || now.Value.Terms.Train || now.Value.Terms.Uses != 20 {
		t.Errorf("%s %+v", now.State, now.Value)
	}
	receipt := code(r)
	if receipt == "" {
		t.Fatal(r.body)
	}
	file := b.do("POST", "/receipt/file", url.Values{"csrf": {field(r, "csrf")}, "code": {receipt}})
	if file.StatusCode != 200 || !strings.HasPrefix(file.body, "colophon consent receipt v1\n") || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %v %s", file.StatusCode, file.Header, file.body)
	}

	// Anybody with the code comes back, in any browser and as people type it.
	c := g.browser()
	c.want(c.send("/receipt", "/receipt", "code", strings.Repeat("0", 25)), 404)
	typed := strings.ToLower(strings.ReplaceAll(receipt, "-", " "))
	r = c.send("/receipt", "/receipt", "code", typed)
	c.want(r, 200, "Claimed: there is no recording", "Withdraw my consent", "That is not me", e.ID)
	c.want(c.do("POST", "/receipt/certificate", url.Values{"csrf": {field(r, "csrf")}, "code": {receipt}}), 404)
	r = c.send("/receipt", "/receipt/withdraw", "code", receipt)
	c.want(r, 200, "Withdrawn", "What was deleted")
	c.lacks(r, "Withdraw my consent")
	for range 3 {
		g.fine(g.consents.Tick(g.ctx))
		g.clock.Set(g.clock.Now().Add(24 * time.Hour))
	}
	c.want(c.send("/receipt", "/receipt/withdraw", "code", receipt), 409)
	r = c.send("/receipt", "/receipt", "code", receipt)
	file = c.do("POST", "/receipt/certificate", url.Values{"csrf": {field(r, "csrf")}, "code": {receipt}})
	if file.StatusCode != 200 || !strings.HasPrefix(file.body, "colophon deletion certificate v1\n") {
		t.Errorf("%d %s\n%s", file.StatusCode, file.body, r.body)
	}
	if log := g.log.String(); strings.Contains(log, receipt) {
		t.Errorf("the log has a receipt code: %s", log)
	}
}

// TestConsentNarrowed allows less than is asked, and training, which is asked apart.
func TestConsentNarrowed(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	b := g.asked(e)
	notice := field(b.get("/consent"), "notice")
	last := g.clock.Now().Add(30 * 24 * time.Hour)
	b.want(b.send("/consent", "/consent", "answer", "give", "notice", notice, "modality", "voice", "scenes", "film", "channels", "app", "uses", "30"), 422)
	b.want(b.send("/consent", "/consent", "answer", "give", "notice", notice, "modality", "voice", "scenes", "film", "channels", "app", "until", "tomorrow"), 422)
	// The page comes again as it was filled in, and nothing that the person took out has come back.
	r := b.send("/consent", "/consent", "answer", "give", "notice", notice, "modality", "voice", "scenes", "film", "uses", "7", "until", "2026-12-01", "train", "1", "kinship", "parent")
	b.want(r, 422, "at least one in each list", "<details open>", `value="voice" checked`, `value="film" checked`, `value="7"`, `value="2026-12-01"`, `name="train" value="1" checked`)
	b.lacks(r, `value="face" checked`, `value="poster" checked`, `value="app" checked`)
	r = b.send("/consent", "/consent/phrase", "notice", notice, "modality", "voice", "scenes", "film", "scenes", "poster", "channels", "app", "uses", "20")
	b.want(r, 200, "Read this aloud", "<details open>", `value="voice" checked`, `value="poster" checked`)
	b.lacks(r, `value="face" checked`, `name="train" value="1" checked`)
	b.want(b.send("/consent", "/consent", "answer", "give", "notice", notice, "modality", "voice", "scenes", "film", "channels", "app", "uses", "3", "until", last.Format("2006-01-02"), "train", "1"), 200, "You have agreed")
	got := g.now(e.ID).Value.Terms
	if !slices.Equal(got.Modality, []consent.Modality{consent.Voice}) || !slices.Equal(got.Scenes, []string{"film"}) || got.Uses != 3 || !got.Train || !got.Until.Equal(time.Date(2026, 12, 23, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", got)
	}
}

// closing ends links while somebody answers.
type closing struct{ *link.Keeper }

func (closing) Use(context.Context, string) (link.Entry, error) {
	return link.Entry{}, &colophon.Error{Kind: colophon.Refused, Code: link.CodeExpired}
}

// TestConsentGivenLate gives a consent while the link expires: it is given, and the only way back is told.
func TestConsentGivenLate(t *testing.T) {
	t.Parallel()
	g := newGuests(t, func(_ *staff.Config, c *console.Config) { c.Links = closing{c.Links.(*link.Keeper)} })
	e := g.ask(g.terms())
	r := g.asked(e).answer()
	if code(r) == "" || r.StatusCode != 200 || g.now(e.ID).State != "given" {
		t.Errorf("%s, %d %s", g.now(e.ID).State, r.StatusCode, r.body)
	}
}

// TestDispute says "that is not me" before and after a consent was given.
func TestDispute(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	b := g.asked(e)
	b.want(b.send("/consent", "/consent", "answer", "dispute", "note", "I do not know them"), 200, "is frozen")
	if now := g.now(e.ID); now.State != "disputed" {
		t.Errorf("state %s", now.State)
	}
	e = g.ask(g.terms())
	b = g.asked(e)
	receipt := code(b.answer())
	r := b.send("/receipt", "/receipt/dispute", "code", receipt, "note", "the film shows my brother")
	b.want(r, 200, "Frozen", "Withdraw my consent")
	if now := g.now(e.ID); now.State != "disputed" {
		t.Errorf("state %s", now.State)
	}
	b.want(b.send("/receipt", "/receipt/withdraw", "code", receipt), 200, "Withdrawn")
	e = g.ask(g.terms())
	b = g.asked(e)
	b.want(b.send("/consent", "/consent", "answer", "perhaps"), 422)
	b.want(b.send("/consent", "/consent", "answer", "refuse"), 200, "You have refused", "Keep this code")
}

// TestGuesses goes through receipt codes and tokens until it may not.
func TestGuesses(t *testing.T) {
	t.Parallel()
	for path, name := range map[string]string{"/receipt": "code", "/link": "token"} {
		g := newGuests(t, func(c *staff.Config, _ *console.Config) { c.Throttle.Source = staff.Rate{Burst: 3, Every: time.Minute} })
		b := g.browser()
		for i := range 3 {
			b.want(b.send(path, path, name, fmt.Sprintf("%025d", i)), 404)
		}
		b.want(b.send(path, path, name, "3"), 429, "Too many attempts")
	}
}

// film makes a recording with ffmpeg.
func film(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	out, err := exec.CommandContext(t.Context(), mediatest.Tool(t, "ffmpeg"), append(append([]string{"-v", "error"}, args...), file)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	body, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func seen(length string) []string {
	return []string{"-f", "lavfi", "-i", "testsrc=size=160x120:rate=5:duration=" + length}
}

func heard(length string) []string {
	return []string{"-f", "lavfi", "-i", "sine=frequency=300:duration=" + length}
}

// record gets a phrase and sends a recording of it with the form.
func (b *browser) record(body []byte) reply {
	b.Helper()
	shown := b.send("/consent", "/consent/phrase")
	b.want(shown, 200, "Read this aloud")
	return b.post([][2]string{{"csrf", field(shown, "csrf")}, {"notice", field(shown, "notice")}, {"nonce", field(shown, "nonce")}, {"answer", "give"}, {"modality", "face"}, {"modality", "voice"},
		{"scenes", "film"}, {"scenes", "poster"}, {"channels", "app"}}, "recording", body)
}

// post sends the form of a consent with a file in it.
func (b *browser) post(fields [][2]string, name string, body []byte) reply {
	b.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for _, f := range fields {
		b.fine(w.WriteField(f[0], f[1]))
	}
	part, err := w.CreateFormFile(name, "what the browser calls it")
	b.fine(err)
	_, err = part.Write(body)
	b.fine(err)
	b.fine(w.Close())
	req, err := http.NewRequestWithContext(b.ctx, http.MethodPost, b.origin+"/consent", &form)
	b.fine(err)
	req.Header.Set("Content-Type", w.FormDataContentType())
	res, err := b.http.Do(req)
	b.fine(err)
	defer res.Body.Close()
	var text bytes.Buffer
	_, err = text.ReadFrom(res.Body)
	b.fine(err)
	return reply{res, text.String()}
}

// TestRecordings sends files that are no recording of somebody who speaks to the camera, and one that is.
func TestRecordings(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e := g.ask(g.terms())
	b := g.asked(e)
	both := func(length string) []string { return append(seen(length), heard(length)...) }
	for name, test := range map[string]struct {
		body []byte
		says string
	}{
		"text":   {[]byte("<html>I agree"), "no film and no sound recording"},
		"noise":  {append([]byte{0x1a, 0x45, 0xdf, 0xa3}, bytes.Repeat([]byte{7}, 1000)...), "recording"},
		"silent": {film(t, "a.webm", seen("2")...), "Nothing can be heard"},
		"dark":   {film(t, "a.ogg", heard("2")...), "Nobody can be seen"},
		"short":  {film(t, "a.webm", both("0.4")...), "1 to 60 seconds"},
		"long":   {film(t, "a.webm", both("70")...), "1 to 60 seconds"},
		"late":   {film(t, "a.webm", append(both("0.4"), "-output_ts_offset", "9")...), "1 to 60 seconds"},
	} {
		r := b.record(test.body)
		if r.StatusCode < 400 || r.StatusCode >= 500 || !strings.Contains(r.body, test.says) {
			t.Errorf("%s: %d %s", name, r.StatusCode, r.body)
		}
		if now := g.now(e.ID); now.State != "shown" || now.Value.Level != consent.Claimed || now.Value.Capture != nil {
			t.Errorf("%s: %s, %+v", name, now.State, now.Value.Capture)
		}
	}
	r := b.record(make([]byte, console.MaxRecording+2<<20))
	if r.StatusCode != 422 {
		t.Errorf("too large: %d %s", r.StatusCode, r.body)
	}
	r = b.record(film(t, "a.mp4", both("2")...))
	b.want(r, 200, "Your recording is kept as proof. It was not compared with anything.")
	if now := g.now(e.ID); now.State != "given" || now.Value.Level != consent.Recorded || now.Value.Capture == nil {
		t.Errorf("%s %+v", now.State, now.Value)
	}

	// Where nothing can look into recordings, none is taken.
	g = newGuests(t, func(_ *staff.Config, c *console.Config) { c.Tools = nil })
	b = g.asked(g.ask(g.terms()))
	r = b.get("/consent")
	b.want(r, 200, "counts as claimed only")
	b.lacks(r, "Get a phrase")
	b.want(b.send("/consent", "/consent/phrase"), 404)
}

// TestGuardian has a guardian decide, who brings a proof of it.
func TestGuardian(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	e, err := g.consents.Request(g.ctx, ledger.By{Role: "application", ID: "key-1"}, consent.Request{Requester: user, Person: consent.Minor, Language: "en", Terms: g.terms(),
		RequesterName: "Example Studio", Why: "a film about the sea"})
	g.fine(err)
	b := g.asked(e)
	shown := b.get("/consent")
	b.want(shown, 200, "You decide for a child under 14", "guardian</option>", "Proof of the relation")
	b.lacks(shown, "spouse", "no will of the person")
	fields := [][2]string{{"csrf", field(shown, "csrf")}, {"notice", field(shown, "notice")}, {"answer", "give"}, {"modality", "face"}, {"modality", "voice"}, {"scenes", "film"}, {"scenes", "poster"},
		{"channels", "app"}, {"kinship", "parent"}, {"grantor", " Zhang Da "}}
	b.want(b.post(fields, "proof", nil), 422, "Add a picture or a PDF")
	b.want(b.post(fields, "proof", []byte("I am the father")), 422, "Add a picture or a PDF")
	b.want(b.post(fields, "proof", film(t, "register.png", append(seen("1"), "-frames:v", "1")...)), 200, "You have agreed")
	if now := g.now(e.ID); now.State != "given" || now.Value.Relation == nil || now.Value.Relation.State != consent.RelationBrought || now.Value.Relation.Kinship != consent.Parent {
		t.Errorf("%s %+v", now.State, now.Value.Relation)
	}
}

// verified returns a browser that opened the link to be verified.
func (g *guests) verified(who evidence.Subject) *browser {
	g.Helper()
	b := g.browser()
	b.want(b.send("/link", "/link", "token", g.link(link.Verification, who, "")), 303, "/verification")
	return b
}

func (g *guests) level(who evidence.Subject) string {
	g.Helper()
	a, err := g.registrar.Account(g.ctx, who)
	g.fine(err)
	return a.Level.String()
}

// TestVerification verifies accounts by each kind of way.
func TestVerification(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	b := g.verified(user)
	r := b.get("/verification")
	b.want(r, 200, "Code by text message", "Document number and name", "National network identity", "You need not choose this")
	const number = "11010519491231002X"
	claim := func(name string) []string {
		return []string{"source", "office", "kind", "resident-id", "number", number, "name", name}
	}
	for name, says := range map[string]string{"某某乙": "does not match", "某某丙": "no record of this number", "某某丁": "could not tell"} {
		r := b.send("/verification", "/verification", claim(name)...)
		b.want(r, 403, says)
		b.lacks(r, number)
	}
	b.want(b.send("/verification", "/verification", "source", "office", "kind", "resident-id", "number", "1", "name", "某某甲"), 422)
	b.want(b.send("/verification", "/verification", "source", "nobody"), 422)
	if l := g.level(user); l != "none" {
		t.Fatalf("level %s", l)
	}
	b.want(b.send("/verification", "/verification", claim("某某甲")...), 200, "You are verified", "Number and name")
	if l := g.level(user); l != "two-factor" {
		t.Errorf("level %s", l)
	}
	b.want(b.get("/verification"), 403, "was used already")

	b = g.verified("account-2")
	b.want(b.send("/verification", "/verification", "source", "text", "phone", "13800138000"), 303, "/verification")
	b.want(b.get("/verification"), 200, "Code that was sent to your phone")
	b.want(b.send("/verification", "/verification/code", "code", "000000"), 403, "not the code")
	b.want(b.send("/verification", "/verification/code", "code", "123456"), 200, "You are verified", "Phone number")
	if l := g.level("account-2"); l != "phone" {
		t.Errorf("level %s", l)
	}

	b = g.verified("account-3")
	r = b.send("/verification", "/verification", "source", "door")
	b.want(r, 200, "taken to the provider")
	if to := r.Header.Get("Refresh"); to != "0; url="+g.origin+"/verification/return?pass=yes" {
		t.Errorf("the browser is sent to %s", to)
	}
	u, err := url.Parse(g.origin)
	g.fine(err)
	pending := slices.IndexFunc(b.http.Jar.Cookies(u), func(c *http.Cookie) bool { return strings.HasSuffix(c.Name, "-pending") })
	thief := g.verified("account-4") // somebody else's verification is not to be had
	thief.http.Jar.SetCookies(u, []*http.Cookie{b.http.Jar.Cookies(u)[pending]})
	thief.want(thief.get("/verification/return?pass=yes"), 404)
	r = b.get("/verification/return?pass=yes")
	b.want(r, 200, "You are verified", "National network identity", "<h1>Verify who you are</h1>")
	b.lacks(r, "pass=yes")
	if l := g.level("account-3"); l != "network-id" {
		t.Errorf("level %s", l)
	}
	if log := g.log.String(); strings.Contains(log, number) || strings.Contains(log, "13800138000") || strings.Contains(log, "某某甲") {
		t.Errorf("the log has personal data: %s", log)
	}
}

// only is a registrar that has some of the sources.
type only struct {
	console.Registrar
	later []identity.Facts
}

func (o only) Sources() (now, later []identity.Facts) { return nil, o.later }

func TestFaceIsNotTheOnlyWay(t *testing.T) {
	t.Parallel()
	for says, later := range map[string][]identity.Facts{"": {door{face: true}.Facts()}, "the provider has to set up a way": nil} {
		g := newGuests(t, func(_ *staff.Config, c *console.Config) { c.Registrar = only{c.Registrar, later} })
		b := g.verified(user)
		r := b.get("/verification")
		if r.StatusCode != 403 && r.StatusCode != 422 || !strings.Contains(r.body, says) {
			t.Errorf("%d %s", r.StatusCode, r.body)
		}
		b.lacks(r, "Face recognition")
	}
}

// TestAgreement accepts what is in force, and is asked for nothing twice.
func TestAgreement(t *testing.T) {
	t.Parallel()
	g := newGuests(t)
	opened := func() *browser {
		b := g.browser()
		b.want(b.send("/link", "/link", "token", g.link(link.Agreement, user, "")), 303, "/agreement")
		return b
	}
	b := opened()
	b.want(b.get("/agreement"), 200, "nothing to accept")
	rules := g.publish(agreement.Rules, "House rules", "Be **kind**.")
	label := g.publish(agreement.LabelMethods, "Labels", "Content is labelled.")
	r := b.get("/agreement")
	b.want(r, 200, "<h1>House rules</h1>", "<strong>kind</strong>", "version 1", "I have read and accept: Labels")
	digests := []string{"language", "en", "digest-" + rules.ID, field(r, "digest-"+rules.ID), "digest-" + label.ID, field(r, "digest-"+label.ID)}
	b.want(b.send("/agreement", "/agreement", append(digests, "accept-"+rules.ID, "1")...), 422, "Tick every text")
	b.want(b.send("/agreement", "/agreement", "language", "en", "digest-"+rules.ID, "x", "accept-"+rules.ID, "1", "accept-"+label.ID, "1"), 403)
	b.want(b.send("/agreement", "/agreement", append(digests, "accept-"+rules.ID, "1", "accept-"+label.ID, "1")...), 200, "Your acceptance is recorded")
	accepted, err := g.agreements.Accepted(g.ctx, user)
	g.fine(err)
	if len(accepted) != 2 || accepted[0].How != agreement.Page || accepted[0].Language != "en" {
		t.Errorf("%+v", accepted)
	}
	b.want(opened().get("/agreement"), 200, "nothing to accept")
}
