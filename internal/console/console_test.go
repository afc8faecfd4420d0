package console_test

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/console"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	if _, err := console.New(console.Config{}); err == nil {
		t.Error("pages without a roster")
	}
}

func TestSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token, err := w.roster.OpenSetUp(w.ctx)
	w.fine(err)
	b := w.browser()
	b.want(b.get("/"), http.StatusSeeOther, "/sign-in")
	r := b.send("/set-up", "/set-up", "token", token, "login", login, "password", password, "again", better)
	b.want(r, http.StatusUnprocessableEntity, `value="duty.officer"`, "The two passwords are not the same")
	b.want(r, http.StatusUnprocessableEntity, `value="`+token+`"`)
	b.lacks(r, password, better)
	b.want(b.send("/set-up", "/set-up", "token", token, "login", login, "password", "short", "again", "short"), http.StatusUnprocessableEntity, "12 characters")
	b.want(b.send("/set-up", "/set-up", "token", "wrong", "login", login, "password", password, "again", password), http.StatusForbidden, "has ended")
	b.want(b.send("/set-up", "/set-up", "token", token, "login", login, "password", password, "again", password), http.StatusSeeOther, "/")
	b.want(b.get("/"), http.StatusOK, "Welcome, duty.officer", "Officer", "Manage the staff")
	other := w.browser()
	other.want(other.send("/set-up", "/set-up", "token", token, "login", "second", "password", password, "again", password), http.StatusForbidden, "has ended")
	if strings.Contains(w.log.String(), token) || strings.Contains(w.log.String(), password) {
		t.Errorf("the log has a secret: %s", w.log)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.officer()
	b := w.browser()
	b.want(b.get("/staff"), http.StatusSeeOther, "/sign-in?next=%2Fstaff")
	r := b.send("/sign-in", "/sign-in", "login", login, "password", "wrong password", "next", "/staff")
	b.want(r, http.StatusForbidden, "Signing in was refused", `value="duty.officer"`, `name="next" value="/staff"`)
	b.lacks(r, "wrong password")
	same := b.send("/sign-in", "/sign-in", "login", "nobody", "password", "wrong password", "next", "/staff")
	plain := func(r reply) string {
		return hiddenCSRF().ReplaceAllString(strings.ReplaceAll(r.body, `"nobody"`, `"duty.officer"`), "")
	}
	if plain(same) != plain(r) {
		t.Error("an unknown name is told apart from a wrong password")
	}
	r = b.send("/sign-in", "/sign-in", "login", login, "password", password, "next", "/staff")
	b.want(r, http.StatusSeeOther, "/staff")
	if c := r.Cookies(); len(c) != 1 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("cookies %v", c)
	}
	b.want(b.get("/staff"), http.StatusOK, login)
	first := b.http.Jar.Cookies(r.Request.URL)
	b.want(b.send("/sign-in", "/sign-in", "login", login, "password", password), http.StatusSeeOther, "/")
	for _, c := range first {
		if c.Name == w.roster.SessionCookie(false).Name {
			if _, err := w.roster.Check(w.ctx, c.Value); err == nil {
				t.Error("the session before is still good")
			}
		}
	}
	b.want(b.send("/", "/sign-out"), http.StatusSeeOther, "/sign-in")
	b.want(b.get("/"), http.StatusSeeOther, "/sign-in")
}

