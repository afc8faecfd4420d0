package inspection

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/notice/prose"
	"github.com/colophon-project/colophon/register"
)

// Names of the texts that a browser looks for, with the expressions that find them.
const (
	WantNumber = "number"
	WantNotice = "notice"

	PatternNumber = `(?<![0-9A-Za-z])[0-9]{21}(?![0-9A-Za-z])`
	PatternNotice = `[^\n]{0,40}(?:(?:人工智能|AI)[^\n]{0,12}(?:生成|合成)|AI-generated)[^\n]{0,40}`
)

// Sighting is a text of a page, as a browser measured it.
type Sighting struct {
	Name     string
	Text     string
	Hidden   string // why it can't be seen, as far as styles say
	Footer   bool
	Fixed    bool
	Box      Box
	Measured bool
	Ink      int // CSS pixels
	Contrast float64
	Link     string // of the text or beside it; empty for none
	Picture  []byte
}

// shows reports whether a text was seen.
func (s Sighting) shows() bool { return s.Measured && s.Ink > 0 }

// Link is a link of a page.
type Link struct {
	Address string
	Picture bool
}

// Control is something to press or choose.
type Control struct {
	Text  string
	Box   Box
	Shown bool
}

// Page is what a browser saw of a page.
type Page struct {
	Address  string
	Status   int
	Texts    []Sighting
	Links    []Link
	Controls []Control
	Width    float64 // CSS pixels
	Height   float64
	Screen   float64 // height of the window
	Blind    bool    // parts of it were not read: frames, drawings, or more text than is read
	Picture  []byte  // of the first screen
}

// Expected is a filing that a page has to show.
type Expected struct {
	Number string
	Link   string // to what is made public of it; empty for any of the public hosts
}

// Asked says what a page is asked.
type Asked struct {
	Filing      bool       // number, place and link
	Filings     []Expected // that it has to show; none for any number
	Notice      bool       // whether a notice stands on it
	Declaration bool       // whether users can declare
	// Reach opens a link and returns the status of the answer.
	Reach func(address string) (status int, err error)
}

// view is one page at work.
type view struct {
	book   *Book
	page   Page
	asked  Asked
	report *Report
	checks []Check
	screen string // digest of the photograph of the first screen
}

func (v *view) add(rule string, o Outcome, c Check) *Check {
	c.Rule, c.Outcome = rule, o
	v.checks = append(v.checks, c)
	return &v.checks[len(v.checks)-1]
}

// Unopened adds a page that could not be opened: whatever it was asked could not be told.
func (b *Book) Unopened(address string, asked Asked, cause error, r *Report) {
	c := found(PageUnread)
	if e, ok := cause.(*colophon.Error); ok && e.Kind != colophon.Internal {
		c = Check{Code: e.Code, Args: e.Args}
	}
	s := Subject{Kind: OfPage, Name: address}
	for _, rule := range asked.rules() {
		one := c
		one.Rule, one.Outcome = rule, Untold
		s.Checks = append(s.Checks, one)
	}
	r.Subjects = append(r.Subjects, s)
}

func (a Asked) rules() (list []string) {
	if a.Notice {
		list = append(list, "explicit-notice")
	}
	if a.Declaration {
		list = append(list, "declaration-offered")
	}
	if a.Filing {
		list = append(list, "number-shown", "number-conspicuous", "number-link")
	}
	return list
}

// View looks at what a browser saw of a page, and adds it to a report.
func (b *Book) View(p Page, asked Asked, r *Report) {
	v := &view{book: b, page: p, asked: asked, report: r, screen: r.Keep(Shrink(p.Picture))}
	if p.Status != 200 {
		for _, rule := range asked.rules() {
			v.add(rule, Untold, found(PageStatus, "status", strconv.Itoa(p.Status))).Proof.Picture = v.screen
		}
	} else {
		if asked.Notice {
			v.notice()
		}
		if asked.Declaration {
			v.declaration()
		}
		if asked.Filing {
			v.filing()
		}
	}
	r.Subjects = append(r.Subjects, Subject{Kind: OfPage, Name: p.Address, Checks: v.checks})
}

