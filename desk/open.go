package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Draft is what somebody comes with.
type Draft struct {
	Kind     Kind
	Party    Party
	Right    Right // of kind rights
	Grounds  []colophon.Code
	Source   Source
	Language string           // zh or en
	Account  evidence.Subject // the account that comes; empty for none
	About    About
	Name     string
	Contact  string
	Text     string
	Files    []File
	// Once is by what the same submission is known again: a second one gives the first case, without code and PIN.
	Once string
}

// Opened is a case that came in. Code and PIN are told to whoever came, this one time; nobody can find them out later.
type Opened struct {
	Case
	Code string
	PIN  string
}

func (n Draft) check() error {
	switch {
	case !slices.Contains(Kinds(), n.Kind):
		return invalid("kind")
	case !slices.Contains(Parties(), n.Party) || n.Kind == Authority && n.Party != PartyAuthority:
		return invalid("party")
	case (n.Kind == Rights) != (n.Right != "") || n.Right != "" && !slices.Contains(AllRights(), n.Right):
		return invalid("right")
	case len(n.Grounds) > maxGrounds || slices.ContainsFunc(n.Grounds, func(g colophon.Code) bool { return !slices.Contains(Grounds(), g) }):
		return invalid("grounds")
	case !slices.Contains(Sources(), n.Source):
		return invalid("source")
	case n.Language != "zh" && n.Language != "en":
		return invalid("language")
	case n.Account != "" && (n.Account == evidence.System || !word(string(n.Account))):
		return invalid("account")
	case !line(n.Name):
		return invalid("name")
	case !line(n.Contact):
		return invalid("contact")
	case !prose(n.Text, MaxText):
		return invalid("text")
	case n.Once != "" && !word(n.Once):
		return invalid("once")
	case len(n.Files) > maxFiles:
		return invalid("files")
	}
	for _, f := range n.Files {
		if err := f.check(); err != nil {
			return err
		}
	}
	return n.About.check()
}

// Open takes a case in.
func (d *Desk) Open(ctx context.Context, by ledger.By, n Draft) (Opened, error) {
	if err := n.check(); err != nil {
		return Opened{}, err
	}
	c := Case{Kind: n.Kind}
	switch {
	case n.Account == "" && (n.Kind == Unlabelled || n.Contact == "" && !n.Kind.anonymous() && !n.Source.own()):
		return Opened{}, refuse(colophon.Refused, CodeAnonymous, &c, nil)
	case n.Kind == Appeal && !n.About.decided():
		return Opened{}, invalid("about")
	case n.Kind != Rights && strings.TrimSpace(n.Text) == "" && len(n.Files) == 0 && n.About.empty(): // a right says what is asked for
		return Opened{}, refuse(colophon.Invalid, CodeEmpty, &c, nil)
	}
	return d.open(ctx, by, n, c, "")
}

// open takes a case in, of which some is known already. Subject is empty where nobody came before.
func (d *Desk) open(ctx context.Context, by ledger.By, n Draft, c Case, subject evidence.Subject) (Opened, error) {
	now := d.Now()
	c.Party, c.Right, c.Grounds, c.Source, c.Language, c.About = n.Party, n.Right, n.Grounds, n.Source, n.Language, n.About
	c.Urgent, c.State = c.Urgent || urgent(n.Grounds), Received
	c.Anonymous = n.Account == "" && n.Contact == "" && !n.Source.own() && (subject == "" || c.Anonymous)
	digest := d.reporter(n.Account, n.Contact)
	p, err := d.of(ctx, digest, now)
	if err == nil {
		err = p.admit(&c, d.Triage.Abuse)
	}
	if err != nil {
		return Opened{}, err
	}
	c.Unfounded = p.Unfounded
	version, err := d.Limits.InForce(ctx, now)
	if err != nil {
		return Opened{}, err
	}
	row, ok := version.Table.Row(string(c.Kind), c.Urgent)
	if !ok {
		return Opened{}, invalid("limits")
	}
	c.Limits, c.Clock = Limits{version.Number, row}, limits.Clock{Start: now}
	if c.Kind == Appeal {
		deciders, err := d.Origins.Deciders(ctx, c.About)
		if err != nil {
			return Opened{}, err
		}
		c.Not = append(slices.Clone(c.Not), deciders...)
	}
	for _, f := range n.Files {
		c.Files = append(c.Files, f.Attachment)
	}
	d.seek(ctx, &c, n.Files)
	p.join(&c)
	return d.add(ctx, by, c, n, cmp.Or(n.Account, subject), digest)
}

