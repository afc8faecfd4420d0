package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

//go:embed static
var staticFiles embed.FS

//go:embed templates
var templateFiles embed.FS

// asset is a file with its digest in its address, so that browsers may keep it for ever.
type asset struct {
	kind   string
	text   []byte // nil for what every browser that needs it takes packed
	packed []byte // gzip
	policy string // of a worker: what it may do
}

// speaker is a language: its words and the templates that say them, each of which is read when it is first shown. A template
// holds a copy of the layout and all parts, so that those of every page together are some fifty megabytes.
type speaker struct {
	Printer
	templates map[string]func() (*template.Template, error)
}

// load reads what is built in.
func (c *console) load() error {
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	files, err := staticFiles.ReadDir("static")
	if err != nil {
		return fmt.Errorf("reading the static files: %w", err)
	}
	c.static, c.address = map[string]asset{}, map[string]string{}
	for _, f := range files {
		text, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			return fmt.Errorf("reading the static files: %w", err)
		}
		c.keepStatic(f.Name(), text, asset{kind: kinds[path.Ext(f.Name())], text: text, packed: pack(text)})
	}
	if err := c.loadChecker(); err != nil {
		return fmt.Errorf("reading the reader of files: %w", err)
	}
	c.speakers = map[locale.Language]speaker{}
	for _, lang := range []locale.Language{locale.English, locale.Chinese} {
		p, err := c.Say(lang)
		if err != nil {
			return fmt.Errorf("reading the words of the pages: %w", err)
		}
		if c.speakers[lang], err = c.speak(lang, p); err != nil {
			return err
		}
	}
	return nil
}

// keepStatic gives a file an address with its digest in it.
func (c *console) keepStatic(name string, text []byte, a asset) {
	sum, ext := sha256.Sum256(text), path.Ext(name)
	at := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	c.static[at], c.address[name] = a, "/static/"+at
}

// shared are the templates that every page has: the layout, and parts.
var shared = []string{"templates/layout.html", "templates/parts.html", "templates/deskparts.html", "templates/deskforms.html", "templates/rumourparts.html"}

// speak reads the templates for a language.
func (c *console) speak(lang locale.Language, p Printer) (speaker, error) {
	s := speaker{p, map[string]func() (*template.Template, error){}}
	funcs := template.FuncMap{
		"say":    p.Say,
		"static": func(name string) string { return c.address[name] },
		"iso":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"moment": func(t time.Time) string { return t.In(c.Zone).Format("2006-01-02 15:04 MST") },
		"date":   func(t time.Time) string { return t.In(c.Zone).Format(dateForm) },
		"clock":  func() string { return clockName(c.Zone, c.Now()) },
		"count":  counted,
		"word":   func(prefix string, name any) string { return p.Say(prefix + fmt.Sprint(name)) },
		"sayall": func(key string, args []string) string { return p.Say(key, args...) },
		"deletion": func(c *consent.Cascade, s consent.Step) string {
			var left []colophon.Code
			for _, r := range c.Residue {
				left = append(left, r.Code)
			}
			return deletionState(s.Name, string(s.State), left)
		},
		"term":       func(key, value string) string { return term(p, key, value) },
		"valued":     func(key, value string) string { return valued(p, key, value) },
		"law":        func(clause any) string { return law(lang, p, fmt.Sprint(clause)) },
		"span":       func(length string) string { return spanned(p, length) },
		"own":        func(text string) string { return own(lang, text) },
		"sized":      sized,
		"credential": base64.RawURLEncoding.EncodeToString,
		"has":        func(list []string, one any) bool { return slices.Contains(list, fmt.Sprint(one)) },
	}
	layout, err := template.New(path.Base(shared[0])).Funcs(funcs).ParseFS(templateFiles, shared...)
	if err != nil {
		return s, fmt.Errorf("reading the layout of the pages: %w", err)
	}
	files, err := templateFiles.ReadDir("templates")
	if err != nil {
		return s, fmt.Errorf("reading the templates: %w", err)
	}
	for _, f := range files {
		file := "templates/" + f.Name()
		if slices.Contains(shared, file) {
			continue
		}
		s.templates[strings.TrimSuffix(f.Name(), ".html")] = sync.OnceValues(func() (*template.Template, error) {
			t, err := layout.Clone()
			if err == nil {
				t, err = t.ParseFS(templateFiles, file)
			}
			if err != nil {
				return nil, fmt.Errorf("reading a template: %w", err)
			}
			return t, nil
		})
	}
	return s, nil
}

