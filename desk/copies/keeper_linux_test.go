package copies_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

var errDown = errors.New("it is down")

const (
	account  = evidence.Subject("account-1")
	item     = artefact.Number("item-1")
	version  = "agreement-2"
	producer = "001191110000000000000E10000"
)

// world is a keeper on a store, with what it asks of others.
type world struct {
	*testing.T
	ctx      context.Context
	clock    *storetest.Clock
	store    *store.Store
	config   copies.Config
	keeper   *copies.Keeper
	verifier note.Verifier

	mu        sync.Mutex
	facts     copies.Facts
	blind     bool                   // the facts can't be told
	made      map[string]copies.Made // by key
	bytes     map[string][]byte
	discarded map[string]bool
	makes     int
	fail      error                // of the maker
	change    func(m *copies.Made) // what the maker gets wrong
	during    func()               // while it makes
	alike     []artefact.Match
	unlike    error
	held      bool
}

func (w *world) Check(_ context.Context, a evidence.Subject, n artefact.Number) (copies.Facts, error) {
	if w.blind {
		return copies.Facts{}, errDown
	}
	f := w.facts
	f.Own = f.Own && a == account && strings.HasPrefix(string(n), "item-")
	return f, nil
}

// Make labels a picture without the notice, and reads the label back.
func (w *world) Make(ctx context.Context, o copies.Order) (copies.Made, error) {
	if w.during != nil {
		w.during()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return copies.Made{}, w.fail
	}
	if w.discarded[o.Key] {
		return copies.Made{}, &colophon.Error{Kind: colophon.Missing, Code: copies.CodeOriginal}
	}
	if m, ok := w.made[o.Key]; ok {
		return m, nil
	}
	w.makes++
	number := artefact.Number("copy-of-" + o.Key)
	src := media.Memory(picture(w))
	plan, err := (&stamp.Press{Unmarked: true}).Prepare(ctx, src, stamp.Request{Choice: stamp.None, Label: label.Request{Options: label.Options{Name: "a.png"},
		Fields: label.Fields{Label: label.Belongs, ContentProducer: producer, ProduceID: string(number)}}})
	if err != nil {
		return copies.Made{}, err
	}
	var b bytes.Buffer
	if err := errors.Join(plan.Edit.Apply(&b, src), plan.ReadBack(ctx, media.Memory(b.Bytes()), nil)); err != nil {
		return copies.Made{}, err
	}
	report, err := label.Read(media.Memory(b.Bytes()), label.Options{Name: "a.png"})
	if err != nil || len(report.Marks) == 0 {
		return copies.Made{}, errors.Join(errDown, err)
	}
	sum := sha256.Sum256(b.Bytes())
	m := copies.Made{Number: number, Label: artefact.Number(report.Marks[0].Fields.ProduceID), Notice: plan.Notice.State, SHA256: hex.EncodeToString(sum[:]), Size: int64(b.Len()),
		Type: "image/png", Likeness: bytes.Repeat([]byte{7}, artefact.HashSize)}
	if w.change != nil {
		w.change(&m)
	}
	w.made[o.Key], w.bytes[o.Key] = m, b.Bytes()
	return m, nil
}

func (w *world) Discard(_ context.Context, o copies.Order) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fail != nil {
		return w.fail
	}
	w.discarded[o.Key] = true
	delete(w.made, o.Key)
	delete(w.bytes, o.Key)
	return nil
}

func (w *world) Alike(context.Context, []byte, int, int) ([]artefact.Match, error) {
	return w.alike, w.unlike
}

