package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed page.js
var script string

const (
	settle = 4 * time.Second // for scripts that fill a page after it was loaded
	// maxShots bounds how many texts of a page are photographed; each takes three pictures.
	maxShots = 12
)

// Want is a text that is looked for.
type Want struct {
	Name    string `json:"name"`
	Pattern string `json:"pattern"` // a regular expression of JavaScript
	Flags   string `json:"flags"`   // of the expression: "i"
}

// Wants says what is looked for on a page.
type Wants struct {
	Texts []Want
	// Chosen is a CSS selector: media inside of what it stands for are told apart. Empty chooses none.
	Chosen string
}

// Box is a place on a page, in CSS pixels from its upper left corner.
type Box struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Size is a size in CSS pixels.
type Size struct {
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// Link is a link.
type Link struct {
	Address string `json:"address"`
	Text    string `json:"text"`
	Picture bool   `json:"picture"` // it has a picture in it
	Box     Box    `json:"box"`
}

// Text is a text that was found.
type Text struct {
	Name   string  `json:"name"` // of the Want
	Text   string  `json:"text"`
	Size   float64 `json:"size"`   // of the font, as the page says
	Hidden string  `json:"hidden"` // why it can't be seen, as far as styles say: display, visibility, opacity, size, place
	Link   *Link   `json:"link"`
	Fixed  bool    `json:"fixed"`  // it stays when the page is scrolled
	Footer bool    `json:"footer"` // it stands in what the page says is its foot
	// Special says that its letters are drawn by a background, which hides them from the measurement.
	Special bool `json:"special"`
	Box     Box  `json:"box"`
	Index   int  `json:"index"`

	// Measured says that the three photographs were taken. Without it Ink and Contrast say nothing.
	Measured bool
	// Ink is the height in CSS pixels of what changed when the letters were taken away, on the line that has most; 0 for
	// nothing, which means that the text does not show.
	Ink int
	// Contrast is that of the letters with what is behind them, as WCAG 2.2 defines it, from 1 to 21.
	Contrast float64
	Picture  []byte // PNG of the window with the text in its middle, framed
}

// Media is a file that a page shows or offers.
type Media struct {
	Kind    string `json:"kind"` // image, video, audio, download
	Address string `json:"address"`
	Box     Box    `json:"box"`
	Chosen  bool   `json:"chosen"`
}

// Control is something that a person can press or choose.
type Control struct {
	Kind  string `json:"kind"`
	Text  string `json:"text"`
	Box   Box    `json:"box"`
	Shown bool   `json:"shown"`
}

// Page is what a page shows.
type Page struct {
	Address  string    `json:"address"` // after redirects
	Title    string    `json:"title"`
	Texts    []Text    `json:"texts"`
	Links    []Link    `json:"links"`
	Media    []Media   `json:"media"`
	Controls []Control `json:"controls"`
	Size     Size      `json:"size"`
	Window   Size      `json:"window"`
	Frames   int       `json:"frames"` // pages within the page, which are not looked into
	Drawn    int       `json:"drawn"`  // surfaces that scripts draw on, whose texts can't be read
	Cut      bool      `json:"cut"`    // the page has more text than was read

	Status  int      // of the answer
	Picture []byte   // PNG of the first screen
	Refused []string // hosts that the page asked for and the browser was not let to
}

// Reach opens a page and returns the status of its answer alone.
func (b *Browser) Reach(ctx context.Context, address string) (status int, err error) {
	err = b.open(ctx, address, func(_ context.Context, s int, _ *rest) error { status = s; return nil })
	return status, err
}

// Visit opens a page and says what it shows. It is an error where the page could not be opened; a page that answers with
// another status than 200 is none.
func (b *Browser) Visit(ctx context.Context, address string, w Wants) (*Page, error) {
	var p *Page
	err := b.open(ctx, address, func(ctx context.Context, status int, r *rest) (err error) {
		if err := r.wait(ctx); err != nil {
			return err
		}
		p, err = b.look(ctx, w)
		if p != nil {
			p.Status = status
			for host := range b.gate.hosts() {
				p.Refused = append(p.Refused, host)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// open opens an address in a tab with a profile of its own, for as long as the work in it takes.
func (b *Browser) open(ctx context.Context, address string, work func(ctx context.Context, status int, r *rest) error) error {
	if err := b.gate.client.Check(address); err != nil {
		return err
	}
	b.turn.Lock()
	defer b.turn.Unlock()
	b.gate.begin()
	rest := &rest{idle: map[cdp.LoaderID]bool{}, news: make(chan struct{}, 1)}
	var tab context.Context
	tab, closed := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(func(event any) {
		switch e := event.(type) {
		case *page.EventLifecycleEvent:
			rest.hear(e)
		case *page.EventJavascriptDialogOpening:
			go chromedp.Call(tab, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{})
		}
	}))
	defer closed()
	limited, cancel := context.WithTimeout(tab, b.config.Timeout)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	if err := b.prepare(limited); err != nil {
		return b.told(limited, err)
	}
	resp, err := chromedp.Run(limited, chromedp.NavigateResponse(address))
	if err != nil {
		return b.told(limited, err)
	}
	if err := b.gate.stopped(address, resp); err != nil {
		return err
	}
	status := 0
	if resp != nil {
		status = int(resp.Status)
	}
	if err := work(limited, status, rest); err != nil {
		return b.told(limited, err)
	}
	if b.gate.full() {
		return b.told(limited, errFull)
	}
	return nil
}

// prepare makes a tab as large as the window is meant to be, whatever the browser takes of it for itself.
func (b *Browser) prepare(tab context.Context) error {
	if _, err := chromedp.Call(tab, page.SetLifecycleEventsEnabled, page.SetLifecycleEventsEnabledParams{Enabled: true}); err != nil {
		return err
	}
	_, err := chromedp.Call(tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: int64(b.config.Width), Height: int64(b.config.Height), DeviceScaleFactor: 1})
	return err
}

// rest knows which documents load nothing any more.
type rest struct {
	mu   sync.Mutex
	idle map[cdp.LoaderID]bool
	news chan struct{}
}

func (r *rest) hear(e *page.EventLifecycleEvent) {
	if e.Name != "networkIdle" {
		return
	}
	r.mu.Lock()
	r.idle[e.LoaderID] = true
	r.mu.Unlock()
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// wait waits until the page rests. One that never does is looked at as it is after a while.
func (r *rest) wait(ctx context.Context) error {
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return err
	}
	most := time.NewTimer(settle)
	defer most.Stop()
	for {
		r.mu.Lock()
		done := r.idle[tree.FrameTree.Frame.LoaderID]
		r.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-r.news:
		case <-most.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// world is the world of its own in which a page is asked.
type world runtime.ExecutionContextID

func newWorld(ctx context.Context) (world, error) {
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return 0, err
	}
	made, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{FrameID: tree.FrameTree.Frame.ID, WorldName: "colophon"})
	return world(made.ExecutionContextID), err
}

func ask[T any](ctx context.Context, w world, expression string) (v T, err error) {
	yes := true
	r, err := chromedp.Call(ctx, runtime.Evaluate, runtime.EvaluateParams{Expression: expression, ContextID: runtime.ExecutionContextID(w), ReturnByValue: &yes, AwaitPromise: &yes})
	if err != nil {
		return v, err
	}
	if r.ExceptionDetails != nil {
		return v, fmt.Errorf("asking the page: %s", r.ExceptionDetails.Text)
	}
	if r.Result == nil || len(r.Result.Value) == 0 {
		return v, nil
	}
	return v, json.Unmarshal(r.Result.Value, &v)
}

// look looks at the page that is open.
func (b *Browser) look(ctx context.Context, wants Wants) (*Page, error) {
	w, err := newWorld(ctx)
	if err != nil {
		return nil, err
	}
	first, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	if err != nil {
		return nil, err
	}
	if _, err := ask[any](ctx, w, script+";0"); err != nil {
		return nil, err
	}
	if wants.Texts == nil {
		wants.Texts = []Want{}
	}
	texts, err := json.Marshal(wants.Texts)
	if err != nil {
		return nil, err
	}
	chosen, err := json.Marshal(wants.Chosen)
	if err != nil {
		return nil, err
	}
	p, err := ask[*Page](ctx, w, "colophon.look("+string(texts)+","+string(chosen)+")")
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, fmt.Errorf("asking the page: no answer")
	}
	p.Picture = first
	for i := range p.Texts {
		if i == maxShots {
			break
		}
		if err := measure(ctx, w, &p.Texts[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// measure photographs the window with a text, without it and with it again.
func measure(ctx context.Context, w world, t *Text) error {
	lines, err := ask[[]Box](ctx, w, fmt.Sprintf("colophon.show(%d)", t.Index))
	if err != nil {
		return err
	}
	var shots [3][]byte
	for i, step := range []string{"", fmt.Sprintf("colophon.hide(%d)", t.Index), fmt.Sprintf("colophon.restore(%d)", t.Index)} {
		if step != "" {
			if _, err := ask[any](ctx, w, step); err != nil {
				return err
			}
		}
		if shots[i], err = chromedp.Run(ctx, chromedp.CaptureScreenshot()); err != nil {
			return err
		}
	}
	return t.compare(shots, lines)
}
