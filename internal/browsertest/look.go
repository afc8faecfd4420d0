package browsertest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Appearance is how a page is shown.
type Appearance struct {
	Scheme string // light or dark
	Width  int64
}

// In returns the appearances in which pages are looked at in a language: in English by day on a desk, in Chinese by night on a
// phone, and with the flag -pictures each in both.
func In(language string) []Appearance {
	all := []Appearance{{"light", 1280}, {"dark", 360}}
	if language == "zh" {
		all = []Appearance{{"dark", 360}, {"light", 1280}}
	}
	if *pictures == "" {
		return all[:1]
	}
	return all
}

// As shows the page in an appearance.
func (b *Tab) As(a Appearance) {
	b.t.Helper()
	Call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: a.Width, Height: 900, DeviceScaleFactor: 1, Mobile: a.Width < 600})
	Call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: a.Scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// Look checks the page that is shown in appearances: axe-core finds nothing, and it is not wider than the screen. Of a long table
// the first rows stand for all, and style sheets are not fetched again, which only a rule that is off would need. It takes a picture
// of each for the flag -pictures.
func (b *Tab) Look(name string, looks ...Appearance) {
	b.t.Helper()
	text, err := axe()
	if err != nil {
		b.t.Fatalf("axe-core can't be installed; npm is needed: %v", err)
	}
	b.Do("loading axe", chromedp.Evaluate[chromedp.Void](text+";undefined"))
	for _, look := range looks {
		name := name + "-" + look.Scheme + "-" + strconv.FormatInt(look.Width, 10)
		b.As(look)
		if found := Ask[string](b, `axe.run({exclude: [['tbody tr:nth-child(n+9)']]}, {resultTypes: ['violations'], preload: false}).then(r => JSON.stringify(r.violations.map(v => [v.id, v.nodes.map(n => n.html + ' ' + n.failureSummary)])))`); found != "[]" {
			b.t.Errorf("%s: %s", name, found)
		}
		// A phone zooms out until all fits, and innerWidth grows with it.
		if wide := Ask[int64](b, `document.documentElement.scrollWidth`); wide > look.Width {
			b.t.Errorf("%s is %d pixels wide", name, wide)
		}
		b.Picture(name)
	}
}

// Picture writes a picture of the page for the flag -pictures.
func (b *Tab) Picture(name string) {
	b.t.Helper()
	if *pictures == "" {
		return
	}
	Ask[bool](b, `document.activeElement.blur(), true`) // no ring of the focus where the last test left it
	picture, err := chromedp.Run(b.Ctx, chromedp.FullScreenshot(100))
	b.Check("taking a picture", err)
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// Keyboard presses Tab through a page: the skip link comes first, every control is reached once, and each shows that it has
// the focus. On a busy machine the browser at times takes a key before the page is laid out; what is wrong with the page is
// wrong each time.
func (b *Tab) Keyboard(name string) {
	b.t.Helper()
	wrong := ""
	for range 3 {
		if wrong = b.tabThrough(); wrong == "" {
			return
		}
		b.t.Logf("%s: %s", name, wrong)
	}
	b.t.Errorf("%s: %s", name, wrong)
}

// tabThrough returns what is wrong, empty for nothing.
func (b *Tab) tabThrough() string {
	const state = `(() => {
  const stop = (e) => { // of radio buttons, the chosen one or the first is one
    if (e.type !== 'radio') return true;
    const group = [...document.querySelectorAll('input[type=radio]:not(:disabled)')].filter(o => o.name === e.name && o.form === e.form);
    return e === (group.find(o => o.checked) || group[0]);
  };
  const all = [...document.querySelectorAll('a[href], button:not(:disabled), input:not([type=hidden], :disabled), select, textarea, summary, [tabindex="0"]')].filter(e => e.tabIndex >= 0 && e.checkVisibility() && stop(e));
  const e = document.activeElement, s = getComputedStyle(e);
  return {at: all.indexOf(e), of: all.length, what: e.outerHTML.slice(0, 160), parts: e.matches('[type=date], [type=datetime-local]'), skip: e.matches('.skip'), seen: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2};
})()`
	Ask[bool](b, `document.activeElement.blur(), window.scrollTo(0, 0), true`)
	for i, presses := 0, 0; presses < 600; presses++ {
		b.Do("pressing Tab", chromedp.KeyEvent("\t"))
		now := Ask[struct {
			At, Of            int
			What              string
			Parts, Skip, Seen bool
		}](b, state)
		if now.Parts && now.At == i-1 { // the next part of a date
			continue
		}
		if now.At != i || !now.Seen || now.Skip != (i == 0) {
			return fmt.Sprintf("Tab %d reaches control %d of %d, visible %v: %s", i+1, now.At+1, now.Of, now.Seen, now.What)
		}
		if i == now.Of-1 {
			return ""
		}
		i++
	}
	return "Tab does not reach all controls"
}
