package desk

import (
	"cmp"
	"context"
	"crypto/subtle"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/standing"
)

// Access is by what somebody outside comes to a case: code and PIN, or an account that signed in with the provider and the
// identifier of the case.
type Access struct {
	Code, PIN string
	ID        string
	Account   evidence.Subject
}

// Tries at one code: so many at once, and then one in each interval.
const (
	burstTries = 20
	tryEach    = time.Minute
)

// admit finds the case, and says on which side of it somebody is. The caller counts tries by address beside; here they are
// counted by code.
func (d *Desk) admit(ctx context.Context, a Access) (Entry, Side, error) {
	none := &colophon.Error{Kind: colophon.Missing, Code: CodeAccess}
	if a.Account != "" {
		e, err := d.book.Get(ctx, a.ID)
		switch {
		case err != nil || a.Account == evidence.System:
			return Entry{}, "", none
		case e.Subject == a.Account:
			return e, Reporter, nil
		case e.Value.About.Account == a.Account && (e.State == string(Decided) || e.State == string(Closed)):
			return e, Affected, nil
		}
		return Entry{}, "", none
	}
	code, ok := TidyCode(a.Code)
	if !ok {
		return Entry{}, "", none
	}
	digest := d.digest(keyCode, code)
	_, ok, err := d.Buckets.Take(ctx, standing.Taking{Key: "desk/" + digest, Subject: evidence.System, Now: d.Now(), Interval: tryEach, Burst: burstTries})
	if err != nil {
		return Entry{}, "", err
	}
	if !ok {
		return Entry{}, "", &colophon.Error{Kind: colophon.Refused, Code: CodeTries}
	}
	list, err := d.book.Store.Find(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyCode, Value: digest}}, Limit: 1})
	if err != nil {
		return Entry{}, "", err
	}
	want := []byte(d.digest(keyPIN, code+a.PIN))
	for _, e := range list {
		for _, k := range e.Keys {
			if k.Name == keyPIN && subtle.ConstantTimeCompare([]byte(k.Value), want) == 1 {
				return e, Reporter, nil
			}
		}
	}
	return Entry{}, "", none
}

// View is what somebody outside is shown of a case. It names nobody of the staff and no other user.
type View struct {
	ID       string
	Kind     Kind
	Side     Side
	State    State
	Received time.Time
	Limits   Limits
	Due      time.Time // of the next step; zero where there is none
	// Acknowledged, Decided and Told say when the steps were taken, and when they had to be.
	Acknowledged, Decided, Told *Mark
	Unsure                      []int // years whose holidays were not known for that
	Waits                       colophon.Code
	Outcome                     Outcome
	Reasons                     []standing.Sentence
	Facts                       string
	Explanation                 string
	// Done is what the actions came to that whoever came is told of, such as a right that was granted.
	Done        []standing.Sentence
	Joined      bool // to an earlier case, whose outcome and reasons these are
	Messages    []Message
	Files       []Attachment
	Appealable  bool
	AppealUntil time.Time // zero while the decision was not told yet, so that it is open
	Kept        ledger.Kept
	// Name, Contact and Text are what the reporter came with.
	Name, Contact, Text string
}

// Look shows somebody outside their case.
func (d *Desk) Look(ctx context.Context, a Access) (View, error) {
	e, side, err := d.admit(ctx, a)
	if err != nil {
		return View{}, err
	}
	return d.view(ctx, e, side)
}

func (d *Desk) view(ctx context.Context, e Entry, side Side) (View, error) {
	c, now := read(e), d.Now()
	v := View{ID: c.ID, Kind: c.Kind, Side: side, State: c.State, Received: c.Clock.Start, Limits: c.Limits, Acknowledged: c.Acknowledged, Told: c.Told, Kept: c.Kept}
	for _, s := range c.open(now) {
		if due := d.end(&c, s, now); v.Due.IsZero() || due.At.Before(v.Due) {
			v.Due, v.Unsure = due.At, due.Unsure
		}
	}
	if p, ok := c.Clock.Waits(); ok {
		v.Waits = p.Why
	}
	var p Particulars
	if _, err := d.book.Open(e, &p); err != nil {
		return View{}, err
	}
	if side == Reporter {
		v.Messages, v.Files, v.Name, v.Contact, v.Text = p.Messages, c.Files, p.Name, p.Contact, p.Text
	}
	if c.State == Duplicate { // nothing is told before it is closed
		v.Joined = true
		return v, nil
	}
	one, err := d.source(ctx, c)
	v.Joined, v.AppealUntil = one.ID != c.ID, one.AppealUntil
	v.Outcome, v.Reasons, v.Facts, v.Explanation = one.outcome(), d.Reasons(one), p.Facts, p.Explanation
	if one.Decision != nil {
		v.Decided = &one.Decision.Mark
	}
	if side == Reporter {
		v.Done = one.done()
	}
	v.Appealable = err == nil && one.appealable(now) == nil
	return v, err
}

