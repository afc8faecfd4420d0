// Package browser opens pages of the web in a Chromium without a window, and tells what they show: where a text stands, how high
// its ink is, how far it stands out from what is behind it, which files and links a page has.
//
// Pages are foreign. So everything that the browser loads goes through a proxy of ours, which resolves each name once, refuses
// what is not the open internet but for hosts that were named ([Config.Allow]), and counts bytes; the browser itself resolves
// nothing. Its profile is a folder that is removed, it inherits no environment, it downloads nothing, it opens no further
// windows, and it ends with its context. What is asked of a page is asked from a world of its own, which the page's scripts
// can't reach.
//
// Whether a text is shown is measured and not concluded from styles: the page is photographed with the text, without it, and
// with it again. What changed is its ink. A text that is hidden, covered, cut off, pushed out of the page or written in the
// colour of its ground has none, whichever way that was done.
//
// What not to do here: no rule about what a page has to show. Never call a page good because it could not be opened; errors
// say so. Nothing is typed, clicked or sent.
package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway/fetch"
)

// Codes of errors.
const (
	CodeMissing colophon.Code = "browser-missing"  // arg "program": no browser is installed under this name
	CodeFailed  colophon.Code = "browser-failed"   // it could not be started, or ended
	CodeSlow    colophon.Code = "browser-timeout"  // arg "seconds"
	CodeLoad    colophon.Code = "browser-load"     // arg "reason": the page could not be loaded
	CodeTooMuch colophon.Code = "browser-too-much" // arg "limit": the page loads more bytes
)

// Names under which Chromium is looked for, in this order. The one that has no windows at all starts in a third of the time.
var names = []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}

// Config is what a Browser is made of. The zero value is good.
type Config struct {
	Path  string   // of Chromium; empty looks for its usual names
	Allow []string // hosts that may lie anywhere, as fetch.Config has them: "127.0.0.1:8080"
	// Width and Height are those of the window, in CSS pixels; 0 for 1280 by 800.
	Width, Height int
	Timeout       time.Duration // of one page; 0 for 45 seconds
	Most          int64         // bytes that one page may load; 0 for 128 MiB
}

// Browser is a browser that runs. It opens one page after the other, and is safe for use by many goroutines.
type Browser struct {
	config Config
	gate   *gate
	ctx    context.Context
	end    []func()
	turn   sync.Mutex // one page at a time, so that what the gate counts is that page's
}

// Find returns the path of a browser, and an error with CodeMissing where there is none.
func Find(path string) (string, error) {
	list := names
	if path != "" {
		list = []string{path}
	}
	for _, name := range list {
		if found := look(name); found != "" {
			return found, nil
		}
	}
	return "", &colophon.Error{Kind: colophon.Unsupported, Code: CodeMissing, Args: colophon.Args{"program": list[0]}}
}

// Open starts a browser, which ends with the context or Close.
func Open(ctx context.Context, c Config) (*Browser, error) {
	path, err := Find(c.Path)
	if err != nil {
		return nil, err
	}
	c.Width, c.Height = cmp.Or(c.Width, 1280), cmp.Or(c.Height, 800)
	c.Timeout, c.Most = cmp.Or(c.Timeout, 45*time.Second), cmp.Or(c.Most, 128<<20)
	client, err := fetch.New(fetch.Config{Allow: c.Allow})
	if err != nil {
		return nil, err
	}
	b := &Browser{config: c}
	if b.gate, err = openGate(client, c.Most); err != nil {
		return nil, fmt.Errorf("opening the way out: %w", err)
	}
	b.end = append(b.end, b.gate.close)
	home, err := os.MkdirTemp("", "browser-")
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("making a profile: %w", err)
	}
	b.end = append(b.end, func() { os.RemoveAll(home) })
	ctx, stop := chromedp.NewExecAllocator(ctx, b.flags(path, home)...)
	b.end = append(b.end, stop)
	ctx, end := chromedp.NewContext(ctx)
	b.end = append(b.end, end)
	b.ctx = ctx
	if _, err := chromedp.CallBrowser(ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorDeny}); err != nil {
		b.Close()
		return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeFailed, Err: err}
	}
	return b, nil
}

// flags are those that Chromium is started with.
func (b *Browser) flags(path, home string) []chromedp.ExecAllocatorOption {
	list := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(home),
		chromedp.NoInheritEnv, chromedp.Env("HOME="+home, "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "TMPDIR="+os.TempDir()),
		chromedp.WindowSize(b.config.Width, b.config.Height),
		chromedp.ProxyServer("http://"+b.gate.address()), chromedp.Flag("proxy-bypass-list", "<-loopback>"), // what lies on this machine, too
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("force-webrtc-ip-handling-policy", "disable_non_proxied_udp"), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true), chromedp.Flag("no-pings", true),
		chromedp.Flag("block-new-web-contents", true), chromedp.Flag("mute-audio", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("deny-permission-prompts", true), chromedp.Flag("lang", "zh-CN"), chromedp.Flag("accept-lang", "zh-CN,zh,en"))
	if os.Geteuid() == 0 {
		list = append(list, chromedp.NoSandbox) // Chromium has no sandbox for root and would not start
	}
	return list
}

// Close ends the browser and removes what it wrote.
func (b *Browser) Close() {
	for i := len(b.end) - 1; i >= 0; i-- {
		b.end[i]()
	}
	b.end = nil
}

// told is an error of the browser in our words.
func (b *Browser) told(ctx context.Context, err error) error {
	var load *chromedp.LoadError
	var ours *colophon.Error
	switch {
	case err == nil || errors.As(err, &ours):
		return err
	case b.gate.full():
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeTooMuch, Args: colophon.Args{"limit": fmt.Sprint(b.config.Most)}, Err: err}
	case errors.As(err, &load):
		if refused := b.gate.why(); refused != nil {
			return refused
		}
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeLoad, Args: colophon.Args{"reason": load.ErrorText}, Err: err}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeSlow, Args: colophon.Args{"seconds": fmt.Sprint(int(b.config.Timeout.Seconds()))}, Err: err}
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeFailed, Err: err}
}