// TestRotation signs in with a session that somebody else planted, signs in again and changes the password: each makes another
// session, and the one before opens nothing. Other roles leave none.
func TestRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	last := strings.Repeat("A", 43)
	b := w.browser().with(staff.Opened{Token: last})
	seen := map[string]bool{last: true, o.Token: true}
	turned := func(after string) {
		t.Helper()
		u, err := url.Parse(b.origin)
		w.fine(err)
		at := slices.IndexFunc(b.http.Jar.Cookies(u), func(c *http.Cookie) bool { return c.Name == w.roster.SessionCookie(false).Name })
		now := b.http.Jar.Cookies(u)[at].Value
		if _, err := w.roster.Check(w.ctx, last); err == nil || seen[now] {
			t.Errorf("after %s the session is an old one, or the old one is still good", after)
		}
		seen[now], last = true, now
		b.want(b.get("/account"), http.StatusOK)
	}
	b.want(b.send("/sign-in", "/sign-in", "login", login, "password", password), http.StatusSeeOther, "/")
	turned("signing in")
	b.want(b.send("/sign-in", "/sign-in", "login", login, "password", password), http.StatusSeeOther, "/")
	turned("signing in again")
	b.want(b.send("/account", "/account/password", "current", password, "password", better, "again", better), http.StatusSeeOther)
	turned("another password")
	p := w.person(o, "night.reviewer", staff.Reviewer)
	_, err := w.roster.SetRoles(w.ctx, o.Account.Actor(), p.Account.ID, []staff.Role{staff.Engineer})
	w.fine(err)
	w.browser().want(w.browser().with(p).get("/"), http.StatusSeeOther, "/sign-in")
}

// TestNext tries to be sent elsewhere after signing in.
func TestNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.officer().Account.ID
	for next, want := range map[string]string{
		"//evil.example": "/", "https://evil.example/": "/", "/\\evil.example": "/", "/sign-out": "/", "/sign-in": "/", "/keys": "/keys",
		"/staff/{id}": "/", "/staff/" + string(id): "/staff/" + string(id), "/staff/x": "/staff/x", "/staff/x/y": "/", "/nowhere": "/", "/account?x": "/",
	} {
		b := w.browser()
		b.want(b.send("/sign-in?"+url.Values{"next": {next}}.Encode(), "/sign-in", "login", login, "password", password, "next", next), http.StatusSeeOther, want)
	}
}

func TestThrottled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *staff.Config, _ *console.Config) {
		c.Throttle.Account = staff.Rate{Burst: 2, Every: 90 * time.Second}
	})
	b := w.browser()
	for range 2 {
		b.want(b.send("/sign-in", "/sign-in", "login", "x", "password", "y"), http.StatusForbidden)
	}
	r := b.send("/sign-in", "/sign-in", "login", "x", "password", "y")
	b.want(r, http.StatusTooManyRequests, "Too many attempts", "wait 90 seconds")
	if r.Header.Get("Retry-After") != "90" {
		t.Errorf("Retry-After: %s", r.Header.Get("Retry-After"))
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	for header, want := range map[string]string{"": "en", "zh-CN,zh;q=0.9": "zh-CN", "fr, zh-Hant;q=0.5, en;q=0.4": "zh-CN", "de": "en", "*": "en", ";;": "en"} {
		r, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.origin+"/sign-in", nil)
		w.fine(err)
		r.Header.Set("Accept-Language", header)
		res, err := http.DefaultClient.Do(r)
		w.fine(err)
		body := make([]byte, 200)
		n, _ := res.Body.Read(body)
		res.Body.Close()
		if !strings.Contains(string(body[:n]), `<html lang="`+want+`"`) {
			t.Errorf("%q: %s", header, body[:n])
		}
	}
	b := w.browser().with(o)
	b.want(b.get("/staff/"+string(o.Account.ID)+"?done=roles"), http.StatusOK, "/staff/"+string(o.Account.ID)+"?done=roles&lang=zh")
	b.want(b.get("/staff?after="+string(o.Account.ID)+"&lang=zh"), http.StatusSeeOther, "/staff?after="+string(o.Account.ID))
	b.want(b.get("/staff"), http.StatusOK, `lang="zh-CN"`, "人员", "负责人")
	b.want(b.get("/nowhere"), http.StatusNotFound, "页面不存在", `href="/nowhere?lang=en"`)
	b.want(b.get("/nowhere?lang=en"), http.StatusSeeOther, "/nowhere")
	b.want(b.get("/%5Cevil.example?lang=en"), http.StatusSeeOther, "/%5Cevil.example")
	if r := b.get("/%2Fevil.example?lang=zh"); r.Header.Get("Location") != "/" {
		t.Errorf("sent to %s", r.Header.Get("Location"))
	}
	b.get("/?lang=en")
	b.want(b.get("/sign-in?lang=xx"), http.StatusOK, `lang="en"`)
	if r := b.get("//evil.example/?lang=en"); strings.HasPrefix(r.Header.Get("Location"), "//") {
		t.Errorf("sent to %s", r.Header.Get("Location"))
	}
	// The switch beside a form that failed leads to the page of the form.
	b.want(b.send("/keys/new", "/keys/new", "name", ""), http.StatusUnprocessableEntity, `href="/keys/new?lang=zh"`)
}