// What whoever came is told of an action that grants a right, until the actor says what came of it.
const (
	SayUnderWay  colophon.Code = "desk-done-under-way"
	SayNotDone   colophon.Code = "desk-done-failed"
	SayTakenBack colophon.Code = "desk-done-undone"
)

// done says what the actions came to that grant a right.
func (c *Case) done() []standing.Sentence {
	var l sayings
	for _, a := range c.Actions {
		switch {
		case a.Do.rights() == nil || a.Undoes != "":
		case !a.Undone.IsZero():
			l.say(true, SayTakenBack)
		case a.Result == Failed:
			l.say(true, SayNotDone)
		case a.Result != Done:
			l.say(true, SayUnderWay)
		default:
			l = append(l, a.Says...)
		}
	}
	return l
}

// Brought returns the case that somebody outside brought, and nobody else's.
func (d *Desk) Brought(ctx context.Context, a Access) (Case, error) {
	e, err := d.reporters(ctx, a)
	return read(e), err
}

// source is the case whose decision counts for one: itself, or what it was joined to, which is always an earlier one.
func (d *Desk) source(ctx context.Context, c Case) (Case, error) {
	var err error
	for c.DuplicateOf != "" && err == nil {
		c, err = d.Case(ctx, c.DuplicateOf)
	}
	return c, err
}

// Mine shows an account its cases, the newest first, and says where the next page begins.
func (d *Desk) Mine(ctx context.Context, account evidence.Subject, after string, limit int) ([]View, string, error) {
	if account == "" || account == evidence.System {
		return nil, "", invalid("account")
	}
	page, next, err := d.book.Page(ctx, ledger.Query{Subject: account, Newest: true, After: after, Limit: limit})
	list := make([]View, len(page))
	for i, e := range page {
		if err == nil {
			list[i], err = d.view(ctx, e, Reporter)
		}
	}
	return list, next, err
}

// Affecting shows an account the decided cases about it, the newest first, at most limit.
func (d *Desk) Affecting(ctx context.Context, account evidence.Subject, limit int) (list []View, err error) {
	if account == "" || account == evidence.System {
		return nil, invalid("account")
	}
	q := ledger.Query{Keys: []ledger.Key{{Name: keyAccount, Value: string(account)}}, States: []string{string(Decided), string(Closed)}, Newest: true}
	err = d.book.All(ctx, q, func(e Entry) error {
		if e.Subject == account || len(list) >= limit {
			return nil
		}
		v, err := d.view(ctx, e, Affected)
		list = append(list, v)
		return err
	})
	return list, err
}

// reporters refuses everybody but who came.
func (d *Desk) reporters(ctx context.Context, a Access) (Entry, error) {
	e, side, err := d.admit(ctx, a)
	if err == nil && side != Reporter {
		err = &colophon.Error{Kind: colophon.Missing, Code: CodeAccess}
	}
	return e, err
}

// Answer has the reporter write to the desk, and add files. A case that waited for the reporter waits no more.
func (d *Desk) Answer(ctx context.Context, by ledger.By, a Access, text string, files []File) (View, error) {
	found, err := d.reporters(ctx, a)
	if err != nil {
		return View{}, err
	}
	if !prose(text, MaxText) || text == "" && len(files) == 0 {
		return View{}, invalid("text")
	}
	for _, f := range files {
		if err := f.check(); err != nil {
			return View{}, err
		}
	}
	looked := read(found)
	if len(files) > 0 {
		d.seek(ctx, &looked, files)
	}
	_, err = d.change(ctx, found.ID, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if !c.State.Open() && c.State != Duplicate {
			return ledger.Act{}, c.stuck(Acknowledged)
		}
		if len(c.Files)+len(files) > maxFiles {
			return ledger.Act{}, refuse(colophon.Refused, CodeFull, c, colophon.Args{"limit": strconv.Itoa(maxFiles)})
		}
		p := payload{Text: text}
		if len(files) > 0 {
			p.Digests = c.enclose(files, looked)
			d.index(e, c, files)
			p.Sought, p.Found = c.Sought, c.Found
		}
		c.Answered = true
		if err := d.write(e, c, Message{At: now, Text: text}, files); err != nil {
			return ledger.Act{}, err
		}
		if p, ok := c.Clock.Waits(); ok && p.Why == limits.WaitReporter {
			if err := c.woken(now); err != nil {
				return ledger.Act{}, err
			}
		}
		return c.act(RecordAnswered, by, p), nil
	})
	if err != nil {
		return View{}, err
	}
	return d.again(ctx, found.ID)
}

