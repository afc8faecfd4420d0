package app

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	api "github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// walker goes through the pages of a server as somebody who wishes it ill.
type walker struct {
	*hands
	http    *http.Client
	origin  string
	seen    map[string]int    // visits, by the pattern of an address
	where   map[string]string // an address of each pattern
	forms   map[string]form   // by the pattern of where they go
	asked   map[string]bool   // forms that ask, by where they go
	queue   []string
	bodies  int // read
	escaped int // that showed what was sent
	made    int // records that a form had announced
}

// form is one of a page.
type form struct {
	page, to string
	files    bool
	body     string
	makes    []string // types of records, one of which it makes
}

// evil is put into every text. Neither of its halves may come back as it is.
const evil = `"><img src=x onerror=alert(1)>'</script><script>alert(2)</script>`

var (
	formTag  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"([^>]*)>(.*?)</form>`)
	askTag   = regexp.MustCompile(`(?s)<form\b[^>]*action="([^"]*)"[^>]*method="get"[^>]*>(.*?)</form>`)
	fieldTag = regexp.MustCompile(`(?s)<(?:(input|textarea|button)\b([^>]*)|(select)\b([^>]*)>(.*?)</select)>`)
	attrTag  = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
	linkTag  = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)`)
	plainTag = regexp.MustCompile(`<button(?: class="[^"]*")?>`)
	keptTag  = regexp.MustCompile(`<option value="([^"]*)" selected`)
	optTag   = regexp.MustCompile(`<option value="([^"]+)"`)
	makesTag = regexp.MustCompile(`It makes a record in the evidence:([^\n]*?)</p>`)
	typeTag  = regexp.MustCompile(`<code>([^<]*)</code>`)
	whyTag   = regexp.MustCompile(`(?s)role="alert"[^>]*>(.*?)</p>`)
	wordless = regexp.MustCompile(`(?s)<(pre|code|textarea|script)\b.*?</(pre|code|textarea|script)>|<[^>]*>`)
	gapTag   = regexp.MustCompile(`.{0,60}\{[a-z]+\}.{0,20}`)
	varying  = regexp.MustCompile(`/([0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+|[A-Z2-7]{20,}|[a-z]+-[a-z]+-[0-9]{4}|(?:chat|paint|voice|own)-[0-9]|portrait-swap|studio|assistant)\b`)
)

