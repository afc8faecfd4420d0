package app

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon/internal/browsertest"
	"github.com/colophon-project/colophon/internal/httpapi"
)

// otherScene is a picture that has as much to be seen as scene, and looks like none that others refute at the same time.
func otherScene(t *testing.T) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(scene(t)))
	if err != nil {
		t.Fatal(err)
	}
	b := img.Bounds()
	turned := image.NewRGBA(image.Rect(0, 0, b.Dy(), b.Dx()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			turned.Set(y, b.Dx()-1-x, img.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	left := turned.Bounds()
	left.Max.X /= 2
	draw.Draw(turned, left, turned, left.Max, draw.Src)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, turned, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestCheckRefuted has somebody check a picture that was refuted, and a copy of it that lost its label, its size and half of its
// detail. The first is certain, the second is only alike; the words lead to the refutation. What nobody refuted is not called so.
func TestCheckRefuted(t *testing.T) {
	t.Parallel()
	c := town(t)
	ctx := t.Context()
	var made httpapi.Artefact
	c.json(&made, "POST", "/v1/artefacts?function=other&name=a.jpg", otherScene(t), 201, "Colophon-Account", pictureAccount)
	number := string(made.Number)
	_, marked := c.ask("GET", "/v1/artefacts/"+number+"/content", nil, 200)
	folder := t.TempDir()
	for name, data := range map[string][]byte{"marked.jpg": marked, "copied.jpg": reencoded(t, marked), "plain.jpg": noise(t, 300)} {
		c.must(os.WriteFile(filepath.Join(folder, name), data, 0o600))
	}
	one, two := c.client(c.first), c.client(c.second)
	d := square(number)
	d.Claim.EN += " So many say."
	r := fine(one.DraftRefutation(ctx, d))(c.hands)
	r = fine(one.ProposeRefutation(ctx, r.ID))(c.hands)
	r = fine(two.PublishRefutation(ctx, r.ID, r.Version))(c.hands)

	b := c.tab(nobody)
	words := map[string]struct{ alike, same, claim, more string }{
		"en": {"It looks like a picture that was refuted", "This content was refuted", d.Claim.EN, "Read the refutation"},
		"zh": {"与一张已被辟谣的图片相似", "该内容已被辟谣", d.Claim.ZH, "查看辟谣"},
	}
	ask := func(name string) string {
		t.Helper()
		b.Do("choosing "+name, chromedp.SetUploadFiles(chromedp.CSS("[data-file]"), []string{filepath.Join(folder, name)}, chromedp.NodeReady))
		b.Wait("[data-outcome]:not([hidden])")
		b.Click("[data-look-up]")
		b.Wait("[data-case]:not([hidden])")
		return browsertest.Ask[string](b, `document.querySelector('[data-refuted]').hidden ? '' : document.querySelector('[data-refuted]').innerText`)
	}
	for _, lang := range []string{"en", "zh"} {
		w := words[lang]
		b.Open("/check?lang=" + lang)
		if got := ask("plain.jpg"); got != "" {
			t.Errorf("what nobody refuted: %s", got)
		}
		got := ask("copied.jpg")
		if !strings.Contains(got, w.alike) || strings.Contains(got, w.same) || !strings.Contains(got, w.claim) {
			t.Errorf("a copy of it: %s", got)
		}
		b.Look("check-alike-"+lang, browsertest.In(lang)...)
		got = ask("marked.jpg")
		if !strings.Contains(got, w.same) || strings.Contains(got, w.alike) || !strings.Contains(got, w.claim) {
			t.Errorf("the content itself: %s", got)
		}
		b.Look("check-refuted-"+lang, browsertest.In(lang)...)
		b.Press(`[data-refuted] a[href="/refutations/`+chromedp.CSS(r.ID)+`"]`, "blockquote")
		b.Says(w.claim)
		b.Open("/corrections/" + number + "?lang=" + lang)
		b.Says(w.claim, d.Sources[0].Title)
		b.Look("correction-"+lang, browsertest.In(lang)...)
	}
}
