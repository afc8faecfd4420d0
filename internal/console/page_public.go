package console

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/locale"
)

// signpost is how search engines find a public page.
type signpost struct {
	About, Canonical string
	Tongues          []choice // addresses of the page in each language
	Things           any      // what it is about, in the words of schema.org; nil for nothing
}

// tongue is the address of a public page in a language; empty for the one that the browser asks for.
func (c *console) tongue(path, lang string) string {
	if lang == "" {
		return c.Origin + path
	}
	return c.Origin + path + "?" + url.Values{"lang": {lang}}.Encode()
}

func (v *visit) signpost() *signpost {
	path, asked := v.placed(v.page.path), v.r.URL.Query().Get("lang")
	if _, known := v.speakers[locale.Language(asked)]; !known {
		asked = ""
	}
	f := &signpost{About: v.speakers[v.lang].Say(v.page.about), Canonical: v.tongue(path, asked), Things: v.things}
	if v.about != "" {
		f.About = v.about
	}
	for _, lang := range []string{"zh", "en", ""} {
		name := map[string]string{"zh": "zh-CN", "en": "en", "": "x-default"}[lang]
		f.Tongues = append(f.Tongues, choice{To: v.tongue(path, lang), Lang: name})
	}
	return f
}

func publicPages() []page {
	return []page{
		{method: get, path: "/robots.txt", who: anybody, do: showRobots},
		{method: get, path: "/sitemap.xml", who: anybody, do: showSitemap},
	}
}

// showRobots lets search engines read what is for everybody, and nothing else.
func showRobots(v *visit) error {
	var b strings.Builder
	b.WriteString("User-agent: *\n")
	for _, p := range v.pages {
		if p.about != "" {
			path, _, _ := strings.Cut(p.path, "{")
			fmt.Fprintf(&b, "Allow: %s\n", path)
		}
	}
	fmt.Fprintf(&b, "Allow: /static/\nDisallow: /\n\nSitemap: %s/sitemap.xml\n", v.Origin)
	return v.hand("text/plain; charset=utf-8", "", []byte(b.String()))
}

// siteMap is the form of sitemaps.org, with the languages of each page.
type siteMap struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []siteURL `xml:"url"`
}

type siteURL struct {
	Loc   string     `xml:"loc"`
	Links []siteLink `xml:"http://www.w3.org/1999/xhtml link"`
}

type siteLink struct {
	Rel  string `xml:"rel,attr"`
	Lang string `xml:"hreflang,attr"`
	Href string `xml:"href,attr"`
}

// showSitemap lists the pages that search engines may show: those of the table, each service, each text in force and
// each refutation.
func showSitemap(v *visit) error {
	var paths []string
	for _, p := range v.pages {
		if p.about != "" && !strings.Contains(p.path, "{") {
			paths = append(paths, p.path)
		}
	}
	services, err := v.api().PublicServices(v.r.Context())
	if err != nil {
		return err
	}
	for _, s := range services {
		paths = append(paths, "/register/"+escaped(s.ID))
	}
	texts, err := v.api().CurrentAgreements(v.r.Context())
	if err != nil {
		return err
	}
	for _, a := range texts {
		paths = append(paths, "/rules/"+escaped(a.ID))
	}
	if _, err := v.eachRefutation(func(r client.Refutation) { paths = append(paths, publicRefutation(r.ID)) }); err != nil {
		return err
	}
	var m siteMap
	for _, path := range paths {
		u := siteURL{Loc: v.tongue(path, "")}
		for _, lang := range []string{"zh", "en"} {
			u.Links = append(u.Links, siteLink{"alternate", map[string]string{"zh": "zh-CN", "en": "en"}[lang], v.tongue(path, lang)})
		}
		m.URLs = append(m.URLs, u)
	}
	text, err := xml.Marshal(m)
	if err != nil {
		return err
	}
	return v.hand("application/xml; charset=utf-8", "", append([]byte(xml.Header), text...))
}