func TestStaff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	b := w.browser().with(o)
	b.want(b.send("/staff/new", "/staff/new", "login", "night.reviewer"), http.StatusUnprocessableEntity, "at least one known role", `value="night.reviewer"`)
	b.want(b.send("/staff/new", "/staff/new", "login", login, "role", "auditor"), http.StatusConflict, "belongs to another account", `value="auditor" checked`)
	r := b.send("/staff/new", "/staff/new", "login", "night.reviewer", "role", "auditor", "role", "reviewer")
	b.want(r, http.StatusOK, w.origin+"/invitation#", "night.reviewer")
	_, token, _ := strings.Cut(r.body, "/invitation#")
	token, _, _ = strings.Cut(token, "<")
	b.want(b.get("/staff"), http.StatusOK, "night.reviewer", `<span class="chip">Reviewer</span> <span class="chip">Auditor</span>`, "Invited")

	guest := w.browser()
	guest.want(guest.send("/invitation", "/invitation", "token", token, "password", "x", "again", "x"), http.StatusUnprocessableEntity)
	guest.want(guest.send("/invitation", "/invitation", "token", token, "password", password, "again", password), http.StatusSeeOther, "/")
	guest.want(guest.get("/staff"), http.StatusOK, "night.reviewer")
	guest.lacks(guest.get("/staff"), "/staff/new")
	list, err := w.roster.Accounts(w.ctx, o.Account.Actor(), o.Account.ID, 10)
	w.fine(err)
	person := "/staff/" + string(list[0].ID)
	guest.want(guest.get(person), http.StatusOK, "Read evidence")
	guest.lacks(guest.get(person), person+"/roles", person+"/disable")

	b.want(b.send(person+"/roles", person+"/roles"), http.StatusUnprocessableEntity, "at least one known role")
	b.want(b.send(person+"/roles", person+"/roles", "role", "engineer"), http.StatusSeeOther, person+"?done=person-roles")
	b.want(b.get(person+"?done=person-roles"), http.StatusOK, "The roles were changed", "Engineer")
	b.want(b.get(person+"/roles"), http.StatusOK, `value="engineer" checked`, "staff.roles-changed")
	b.lacks(b.get(person+"?done=<b>"), "<b>")
	guest.want(guest.get("/"), http.StatusSeeOther, "/sign-in")
	b.want(b.send(person+"/invite", person+"/invite"), http.StatusOK, w.origin+"/invitation#")
	b.want(b.send(person+"/disable", person+"/disable"), http.StatusSeeOther, person+"?done=person-disable")
	guest.want(guest.send("/sign-in", "/sign-in", "login", "night.reviewer", "password", password), http.StatusForbidden)
	b.want(b.send(person+"/enable", person+"/enable"), http.StatusSeeOther, person+"?done=person-enable")
	guest.want(guest.send("/sign-in", "/sign-in", "login", "night.reviewer", "password", password), http.StatusSeeOther, "/")

	own := "/staff/" + string(o.Account.ID)
	b.want(b.send(own+"/disable", own+"/disable"), http.StatusForbidden, "own account")
	b.want(b.get("/staff/x"), http.StatusNotFound, "not an identifier")
	b.want(b.get("/staff/01940000-0000-7000-8000-000000000000"), http.StatusNotFound, "no such account")
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	for i := range 105 {
		_, _, err := w.roster.Create(w.ctx, o.Account.Actor(), "p"+string(rune('a'+i/26))+string(rune('a'+i%26)), []staff.Role{staff.Reviewer})
		w.fine(err)
	}
	b := w.browser().with(o)
	var seen []int
	for address := "/staff"; address != ""; {
		page := b.get(address)
		seen = append(seen, strings.Count(page.body, "<th scope=\"row\">"))
		before, _, more := strings.Cut(page.body, `" rel="next"`)
		if address = ""; more {
			address = before[strings.LastIndex(before, `"`)+1:]
		}
	}
	if !slices.Equal(seen, []int{50, 50, 6}) {
		t.Errorf("%v people on the pages", seen)
	}
	b.want(b.get("/staff?cursor=x"), http.StatusNotFound)
}