// join makes a case a duplicate of an earlier one of the same reporter, of the same kind and about the same content. What asks
// for something of its own, such as an order or a right, stands for itself.
func (p past) join(c *Case) {
	for _, o := range slices.Backward(p.cases) {
		if o.State.Open() && o.Kind == c.Kind && c.Kind.anonymous() && o.shares(c) {
			c.State, c.DuplicateOf = Duplicate, o.ID
			return
		}
	}
}

// add keeps a new case under a code of its own.
func (d *Desk) add(ctx context.Context, by ledger.By, c Case, n Draft, subject evidence.Subject, reporter string) (Opened, error) {
	drawn, err := d.Recorder.NewID()
	if err == nil {
		c.ID, err = d.Recorder.NewID()
	}
	if err != nil {
		return Opened{}, err
	}
	subject = cmp.Or(subject, evidence.Subject(drawn))
	now := c.Clock.Start
	secret := Particulars{Name: n.Name, Contact: n.Contact, Text: n.Text, Files: n.Files}
	p := payload{Text: n.Text, Limits: c.Limits.Version, About: &c.About, Grounds: c.Grounds, Sought: c.Sought, Found: c.Found, Other: c.DuplicateOf}
	for _, f := range c.Files {
		p.Digests = append(p.Digests, f.SHA256)
	}
	var o Opened
	for range 3 { // a code that is taken is no reason to send anybody away
		if o.Code, err = drawCode(d.Random); err != nil {
			return Opened{}, err
		}
		if o.PIN, err = drawPIN(d.Random); err != nil {
			return Opened{}, err
		}
		e := Entry{ID: c.ID, Subject: subject, State: string(c.State), Due: d.due(c, now), Value: c, Keys: []ledger.Key{{Name: keyKind, Value: string(c.Kind)}, {Name: keyReceived, Value: month(now)},
			{Name: keyCode, Value: d.digest(keyCode, o.Code), Unique: true, Personal: true}, {Name: keyPIN, Value: d.digest(keyPIN, o.Code+o.PIN), Personal: true}}}
		d.index(&e, &c, n.Files)
		for _, k := range []ledger.Key{{Name: keyReporter, Value: reporter, Personal: true}, {Name: keyDuplicate, Value: c.DuplicateOf}, {Name: keyOnce, Value: n.Once, Unique: true}, c.appealKey()} {
			if k.Value != "" {
				addKey(&e, k)
			}
		}
		if e, err = d.book.Add(ctx, e, secret, c.act(RecordReceived, by, p)); err == nil {
			o.Case = read(e)
			return o, nil
		}
		var told *colophon.Error
		if !errors.As(err, &told) || told.Code != ledger.CodeExists {
			return Opened{}, err
		}
		if before, found, err := d.before(ctx, n.Once, &c); found || err != nil {
			return Opened{Case: before}, err
		}
	}
	return Opened{}, err
}

// before looks for what keeps a case from being added: the same one, or an appeal of the same side.
func (d *Desk) before(ctx context.Context, once string, c *Case) (Case, bool, error) {
	if once != "" {
		list, err := d.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOnce, Value: once}}, Limit: 1})
		if err != nil || len(list) > 0 {
			return first(list), len(list) > 0, err
		}
	}
	if c.AppealOf == "" {
		return Case{}, false, nil
	}
	n, err := d.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{c.appealKey()}})
	if err == nil && n > 0 {
		err = refuse(colophon.Conflict, CodeAppealed, c, nil)
	}
	return Case{}, false, err
}

func first(list []Entry) Case {
	if len(list) == 0 {
		return Case{}
	}
	return read(list[0])
}