// clockName names the clock of the pages, with how far it is from UTC.
func clockName(zone *time.Location, now time.Time) string {
	name, ahead := now.In(zone).Zone()
	if ahead == 0 {
		return "UTC"
	}
	return name + " (UTC" + now.In(zone).Format("-07:00") + ")"
}

// term is the sentence of a key, or the value where there is none.
func term(p Printer, key, value string) string {
	if said := p.Say(key); said != key {
		return said
	}
	return value
}

// blanks are the places of arguments in a sentence.
var blanks = regexp.MustCompile(`\{[a-z]+\}`)

// valued is the sentence of a key as it stands alone, or the value where there is none. Arguments that nobody kept leave a gap.
func valued(p Printer, key, value string) string {
	if said := p.Say(key); said != key {
		return capital(blanks.ReplaceAllString(said, "…"))
	}
	return value
}

// counted writes a number with a comma between thousands.
func counted(n any) string {
	switch n := n.(type) {
	case int64:
		return grouped(n)
	case *int64:
		return grouped(*n)
	case int:
		return grouped(int64(n))
	}
	return fmt.Sprint(n)
}

// grouped writes a count with a comma between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// capital makes a sentence out of one of internal/locale, which begin in lower case.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) }) { // Chinese, that may begin with a code
		return s
	}
	return string(unicode.ToUpper(first)) + s[n:]
}

func (c *console) serveStatic(w http.ResponseWriter, r *http.Request) {
	a, ok := c.static[r.PathValue("name")]
	if !ok {
		c.lost(w, r)
		return
	}
	w.Header().Set("Content-Type", a.kind)
	if a.policy != "" {
		w.Header().Set("Content-Security-Policy", a.policy)
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Vary", "Accept-Encoding")
	if a.text == nil || strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(a.packed)
		return
	}
	_, _ = w.Write(a.text)
}

