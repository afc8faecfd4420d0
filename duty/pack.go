package duty

import (
	"bytes"
	_ "embed" // the pack for China
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
)

//go:embed packs/china.json
var china []byte

// MaxPack is the most bytes that a pack may have.
const MaxPack = 4 << 20

// packFormat is the version of the format that is read here.
const packFormat = 1

// Text is a sentence of ours in both languages.
type Text struct {
	EN string `json:"en"`
	ZH string `json:"zh"`
}

func (t Text) whole() bool { return strings.TrimSpace(t.EN) != "" && strings.TrimSpace(t.ZH) != "" }

// Day is a day, as 2006-01-02, that begins at midnight where the pack says. Empty means no bound.
type Day string

// Force is the time in which something is in force: from a day, until before another.
type Force struct {
	From Day `json:"from,omitempty"`
	To   Day `json:"to,omitempty"`
}

// Pack is what one jurisdiction asks for.
type Pack struct {
	Format  int    `json:"format"`
	Name    string `json:"name"`    // a word
	Version string `json:"version"` // a day: as of when it was written
	// Offset is the hours by which midnight of the pack's days is ahead of UTC.
	Offset      int          `json:"offset"`
	Title       Text         `json:"title"`
	Note        Text         `json:"note"`
	Instruments []Instrument `json:"instruments"`
	Probes      []Probe      `json:"probes"`
}

// Instrument is one law, measure or standard.
type Instrument struct {
	ID       string    `json:"id"`
	Title    Text      `json:"title"`
	Address  string    `json:"address"`  // of the official text
	Complete bool      `json:"complete"` // whether all of its articles that bind somebody are here
	Force    Force     `json:"force"`
	Articles []Article `json:"articles"`
}

// Article is one article with the obligations in it.
type Article struct {
	Number      string          `json:"number"`
	Title       Text            `json:"title"`
	Clause      colophon.Clause `json:"clause,omitempty"` // where Colophon has a clause for it
	Force       Force           `json:"force,omitzero"`
	Obligations []Obligation    `json:"obligations"`
}

// Who is bound.
type Who string

// Those who may be bound.
const (
	WhoProvider  Who = "provider"
	WhoSupporter Who = "supporter"
	WhoPlatform  Who = "platform"
	WhoStore     Who = "app-store"
	WhoUser      Who = "user"
	WhoAnybody   Who = "anybody"
)

// Trigger is the occasion on which something is owed.
type Trigger string

// The occasions.
const (
	Always    Trigger = "always"
	Launch    Trigger = "launch"    // before something goes online
	OnChange  Trigger = "change"    // when what was filed or assessed changes
	OnEnd     Trigger = "end"       // when a service ends
	Finding   Trigger = "finding"   // when something illegal or false is found
	Request   Trigger = "request"   // when somebody asks or complains
	Order     Trigger = "order"     // when an authority asks or orders
	Producing Trigger = "producing" // with every item that is made
	Uploading Trigger = "uploading" // with every item that is uploaded or listed
)

// Confidence says how sure it is that a duty is as it is told.
type Confidence string

// How sure it is.
const (
	Primary     Confidence = "primary"     // the official text was read
	Secondary   Confidence = "secondary"   // another source tells it
	Draft       Confidence = "draft"       // a draft has it
	Unconfirmed Confidence = "unconfirmed" // nobody looked it up
)

// Obligation is one thing that somebody owes.
type Obligation struct {
	ID         string     `json:"id"`
	Title      Text       `json:"title"`
	Duty       Text       `json:"duty"`
	Who        []Who      `json:"who"`
	Trigger    Trigger    `json:"trigger"`
	Applies    Condition  `json:"applies"`
	Force      Force      `json:"force,omitzero"`
	Source     string     `json:"source"`
	Confidence Confidence `json:"confidence"`
	Controls   []Control  `json:"controls"`
}

// Control is what of Colophon meets an obligation. One without probes is said to be there, and nothing shows that it works.
type Control struct {
	ID     string   `json:"id"`
	Text   Text     `json:"text"`
	Probes []string `json:"probes,omitempty"`
}

// Kind says how a probe finds out.
type Kind string

// The kinds.
const (
	Negative    Kind = "negative"    // tries what must be refused
	Query       Kind = "query"       // reads records and settings
	Attestation Kind = "attestation" // asks a person
)

// Probe is one way to find out whether a control works.
type Probe struct {
	Name    string `json:"name"`
	Version int    `json:"version"` // raised with what it asks or expects: what another version saw counts no more
	Kind    Kind   `json:"kind"`
	Title   Text   `json:"title"`
	Expect  Text   `json:"expect"`
	Every   int    `json:"every"` // hours between two runs
	Life    int    `json:"life"`  // hours for which a run that passed counts
}

// Cadence is the time between two runs.
func (p Probe) Cadence() time.Duration { return time.Duration(p.Every) * time.Hour }

// TTL is the time for which a run that passed counts.
func (p Probe) TTL() time.Duration { return time.Duration(p.Life) * time.Hour }