func newWalker(h *hands) *walker {
	h.Helper()
	jar, err := cookiejar.New(nil)
	h.must(err)
	return &walker{hands: h, origin: "http://" + h.address, seen: map[string]int{}, where: map[string]string{}, forms: map[string]form{}, asked: map[string]bool{},
		http: &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// TestNoStoredScript signs in, follows every link, fills every text of every form with a script and sends it, and then reads
// all pages again: the script comes back nowhere as it is, and the pages still answer. Most forms are taken, since one that
// is refused keeps nothing; and a form that says which record it makes makes one.
func TestNoStoredScript(t *testing.T) {
	t.Parallel()
	h, end := found(t)
	t.Cleanup(end)
	w := newWalker(h)
	if status, _, _ := w.offer(form{page: "/sign-in", to: "/sign-in"}, map[string]string{"login": "second.officer", "password": officerPhrase}); status != http.StatusSeeOther {
		t.Fatalf("signing in answers with %d", status)
	}
	w.walk("/")
	first := len(w.seen)
	if first < 60 || len(w.forms) < 60 {
		t.Errorf("only %d pages with %d forms were found", first, len(w.forms))
	}
	w.byRole()
	var taken, refused []string
	for _, to := range w.order() {
		switch why, done := w.fill(w.forms[to]); {
		case done:
			taken = append(taken, to)
		case why != "":
			refused = append(refused, to+" ("+why+")")
		}
	}
	w.seen, w.queue, w.escaped = map[string]int{}, nil, 0
	w.walk("/")
	t.Logf("%d pages, %d asked; %d forms taken; %d records; %d pages show what was sent; %d answers read", first, len(w.asked), len(taken), w.made, w.escaped, w.bodies)
	if len(taken) < 4*len(refused) {
		t.Errorf("%d forms were taken, and %d were not:\n%s", len(taken), len(refused), strings.Join(refused, "\n"))
	}
	if len(w.seen) < first || w.escaped < 25 || w.made < 40 {
		t.Errorf("%d pages became %d, %d show what was sent, %d records were made", first, len(w.seen), w.escaped, w.made)
	}
}

// byRole asks for every page that was found as each role of the staff: it is shown to whom the table of roles names, and to
// the others the page that refuses.
func (w *walker) byRole() {
	w.Helper()
	table, err := os.ReadFile("../console/testdata/roles.txt")
	w.must(err)
	type row struct {
		path      *regexp.Regexp
		variables int
		roles     []string
	}
	var rows []row
	variable := regexp.MustCompile(`\\\{[a-z]+\\\}`)
	for line := range strings.Lines(string(table)) {
		if words := strings.Fields(line); len(words) >= 3 && words[0] == http.MethodGet {
			rows = append(rows, row{regexp.MustCompile("^" + variable.ReplaceAllString(regexp.QuoteMeta(words[1]), "[^/]+") + "$"), strings.Count(words[1], "{"), words[2:]})
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return a.variables - b.variables }) // the one that fits with the fewest variables counts
	asked := 0
	for _, role := range staff.Roles() {
		one := newWalker(w.hands).as(w.signIn("role-" + string(role)))
		for _, at := range w.where {
			path, _, _ := strings.Cut(at, "?")
			var roles []string
			if fits := slices.IndexFunc(rows, func(r row) bool { return r.path.MatchString(path) }); fits >= 0 {
				roles = rows[fits].roles
			}
			if roles == nil || slices.Contains([]string{"anybody", "stranger", "holder"}, roles[0]) {
				continue
			}
			res, err := one.http.Get(w.origin + at)
			w.must(err)
			text, err := io.ReadAll(res.Body)
			res.Body.Close()
			w.must(err)
			asked++
			refused := res.StatusCode == http.StatusForbidden && bytes.Contains(text, []byte("<h1>Not allowed"))
			shown := res.StatusCode == http.StatusOK || res.StatusCode == http.StatusSeeOther && !strings.HasPrefix(res.Header.Get("Location"), "/sign-in")
			if may := slices.Contains(roles, string(role)); may != shown || may == refused {
				w.Errorf("%s as %s: %d, may %v", at, role, res.StatusCode, may)
			}
		}
	}
	if asked < 400 {
		w.Errorf("only %d pages were asked for", asked)
	}
}

// as gives the walker a session.
func (w *walker) as(session string) *walker {
	w.Helper()
	u, err := url.Parse(w.origin)
	w.must(err)
	w.http.Jar.SetCookies(u, []*http.Cookie{{Name: w.server.roster.SessionCookie(false).Name, Value: session, Path: "/"}})
	return w
}

// order is in which order forms are sent: what stops, ends or changes the rules for others comes last.
func (w *walker) order() []string {
	list := slices.DeleteFunc(slices.Sorted(maps.Keys(w.forms)), func(to string) bool { // the walk needs its session
		return to == "/sign-out" || to == "/sign-in" || strings.HasPrefix(to, "/account/") || strings.HasPrefix(to, "/staff/") || strings.HasPrefix(to, "/set-up")
	})
	rank := func(to string) int {
		for i, last := range []string{"/reject", "/suspend", "/retire", "/revoke", "/remove", "/withdraw", "/publish", "/release", "/erasures", "/stop"} {
			if strings.Contains(to, last) {
				return i + 1
			}
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b string) int { return rank(a) - rank(b) })
	return list
}

func (w *walker) pattern(address string) string {
	path, _, _ := strings.Cut(address, "?")
	return varying.ReplaceAllString(path, "/{}")
}

// get asks for a page and follows where it leads, and looks for what it must not say.
func (w *walker) get(address string) string {
	w.Helper()
	for range 5 {
		res, err := w.http.Get(w.origin + address)
		w.must(err)
		to, body := w.read(address, res)
		if to == "" {
			return body
		}
		address = to
	}
	w.Fatalf("%s leads on and on", address)
	return ""
}

func (w *walker) read(address string, res *http.Response) (to, body string) {
	w.Helper()
	defer res.Body.Close()
	if to := res.Header.Get("Location"); to != "" {
		return to, ""
	}
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		_, err := io.Copy(io.Discard, res.Body)
		w.must(err)
		return "", ""
	}
	text, err := io.ReadAll(res.Body)
	w.must(err)
	w.bodies++
	for _, half := range []string{"<img src=x", "<script>alert"} {
		if i := bytes.Index(text, []byte(half)); i >= 0 {
			w.Errorf("%s repeats a script: %s", address, text[max(0, i-100):min(len(text), i+100)])
		}
	}
	if bytes.Contains(text, []byte("img src=x onerror")) {
		w.escaped++
	}
	if gap := gapTag.Find(wordless.ReplaceAll(text, nil)); gap != nil {
		w.Errorf("%s shows a sentence without its arguments: %s", address, gap)
	}
	if policy := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") && !strings.HasSuffix(policy, "; sandbox") {
		w.Errorf("%s has the policy %q", address, policy)
	}
	if res.StatusCode >= 500 {
		w.Errorf("%s answers with %d", address, res.StatusCode)
	}
	return "", string(text)
}