func picture(t testing.TB) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, 320, 200))
	for i := range 320 * 200 {
		img.Set(i%320, i/320, color.NRGBA{uint8(i), uint8(i / 320), 90, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{T: t, ctx: t.Context(), clock: storetest.NewClock(), made: map[string]copies.Made{}, bytes: map[string][]byte{}, discarded: map[string]bool{}}
	w.facts = copies.Facts{Own: true, Verified: true, Agreement: version, OnRequest: true, Class: stamp.Other, Original: true}
	config := storetest.SQLite(t)
	config.Keys, config.Now = storetest.Keys(t, "first"), w.clock.Now
	w.store = storetest.Open(t, config)
	rules, err := copies.Starter()
	w.no(err)
	signer, verifier := keys(t, "a")
	w.verifier = verifier
	w.config = copies.Config{Copies: ledgers.Of[copies.Copy](w.store, copies.Ledger), Recorder: storetest.Recorder(t, config.Keys, w.clock.Now), Keys: config.Keys, Signer: signer,
		Provider: "provider.example", Rules: rules, Checker: w, Maker: w, Likener: w, Held: func(context.Context, evidence.Subject) (bool, error) { return w.held, nil }}
	w.again()
	return w
}

func (w *world) again() {
	w.Helper()
	var err error
	w.keeper, err = copies.New(w.config)
	w.no(err)
}

func (w *world) no(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(err error, code colophon.Code) {
	w.Helper()
	storetest.WantCode(w, err, code)
}

var (
	user     = ledger.By{Role: "user"}
	reviewer = desk.Clerk{By: ledger.By{Role: "reviewer", ID: "staff-1"}}
)

// draft is a request that a person decides about.
func (w *world) draft() copies.Draft {
	return copies.Draft{Account: account, Number: item, Agreement: version, Duty: w.config.Rules.Duty.Digest(), Purpose: copies.ForBroadcast, Recipient: copies.ToPlatform, Words: "For the evening news."}
}

func (w *world) request(d copies.Draft) copies.Copy {
	w.Helper()
	c, err := w.keeper.Request(w.ctx, user, d)
	w.no(err)
	return c
}

// granted is a request that a person granted.
func (w *world) granted() copies.Copy {
	w.Helper()
	c, err := w.keeper.Decide(w.ctx, reviewer, w.request(w.draft()).ID, copies.Ruling{Grant: true, Note: "Show the notice around it."})
	w.no(err)
	return c
}

func (w *world) get(id string) copies.Copy {
	w.Helper()
	c, err := w.keeper.Copy(w.ctx, id)
	w.no(err)
	return c
}

func (w *world) sweep() {
	w.Helper()
	_, err := w.keeper.Sweep(w.ctx)
	w.no(err)
}

func (w *world) types() (list []evidence.Type) {
	w.Helper()
	for r, err := range w.store.Records(w.ctx, false) {
		w.no(err)
		list = append(list, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClauseLM9}) || r.Subject != account {
			w.Errorf("%s: %v about %s", r.Type, r.Clauses, r.Subject)
		}
	}
	return list
}

// TestStory asks, is granted by a person, and handed out; the receipt is checked with nothing but its bytes and the key.
func TestStory(t *testing.T) {
	w := open(t)
	c := w.request(w.draft())
	if c.State != copies.Requested || c.Subject != account || c.Class != stamp.Other {
		t.Fatalf("%+v", c)
	}
	_, err := w.keeper.Hand(w.ctx, user, c.ID)
	w.refused(err, copies.CodeStep)
	_, err = w.keeper.Request(w.ctx, user, w.draft())
	w.refused(err, copies.CodeAsked)
	c, err = w.keeper.Decide(w.ctx, reviewer, c.ID, copies.Ruling{Grant: true, Note: "Show the notice around it."})
	w.no(err)
	if c.State != copies.Granted || c.Decision.By != reviewer.By || c.Decision.Rule != "" {
		t.Fatalf("%+v", c)
	}
	c, err = w.keeper.Hand(w.ctx, user, c.ID)
	w.no(err)
	h := c.Handing
	if c.State != copies.Handed || h == nil || !h.Until.Equal(w.clock.Now().UTC().AddDate(0, 6, 0)) || h.Number == item {
		t.Fatalf("%+v", c)
	}
	again, err := w.keeper.Hand(w.ctx, user, c.ID)
	w.no(err)
	if again.Handing.Receipt != h.Receipt || w.makes != 1 {
		t.Errorf("made %d times, %+v", w.makes, again)
	}
	w.receipt(c)
	_, err = w.keeper.Withdraw(w.ctx, user, account, c.ID)
	w.refused(err, copies.CodeStep)
	w.request(w.draft()) // what was handed out may be asked for again
	want := []evidence.Type{copies.RecordRequested, copies.RecordGranted, copies.RecordHanded, copies.RecordRequested}
	if got := w.types(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func (w *world) receipt(c copies.Copy) {
	w.Helper()
	own, s, err := w.keeper.Own(w.ctx, account, c.ID)
	w.no(err)
	if own.Decision.By.ID != "" || s.Words == "" || s.Note == "" {
		w.Errorf("%+v %+v", own.Decision, s)
	}
	_, _, err = w.keeper.Own(w.ctx, "account-2", c.ID)
	w.refused(err, copies.CodeMissing)
	r, err := copies.OpenReceipt([]byte(s.Receipt), w.verifier)
	w.no(err)
	made := w.made[c.ID]
	if r.Receipt != c.ID || r.Account != account || r.Content != item || r.Number != made.Number || r.SHA256 != made.SHA256 || r.Likeness != hex.EncodeToString(made.Likeness) ||
		r.Agreement != version || r.Duty != w.config.Rules.Duty || r.Decided != "person" || !r.Issued.Equal(c.Handing.At) || !r.Until.Equal(c.Handing.Until) || r.Provider != w.config.Provider {
		w.Errorf("%+v", r)
	}
	sum := sha256.Sum256(w.bytes[c.ID])
	if hex.EncodeToString(sum[:]) != r.SHA256 {
		w.Error("the receipt is about other bytes")
	}
}

func TestRequest(t *testing.T) {
	w := open(t)
	for name, c := range map[string]struct {
		change func(d *copies.Draft, f *copies.Facts)
		code   colophon.Code
	}{
		"account":         {func(d *copies.Draft, _ *copies.Facts) { d.Account = "" }, copies.CodeInvalid},
		"the system":      {func(d *copies.Draft, _ *copies.Facts) { d.Account = evidence.System }, copies.CodeInvalid},
		"number":          {func(d *copies.Draft, _ *copies.Facts) { d.Number = "a b" }, copies.CodeInvalid},
		"no agreement":    {func(d *copies.Draft, _ *copies.Facts) { d.Agreement = "" }, copies.CodeInvalid},
		"purpose":         {func(d *copies.Draft, _ *copies.Facts) { d.Purpose = "fun" }, copies.CodeInvalid},
		"recipient":       {func(d *copies.Draft, _ *copies.Facts) { d.Recipient = "" }, copies.CodeInvalid},
		"long":            {func(d *copies.Draft, _ *copies.Facts) { d.Words = strings.Repeat("a", 2001) }, copies.CodeInvalid},
		"other, unsaid":   {func(d *copies.Draft, _ *copies.Facts) { d.Purpose, d.Words = copies.ForOther, "" }, copies.CodeInvalid},
		"case":            {func(d *copies.Draft, _ *copies.Facts) { d.Case = "a b" }, copies.CodeInvalid},
		"no duty":         {func(d *copies.Draft, _ *copies.Facts) { d.Duty = "" }, copies.CodeDuty},
		"another duty":    {func(d *copies.Draft, _ *copies.Facts) { d.Duty = strings.Repeat("ab", 32) }, copies.CodeDuty},
		"somebody else's": {func(_ *copies.Draft, f *copies.Facts) { f.Own = false }, copies.CodeContent},
		"unverified":      {func(_ *copies.Draft, f *copies.Facts) { f.Verified = false }, copies.CodeVerified},
		"limited":         {func(_ *copies.Draft, f *copies.Facts) { f.Limited = true }, copies.CodeLimited},
		"policy":          {func(_ *copies.Draft, f *copies.Facts) { f.OnRequest = false }, copies.CodePolicy},
		"older agreement": {func(d *copies.Draft, _ *copies.Facts) { d.Agreement = "agreement-1" }, copies.CodeAgreement},
		"not accepted":    {func(_ *copies.Draft, f *copies.Facts) { f.Agreement = "" }, copies.CodeAgreement},
		"no original":     {func(_ *copies.Draft, f *copies.Facts) { f.Original = false }, copies.CodeOriginal},
		"no room":         {func(_ *copies.Draft, f *copies.Facts) { f.Beside = true }, copies.CodeFormat},
		"class":           {func(_ *copies.Draft, f *copies.Facts) { f.Class = "painting" }, stamp.CodeFunction},
	} {
		facts, d := w.facts, w.draft()
		c.change(&d, &w.facts)
		if _, err := w.keeper.Request(w.ctx, user, d); err == nil {
			t.Errorf("%s was taken", name)
		} else {
			w.refused(err, c.code)
		}
		w.facts = facts
	}
	w.blind = true
	if _, err := w.keeper.Request(w.ctx, user, w.draft()); !errors.Is(err, errDown) {
		t.Errorf("what could not be told: %v", err)
	}
	if got := w.types(); len(got) != 0 {
		t.Errorf("records %v of nothing", got)
	}
}

func TestRules(t *testing.T) {
	w := open(t)
	w.config.Rules.Rows = append([]copies.Row{{ID: "no", Purposes: []colophon.Code{copies.ForResearch}, Decide: copies.Refuse, Why: copies.ReasonPurpose}}, w.config.Rules.Rows...)
	w.again()
	for name, c := range map[string]struct {
		purpose, recipient colophon.Code
		class              stamp.Function
		state              copies.State
		rule               string
	}{
		"granted":          {copies.ForEditing, copies.ToOwn, stamp.Scene, copies.Granted, "own-use"},
		"unnamed class":    {copies.ForArchive, copies.ToOwn, "", copies.Granted, "own-use"},
		"of a person":      {copies.ForEditing, copies.ToOwn, stamp.Person, copies.Requested, ""},
		"for others":       {copies.ForEditing, copies.ToPublic, stamp.Scene, copies.Requested, ""},
		"another purpose":  {copies.ForProof, copies.ToOwn, stamp.Scene, copies.Requested, ""},
		"refused by a row": {copies.ForResearch, copies.ToOwn, stamp.Scene, copies.Refused, "no"},
	} {
		w.facts.Class = c.class
		d := w.draft()
		d.Number, d.Purpose, d.Recipient = artefact.Number("item-"+strings.ReplaceAll(name, " ", "-")), c.purpose, c.recipient
		got := w.request(d)
		if got.State != c.state || c.rule == "" != (got.Decision == nil) {
			t.Fatalf("%s: %+v", name, got)
		}
		if c.rule != "" && (got.Decision.Rule != c.rule || got.Decision.By != (ledger.By{Role: "system"}) || len(got.Decision.Rules) != 64) {
			t.Errorf("%s: %+v", name, got.Decision)
		}
	}
	w.facts.Class = stamp.Other
	w.sweep() // makes what was granted
	list, _, err := w.keeper.Copies(w.ctx, copies.Filter{Account: account, States: []copies.State{copies.Handed}})
	w.no(err)
	if len(list) != 2 {
		t.Errorf("%d were handed out", len(list))
	}
	if list, _, err = w.keeper.Copies(w.ctx, copies.Filter{Number: "item-granted"}); err != nil || len(list) != 1 || list[0].Decision.Rule != "own-use" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestDecide(t *testing.T) {
	w := open(t)
	c := w.request(w.draft())
	for _, by := range []ledger.By{{}, user, {Role: "system"}, {Role: "application", ID: "key"}, {Role: "reviewer"}} {
		_, err := w.keeper.Decide(w.ctx, desk.Clerk{By: by}, c.ID, copies.Ruling{Grant: true})
		w.refused(err, copies.CodePerson)
		_, _, err = w.keeper.Read(w.ctx, by, c.ID)
		w.refused(err, copies.CodePerson)
	}
	for _, r := range []copies.Ruling{{}, {Grant: true, Reason: copies.ReasonRisk}, {Reason: copies.ReasonFailed}, {Grant: true, Note: "\xff"}} {
		_, err := w.keeper.Decide(w.ctx, reviewer, c.ID, r)
		w.refused(err, copies.CodeInvalid)
	}
	d := w.draft()
	d.Number = "item-asked-for"
	asked, err := w.keeper.Request(w.ctx, reviewer.By, d)
	w.no(err)
	_, err = w.keeper.Decide(w.ctx, reviewer, asked.ID, copies.Ruling{Grant: true})
	w.refused(err, copies.CodeOwn)
	_, err = w.keeper.Withdraw(w.ctx, user, account, asked.ID)
	w.no(err)
	c, err = w.keeper.Decide(w.ctx, reviewer, c.ID, copies.Ruling{Reason: copies.ReasonRisk, Note: "It would mislead."})
	w.no(err)
	if c.State != copies.Refused || c.Decision.Reason != copies.ReasonRisk || c.Left {
		t.Errorf("%+v", c)
	}
	_, err = w.keeper.Decide(w.ctx, reviewer, c.ID, copies.Ruling{Grant: true})
	w.refused(err, copies.CodeStep)
	_, s, err := w.keeper.Read(w.ctx, reviewer.By, c.ID)
	w.no(err)
	if s.Words != w.draft().Words || s.Note != "It would mislead." {
		t.Errorf("%+v", s)
	}
	w.request(w.draft())
	want := []evidence.Type{copies.RecordRequested, copies.RecordRequested, copies.RecordWithdrawn, copies.RecordRefused, copies.RecordRead, copies.RecordRequested}
	if got := w.types(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	_, err = w.keeper.Copy(w.ctx, "none")
	w.refused(err, copies.CodeMissing)
}

// TestOffer says beforehand what a request would be refused for.
func TestOffer(t *testing.T) {
	w := open(t)
	for code, change := range map[colophon.Code]func(f *copies.Facts){
		"":                   func(*copies.Facts) {},
		copies.CodeVerified:  func(f *copies.Facts) { f.Verified = false },
		copies.CodeLimited:   func(f *copies.Facts) { f.Limited = true },
		copies.CodePolicy:    func(f *copies.Facts) { f.OnRequest = false },
		copies.CodeAgreement: func(f *copies.Facts) { f.Agreement = "" },
		copies.CodeOriginal:  func(f *copies.Facts) { f.Original = false },
		copies.CodeFormat:    func(f *copies.Facts) { f.Beside = true },
	} {
		facts := w.facts
		change(&w.facts)
		o, err := w.keeper.Offer(w.ctx, account, item)
		w.no(err)
		if o.Refusal != code || o.Duty != w.config.Rules.Duty || o.Digest != o.Duty.Digest() || o.Months != 6 || o.Agreement != w.facts.Agreement {
			t.Errorf("%s: %+v", code, o)
		}
		w.facts = facts
	}
	_, err := w.keeper.Offer(w.ctx, "account-2", item)
	w.refused(err, copies.CodeContent)
	w.blind = true
	if _, err = w.keeper.Offer(w.ctx, account, item); !errors.Is(err, errDown) {
		t.Error(err)
	}
}

// TestMade has the maker make what is no such copy. Nobody gets it, and it is discarded.
func TestMade(t *testing.T) {
	w := open(t)
	for field, change := range map[string]func(m *copies.Made){
		"number":   func(m *copies.Made) { m.Number, m.Label = item, item },
		"label":    func(m *copies.Made) { m.Label = "" },
		"notice":   func(m *copies.Made) { m.Notice = stamp.Put },
		"sha256":   func(m *copies.Made) { m.SHA256 = strings.ToUpper(m.SHA256) },
		"size":     func(m *copies.Made) { m.Size = 0 },
		"type":     func(m *copies.Made) { m.Type = "png" },
		"likeness": func(m *copies.Made) { m.Likeness = m.Likeness[1:] },
	} {
		w.change = change
		c := w.granted()
		_, err := w.keeper.Hand(w.ctx, user, c.ID)
		w.refused(err, copies.CodeMade)
		var e *colophon.Error
		if errors.As(err, &e) && e.Args["field"] != field {
			t.Errorf("%s: %v", field, err)
		}
		if c = w.get(c.ID); c.State != copies.Refused || c.Decision.Reason != copies.ReasonFailed || c.Cause != copies.CodeMade || !c.Left || c.Handing != nil {
			t.Errorf("%s: %+v", field, c)
		}
		w.sweep()
		if !w.discarded[c.ID] || w.get(c.ID).Left {
			t.Errorf("%s was not discarded", field)
		}
	}
}

func TestFails(t *testing.T) {
	w := open(t)
	c := w.granted()
	w.fail = errDown
	if _, err := w.keeper.Hand(w.ctx, user, c.ID); !errors.Is(err, errDown) {
		t.Errorf("%v", err)
	}
	if _, err := w.keeper.Sweep(w.ctx); !errors.Is(err, errDown) || w.get(c.ID).State != copies.Granted {
		t.Errorf("%v, %+v", err, w.get(c.ID))
	}
	w.fail, w.blind = nil, true
	if _, err := w.keeper.Hand(w.ctx, user, c.ID); !errors.Is(err, errDown) || w.get(c.ID).State != copies.Granted {
		t.Errorf("%v, %+v", err, w.get(c.ID))
	}
	w.blind = false
	w.sweep()
	if w.get(c.ID).State != copies.Handed {
		t.Errorf("%+v", w.get(c.ID))
	}
	c = w.granted()
	w.fail = &colophon.Error{Kind: colophon.Missing, Code: copies.CodeOriginal}
	if n, err := w.keeper.Sweep(w.ctx); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if c = w.get(c.ID); c.State != copies.Refused || c.Cause != copies.CodeOriginal {
		t.Errorf("%+v", c)
	}
	if _, err := w.keeper.Sweep(w.ctx); err == nil || !w.get(c.ID).Left {
		t.Errorf("discarded although nothing was: %v", err)
	}
	w.fail = nil
	w.sweep()
	if w.get(c.ID).Left {
		t.Error("it was not discarded")
	}
}

// TestChanged has a granted copy be refused, since what it was granted by is so no more.
func TestChanged(t *testing.T) {
	w := open(t)
	c := w.granted()
	w.facts.Limited = true
	_, err := w.keeper.Hand(w.ctx, user, c.ID)
	w.refused(err, copies.CodeLimited)
	if c = w.get(c.ID); c.State != copies.Refused || c.Decision.Reason != copies.ReasonChanged || c.Cause != copies.CodeLimited || w.makes != 0 {
		t.Errorf("%+v", c)
	}
}

// TestWithdrawn withdraws while the copy is made: nobody gets it.
func TestWithdrawn(t *testing.T) {
	w := open(t)
	c := w.granted()
	w.during = func() {
		w.during = nil
		_, err := w.keeper.Withdraw(w.ctx, user, "account-2", c.ID)
		w.refused(err, copies.CodeMissing)
		_, err = w.keeper.Withdraw(w.ctx, user, account, c.ID)
		w.no(err)
	}
	_, err := w.keeper.Hand(w.ctx, user, c.ID)
	w.refused(err, copies.CodeStep)
	if got := w.get(c.ID); got.State != copies.Withdrawn || !got.Left || got.Handing != nil || len(w.bytes) != 1 {
		t.Fatalf("%+v", got)
	}
	w.sweep()
	if got := w.get(c.ID); got.Left || len(w.bytes) != 0 {
		t.Errorf("%+v", got)
	}
	want := []evidence.Type{copies.RecordRequested, copies.RecordGranted, copies.RecordWithdrawn, copies.RecordDiscarded}
	if got := w.types(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestTogether hands one copy from many sides: it is made and recorded once.
func TestTogether(t *testing.T) {
	w := open(t)
	c := w.granted()
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if got, err := w.keeper.Hand(w.ctx, user, c.ID); err != nil || got.State != copies.Handed {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	wait.Wait()
	if got := w.types(); len(got) != 3 || w.makes != 1 {
		t.Errorf("%v, made %d times", got, w.makes)
	}
}

func TestKnown(t *testing.T) {
	w := open(t)
	c, err := w.keeper.Hand(w.ctx, user, w.granted().ID)
	w.no(err)
	d := w.draft()
	d.Number = "item-2"
	other := w.request(d)
	w.alike = []artefact.Match{{Artefact: artefact.Artefact{Number: item}, Bits: 3}, {Artefact: artefact.Artefact{Number: c.Handing.Number}, Bits: 5}}
	made, hashes := w.made[c.ID], bytes.Repeat([]byte{7}, artefact.HashSize)
	for name, q := range map[string]struct {
		clue    copies.Clue
		how     string
		bits    int
		certain bool
	}{
		"digest":      {copies.Clue{SHA256: made.SHA256}, desk.ByDigest, 0, true},
		"label":       {copies.Clue{Number: made.Number}, desk.ByLabel, 0, false},
		"likeness":    {copies.Clue{Hashes: hashes, Bits: 31}, desk.ByLikeness, 5, false},
		"all":         {copies.Clue{SHA256: made.SHA256, Number: made.Number, Hashes: hashes}, desk.ByDigest, 0, true},
		"the item":    {copies.Clue{Number: item}, "", 0, false},
		"not handed":  {copies.Clue{Number: "item-2"}, "", 0, false},
		"other bytes": {copies.Clue{SHA256: strings.Repeat("ab", 32)}, "", 0, false},
		"nothing":     {copies.Clue{}, "", 0, false},
	} {
		list, err := w.keeper.Known(w.ctx, q.clue)
		w.no(err)
		if q.how == "" {
			if len(list) != 0 {
				t.Errorf("%s: %+v", name, list)
			}
			continue
		}
		if len(list) != 1 || list[0].ID != c.ID || list[0].How != q.how || list[0].Bits != q.bits || list[0].Certain != q.certain {
			t.Errorf("%s: %+v", name, list)
		}
	}
	if other.State != copies.Requested {
		t.Errorf("%+v", other)
	}
	w.unlike = &colophon.Error{Kind: colophon.Unsupported, Code: artefact.CodeUnlikened}
	list, err := w.keeper.Known(w.ctx, copies.Clue{SHA256: made.SHA256, Hashes: hashes})
	w.refused(err, artefact.CodeUnlikened)
	if len(list) != 1 {
		t.Errorf("%+v", list)
	}
}

// TestKept ends what is sealed when the period of the log is over, not before, and not while there is a hold.
func TestKept(t *testing.T) {
	w := open(t)
	c, err := w.keeper.Hand(w.ctx, user, w.granted().ID)
	w.no(err)
	w.clock.Set(c.Handing.Until.Add(-time.Millisecond))
	w.sweep()
	if _, s, err := w.keeper.Own(w.ctx, account, c.ID); err != nil || s.Receipt == "" {
		t.Fatalf("%+v, %v", s, err)
	}
	w.clock.Set(c.Handing.Until)
	w.held = true
	w.sweep()
	if got := w.get(c.ID); got.Kept != ledger.Whole || !got.Ended.IsZero() {
		t.Fatalf("%+v", got)
	}
	w.held = false
	w.sweep()
	if got := w.get(c.ID); got.Kept != ledger.None || !got.Ended.Equal(c.Handing.Until) {
		t.Fatalf("%+v", got)
	}
	_, _, err = w.keeper.Read(w.ctx, reviewer.By, c.ID)
	w.refused(err, copies.CodeErased)
	list, err := w.keeper.Known(w.ctx, copies.Clue{SHA256: w.made[c.ID].SHA256})
	if err != nil || len(list) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	before := len(w.types())
	w.sweep()
	if got := len(w.types()); got != before {
		t.Errorf("%d records more", got-before)
	}
}

// TestErased erases the account: a granted copy is not handed out any more, and one that was is not known by its digest.
func TestErased(t *testing.T) {
	w := open(t)
	c, err := w.keeper.Hand(w.ctx, user, w.granted().ID)
	w.no(err)
	open := w.granted()
	w.clock.Set(w.clock.Now().AddDate(0, 7, 0))
	rec, err := w.config.Recorder.New("subject.erased", evidence.System, "system", nil, nil)
	w.no(err)
	_, err = w.store.Erase(w.ctx, rec, account)
	w.no(err)
	_, err = w.keeper.Hand(w.ctx, user, open.ID)
	w.refused(err, copies.CodeErased)
	if got := w.get(open.ID); got.State != copies.Refused || w.makes != 1 {
		t.Errorf("%+v", got)
	}
	w.sweep()
	if list, err := w.keeper.Known(w.ctx, copies.Clue{SHA256: w.made[c.ID].SHA256}); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if _, s, err := w.keeper.Own(w.ctx, account, c.ID); err != nil || s != (copies.Particulars{}) {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestErasedWithin erases an account while the period of the log runs (Labelling Measures Art. 9): what the period keeps is
// restricted, the copy is known again, and all of it goes when the period is over.
func TestErasedWithin(t *testing.T) {
	w := open(t)
	c, err := w.keeper.Hand(w.ctx, user, w.granted().ID)
	w.no(err)
	erase := func(evidence.Subject) (evidence.Record, error) {
		return w.config.Recorder.New("subject.erased", evidence.System, "system", nil, nil)
	}
	rec, err := erase("")
	w.no(err)
	state, err := w.store.Erase(w.ctx, rec, account)
	w.no(err)
	if got := w.get(c.ID); state != store.Restricted || got.Kept != ledger.Restricted || got.Handing.Receipt != c.Handing.Receipt {
		t.Fatalf("%s: %+v", state, got)
	}
	if _, _, err = w.keeper.Read(w.ctx, reviewer.By, c.ID); err == nil {
		t.Error("what is restricted to storage was read")
	}
	clue := copies.Clue{SHA256: w.made[c.ID].SHA256, Number: c.Handing.Number}
	w.clock.Set(w.clock.Now().AddDate(0, 5, 0))
	w.sweep()
	if list, err := w.keeper.Known(w.ctx, clue); err != nil || len(list) != 1 || !list[0].Certain {
		t.Errorf("%+v, %v", list, err)
	}
	if gone, err := w.store.EndRestrictions(w.ctx, erase); err != nil || len(gone) != 0 {
		t.Errorf("%v, %v", gone, err)
	}
	w.clock.Set(w.clock.Now().AddDate(0, 2, 0))
	w.sweep()
	if gone, err := w.store.EndRestrictions(w.ctx, erase); err != nil || len(gone) != 1 {
		t.Errorf("%v, %v", gone, err)
	}
	if got := w.get(c.ID); got.Kept == ledger.Whole || got.Kept == ledger.Restricted {
		t.Errorf("%+v", got)
	}
	if list, err := w.keeper.Known(w.ctx, clue); err != nil || len(list) != 1 || list[0].Certain {
		t.Errorf("%+v, %v", list, err) // by its number alone, which leads to nobody
	}
}

// flaky is a store that takes no changes while it is down.
type flaky struct {
	ledger.Store[copies.Copy]
	down bool
}

func (f *flaky) Amend(ctx context.Context, rec evidence.Record, entries ...copies.Entry) error {
	if f.down {
		return errDown
	}
	return f.Store.Amend(ctx, rec, entries...)
}

// TestLeft leaves a request undecided although a rule fits: a sweep decides it by the rules of then, and hands it out.
func TestLeft(t *testing.T) {
	w := open(t)
	store := &flaky{w.config.Copies, true}
	w.config.Copies = store
	w.again()
	d := w.draft()
	d.Purpose, d.Recipient = copies.ForArchive, copies.ToOwn
	if _, err := w.keeper.Request(w.ctx, user, d); !errors.Is(err, errDown) {
		t.Fatalf("%v", err)
	}
	list, _, err := w.keeper.Copies(w.ctx, copies.Filter{})
	if err != nil || len(list) != 1 || list[0].State != copies.Requested {
		t.Fatalf("%+v, %v", list, err)
	}
	store.down = false
	rows := w.config.Rules.Rows
	w.config.Rules.Rows = nil
	w.again()
	w.sweep()
	if got := w.get(list[0].ID); got.State != copies.Requested {
		t.Errorf("%+v", got)
	}
	w.config.Rules.Rows = rows
	w.again()
	for _, state := range []copies.State{copies.Granted, copies.Handed} {
		w.sweep()
		if got := w.get(list[0].ID); got.State != state || got.Decision.Rule != "own-use" {
			t.Errorf("%s: %+v", state, got)
		}
	}
	_, s, err := w.keeper.Own(w.ctx, account, list[0].ID)
	w.no(err)
	if r, err := copies.OpenReceipt([]byte(s.Receipt), w.verifier); err != nil || r.Decided != "rule" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNew(t *testing.T) {
	w := open(t)
	for name, change := range map[string]func(c *copies.Config){
		"store": func(c *copies.Config) { c.Copies = nil }, "signer": func(c *copies.Config) { c.Signer = nil }, "maker": func(c *copies.Config) { c.Maker = nil },
		"holds": func(c *copies.Config) { c.Held = nil }, "provider": func(c *copies.Config) { c.Provider = "" }, "rules": func(c *copies.Config) { c.Rules = copies.Rules{} },
	} {
		c := w.config
		change(&c)
		if _, err := copies.New(c); err == nil {
			t.Errorf("a keeper without %s", name)
		}
	}
}