// proof is where a text stands, with its photograph.
func (v *view) proof(s Sighting) Proof {
	box := s.Box
	p := Proof{Value: clip(s.Text), Box: &box, Picture: v.screen}
	if shot := v.report.Keep(Shrink(s.Picture)); shot != "" {
		p.Picture = shot
	}
	return p
}

// notice answers for a notice on the page, around what it shows.
func (v *view) notice() {
	var hidden *Sighting
	for _, s := range v.page.Texts {
		if s.Name != WantNotice || !prose.IsWords(strings.TrimSpace(s.Text)) {
			continue
		}
		if !s.shows() {
			hidden = &s
			continue
		}
		words := strings.TrimSpace(s.Text)
		proof := v.proof(s)
		v.add("explicit-notice", Passed, found(PageNotice, "text", words)).Proof = proof
		if notice.CheckWords(words) == nil {
			v.add("explicit-words", Passed, found(WordsGood, "words", words)).Proof = proof
		} else {
			v.add("explicit-words", Failed, found(WordsLack, "words", words)).Proof = proof
		}
		contrast := found(ContrastGood, "contrast", ratio(s.Contrast))
		outcome := Passed
		if s.Contrast < notice.MinContrast {
			outcome, contrast.Code = Failed, ContrastFaint
		}
		v.add("place-legible", outcome, contrast).Proof = proof
		return
	}
	if hidden != nil && hidden.Measured {
		v.add("explicit-notice", Failed, found(PageNoticeGone, "text", clip(hidden.Text))).Proof = v.proof(*hidden)
		return
	}
	v.add("explicit-notice", Untold, withLook(found(PageNoticeNone), LookPage)).Proof.Picture = v.screen
}

// declaration answers for a way to declare: something to press or choose whose words speak of it.
func (v *view) declaration() {
	for _, c := range v.page.Controls {
		if c.Shown && Declares(c.Text) {
			box := c.Box
			v.add("declaration-offered", Passed, found(DeclareThere, "text", clip(c.Text))).Proof = Proof{Value: clip(c.Text), Box: &box, Picture: v.screen}
			return
		}
	}
	v.add("declaration-offered", Untold, withLook(found(DeclareNone), LookSignIn)).Proof.Picture = v.screen
}

// Declares reports whether the words of a control speak of declaring that content was generated.
func Declares(text string) bool {
	lower := strings.ToLower(text)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(lower, w) })
	}
	return has("声明", "标识", "标注", "本内容", "作品含", "内容由", "declare", "label", "disclose", "contains", "was made") && has("人工智能", "ai", "生成", "合成", "generated", "synthetic")
}

// filing answers for the filing number, where it stands, and its link.
func (v *view) filing() {
	var numbers []Sighting
	for _, s := range v.page.Texts {
		if s.Name == WantNumber {
			numbers = append(numbers, s)
		}
	}
	wanted := v.asked.Filings
	if len(wanted) == 0 {
		wanted = []Expected{{}}
	}
	for _, want := range wanted {
		v.number(numbers, want)
	}
}

func (v *view) number(all []Sighting, want Expected) {
	mine := slices.DeleteFunc(slices.Clone(all), func(s Sighting) bool { return want.Number != "" && s.Text != want.Number })
	if len(mine) == 0 {
		v.missing(all, want)
		return
	}
	best := slices.MinFunc(mine, func(a, b Sighting) int { return rank(v.conspicuous(a)) - rank(v.conspicuous(b)) })
	proof := v.proof(best)
	n, err := register.CheckFiling(best.Text)
	switch {
	case err != nil || !n.Checked:
		v.add("number-shown", Failed, found(NumberCheck, "number", best.Text)).Proof = proof
	case !best.shows() && best.Measured:
		v.add("number-shown", Failed, found(ShownNot, "why", why(best))).Proof = proof
	case want.Number == "":
		v.add("number-shown", Untold, found(NumberUnknown, "number", best.Text)).Proof = proof
	default:
		v.add("number-shown", Passed, found(NumberRight, "number", best.Text)).Proof = proof
	}
	outcome, c := v.conspicuous(best)
	v.add("number-conspicuous", outcome, c).Proof = proof
	v.link(best, want, proof)
}