func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	b := w.browser().with(o)
	fields := []string{"key-actions", "artefact.create", "key-actions", "artefact.read", "services", "* ", "functions", "face  voice", "life", "90"}
	b.want(b.send("/keys/new", "/keys/new", append(fields, "name", "")...), http.StatusUnprocessableEntity, `value="artefact.create" checked`, "face  voice")
	b.want(b.send("/keys/new", "/keys/new", append(fields[:len(fields)-1:len(fields)-1], "x", "name", "web")...), http.StatusUnprocessableEntity)
	b.want(b.send("/keys/new", "/keys/new", append(fields, "name", "web", "key-actions", "staff.manage")...), http.StatusUnprocessableEntity)
	r := b.send("/keys/new", "/keys/new", append(fields, "name", "web")...)
	text := regexp.MustCompile(`clp_[0-9A-Za-z]{49}`)
	b.want(r, http.StatusOK, "web", text.FindString(r.body))
	k, err := w.roster.CheckKey(w.ctx, text.FindString(r.body))
	w.fine(err)
	if !slices.Equal(k.Scope.Functions, []string{"face", "voice"}) || !slices.Equal(k.Scope.Services, []string{"*"}) || k.Ends.Sub(k.Created) != 90*24*time.Hour {
		t.Errorf("key %+v", k)
	}
	r = b.get("/keys")
	b.want(r, http.StatusOK, "web", "voice", "good")
	if text.MatchString(r.body) {
		t.Error("a key is shown twice")
	}
	key := "/keys/" + string(k.ID)
	b.want(b.send(key+"/rotate", key+"/rotate", "overlap", "1000"), http.StatusUnprocessableEntity)
	b.want(b.get(key+"/rotate"), http.StatusOK, "web", "apikey.rotated")
	r = b.send(key+"/rotate", key+"/rotate", "overlap", "7")
	b.want(r, http.StatusOK)
	after, err := w.roster.CheckKey(w.ctx, text.FindString(r.body))
	w.fine(err)
	b.want(b.get("/keys"), http.StatusOK, "Rotated, good until it ends")
	b.want(b.send("/keys", key+"/rotate", "overlap", "7"), http.StatusConflict, "rotated already")
	w.pass(7 * 24 * time.Hour)
	o, err = w.roster.SignIn(w.ctx, login, password, w.attempt())
	w.fine(err)
	b.with(o)
	b.want(b.get("/keys"), http.StatusOK, "Ended")
	heir := "/keys/" + string(after.ID)
	b.want(b.get(heir+"/revoke"), http.StatusOK, "was last used at", "apikey.revoked")
	b.want(b.send(heir+"/revoke", heir+"/revoke"), http.StatusSeeOther, heir+"?done=key-revoke")
	b.want(b.get(heir+"?done=key-revoke"), http.StatusOK, "The API key was revoked", "revoked")
	b.want(b.send("/keys", "/keys/x/revoke"), http.StatusNotFound)
}

func TestAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.officer()
	b := w.browser().with(o)
	change := func(current, wanted string) reply {
		return b.send("/account", "/account/password", "current", current, "password", wanted, "again", wanted)
	}
	b.want(change("wrong password", better), http.StatusForbidden, "The password is not right")
	b.want(change(password, login+"1234"), http.StatusUnprocessableEntity, "anybody would try")
	b.want(change(password, better), http.StatusSeeOther, "/account?done=password")
	b.want(b.get("/account?done=password"), http.StatusOK, "The password was changed")
	if _, err := w.roster.Check(w.ctx, o.Token); err == nil {
		t.Error("the session before is still good")
	}
	b.want(b.send("/account", "/account/passkeys/AAAA/remove"), http.StatusNotFound, "no such passkey")
	b.want(b.send("/account", "/account/passkeys/%25/remove"), http.StatusNotFound, "no such passkey")
	b.want(b.send("/account", "/account/passkey", "response", "{}"), http.StatusForbidden)
	w.pass(10 * time.Minute)
	b.want(b.get("/sign-in?again=1&next=%2Faccount"), http.StatusOK, "needs proof that it is you", `value="/account"`)
	b.want(b.send("/account", "/account/passkey/begin"), http.StatusUnauthorized, `{"to":"/sign-in?again=1`)
	other, err := w.roster.SignIn(w.ctx, login, better, w.attempt())
	w.fine(err)
	b.want(b.send("/account/sign-out", "/account/sign-out"), http.StatusSeeOther, "/sign-in")
	if _, err := w.roster.Check(w.ctx, other.Token); err == nil {
		t.Error("another session is still good")
	}
}