// walk follows links, to two pages of a pattern at most, and sends forms that ask.
func (w *walker) walk(from string) {
	w.Helper()
	w.queue = append(w.queue, from)
	for len(w.queue) > 0 {
		at := w.queue[0]
		w.queue = w.queue[1:]
		p := w.pattern(at)
		if w.seen[p] >= 2 || strings.HasSuffix(p, ".csv") || strings.HasSuffix(p, "/events") || strings.Contains(at, "lang=") || strings.HasPrefix(p, "/static/") || strings.HasPrefix(p, "/v1/") {
			continue
		}
		w.seen[p]++
		w.where[p] = at
		body := w.get(at)
		for _, f := range w.formsOf(at, body) {
			if to := w.pattern(f.to); w.forms[to].to == "" {
				w.forms[to] = f
			}
		}
		for _, m := range askTag.FindAllStringSubmatch(body, -1) {
			if to := html.UnescapeString(m[1]); !w.asked[to] {
				w.asked[to] = true
				values, _ := fields(m[2], nil)
				w.get(to + "?" + values.Encode())
			}
		}
		for _, l := range linkTag.FindAllStringSubmatch(body, -1) {
			if to := html.UnescapeString(l[1]); !strings.HasPrefix(to, "//") {
				w.queue = append(w.queue, to)
			}
		}
	}
}

func (w *walker) formsOf(page, body string) (list []form) {
	var makes []string
	if m := makesTag.FindStringSubmatch(body); m != nil {
		for _, typ := range typeTag.FindAllStringSubmatch(m[1], -1) {
			makes = append(makes, typ[1])
		}
	}
	for _, m := range formTag.FindAllStringSubmatch(body, -1) {
		f := form{page: page, to: html.UnescapeString(m[1]), files: strings.Contains(m[2], "multipart"), body: m[3]}
		if w.pattern(f.to) == w.pattern(page) {
			f.makes = makes
		}
		list = append(list, f)
	}
	return list
}

// fill sends a form with nothing but scripts in its texts and, if that is refused, with what fits where only that is taken.
// It says why the form was refused; an empty answer of one that was not taken says that the page has it no more.
func (w *walker) fill(f form) (why string, taken bool) {
	w.Helper()
	for _, known := range []map[string]string{nil, w.fitting(f.page)} {
		before := w.newest()
		status, now, body := w.offer(f, known)
		failed := strings.Contains(body, `role="alert"`)
		switch {
		case status == 0 || status == http.StatusConflict && known != nil: // what could be done was done by another form
			return "", false
		case status < 400 && !failed:
			w.announced(now, before, body)
			return "", true
		}
		why = fmt.Sprint(status)
		if m := whyTag.FindStringSubmatch(body); m != nil {
			why += " " + strings.Join(strings.Fields(html.UnescapeString(wordless.ReplaceAllString(m[1], ""))), " ")
		}
	}
	return why, false
}