// missing answers for a number that no text of the page is.
func (v *view) missing(all []Sighting, want Expected) {
	outcome, c := Failed, found(NumberNone)
	proof := Proof{Picture: v.screen}
	switch {
	case len(all) > 0:
		c, proof = found(NumberOther, "number", all[0].Text, "expected", want.Number), v.proof(all[0])
	case slices.ContainsFunc(v.page.Links, func(l Link) bool { return l.Picture && v.public(l.Address, want) }):
		outcome, c = Untold, withLook(found(NumberPicture), LookPage)
	case v.page.Blind:
		outcome, c = Untold, withLook(found(NumberBlind), LookPage)
	}
	for _, rule := range []string{"number-shown", "number-conspicuous", "number-link"} {
		v.add(rule, outcome, c).Proof = proof
	}
}

func rank(o Outcome, _ Check) int { return map[Outcome]int{Passed: 0, Untold: 1, Failed: 2}[o] }

// conspicuous holds a text against the numbers of the book.
func (v *view) conspicuous(s Sighting) (Outcome, Check) {
	least := v.book.Conspicuous
	switch {
	case !s.Measured:
		return Untold, withLook(found(ShownUntold), LookPage)
	case s.Ink == 0:
		return Failed, found(ShownNot, "why", why(s))
	case s.Ink < least.LeastInk:
		return Failed, found(ShownSmall, "ink", strconv.Itoa(s.Ink), "least", strconv.Itoa(least.LeastInk))
	case s.Contrast < least.LeastContrast:
		return Failed, found(ShownFaint, "contrast", ratio(s.Contrast), "least", ratio(least.LeastContrast))
	}
	where := "screen"
	switch {
	case s.Fixed, s.Box.Y+s.Box.Height <= v.page.Screen:
	case s.Footer, s.Box.Y >= v.page.Height-v.page.Screen:
		where = "foot"
	default:
		return Failed, found(ShownDeep)
	}
	return Passed, found(ShownWell, "ink", strconv.Itoa(s.Ink), "contrast", ratio(s.Contrast), "where", where)
}

// why is why a text does not show, as one word.
func why(s Sighting) string {
	if s.Hidden == "" {
		return "covered"
	}
	return s.Hidden
}

// link answers for the link to the public information.
func (v *view) link(s Sighting, want Expected, proof Proof) {
	address := s.Link
	if address == "" || !v.public(address, want) {
		for _, l := range v.page.Links { // one elsewhere on the page will do, if it leads there
			if v.public(l.Address, want) {
				address = l.Address
				break
			}
		}
	}
	switch {
	case address == "":
		v.add("number-link", Failed, found(LinkNone)).Proof = proof
		return
	case !v.public(address, want):
		v.add("number-link", Failed, found(LinkOther, "address", address)).Proof = proof
		return
	}
	if v.asked.Reach == nil {
		v.add("number-link", Untold, found(LinkUntold, "address", address)).Proof = proof
		return
	}
	status, err := v.asked.Reach(address)
	switch {
	case err != nil || status == 403 || status == 429 || status >= 500 || status == 0:
		v.add("number-link", Untold, withLook(found(LinkUntold, "address", address), LookPage)).Proof = proof
	case status >= 400:
		v.add("number-link", Failed, found(LinkDead, "address", address, "status", strconv.Itoa(status))).Proof = proof
	default:
		v.add("number-link", Passed, found(LinkWorks, "address", address)).Proof = proof
	}
}

// public reports whether an address leads to what is made public of a filing: the one that is registered, or, where none is,
// one of the hosts on which authorities publish filings.
func (v *view) public(address string, want Expected) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	if want.Link != "" {
		w, err := url.Parse(want.Link)
		return err == nil && strings.EqualFold(w.Hostname(), u.Hostname()) && w.Port() == u.Port() && strings.TrimSuffix(w.Path, "/") == strings.TrimSuffix(u.Path, "/") && w.RawQuery == u.RawQuery
	}
	return slices.Contains(v.book.PublicHosts, strings.ToLower(u.Hostname()))
}