// provider is an OpenID provider that knows one person.
type provider struct{ origin string }

func (p provider) Begin(_ context.Context, issuer string) (string, []byte, error) {
	if issuer != p.origin {
		return "", nil, &colophon.Error{Kind: colophon.Missing, Code: "oidc-issuer-unknown"}
	}
	return p.origin + "/authorize?state=1&x=%3B", []byte("flow"), nil
}

func (p provider) Finish(_ context.Context, state []byte, sent url.Values) (staff.Claims, error) {
	if string(state) != "flow" || sent.Get("code") != "good" {
		return staff.Claims{}, &colophon.Error{Kind: colophon.Refused, Code: "oidc-denied"}
	}
	return staff.Claims{Identity: staff.Identity{Issuer: p.origin, Subject: "s1"}, Values: map[string]any{"group": "audit"}}, nil
}

func withProvider(p provider) func(*staff.Config, *console.Config) {
	return func(people *staff.Config, pages *console.Config) {
		people.Issuers = []staff.IssuerRule{{Issuer: p.origin, Create: true, Roles: []staff.RoleRule{{Claim: staff.Claim{Name: "group", Value: "audit"}, Role: staff.Auditor}}}}
		pages.OIDC, pages.Providers = p, []console.Provider{{Issuer: p.origin, Name: "Example ID"}}
	}
}

func TestProvider(t *testing.T) {
	t.Parallel()
	p := provider{"https://id.example"}
	w := newWorld(t, withProvider(p))
	w.officer()
	b := w.browser()
	b.want(b.get("/sign-in"), http.StatusOK, "Sign in with Example ID")
	b.want(b.send("/sign-in", "/sign-in/provider", "issuer", "https://other.example"), http.StatusNotFound, "not on the list")
	b.want(b.get("/oidc?code=good"), http.StatusForbidden, "has ended")
	r := b.send("/sign-in?next=/staff", "/sign-in/provider", "issuer", p.origin, "next", "/staff")
	b.want(r, http.StatusOK, `href="https://id.example/authorize?state=1&x=%3B"`)
	if r.Header.Get("Refresh") != "0; url=https://id.example/authorize?state=1&x=%3B" {
		t.Errorf("Refresh: %s", r.Header.Get("Refresh"))
	}
	stranger := w.browser()
	stranger.want(stranger.get("/oidc?code=good"), http.StatusForbidden, "has ended")
	b.want(b.get("/oidc?code=bad"), http.StatusForbidden, "did not let you sign in", `href="/sign-in?lang=zh"`)
	b.want(b.get("/oidc?code=good"), http.StatusForbidden, "has ended") // one flow, one answer
	b.want(b.send("/sign-in", "/sign-in/provider", "issuer", p.origin, "next", "/staff"), http.StatusOK)
	b.want(b.get("/oidc?code=good"), http.StatusSeeOther, "/staff")
	b.want(b.get("/staff"), http.StatusOK, "No login name", "https://id.example")
	b.lacks(b.get("/account"), "/account/password")
}