// newest is the sequence of the newest record.
func (w *walker) newest() uint64 {
	w.Helper()
	list, _, err := w.client(w.second).Records(w.Context(), api.Listing{Limit: 1, Filter: url.Values{"order": {"newest"}}})
	w.must(err)
	return list[0].Sequence
}

// repeated says of acts of the seeded incident that they may change nothing: a report is drafted once, a proof with the same bytes
// is kept once, and kinds that it has already widen nothing.
func repeated(page string) bool {
	return strings.HasPrefix(page, "/incident") && (strings.HasSuffix(page, "/prove") || strings.HasSuffix(page, "/report") || strings.HasSuffix(page, "/widen"))
}

// announced looks for one of the records that a form said it makes.
func (w *walker) announced(f form, before uint64, body string) {
	w.Helper()
	if len(f.makes) == 0 {
		return
	}
	var types []string
	for range 400 {
		list, _, err := w.client(w.second).Records(w.Context(), api.Listing{Limit: 500, Filter: url.Values{"after": {fmt.Sprint(before)}}})
		w.must(err)
		types = nil
		for _, r := range list {
			if types = append(types, r.Type); slices.Contains(f.makes, r.Type) {
				w.made++
				return
			}
		}
		if len(types) == 0 && repeated(f.page) {
			return
		}
	}
	w.Errorf("the form of %s makes records %v, and says %v: %s", f.page, types, f.makes, body)
}

// offer fills and sends the form of a page as it is now, and returns the status and the page that answered, and the form.
func (w *walker) offer(f form, known map[string]string) (status int, now form, body string) {
	w.Helper()
	list := w.formsOf(f.page, w.get(f.page))
	i := slices.IndexFunc(list, func(g form) bool { return w.pattern(g.to) == w.pattern(f.to) })
	if i < 0 {
		return 0, f, "" // what could be done was done by another form
	}
	values, files := fields(list[i].body, known)
	return w.send(list[i], values, files)
}

