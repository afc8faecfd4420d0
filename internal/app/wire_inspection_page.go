package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"path"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/internal/browser"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/review/inspection"
)

const (
	// mediaOfPage is how many files of one page are looked at, and mediaOfList of all pages together.
	mediaOfPage = 20
	mediaOfList = 400
)

func codeOf(err error) (*colophon.Error, bool) {
	var e *colophon.Error
	ok := errors.As(err, &e) && e.Kind != colophon.Internal
	return e, ok
}

// open starts the browser, once. Without one no page can be told.
func (w *Inspection) open(ctx context.Context) {
	if w.chrome == nil && w.noPage == nil {
		w.chrome, w.noPage = browser.Open(ctx, w.Browser)
	}
}

// Close ends the browser.
func (w *Inspection) Close() {
	if w.chrome != nil {
		w.chrome.Close()
		w.chrome = nil
	}
}

// Pages looks at pages, and at the media on them. The filing number is asked for on the first page of each site.
func (w *Inspection) Pages(ctx context.Context, kind, name string, list []inspection.Target) (*inspection.Report, error) {
	r, err := w.begin(kind, name)
	if err != nil {
		return nil, err
	}
	client, err := fetch.New(fetch.Config{Allow: w.Browser.Allow, Most: w.Most})
	if err != nil {
		return nil, err
	}
	w.open(ctx)
	defer w.Close()
	sites, seen := map[string]bool{}, map[string]bool{}
	for i, t := range list {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		asked := inspection.Asked{Notice: !w.Only, Declaration: !w.Only, Filings: w.Filings, Filing: w.Only}
		if w.Expect != nil {
			asked.Filings = w.Expect(t.Address)
		}
		if u, err := url.Parse(t.Address); err == nil && !sites[u.Host] {
			sites[u.Host], asked.Filing = true, true
		}
		w.target(ctx, client, t, asked, seen, r)
		w.told(i+1, len(list))
	}
	return w.end(r), ctx.Err()
}

// target looks at one address: a file where there is one, or a page.
func (w *Inspection) target(ctx context.Context, client *fetch.Client, t inspection.Target, asked inspection.Asked, seen map[string]bool, r *inspection.Report) {
	if w.Only {
		w.page(ctx, t, asked, r)
		return
	}
	if raw, err := client.Bytes(ctx, t.Address, 0); err == nil {
		if f, ok := medium(raw, nameOf(t.Address)); ok {
			w.bytes(ctx, inspection.File{Name: t.Address, Generated: true, Export: true}, raw, f, r)
			return
		}
	}
	p, err := w.page(ctx, t, asked, r)
	if err != nil {
		return
	}
	count := 0
	for _, m := range p.Media {
		if m.Kind == "image" && min(m.Box.Width, m.Box.Height) < w.book.LeastSide || seen[m.Address] {
			continue
		}
		seen[m.Address] = true
		if count++; count > mediaOfPage || len(seen) > mediaOfList {
			r.Left++
			continue
		}
		raw, err := client.Bytes(ctx, m.Address, 0)
		if err != nil {
			r.Subjects = append(r.Subjects, unread(short(m.Address), t.Address, err, "implicit-label"))
			continue
		}
		format, _ := medium(raw, nameOf(m.Address))
		w.bytes(ctx, inspection.File{Name: short(m.Address), From: t.Address, Generated: m.Chosen, Export: m.Kind == "download"}, raw, format, r)
	}
}

// page looks at one page.
func (w *Inspection) page(ctx context.Context, t inspection.Target, asked inspection.Asked, r *inspection.Report) (*browser.Page, error) {
	if w.noPage != nil {
		w.book.Unopened(t.Address, asked, w.noPage, r)
		return nil, w.noPage
	}
	p, err := w.chrome.Visit(ctx, t.Address, browser.Wants{Chosen: t.Chosen, Texts: []browser.Want{
		{Name: inspection.WantNumber, Pattern: inspection.PatternNumber}, {Name: inspection.WantNotice, Pattern: inspection.PatternNotice, Flags: "i"}}})
	if err != nil {
		if e, ok := codeOf(err); ok {
			err = e
		}
		w.book.Unopened(t.Address, asked, err, r)
		return nil, err
	}
	asked.Reach = func(address string) (int, error) { return w.chrome.Reach(ctx, address) }
	w.book.View(viewOf(p, t.Address), asked, r)
	return p, nil
}

// viewOf is a page of the browser as the rules take it.
func viewOf(p *browser.Page, address string) inspection.Page {
	v := inspection.Page{Address: address, Status: p.Status, Width: p.Size.Width, Height: p.Size.Height, Screen: p.Window.Height, Blind: p.Frames > 0 || p.Drawn > 0 || p.Cut, Picture: p.Picture}
	for _, t := range p.Texts {
		s := inspection.Sighting{Name: t.Name, Text: t.Text, Hidden: t.Hidden, Footer: t.Footer, Fixed: t.Fixed, Box: inspection.Box(t.Box), Measured: t.Measured, Ink: t.Ink, Contrast: t.Contrast, Picture: t.Picture}
		if t.Link != nil {
			s.Link = t.Link.Address
		}
		v.Texts = append(v.Texts, s)
	}
	for _, l := range p.Links {
		v.Links = append(v.Links, inspection.Link{Address: l.Address, Picture: l.Picture})
	}
	for _, c := range p.Controls {
		v.Controls = append(v.Controls, inspection.Control{Text: c.Text, Box: inspection.Box(c.Box), Shown: c.Shown})
	}
	return v
}

// bytes looks at a file that was fetched.
func (w *Inspection) bytes(ctx context.Context, f inspection.File, raw []byte, format media.Format, r *inspection.Report) {
	sum := sha256.Sum256(raw)
	f.Digest, f.Source = hex.EncodeToString(sum[:]), media.Memory(raw)
	one := new(inspection.Report)
	w.inspector().File(ctx, f, one)
	for i := range one.Subjects {
		if one.Subjects[i].Format == "" {
			one.Subjects[i].Format = string(format)
		}
	}
	join(r, one)
}

// medium is the format of bytes, and whether that is something else than a page.
func medium(raw []byte, name string) (media.Format, bool) {
	_, f, err := all.Detect(media.Memory(raw), name)
	if err != nil || f == media.Unknown || f == media.HTML || f == media.Text {
		return f, false
	}
	return f, true
}

func nameOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return path.Base(u.Path)
}

// short keeps addresses that hold a whole file out of a report.
func short(address string) string {
	if len(address) > 300 {
		return address[:300] + "…"
	}
	return address
}
