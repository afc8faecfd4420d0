package app

import (
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// walker goes through the pages of a server as somebody of the staff who wishes it ill.
type walker struct {
	*hands
	http   *http.Client
	origin string
	seen   map[string]int  // visits, by the pattern of an address
	forms  map[string]form // by the pattern of where they go
	queue  []string
	bodies int
}

// form is one of a page.
type form struct {
	page, to string
	files    bool
	body     string
}

// evil is put into every text. Neither of its halves may come back as it is.
const evil = `"><img src=x onerror=alert(1)>'</script><script>alert(2)</script>`

var (
	formTag  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"([^>]*)>(.*?)</form>`)
	fieldTag = regexp.MustCompile(`(?s)<(input|textarea|select|button)\b([^>]*)>(.*?)(?:</select>|$|\n)`)
	attrTag  = regexp.MustCompile(`([a-z]+)="([^"]*)"`)
	linkTag  = regexp.MustCompile(`<a [^>]*href="(/[^"#]*)`)
	optTag   = regexp.MustCompile(`<option value="([^"]+)"`)
	varying  = regexp.MustCompile(`/([0-9a-f]{8}-[0-9a-f-]{27}|[0-9]+|[A-Z2-7]{20,})\b`)
)

// TestNoStoredScript signs in, follows every link, fills every text of every form with a script and sends it, and then reads
// all pages again: the script comes back nowhere as it is, and the pages still answer.
func TestNoStoredScript(t *testing.T) {
	t.Parallel()
	h, end := found(t)
	t.Cleanup(end)
	jar, err := cookiejar.New(nil)
	h.must(err)
	w := &walker{hands: h, origin: "http://" + h.address, seen: map[string]int{}, forms: map[string]form{},
		http: &http.Client{Jar: jar, Timeout: time.Minute}}
	page := w.get("/sign-in")
	w.fill(page, func(f form) bool { return f.to == "/sign-in" }, map[string]string{"login": "second.officer", "password": officerPhrase})
	w.walk("/")
	first := len(w.seen)
	if first < 60 || len(w.forms) < 60 {
		t.Errorf("only %d pages with %d forms were found", first, len(w.forms))
	}
	sent := 0
	for to, f := range w.forms {
		if to == "/sign-out" || strings.HasPrefix(to, "/account") || strings.HasPrefix(to, "/staff/") || strings.HasPrefix(to, "/set-up") {
			continue // the walk needs its session
		}
		w.fill(w.get(f.page), func(g form) bool { return w.pattern(g.to) == to }, nil)
		sent++
	}
	w.seen, w.queue = map[string]int{}, nil
	w.walk("/")
	if len(w.seen) < first {
		t.Errorf("%d pages became %d", first, len(w.seen))
	}
	t.Logf("%d pages, %d forms sent, %d answers read", first, sent, w.bodies)
}

func (w *walker) pattern(address string) string {
	path, _, _ := strings.Cut(address, "?")
	return varying.ReplaceAllString(path, "/{}")
}

// get asks for a page, and looks for what it must not say.
func (w *walker) get(address string) string {
	w.Helper()
	res, err := w.http.Get(w.origin + address)
	w.must(err)
	return w.read(address, res)
}

func (w *walker) read(address string, res *http.Response) string {
	w.Helper()
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		return ""
	}
	text, err := io.ReadAll(res.Body)
	w.must(err)
	w.bodies++
	for _, half := range []string{"<img src=x", "<script>alert"} {
		if i := bytes.Index(text, []byte(half)); i >= 0 {
			w.Errorf("%s repeats a script: %s", address, text[max(0, i-100):min(len(text), i+100)])
		}
	}
	if policy := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		w.Errorf("%s has the policy %q", address, policy)
	}
	if res.StatusCode >= 500 {
		w.Errorf("%s answers with %d", address, res.StatusCode)
	}
	return string(text)
}

// walk follows links, to two pages of a pattern at most.
func (w *walker) walk(from string) {
	w.queue = append(w.queue, from)
	for len(w.queue) > 0 {
		at := w.queue[0]
		w.queue = w.queue[1:]
		p := w.pattern(at)
		if w.seen[p] >= 2 || strings.HasSuffix(p, ".csv") || strings.HasSuffix(p, "/events") || strings.Contains(at, "lang=") || strings.HasPrefix(p, "/static/") || strings.HasPrefix(p, "/v1/") {
			continue
		}
		w.seen[p]++
		body := w.get(at)
		for _, f := range w.formsOf(at, body) {
			if to := w.pattern(f.to); w.forms[to].to == "" {
				w.forms[to] = f
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
	for _, m := range formTag.FindAllStringSubmatch(body, -1) {
		list = append(list, form{page: page, to: html.UnescapeString(m[1]), files: strings.Contains(m[2], "multipart"), body: m[3]})
	}
	return list
}

// fill fills and sends the form of a page that fits: what it holds already, or what is known, or else a script.
func (w *walker) fill(page string, fits func(form) bool, known map[string]string) {
	w.Helper()
	list := w.formsOf("", page)
	i := slices.IndexFunc(list, fits)
	if i < 0 {
		return // what could be done was done by another form
	}
	values, files := url.Values{}, []string{}
	for _, m := range fieldTag.FindAllStringSubmatch(list[i].body, -1) {
		attrs := map[string]string{}
		for _, a := range attrTag.FindAllStringSubmatch(m[2], -1) {
			attrs[a[1]] = html.UnescapeString(a[2])
		}
		name := attrs["name"]
		switch value, ok := known[name]; {
		case name == "":
		case ok:
			values.Set(name, value)
		case attrs["type"] == "file":
			files = append(files, name)
		case attrs["type"] == "hidden":
			values.Add(name, attrs["value"])
		case m[1] == "select":
			if o := optTag.FindStringSubmatch(m[3]); o != nil {
				values.Set(name, html.UnescapeString(o[1]))
			}
		case m[1] == "button" || attrs["type"] == "radio" || attrs["type"] == "checkbox":
			if values.Get(name) == "" {
				values.Set(name, attrs["value"])
			}
		case attrs["type"] == "number":
			values.Set(name, "1")
		case attrs["type"] == "date":
			values.Set(name, time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
		case attrs["type"] == "datetime-local":
			values.Set(name, time.Now().AddDate(0, 1, 0).Format("2006-01-02T15:04"))
		default:
			values.Set(name, evil)
		}
	}
	w.send(list[i], values, files)
}

func (w *walker) send(f form, values url.Values, files []string) {
	w.Helper()
	kind, body := "application/x-www-form-urlencoded", []byte(values.Encode())
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
		kind, body = parts.FormDataContentType(), b.Bytes()
	}
	req, err := http.NewRequestWithContext(w.Context(), http.MethodPost, w.origin+f.to, bytes.NewReader(body))
	w.must(err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Origin", w.origin)
	res, err := w.http.Do(req)
	w.must(err)
	w.read("POST "+f.to, res)
}