// fields fills the fields of a form with scripts; where something is known, with that, and then what holds something already
// keeps it and what may stay empty stays empty, but for words that are free.
func fields(body string, known map[string]string) (values url.Values, files []string) {
	values = url.Values{}
	for _, m := range fieldTag.FindAllStringSubmatch(body, -1) {
		tag, attrs := m[1]+m[3], map[string]string{}
		for _, a := range attrTag.FindAllStringSubmatch(m[2]+m[4], -1) {
			attrs[a[1]] = html.UnescapeString(a[2])
		}
		name, kind := attrs["name"], attrs["type"]
		held, free := attrs["value"], slices.Contains(freeWords(), name)
		if tag == "textarea" {
			_, rest, _ := strings.Cut(body[strings.Index(body, m[0]):], ">")
			rest, _, _ = strings.Cut(rest, "</textarea>")
			held = html.UnescapeString(rest)
		}
		keeps := known != nil && !free && (held != "" || !strings.Contains(m[2], " required"))
		switch value, ok := known[name]; {
		case name == "":
		case ok:
			values.Set(name, value)
		case kind == "file":
			files = append(files, name)
		case kind == "hidden":
			values.Add(name, held)
		case tag == "select":
			o := optTag.FindStringSubmatch(m[5])
			if chosen := keptTag.FindStringSubmatch(m[5]); known != nil && chosen != nil {
				o = chosen
			}
			if o != nil {
				values.Set(name, html.UnescapeString(o[1]))
			}
		case tag == "button" && plainTag.MatchString(body): // presses the one without a name
		case tag == "button": // the last is the one that does it
			values.Set(name, held)
		case kind == "radio" || kind == "checkbox":
			if values.Get(name) == "" {
				values.Set(name, held)
			}
		case keeps:
			values.Add(name, held)
		case kind == "number":
			values.Set(name, "1")
		case kind == "date":
			values.Set(name, time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
		case kind == "datetime-local":
			values.Set(name, time.Now().AddDate(0, 1, 0).Format("2006-01-02T15:04"))
		default:
			values.Set(name, evil)
		}
	}
	return values, files
}

// freeWords are fields that take any text.
func freeWords() []string {
	return strings.Fields("reason note name-zh name-en purpose-zh purpose-en method-zh method-en why-asked requester-name depicted-name origin entry-standard source values text data.data-kind data.source risks.risk risks.effect risks.measures " +
		"assessed-purpose assessed-method assessed-basis assessed-necessity assessed-scope assessed-storage assessed-retention agreement-reason")
}

func (w *walker) send(f form, values url.Values, files []string) (status int, sent form, body string) {
	w.Helper()
	kind, text := "application/x-www-form-urlencoded", []byte(values.Encode())
	if f.files {
		var b bytes.Buffer
		parts := multipart.NewWriter(&b)
		for name, list := range values {
			for _, value := range list {
				w.must(parts.WriteField(name, value))
			}
		}
		for _, name := range files {
			part, err := parts.CreateFormFile(name, "a<img src=x onerror=alert(1)>.jpg")
			w.must(err)
			_, err = part.Write(jpegSample(w.T))
			w.must(err)
		}
		w.must(parts.Close())
		kind, text = parts.FormDataContentType(), b.Bytes()
	}
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.origin+f.to, bytes.NewReader(text))
	w.must(err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Origin", w.origin)
	res, err := w.http.Do(req)
	w.must(err)
	to, body := w.read("POST "+f.to, res)
	for to != "" {
		if body = w.get(to); !strings.HasPrefix(to, "/work/") || !strings.Contains(body, to+"/events") || strings.Contains(body, `role="alert"`) { // it goes on no more
			break
		}
	}
	return res.StatusCode, f, body
}

// fitting is what fits into the fields of a page that take no script.
func (w *walker) fitting(page string) map[string]string {
	w.Helper()
	one := w.client(w.first)
	hooks, err := one.Webhooks(w.Context())
	w.must(err)
	items, _, err := one.Artefacts(w.Context(), api.Listing{Limit: 1})
	w.must(err)
	past := time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04")
	known := map[string]string{
		"account": "walked-1", "own-account": "holder-4711@example.cn", "subject": fine(one.FindAccount(w.Context(), "holder-4711@example.cn"))(w.hands),
		"id": "walked", "forms.address": "https://walked.example", "address": "http://" + hooks[0].Host + "/walked", "numbers": string(items[0].Number), "uscc": trial[4:22],
		"verifier": "own-registration", "transaction": "walked-1", "verified-at": past, "told-at": past, "filed-at": past, "told-how": "letter",
		"happened": time.Now().AddDate(0, 0, -2).Format(time.DateOnly), "reason-word": "walked", "key-name": "walked", "key-text": "walked-1", "identifier": "walked", "bucket": "walked", "models.model": "pencil",
		"proof-level": "two-factor", "method": "resident-id", "real-name": holderName, "version": "walked-1",
		"text-zh": "一条规则。", "text-en": "A rule.",
	}
	for at, more := range map[string]map[string]string{"/assessments": {"function": "voice-1"}, "/accounts/": {"number": holderNumber}, "/standing-rules": {"do": "propose"}, "/consents/ask": {"purpose": "advert", "account": holder}, "/functions/new": {"service": "studio", "kind": "image-generation", "class": "other", "filing": "preparing"},
		"/playground/prepare": {"organisation": "Studio"}, "/recall-feeds/new": {"recall-url": w.guard.URL + "/recall/lines", "recall-key": string(w.guard.fed["key"])},
		"/rumours/": {"rumour-why-zh": evil + squareReason().ZH + squareReason().ZH, "rumour-why-en": evil + squareReason().EN}} {
		if strings.HasPrefix(page, at) {
			maps.Copy(known, more)
		}
	}
	return known
}
