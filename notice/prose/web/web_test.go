package web_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/internal/media/mediatest"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose/web"
)

func TestSyntax(t *testing.T) {
	t.Parallel()
	mediatest.Output(t, "node", "--check", mediatest.File(t, "aigc-notice.js", []byte(web.Script())))
	if strings.Count(web.Style(), "{") != strings.Count(web.Style(), "}") {
		t.Error("the style sheet has a brace too many")
	}
}

func TestElements(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    notice.Options
		want string
	}{
		{notice.Options{}, `<aigc-notice class="aigc-notice" role="note" lang="zh-CN">人工智能生成</aigc-notice>`},
		{notice.Options{Language: notice.Both, Where: notice.End}, `<aigc-notice class="aigc-notice" role="note" lang="both" at="bottom">人工智能生成 AI-generated</aigc-notice>`},
		{notice.Options{Text: `AI生成"<b>`}, `<aigc-notice class="aigc-notice" role="note" lang="zh-CN" words="AI生成&quot;&lt;b&gt;">AI生成&quot;&lt;b&gt;</aigc-notice>`},
	} {
		if got, err := web.Element(c.o); got != c.want || err != nil {
			t.Errorf("%s, %v", got, err)
		}
		if got, err := web.Fallback(c.o); err != nil || !strings.Contains(got, `role="note"`) {
			t.Errorf("%s, %v", got, err)
		}
	}
	if _, err := web.Element(notice.Options{Text: "none"}); err == nil {
		t.Error("words without the elements: no error")
	}
	if _, err := web.Fallback(notice.Options{Text: "none"}); err == nil {
		t.Error("words without the elements: no error")
	}
}

// TestBrowser loads a page in Chromium: the words are shown by the script, come back when they are taken away, and stand
// beside each message of a chat.
func TestBrowser(t *testing.T) {
	t.Parallel()
	made, err := web.Element(notice.Options{})
	if err != nil {
		t.Fatal(err)
	}
	body := `<section id=c>` + made + `</section><main id=a><aigc-notice lang=both detail="More"></aigc-notice></main>` +
		`<div id=b><aigc-notice chat="[data-ai]"></aigc-notice><p data-ai>one</p><p>person</p></div>` +
		`<script>
const b = document.getElementById('b'), n = document.querySelector('#a aigc-notice');
n.hidden = true; n.textContent = '';
b.insertAdjacentHTML('beforeend', '<p data-ai>two</p>');
setTimeout(() => {
  const small = b.querySelectorAll('p[data-ai] > aigc-notice[inline]');
  const s = getComputedStyle(n);
  document.title = [n.textContent.trim(), n.hidden, s.display, s.position, n.getAttribute('role'), small.length, small[1]?.textContent, b.querySelectorAll('aigc-notice').length, n.querySelector('summary').tabIndex, document.querySelector('#c aigc-notice').textContent].join('|');
}, 50);
</script>`
	dir := t.TempDir()
	page := filepath.Join(dir, "page.html")
	html := "<!DOCTYPE html><html lang=zh-CN><head><meta charset=utf-8><style>" + web.Style() + "</style><script>" + web.Script() + "</script></head><body>" + body + "</body></html>"
	if err := os.WriteFile(page, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(mediatest.Tool(t, "chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--virtual-time-budget=2000", "--dump-dom", "file://"+page).Output()
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), "<title>")
	title, _, _ := strings.Cut(rest, "</title>")
	if want := "人工智能生成 AI-generatedAbout More|false|block|sticky|note|2|人工智能生成|3|0|人工智能生成"; title != want {
		t.Errorf("%s, want %s", title, want)
	}
}