// TestBody sends forms that are none.
func TestBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	b.get("/sign-in")
	b.want(b.do(http.MethodPost, "/sign-in", url.Values{"login": {strings.Repeat("x", 300<<10)}}), http.StatusUnprocessableEntity, "too long or damaged")
	b.want(b.do(http.MethodPut, "/sign-in", url.Values{}), http.StatusNotFound, "no such page")
	for name, value := range map[string]string{"login": "<script>alert(1)</script>", "password": "x"} {
		r := b.send("/sign-in", "/sign-in", name, value)
		if strings.Contains(r.body, "<script>alert") {
			t.Errorf("%s comes back as it is", name)
		}
	}
}

// TestWords finds words that no page says, and pages that say what is no word.
func TestWords(t *testing.T) {
	t.Parallel()
	used, said := map[string]bool{}, map[string]bool{}
	for _, dir := range []string{".", "templates"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if f.IsDir() || strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			text, err := os.ReadFile(dir + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`"(page-[a-z0-9-]*[a-z0-9])"`).FindAllStringSubmatch(html.UnescapeString(string(text)), -1) {
				used[m[1]] = true
			}
			for _, m := range regexp.MustCompile(`tableOf\("([a-z0-9-]*[a-z0-9])", `).FindAllStringSubmatch(string(text), -1) {
				used[m[1]] = true // for those who can't see it
			}
			for _, m := range regexp.MustCompile(`"([a-z0-9-]+)"`).FindAllStringSubmatch(html.UnescapeString(string(text)), -1) {
				said[m[1]] = true
			}
		}
	}
	// Where a page puts a key together, its beginning and what is put to it stand in the sources.
	made := func(key string) bool {
		for i, c := range key {
			if c == '-' && said[key[:i+1]] && (said[key[i+1:]] || said[strings.TrimSuffix(key[i+1:], "-about")]) {
				return true
			}
		}
		return false
	}
	for _, row := range console.Rows() {
		for _, key := range row.Words {
			used[key] = true
		}
	}
	for _, status := range []string{"403", "429", "500"} {
		used["page-error-"+status] = true
	}
	for _, deed := range []string{"password", "passkey"} {
		used["page-done-"+deed] = true
	}
	for _, state := range []string{"good", "replaced", "ended", "revoked"} {
		used["page-key-"+state] = true
	}
	for _, role := range staff.Roles() {
		used["page-role-"+string(role)], used["page-role-about-"+string(role)] = true, true
	}
	for _, action := range staff.Actions() {
		used["page-action-"+string(action)] = true
	}
	for _, m := range []staff.Method{staff.MethodPassword, staff.MethodPasskey, staff.MethodOIDC, staff.MethodSetUp, staff.MethodInvitation} {
		used["page-method-"+string(m)] = true
	}
	for _, key := range guestWords() {
		used[key] = true
	}
	for _, lang := range []locale.Language{locale.English, locale.Chinese} {
		p, err := say(lang)
		if err != nil {
			t.Fatal(err)
		}
		for key := range used {
			if p.Say(key) == key {
				t.Errorf("%s in %s is missing", key, lang)
			}
		}
		for _, key := range p.(*locale.Printer).Keys() {
			if strings.HasPrefix(key, "page-") && !used[key] && !made(key) {
				t.Errorf("nobody says %s", key)
			}
		}
	}
}

// TestFirstKey makes the first key by the guide: it may what whoever makes it may, and its page tells no more.
func TestFirstKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *staff.Config, c *console.Config) {
		c.API = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, `{"data":[]}`) })
	})
	o := w.officer()
	text := regexp.MustCompile(`clp_[0-9A-Za-z]{49}`)
	made := func(p staff.Opened, n int) reply {
		t.Helper()
		b := w.browser().with(p)
		r := b.send("/account", "/guide/key", "name", "first")
		b.want(r, http.StatusOK, "shown once", "Ask models")
		k, err := w.roster.CheckKey(w.ctx, text.FindString(r.body))
		if err != nil || len(k.Scope.Actions) != n {
			t.Errorf("%+v, %v", k, err)
		}
		return r
	}
	if r := made(o, 4); !strings.Contains(r.body, "colophon-verify") {
		t.Error("an officer is not told how to prove")
	}
	if r := made(w.person(o, "first.engineer", staff.Engineer), 3); strings.Contains(r.body, "colophon-verify") {
		t.Error("an engineer, whose key makes no bundles, is told how to make one")
	}
}