// enclose adds files to a case with what was found by them, and returns their digests.
func (c *Case) enclose(files []File, looked Case) (digests []string) {
	c.Files, c.Found = slices.Clone(c.Files), slices.Clone(c.Found)
	for _, f := range files {
		c.Files, digests = append(c.Files, f.Attachment), append(digests, f.SHA256)
	}
	for _, f := range looked.Found {
		if !slices.Contains(c.Found, f) {
			c.Found = append(c.Found, f)
		}
	}
	c.Sought = looked.Sought
	if len(c.Found) > 0 {
		c.Sought = SoughtFound
	}
	c.About.Account = cmp.Or(c.About.Account, looked.About.Account)
	return digests
}

// again shows the reporter a case that was changed.
func (d *Desk) again(ctx context.Context, id string) (View, error) {
	e, err := d.book.Get(ctx, id)
	if err != nil {
		return View{}, err
	}
	return d.view(ctx, e, Reporter)
}

// write adds a message to what is sealed.
func (d *Desk) write(e *Entry, c *Case, m Message, files []File) error {
	var p Particulars
	if err := d.unseal(e, c, &p); err != nil {
		return err
	}
	if len(p.Messages) >= maxMessages {
		return refuse(colophon.Refused, CodeFull, c, colophon.Args{"limit": strconv.Itoa(maxMessages)})
	}
	p.Messages, p.Files = append(p.Messages, m), append(p.Files, files...)
	c.Messages = len(p.Messages)
	return d.book.Secret(e, p)
}

// Ask has whoever has a case write to its reporter.
func (d *Desk) Ask(ctx context.Context, by Clerk, id, text string) (Case, error) {
	if !prose(text, MaxText) || text == "" {
		return Case{}, invalid("text")
	}
	return d.change(ctx, id, func(e *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if err := c.yours(by); err != nil {
			return ledger.Act{}, err
		}
		c.Answered = false
		return c.act(RecordAsked, by.By, payload{Text: text}), d.write(e, c, Message{Desk: true, At: now, Text: text}, nil)
	})
}

// Withdraw has the reporter take a case back. What was joined to it stands for itself again.
func (d *Desk) Withdraw(ctx context.Context, by ledger.By, a Access) (View, error) {
	found, err := d.reporters(ctx, a)
	if err != nil {
		return View{}, err
	}
	c, err := d.change(ctx, found.ID, func(_ *Entry, c *Case, now time.Time) (ledger.Act, error) {
		if c.State == Withdrawn {
			return ledger.Act{}, ledger.ErrSame
		}
		c.Clock = c.Clock.Resume(now)
		c.Assigned, c.Lease = "", time.Time{}
		return c.act(RecordWithdrawn, by, payload{}), c.to(Withdrawn)
	})
	if err == nil {
		err = d.followers(ctx, c)
	}
	if err != nil {
		return View{}, err
	}
	return d.again(ctx, c.ID)
}

// appealable says why the decision of a case can't be appealed.
func (c *Case) appealable(now time.Time) error {
	switch {
	case c.Limits.Row.Appeal.None() || c.Kind == Appeal:
		return refuse(colophon.Refused, CodeFinal, c, nil)
	case c.Decision == nil:
		return c.stuck(Decided)
	case !c.AppealUntil.IsZero() && now.After(c.AppealUntil):
		return refuse(colophon.Refused, CodeLate, c, colophon.Args{"until": beijing(c.AppealUntil)})
	}
	return nil
}

// Appeal opens an appeal against the decision of a case, once for each side. Of the draft kind, party, grounds and what it is
// about are those of the case.
func (d *Desk) Appeal(ctx context.Context, by ledger.By, a Access, n Draft) (Opened, error) {
	e, side, err := d.admit(ctx, a)
	if err != nil {
		return Opened{}, err
	}
	c := read(e)
	if c.State == Closed { // where it was joined, one decision was made about both
		if c, err = d.source(ctx, c); err != nil {
			return Opened{}, err
		}
	}
	if err := c.appealable(d.Now()); err != nil {
		return Opened{}, err
	}
	n.Kind, n.Party, n.Right, n.Grounds, n.About, n.Account = Appeal, c.Party, "", c.Grounds, c.About, a.Account
	if side == Affected {
		n.Party = PartyUser
	}
	if err := n.check(); err != nil {
		return Opened{}, err
	}
	return d.open(ctx, by, n, Case{Kind: Appeal, Urgent: c.Urgent, Anonymous: c.Anonymous, AppealOf: c.ID, Side: side, Not: append(slices.Clone(c.Not), c.Decision.By.ID)}, e.Subject)
}