// Parse reads a pack.
func Parse(raw []byte) (Pack, error) {
	fail := func(err error) (Pack, error) {
		return Pack{}, &colophon.Error{Kind: colophon.Invalid, Code: CodePack, Args: colophon.Args{"item": "pack", "field": "json"}, Err: err}
	}
	if len(raw) > MaxPack {
		return fail(nil)
	}
	var p Pack
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return fail(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fail(err)
	}
	return p, p.check()
}

// China is the pack that comes with the program.
func China() (Pack, error) { return Parse(china) }

var (
	token   = regexp.MustCompile(`^[a-z][a-z0-9.-]{1,63}$`)
	version = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)
	number  = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,15}$`)
)

// check looks at a pack for what is missing, twice or unknown.
func (p Pack) check() error {
	switch {
	case p.Format != packFormat:
		return bad("pack", "format")
	case !token.MatchString(p.Name):
		return bad("pack", "name")
	case !version.MatchString(p.Version):
		return bad("pack", "version")
	case p.Offset < -12 || p.Offset > 14:
		return bad("pack", "offset")
	case !p.Title.whole() || !p.Note.whole():
		return bad("pack", "title")
	case len(p.Instruments) == 0:
		return bad("pack", "instruments")
	}
	seen := map[string]bool{}
	once := func(id string) bool {
		fresh := token.MatchString(id) && !seen[id]
		seen[id] = true
		return fresh
	}
	probes := map[string]bool{}
	for _, q := range p.Probes {
		if err := q.check(once); err != nil {
			return err
		}
		probes[q.Name] = true
	}
	for _, in := range p.Instruments {
		if err := in.check(once, probes); err != nil {
			return err
		}
	}
	return nil
}

func (p Probe) check(once func(string) bool) error {
	switch {
	case !once(p.Name):
		return bad(p.Name, "name")
	case p.Version < 1:
		return bad(p.Name, "version")
	case !slices.Contains([]Kind{Negative, Query, Attestation}, p.Kind):
		return bad(p.Name, "kind")
	case !p.Title.whole() || !p.Expect.whole():
		return bad(p.Name, "expect")
	case p.Every < 1 || p.Every > 24*366:
		return bad(p.Name, "every")
	case p.Life < p.Every || p.Life > 24*366*3:
		return bad(p.Name, "life")
	}
	return nil
}

func (in Instrument) check(once func(string) bool, probes map[string]bool) error {
	switch {
	case !once(in.ID):
		return bad(in.ID, "id")
	case !in.Title.whole():
		return bad(in.ID, "title")
	case !strings.HasPrefix(in.Address, "https://"):
		return bad(in.ID, "address")
	case in.Force.From == "" || !in.Force.sound():
		return bad(in.ID, "force")
	}
	for i, a := range in.Articles {
		item := in.ID + " " + a.Number
		switch {
		case !number.MatchString(a.Number) || slices.ContainsFunc(in.Articles[:i], func(o Article) bool { return o.Number == a.Number }):
			return bad(item, "number")
		case !a.Title.whole():
			return bad(item, "title")
		case a.Clause != "" && !token.MatchString(string(a.Clause)):
			return bad(item, "clause")
		case !a.Force.sound():
			return bad(item, "force")
		}
		for _, o := range a.Obligations {
			if err := o.check(once, probes); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o Obligation) check(once func(string) bool, probes map[string]bool) error {
	known := []Who{WhoProvider, WhoSupporter, WhoPlatform, WhoStore, WhoUser, WhoAnybody}
	occasions := []Trigger{Always, Launch, OnChange, OnEnd, Finding, Request, Order, Producing, Uploading}
	switch {
	case !once(o.ID):
		return bad(o.ID, "id")
	case !o.Title.whole() || !o.Duty.whole():
		return bad(o.ID, "duty")
	case len(o.Who) == 0 || slices.ContainsFunc(o.Who, func(w Who) bool { return !slices.Contains(known, w) }):
		return bad(o.ID, "who")
	case !slices.Contains(occasions, o.Trigger):
		return bad(o.ID, "trigger")
	case slices.ContainsFunc(o.Applies.Facts(), func(f Fact) bool { return !slices.Contains(AllFacts(), f) }):
		return bad(o.ID, "applies")
	case !o.Force.sound():
		return bad(o.ID, "force")
	case o.Source == "" || !slices.Contains([]Confidence{Primary, Secondary, Draft, Unconfirmed}, o.Confidence):
		return bad(o.ID, "confidence")
	}
	for _, c := range o.Controls {
		switch {
		case !once(c.ID):
			return bad(c.ID, "id")
		case !c.Text.whole():
			return bad(c.ID, "text")
		case slices.ContainsFunc(c.Probes, func(name string) bool { return !probes[name] }):
			return bad(c.ID, "probes")
		}
	}
	return nil
}

func bad(item, field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodePack, Args: colophon.Args{"item": item, "field": field}}
}

// sound reports whether both days are days, and the end is after the beginning.
func (f Force) sound() bool {
	for _, d := range []Day{f.From, f.To} {
		if _, err := time.Parse(time.DateOnly, string(d)); d != "" && err != nil {
			return false
		}
	}
	return f.To == "" || f.From < f.To
}

// begin is when a day begins, in UTC, in a zone that is so many hours ahead.
func (d Day) begin(offset int) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, string(d), time.FixedZone("", offset*60*60))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}