// pack compresses a file that does not change.
func pack(text []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is right
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

// choice is an entry of the menu or a language.
type choice struct {
	To, Name, Lang string
	Waits          int64  // how much waits for a person there
	Here           string // the value of aria-current: page, true, or nothing
}

// view is what a template sees.
type view struct {
	Lang     locale.Language
	Title    string
	Named    string // of what it is about, for the title of the window
	Menu     []menuPart
	Public   []choice // pages for everybody
	Tongues  []choice
	Carry    *carry // what a change of the language takes along; nil where an address is enough
	Problem  string // why the page is shown again
	Done     string // what was done just now
	CSRF     string
	Account  staff.Account
	SignedIn bool
	Guest    bool            // somebody who is not of the staff, for whom there is no start page
	May      map[string]bool // by action
	Found    *signpost       // how search engines find it; nil where they don't
	Data     any
	sent     func(string) string
}

// Kept returns what somebody entered into a field before the page was shown again.
func (w view) Kept(field string) string { return w.sent(field) }

// deeds are what a page may say was done, by the word in its address.
var deeds = []string{"password", "passkey"}

// show writes a page.
func (v *visit) show(name string, data any) error {
	out := view{
		Lang: v.lang, Title: v.page.title, Named: v.titled, Problem: v.problem, Data: data, Tongues: v.tongues(), Carry: v.carry,
		Account: v.opened.Account, SignedIn: v.opened.Token != "", Guest: v.guest(), May: map[string]bool{},
		sent: func(field string) string {
			if v.problem == "" {
				return ""
			}
			return v.sent(field)
		},
	}
	if out.Title == "" { // whoever came back from elsewhere is shown what came of the page that it began on
		before, _ := v.showing(v.page.back)
		out.Title = before.title
	}
	if done := v.r.URL.Query().Get("done"); v.problem == "" && v.page.method == get && v.done["page-done-"+done] {
		out.Done = "page-done-" + done
	}
	for _, p := range v.pages {
		if p.who == anybody && p.menu {
			out.Public = append(out.Public, choice{To: p.path, Name: p.title})
		}
	}
	if v.page.about != "" && v.status == http.StatusOK {
		out.Found = v.signpost()
	}
	if v.bound != "" {
		var err error
		if out.CSRF, err = v.Roster.CSRF(v.bound); err != nil {
			return err
		}
	}
	if out.SignedIn {
		for _, a := range staff.Actions() {
			out.May[string(a)] = v.actor().May(a)
		}
		out.Menu = v.menu(out.May)
	}
	var b bytes.Buffer
	t, err := v.speakers[v.lang].templates[name]()
	if err != nil {
		return err
	}
	if err := t.Execute(&b, out); err != nil {
		return fmt.Errorf("writing page %s: %w", name, err)
	}
	switch {
	case v.page.allow != nil:
		v.page.allow(v.w.Header())
	case v.page.film && v.page.who == holder:
		allowFilm(v.w.Header())
	case v.page.who == signedIn && out.SignedIn:
		allowLive(v.w.Header())
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(v.status)
	_, _ = v.w.Write(b.Bytes()) // a browser that went away is nobody's error
	return nil
}

// menuPart is a part of the menu.
type menuPart struct {
	Name    string // key; empty for the first
	Waits   int64
	Entries []choice
	Here    bool
}

// below are the entries of the menu above pages whose addresses do not tell, by the first part of these.
func below() map[string]string {
	return map[string]string{"probes": "/obligations", "observations": "/obligations", "duty-facts": "/obligations", "duty-waivers": "/obligations", "illegal-outputs": "/incidents", "incident-reports": "/incidents",
		"filed-lists": "/filed", "filed-own": "/filed", "mechanism-reviews": "/reviews", "ethics-reviews": "/reviews", "security-assessments": "/reviews"}
}

// menu has the pages that the visitor may see. The entry above the page that is shown is marked too.
func (v *visit) menu(may map[string]bool) []menuPart {
	var parts []menuPart
	place, waits := v.place(), v.waits()
	if v.page.above != "" {
		place = v.placed(v.page.above)
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(place, "/"), "/")
	if entry := below()[first]; entry != "" {
		place = entry + "/" + first + "/" + rest
	}
	near := "" // the entry that the page is below
	for _, p := range v.pages {
		if p.menu && p.who == signedIn && len(p.path) > len(near) && (place == p.path || p.path != "/" && strings.HasPrefix(place, p.path+"/")) {
			near = p.path
		}
	}
	for _, group := range groups() {
		part := menuPart{Name: group}
		for _, p := range v.pages {
			if !p.menu || p.who != signedIn || p.group != group || p.action != "" && !may[string(p.action)] {
				continue
			}
			l := choice{To: p.path, Name: p.title, Waits: waits[p.path]}
			part.Waits += l.Waits
			switch {
			case v.status == http.StatusNotFound:
			case place == p.path && v.page.path == p.path:
				l.Here = "page"
			case p.path == near:
				l.Here = "true"
			}
			part.Here = part.Here || l.Here != ""
			part.Entries = append(part.Entries, l)
		}
		if len(part.Entries) > 0 {
			parts = append(parts, part)
		}
	}
	return parts
}

// tongues are the languages of a page, each with the address that shows the same place in it.
func (v *visit) tongues() []choice {
	var list []choice
	for _, l := range []choice{{Lang: "zh", Name: "中文"}, {Lang: "en", Name: "English"}} {
		q := url.Values{}
		if v.r.Method == get && v.page.title != "" && v.problem == "" {
			q = v.r.URL.Query()
		}
		q.Set("lang", l.Lang)
		to := url.URL{Path: v.place(), RawQuery: q.Encode()}
		if l.To = to.String(); l.Lang == string(v.lang) {
			l.Here = "true"
		}
		list = append(list, l)
	}
	return list
}