// appealKey keeps each side from appealing twice. For what is no appeal of a case it has no value.
func (c *Case) appealKey() ledger.Key {
	k := ledger.Key{Name: keyAppeal, Unique: true}
	if c.AppealOf != "" {
		k.Value = c.AppealOf + "/" + string(c.Side)
	}
	return k
}

// index has an entry be found by its content and the account that it is about, and names the blobs that it needs.
func (d *Desk) index(e *Entry, c *Case, files []File) {
	if c.About.Account != "" {
		addKey(e, ledger.Key{Name: keyAccount, Value: string(c.About.Account)})
	}
	for _, n := range c.numbers() {
		addKey(e, ledger.Key{Name: keyContent, Value: n})
	}
	for _, f := range files {
		addKey(e, ledger.Key{Name: keyBlob, Value: f.Blob, Personal: true})
	}
}

// reporter is the keyed digest by which somebody is known again: by account, or by contact as far as people write it alike.
// Of whom neither is known it is empty.
func (d *Desk) reporter(account evidence.Subject, contact string) string {
	plain := strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(contact))
	switch {
	case account != "":
		return d.digest(keyReporter, "account/"+string(account))
	case plain != "":
		return d.digest(keyReporter, "contact/"+plain)
	}
	return ""
}

// seek looks for the content. That it could not be looked for keeps nobody from being heard.
func (d *Desk) seek(ctx context.Context, c *Case, files []File) {
	clue := Clue{c.About.Numbers, files}
	if len(clue.Numbers)+len(clue.Files) == 0 {
		c.Sought = SoughtNot
		return
	}
	found, err := d.Finder.Find(ctx, clue)
	c.sight(found, err)
}

// sight notes what came of looking.
func (c *Case) sight(found []Found, err error) {
	c.Found, c.Sought = nil, SoughtNone
	var account evidence.Subject
	for _, f := range found {
		if len(c.Found) == maxNumbers || !word(f.Number) {
			continue
		}
		c.Found = append(c.Found, f)
		if f.Certain && f.Account != "" {
			if account != "" && account != f.Account {
				account = evidence.System // several, so none
				continue
			}
			account = f.Account
		}
	}
	switch {
	case err != nil:
		c.Sought = SoughtUnknown
	case len(c.Found) > 0:
		c.Sought = SoughtFound
	}
	if c.About.Account == "" && account != evidence.System {
		c.About.Account = account
	}
}

// Seek looks for the content of a case again.
func (d *Desk) Seek(ctx context.Context, by ledger.By, id string) (Case, error) {
	e, err := d.book.Get(ctx, id)
	if err != nil {
		return Case{}, err
	}
	looked := read(e)
	var p Particulars
	ok, err := d.book.Open(e, &p)
	if err == nil && !ok && len(looked.Files) > 0 { // what was found by them would be lost
		err = refuse(colophon.Refused, CodeErased, &looked, nil)
	}
	if err != nil {
		return Case{}, err
	}
	d.seek(ctx, &looked, p.Files)
	return d.change(ctx, id, func(e *Entry, c *Case, _ time.Time) (ledger.Act, error) {
		c.Sought, c.Found, c.About.Account = looked.Sought, looked.Found, looked.About.Account
		d.index(e, c, nil)
		return c.act(RecordSought, by, payload{Sought: c.Sought, Found: c.Found, About: &c.About}), nil
	})
}

// Needs reports whether a case needs the sealed bytes of a reference, so that they must be kept.
func (d *Desk) Needs(ctx context.Context, blob string) (bool, error) {
	n, err := d.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyBlob, Value: blob}}})
	return n > 0, err
}

// Case returns a case.
func (d *Desk) Case(ctx context.Context, id string) (Case, error) {
	e, err := d.book.Get(ctx, id)
	return read(e), err
}

// beijing writes a time as people in China read it.
func beijing(t time.Time) string {
	return t.In(time.FixedZone("", 8*60*60)).Format("2006-01-02 15:04")
}

// month is the month of a time in Beijing.
func month(t time.Time) string { return beijing(t)[:len("2006-01")] }
