package desk_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/limits"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

// TestStates tries every event on a case in every state.
func TestStates(t *testing.T) {
	w := open(t)
	earlier := w.open(another(report("n-0"), "first@mail.example"))
	type event struct {
		to desk.State
		do func(o desk.Opened) error
	}
	events := map[string]event{
		"acknowledge": {desk.Acknowledged, func(o desk.Opened) error { _, err := w.desk.Acknowledge(w.ctx, rule, o.ID); return err }},
		"take":        {desk.Taken, func(o desk.Opened) error { _, err := w.desk.Take(w.ctx, first, o.ID); return err }},
		"return":      {desk.Acknowledged, func(o desk.Opened) error { _, err := w.desk.Return(w.ctx, first, o.ID); return err }},
		"pause": {desk.Waiting, func(o desk.Opened) error {
			_, err := w.desk.Pause(w.ctx, first, o.ID, limits.WaitReporter, w.clock.Now().Add(time.Hour))
			return err
		}},
		"resume": {desk.Taken, func(o desk.Opened) error { _, err := w.desk.Resume(w.ctx, first, o.ID); return err }},
		"decide": {desk.Decided, func(o desk.Opened) error {
			_, err := w.desk.Decide(w.ctx, first, o.ID, ruling(desk.Unfounded))
			return err
		}},
		"close": {desk.Closed, func(o desk.Opened) error { _, err := w.desk.Close(w.ctx, rule, o.ID, "page"); return err }},
		"withdraw": {desk.Withdrawn, func(o desk.Opened) error {
			_, err := w.desk.Withdraw(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN})
			return err
		}},
		"join": {desk.Duplicate, func(o desk.Opened) error { _, err := w.desk.Join(w.ctx, first, o.ID, earlier.ID); return err }},
	}
	reach := map[desk.State][]string{desk.Received: nil, desk.Acknowledged: {"acknowledge"}, desk.Taken: {"take"}, desk.Waiting: {"take", "pause"}, desk.Decided: {"take", "decide"},
		desk.Closed: {"take", "decide", "close"}, desk.Withdrawn: {"withdraw"}, desk.Duplicate: {"join"}}
	// what becomes of it; what is not here is refused
	want := map[desk.State][]string{
		desk.Received: {"acknowledge", "take", "withdraw", "join"}, desk.Acknowledged: {"acknowledge", "take", "withdraw", "join"},
		desk.Taken: {"take", "return", "pause", "decide", "withdraw", "join"}, desk.Waiting: {"resume", "withdraw", "join"},
		desk.Decided: {"close"}, desk.Closed: {"close"}, desk.Withdrawn: {"withdraw"}, desk.Duplicate: {"withdraw"}}
	if len(reach) != len(desk.States()) || len(want) != len(desk.States()) {
		t.Fatal("a state is missing")
	}
	for state, path := range reach {
		for name, e := range events {
			o := w.open(another(report("n-1"), string(state)+name))
			for _, step := range path {
				w.no(events[step].do(o))
			}
			if got := w.get(o.ID).State; got != state {
				t.Fatalf("%v leads to %s, not %s", path, got, state)
			}
			err := e.do(o)
			got := w.get(o.ID).State
			if slices.Contains(want[state], name) {
				if err != nil || got != e.to || got != state && !state.May(got) {
					t.Errorf("%s + %s = %s, %v", state, name, got, err)
				}
			} else if err == nil || got != state {
				t.Errorf("%s + %s = %s, %v", state, name, got, err)
			}
		}
	}
	may := 0
	for _, from := range append(desk.States(), "") {
		for _, to := range desk.States() {
			if from.May(to) {
				may++
			}
		}
	}
	if may != 23 {
		t.Errorf("%d steps are allowed", may)
	}
}

func TestOpenRefuses(t *testing.T) {
	w := open(t)
	file := desk.File{Attachment: desk.Attachment{SHA256: strings.Repeat("a", 64), Size: 5, Type: "image/png"}, Blob: "blob-1", Key: make([]byte, 32)}
	for name, c := range map[string]struct {
		change func(*desk.Draft)
		want   string // field, or a code
	}{
		"as it is":             {func(*desk.Draft) {}, ""},
		"no contact":           {func(d *desk.Draft) { d.Contact, d.Name = "", "" }, ""},
		"kind":                 {func(d *desk.Draft) { d.Kind = "gossip" }, "kind"},
		"party":                {func(d *desk.Draft) { d.Party = "press" }, "party"},
		"order of nobody":      {func(d *desk.Draft) { d.Kind = desk.Authority }, "party"},
		"order":                {func(d *desk.Draft) { d.Kind, d.Party = desk.Authority, desk.PartyAuthority }, ""},
		"right of a report":    {func(d *desk.Draft) { d.Right = desk.RightCopy }, "right"},
		"no right":             {func(d *desk.Draft) { d.Kind = desk.Rights }, "right"},
		"right":                {func(d *desk.Draft) { d.Kind, d.Right = desk.Rights, desk.RightDelete }, ""},
		"ground":               {func(d *desk.Draft) { d.Grounds = []colophon.Code{"boredom"} }, "grounds"},
		"source":               {func(d *desk.Draft) { d.Source = "" }, "source"},
		"language":             {func(d *desk.Draft) { d.Language = "fr" }, "language"},
		"account":              {func(d *desk.Draft) { d.Account = evidence.System }, "account"},
		"number":               {func(d *desk.Draft) { d.About.Numbers = []string{"no number"} }, "numbers"},
		"measure":              {func(d *desk.Draft) { d.About.Measure = "a b" }, "measure"},
		"contact":              {func(d *desk.Draft) { d.Contact = "two\nlines" }, "contact"},
		"long text":            {func(d *desk.Draft) { d.Text = strings.Repeat("字", desk.MaxText+1) }, "text"},
		"longest text":         {func(d *desk.Draft) { d.Text = strings.Repeat("字", desk.MaxText) }, ""},
		"file":                 {func(d *desk.Draft) { d.Files = []desk.File{file} }, ""},
		"program":              {func(d *desk.Draft) { f := file; f.Type = "application/x-dosexec"; d.Files = []desk.File{f} }, "type"},
		"huge file":            {func(d *desk.Draft) { f := file; f.Size = desk.MaxFile + 1; d.Files = []desk.File{f} }, "size"},
		"digest":               {func(d *desk.Draft) { f := file; f.SHA256 = "00"; d.Files = []desk.File{f} }, "sha256"},
		"no key":               {func(d *desk.Draft) { f := file; f.Key = nil; d.Files = []desk.File{f} }, "blob"},
		"anonymous right":      {func(d *desk.Draft) { d.Kind, d.Right, d.Contact = desk.Rights, desk.RightCopy, "" }, string(desk.CodeAnonymous)},
		"anonymous likeness":   {func(d *desk.Draft) { d.Kind, d.Contact = desk.Likeness, "" }, string(desk.CodeAnonymous)},
		"unlabelled, contact":  {func(d *desk.Draft) { d.Kind = desk.Unlabelled }, string(desk.CodeAnonymous)},
		"unlabelled, account":  {func(d *desk.Draft) { d.Kind, d.Account = desk.Unlabelled, "account-1" }, ""},
		"appeal, nothing":      {func(d *desk.Draft) { d.Kind = desk.Appeal }, "about"},
		"appeal, a measure":    {func(d *desk.Draft) { d.Kind, d.About.Measure = desk.Appeal, "measure-1" }, ""},
		"appeal of nobody":     {func(d *desk.Draft) { d.Kind, d.About.Measure, d.Contact = desk.Appeal, "measure-1", "" }, string(desk.CodeAnonymous)},
		"screening, likeness":  {func(d *desk.Draft) { d.Kind, d.Contact, d.Source = desk.Likeness, "", desk.FromScreening }, ""},
		"anonymous rumour":     {func(d *desk.Draft) { d.Kind, d.Contact = desk.Rumour, "" }, ""},
		"anonymous fraud":      {func(d *desk.Draft) { d.Kind, d.Contact = desk.Fraud, "" }, ""},
		"anonymous label":      {func(d *desk.Draft) { d.Kind, d.Contact = desk.Label, "" }, ""},
		"anonymous complaint":  {func(d *desk.Draft) { d.Kind, d.Contact = desk.Complaint, "" }, ""},
		"too many files":       {func(d *desk.Draft) { d.Files = slices.Repeat([]desk.File{file}, 21) }, "files"},
		"too many numbers":     {func(d *desk.Draft) { d.About.Numbers = slices.Repeat([]string{"n"}, 21) }, "numbers"},
		"once with a sentence": {func(d *desk.Draft) { d.Once = "once upon a time" }, "once"},
	} {
		d := another(report("n-1"), name)
		c.change(&d)
		_, err := w.desk.Open(w.ctx, outside, d)
		var e *colophon.Error
		switch {
		case c.want == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case !asError(err, &e) || string(e.Code) != c.want && (e.Code != desk.CodeInvalid || e.Args["field"] != c.want):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestClauses names what each kind of case serves.
func TestClauses(t *testing.T) {
	w := open(t)
	for kind, want := range map[desk.Kind][]colophon.Clause{
		desk.Complaint: {colophon.ClauseDS12}, desk.Report: {colophon.ClauseDS12}, desk.Appeal: {colophon.ClauseDS12}, desk.Fraud: {colophon.ClauseDS12},
		desk.Rights: {colophon.ClausePIPL50}, desk.Likeness: {colophon.ClauseDS12, colophon.ClauseDS14}, desk.Rumour: {colophon.ClauseDS11, colophon.ClauseDS12},
		desk.Label: {colophon.ClauseDS12, colophon.ClauseLM10}, desk.Authority: {colophon.ClauseDS21}, desk.Unlabelled: {colophon.ClauseLM9},
	} {
		d := report("n-1")
		d.Kind, d.Party, d.Account, d.About.Measure = kind, desk.PartyAuthority, "account-1", "measure-1"
		if kind == desk.Rights {
			d.Right = desk.RightAccess
		}
		w.open(d)
		types, clauses := w.types()
		if !slices.Equal(clauses, want) || types[len(types)-1] != desk.RecordReceived {
			t.Errorf("%s: %v of %s", kind, clauses, types[len(types)-1])
		}
	}
}

func TestOnce(t *testing.T) {
	w := open(t)
	d := report("n-1")
	d.Source, d.Once, d.Contact = desk.FromDetection, "burst/n-1", ""
	one := w.open(d)
	two, err := w.desk.Open(w.ctx, rule, d)
	if err != nil || two.ID != one.ID || two.Code != "" || two.PIN != "" {
		t.Errorf("%s, %v", two.ID, err)
	}
}

// TestAccess comes to a case with what is right, and with what is not.
func TestAccess(t *testing.T) {
	w := open(t)
	d := report("n-1")
	d.Account, d.About.Account = "account-1", "account-2"
	o := w.open(d)
	other := w.open(another(report("n-2"), "b"))
	spaced := " " + strings.ToLower(desk.ShowCode(o.Code))
	for name, c := range map[string]struct {
		access desk.Access
		side   desk.Side
	}{
		"code and PIN":      {desk.Access{Code: o.Code, PIN: o.PIN}, desk.Reporter},
		"as a person types": {desk.Access{Code: spaced, PIN: o.PIN}, desk.Reporter},
		"another's PIN":     {desk.Access{Code: o.Code, PIN: other.PIN}, ""},
		"no PIN":            {desk.Access{Code: o.Code}, ""},
		"no code":           {desk.Access{PIN: o.PIN}, ""},
		"another's code":    {desk.Access{Code: other.Code, PIN: o.PIN}, ""},
		"the account":       {desk.Access{ID: o.ID, Account: "account-1"}, desk.Reporter},
		"whom it is about":  {desk.Access{ID: o.ID, Account: "account-2"}, ""}, // before it is decided
		"another account":   {desk.Access{ID: o.ID, Account: "account-3"}, ""},
		"no account":        {desk.Access{ID: o.ID}, ""},
		"the system":        {desk.Access{ID: o.ID, Account: evidence.System}, ""},
		"no case":           {desk.Access{ID: "none", Account: "account-1"}, ""},
	} {
		v, err := w.desk.Look(w.ctx, c.access)
		if c.side == "" {
			w.refused(err, desk.CodeAccess)
		} else if err != nil || v.Side != c.side || v.ID != o.ID {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	w.take(first, o.ID)
	_, err := w.desk.Ask(w.ctx, first, o.ID, "Which minute?")
	w.no(err)
	w.closed(first, o.ID, ruling(desk.Unfounded))
	if v := w.look(o); len(v.Messages) != 1 {
		t.Errorf("the reporter sees %d messages", len(v.Messages))
	}
	v, err := w.desk.Look(w.ctx, desk.Access{ID: o.ID, Account: "account-2"})
	if err != nil || v.Side != desk.Affected || len(v.Reasons) == 0 || len(v.Messages)+len(v.Files) > 0 {
		t.Errorf("whom it is about, once it is decided: %+v, %v", v, err)
	}
	for name, err := range map[string]error{
		"withdraw": second3(w.desk.Withdraw(w.ctx, outside, desk.Access{ID: o.ID, Account: "account-2"})),
		"answer":   second3(w.desk.Answer(w.ctx, outside, desk.Access{ID: o.ID, Account: "account-2"}, "text", nil)),
	} {
		if t.Log(name); err == nil {
			t.Errorf("%s as whom it is about", name)
		}
		w.refused(err, desk.CodeAccess)
	}
	mine, _, err := w.desk.Mine(w.ctx, "account-1", "", 10)
	if err != nil || len(mine) != 1 || mine[0].ID != o.ID {
		t.Errorf("%d cases of the account, %v", len(mine), err)
	}
}

func second3(_ desk.View, err error) error { return err }

// TestTries goes through PINs.
func TestTries(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	for range 20 {
		_, err := w.desk.Look(w.ctx, desk.Access{Code: o.Code, PIN: "00000000x"})
		w.refused(err, desk.CodeAccess)
	}
	_, err := w.desk.Look(w.ctx, desk.Access{Code: o.Code, PIN: o.PIN})
	w.refused(err, desk.CodeTries)
	w.pass(time.Minute)
	if v := w.look(o); v.ID != o.ID {
		t.Error("a minute later it is still shut")
	}
}

// TestOnlyOne has many people ask for the next case at once.
func TestOnlyOne(t *testing.T) {
	w := open(t)
	const cases, people = 6, 9
	for i := range cases {
		w.open(another(report("n-"+string(rune('a'+i))), string(rune('a'+i))))
	}
	var mu sync.Mutex
	holders := map[string]string{}
	var group sync.WaitGroup
	for i := range people {
		group.Go(func() {
			who := desk.Clerk{By: ledger.By{Role: "reviewer", ID: "person-" + string(rune('a'+i))}}
			c, ok, err := w.desk.Next(w.ctx, who, desk.Filter{})
			if err != nil {
				t.Error(err)
			}
			if !ok {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if before := holders[c.ID]; before != "" || c.Assigned != who.ID {
				t.Errorf("%s was handed to %s and to %s (%s)", c.ID, before, who.ID, c.Assigned)
			}
			holders[c.ID] = who.ID
		})
	}
	group.Wait()
	if len(holders) != cases {
		t.Errorf("%d of %d cases were taken", len(holders), cases)
	}
}

func TestLease(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	w.take(first, o.ID)
	_, err := w.desk.Take(w.ctx, second, o.ID)
	w.refused(err, desk.CodeTaken)
	w.take(first, o.ID) // who has it keeps it
	lease := w.get(o.ID).Lease
	w.pass(10 * time.Minute)
	if c, err := w.desk.Extend(w.ctx, first, o.ID); err != nil || !c.Lease.Equal(lease) {
		t.Errorf("early: %s, %v", c.Lease, err)
	}
	w.pass(10 * time.Minute)
	if c, err := w.desk.Extend(w.ctx, first, o.ID); err != nil || !c.Lease.Equal(w.clock.Now().Add(30*time.Minute)) {
		t.Errorf("in the second half: %s, %v", c.Lease, err)
	}
	_, err = w.desk.Extend(w.ctx, second, o.ID)
	w.refused(err, desk.CodeNotYours)
	if list, err := w.desk.Board(w.ctx, second, desk.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("on the board: %d, %v", len(list), err)
	}
	w.pass(31 * time.Minute)
	w.take(second, o.ID)
	_, err = w.desk.Decide(w.ctx, first, o.ID, ruling(desk.Unfounded))
	w.refused(err, desk.CodeNotYours)
	c, err := w.desk.Return(w.ctx, second, o.ID)
	if err != nil || c.Assigned != "" || c.State != desk.Acknowledged {
		t.Errorf("returned: %+v, %v", c, err)
	}
	for _, by := range []desk.Clerk{{}, {By: rule}, {By: ledger.By{Role: "application", ID: "key"}}, {By: ledger.By{Role: "user", ID: "x"}}} {
		_, err := w.desk.Take(w.ctx, by, o.ID)
		w.refused(err, desk.CodePerson)
		_, _, err = w.desk.Next(w.ctx, by, desk.Filter{})
		w.refused(err, desk.CodePerson)
	}
}

// TestPart keeps a case from whoever has a part in it.
func TestPart(t *testing.T) {
	w := open(t)
	w.deciders = []string{second.ID}
	d := report("n-1")
	d.Kind, d.About.Measure = desk.Appeal, "measure-1"
	o := w.open(d)
	_, err := w.desk.Take(w.ctx, second, o.ID)
	w.refused(err, desk.CodeOwn)
	_, err = w.desk.Read(w.ctx, second, o.ID)
	w.refused(err, desk.CodeOwn)
	_, err = w.desk.Join(w.ctx, second, o.ID, o.ID)
	w.refused(err, desk.CodeInvalid)
	if _, ok, err := w.desk.Next(w.ctx, second, desk.Filter{}); ok || err != nil {
		t.Error("handed out", err)
	}
	w.take(first, o.ID)
	_, err = w.desk.Decide(w.ctx, second, o.ID, ruling(desk.Upheld))
	w.refused(err, desk.CodeNotYours)
}

// TestEmpty refuses what says nothing that anybody could look into; a right says what is asked for.
func TestEmpty(t *testing.T) {
	w := open(t)
	for name, c := range map[string]struct {
		change func(*desk.Draft)
		want   bool
	}{
		"nothing":    {func(d *desk.Draft) {}, false},
		"spaces":     {func(d *desk.Draft) { d.Text = " \n　" }, false},
		"a function": {func(d *desk.Draft) { d.About.Function = "person" }, false},
		"text":       {func(d *desk.Draft) { d.Text = "It is wrong." }, true},
		"number":     {func(d *desk.Draft) { d.About.Numbers = []string{"n-1"} }, true},
		"refutation": {func(d *desk.Draft) { d.About.Refutation = "r-1" }, true},
		"a right":    {func(d *desk.Draft) { d.Kind, d.Right = desk.Rights, desk.RightAccess }, true},
		"file": {func(d *desk.Draft) {
			d.Files = []desk.File{{Attachment: desk.Attachment{SHA256: strings.Repeat("a", 64), Size: 5, Type: "image/png"}, Blob: "blob-1", Key: make([]byte, 32)}}
		}, true},
	} {
		d := another(report("n-1"), name)
		d.Text, d.About = "", desk.About{}
		c.change(&d)
		if _, err := w.desk.Open(w.ctx, outside, d); c.want {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else {
			w.refused(err, desk.CodeEmpty)
		}
	}
}

// TestEnds takes what is sealed in a case away with its period, and not before: not while it is on hold, or an appeal is heard.
func TestEnds(t *testing.T) {
	w := open(t)
	file := desk.File{Attachment: desk.Attachment{SHA256: strings.Repeat("a", 64), Size: 5, Type: "image/png"}, Blob: "blob-1", Key: make([]byte, 32)}
	d := report("n-1")
	d.Files = []desk.File{file}
	o := w.open(d)
	gone, still, appealed := w.open(another(report("n-2"), "b")), w.open(another(report("n-3"), "c")), w.open(another(report("n-4"), "d"))
	w.closed(first, o.ID, ruling(desk.Unfounded))
	_, err := w.desk.Withdraw(w.ctx, outside, desk.Access{Code: gone.Code, PIN: gone.PIN})
	w.no(err)
	w.closed(first, appealed.ID, ruling(desk.Unfounded))
	appeal := w.appealed(desk.Access{Code: appealed.Code, PIN: appealed.PIN})
	before, err := w.desk.Figures(w.ctx, "2026-03")
	w.no(err)
	kept := func(when string, want ledger.Kept, cases ...desk.Opened) {
		t.Helper()
		_, err := w.desk.Sweep(w.ctx)
		w.no(err)
		for _, c := range cases {
			if v := w.look(c); v.Kept != want || (v.Text != "") != (want == ledger.Whole) {
				t.Errorf("%s: %s %s, want %s", when, c.About.Numbers, v.Kept, want)
			}
		}
		needed, err := w.desk.Needs(w.ctx, file.Blob)
		if err != nil || needed != (w.get(o.ID).Kept == ledger.Whole) {
			t.Errorf("%s: the file is needed: %t, %v", when, needed, err)
		}
	}
	w.clock.Set(time.Date(2026, 9, 2, 1, 0, 0, 0, time.UTC))
	kept("before", ledger.Whole, o, gone, still, appealed)
	w.held[o.Subject] = true
	w.clock.Set(time.Date(2026, 9, 2, 3, 0, 0, 0, time.UTC))
	kept("on hold", ledger.Whole, o, still, appealed)
	kept("withdrawn", ledger.None, gone)
	delete(w.held, o.Subject)
	kept("after", ledger.None, o)
	kept("after", ledger.Whole, still, appealed)
	w.closed(second, appeal.ID, ruling(desk.Upheld))
	kept("heard", ledger.None, appealed)
	kept("heard", ledger.Whole, appeal)
	if n := len(w.get(o.ID).Breaches); n != 0 {
		t.Errorf("%d limits were missed", n)
	}
	if list, err := w.desk.Similar(w.ctx, o.ID); err != nil || slices.ContainsFunc(list, func(s desk.Similar) bool { return s.Reporter }) {
		t.Errorf("%+v, %v", list, err)
	}
	if n, err := w.config.Cases.Count(w.ctx, ledger.Query{Due: w.clock.Now()}); err != nil || n != 0 {
		t.Errorf("%d cases are still due, %v", n, err)
	}
	if v := w.look(o); v.Outcome != desk.Unfounded || v.Reasons == nil || v.Acknowledged == nil || v.Decided == nil || v.Told == nil {
		t.Errorf("%+v", v)
	}
	_, err = w.desk.Seek(w.ctx, rule, o.ID)
	w.refused(err, desk.CodeErased)
	after, err := w.desk.Figures(w.ctx, "2026-03")
	if err != nil || !reflect.DeepEqual(before, after) {
		t.Errorf("%+v, %v, want %+v", after, err, before)
	}
}

// TestPersonal looks for what leads to people in everything that is not sealed.
func TestPersonal(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	w.take(first, o.ID)
	_, err := w.desk.Ask(w.ctx, first, o.ID, "What the desk wrote.")
	w.no(err)
	_, err = w.desk.Answer(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, "What was answered.", nil)
	w.no(err)
	_, err = w.desk.Decide(w.ctx, first, o.ID, ruling(desk.Unfounded))
	w.no(err)
	list, err := w.config.Cases.Find(w.ctx, ledger.Query{})
	w.no(err)
	for _, e := range list {
		e.Sealed = nil
		raw, err := json.Marshal(e)
		w.no(err)
		for _, secret := range []string{"Somebody", "somebody", "wrote", "was answered", "film", "forbids", o.Code, o.PIN} {
			if strings.Contains(string(raw), secret) {
				t.Errorf("%q stands in %s", secret, raw)
			}
		}
	}
	p, err := w.desk.Read(w.ctx, second, o.ID)
	if err != nil || p.Contact != "somebody@mail.example" || p.Text != "What somebody wrote." || len(p.Messages) != 2 || p.Facts == "" {
		t.Errorf("%+v, %v", p, err)
	}
	if types, _ := w.types(); types[len(types)-1] != desk.RecordRead {
		t.Errorf("the reading is not recorded: %v", types)
	}
}

// TestErasure erases the reporter: what was sealed, code, PIN and contact go, the figures stay.
func TestErasure(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	second := w.open(report("n-2")) // the same contact, which may be somebody else's
	if o.Subject == second.Subject || o.Subject == "" {
		t.Fatalf("the subjects are %q and %q", o.Subject, second.Subject)
	}
	if list, err := w.desk.Similar(w.ctx, o.ID); err != nil || len(list) != 1 || !list[0].Reporter || list[0].Content || list[0].Account || list[0].Earlier {
		t.Errorf("%+v, %v", list, err)
	}
	w.closed(first, o.ID, ruling(desk.Founded, stop("n-1")))
	w.take(first, second.ID)
	before, err := w.desk.Figures(w.ctx, "2026-03")
	w.no(err)
	w.clock.Set(w.clock.Now().AddDate(0, 7, 0))
	for _, subject := range []evidence.Subject{o.Subject, second.Subject} {
		rec, err := w.config.Recorder.New("subject.erased", evidence.System, "system", nil, nil)
		w.no(err)
		_, err = w.store.Erase(w.ctx, rec, subject)
		w.no(err)
	}
	for _, one := range []desk.Opened{o, second} {
		_, err = w.desk.Look(w.ctx, desk.Access{Code: one.Code, PIN: one.PIN})
		w.refused(err, desk.CodeAccess)
		_, err = w.desk.Read(w.ctx, first, one.ID)
		w.refused(err, desk.CodeErased)
		if c := w.get(one.ID); c.Kept != ledger.Erased {
			t.Errorf("kept: %s", c.Kept)
		}
		e, err := w.config.Cases.Find(w.ctx, ledger.Query{ID: one.ID})
		w.no(err)
		for _, k := range e[0].Keys {
			if k.Personal || slices.Contains([]string{"code", "pin", "reporter", "blob"}, k.Name) {
				t.Errorf("the key %s is left", k.Name)
			}
		}
	}
	after, err := w.desk.Figures(w.ctx, "2026-03")
	w.no(err)
	if a, b := text(t, before), text(t, after); a != b {
		t.Errorf("figures before\n%s\nand after\n%s", a, b)
	}
	// The case is decided nevertheless, and nothing is sealed for whoever was erased.
	w.take(first, second.ID)
	_, err = w.desk.Ask(w.ctx, first, second.ID, "Are you there?")
	w.refused(err, desk.CodeErased)
	w.decide(first, second.ID, ruling(desk.Unfounded))
	if e, err := w.config.Cases.Find(w.ctx, ledger.Query{ID: second.ID}); err != nil || e[0].Sealed != nil || e[0].State != string(desk.Decided) {
		t.Errorf("%+v, %v", e, err)
	}
	if list, err := w.desk.Similar(w.ctx, w.open(report("n-3")).ID); err != nil || len(list) != 0 {
		t.Errorf("the contact is still known: %+v, %v", list, err)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func asError(err error, e **colophon.Error) bool {
	var ok bool
	*e, ok = err.(*colophon.Error)
	return ok
}

// TestMessages has desk and reporter write to each other while the case waits.
func TestMessages(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	w.take(first, o.ID)
	_, err := w.desk.Ask(w.ctx, second, o.ID, "Which minute?")
	w.refused(err, desk.CodeNotYours)
	_, err = w.desk.Ask(w.ctx, first, o.ID, "Which minute?")
	w.no(err)
	for field, why := range map[string]struct {
		why   colophon.Code
		until time.Duration
	}{"why": {"desk-wait-weather", time.Hour}, "until": {limits.WaitReporter, 91 * 24 * time.Hour}, "past": {limits.WaitReporter, -time.Hour}} {
		if _, err := w.desk.Pause(w.ctx, first, o.ID, why.why, w.clock.Now().Add(why.until)); err == nil {
			t.Errorf("paused with a wrong %s", field)
		}
	}
	c, err := w.desk.Pause(w.ctx, first, o.ID, limits.WaitReporter, w.clock.Now().Add(72*time.Hour))
	if err != nil || !c.Clock.Stopped(w.clock.Now()) {
		t.Fatalf("%+v, %v", c.Clock, err)
	}
	if v := w.look(o); v.Waits != limits.WaitReporter || len(v.Messages) != 1 || !v.Messages[0].Desk || !v.Due.IsZero() {
		t.Errorf("%+v", v)
	}
	w.pass(5 * time.Hour)
	w.found["f"] = desk.Found{}
	file := desk.File{Attachment: desk.Attachment{SHA256: strings.Repeat("b", 64), Size: 5, Type: "video/mp4"}, Blob: "blob-b", Key: make([]byte, 32)}
	w.found[file.SHA256] = desk.Found{Number: "n-9", How: desk.ByLikeness, Bits: 12}
	v, err := w.desk.Answer(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, "The third.", []desk.File{file})
	if err != nil || v.State != desk.Acknowledged || v.Waits != "" || len(v.Messages) != 2 || len(v.Files) != 1 {
		t.Errorf("%+v, %v", v, err)
	}
	c = w.get(o.ID)
	if !c.Answered || c.Messages != 2 || c.Assigned != "" || len(c.Found) != 1 || c.Clock.Stopped(w.clock.Now()) || c.Clock.Pauses[0].To.Sub(c.Clock.Pauses[0].From) != 5*time.Hour {
		t.Errorf("%+v", c)
	}
	for blob, want := range map[string]bool{"blob-b": true, "blob-c": false} {
		if got, err := w.desk.Needs(w.ctx, blob); got != want || err != nil {
			t.Errorf("%s is needed: %t, %v", blob, got, err)
		}
	}
	_, err = w.desk.Answer(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, "", nil)
	w.refused(err, desk.CodeInvalid)
	// What waits for an authority waits on when the reporter writes.
	w.take(first, o.ID)
	_, err = w.desk.Pause(w.ctx, first, o.ID, limits.WaitAuthority, w.clock.Now().Add(72*time.Hour))
	w.no(err)
	v, err = w.desk.Answer(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, "And the fourth.", nil)
	if err != nil || v.State != desk.Waiting || v.Waits != limits.WaitAuthority {
		t.Errorf("%+v, %v", v, err)
	}
	_, err = w.desk.Resume(w.ctx, second, o.ID)
	w.no(err)
	w.no(func() error { _, err := w.desk.Decide(w.ctx, second, o.ID, ruling(desk.Unproven)); return err }())
	_, err = w.desk.Answer(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, "Too late.", nil)
	storetest.WantCode(t, err, desk.CodeStep)
}

// TestFound looks for content, with three answers.
func TestFound(t *testing.T) {
	w := open(t)
	w.found["n-1"] = desk.Found{Number: "n-1", Account: "account-1", How: desk.ByNumber, Certain: true}
	w.found["n-2"] = desk.Found{Number: "n-7", Account: "account-2", How: desk.ByLikeness, Bits: 20}
	for number, want := range map[string]struct {
		sought  desk.Sought
		account evidence.Subject
	}{"n-1": {desk.SoughtFound, "account-1"}, "n-2": {desk.SoughtFound, ""}, "n-3": {desk.SoughtNone, ""}} {
		if o := w.open(another(report(number), number)); o.Sought != want.sought || o.About.Account != want.account {
			t.Errorf("%s: %s of %q", number, o.Sought, o.About.Account)
		}
	}
	d := another(report("n-1"), "x")
	d.About.Numbers = nil
	if o := w.open(d); o.Sought != desk.SoughtNot {
		t.Errorf("with nothing to look with: %s", o.Sought)
	}
	w.blind = true
	o := w.open(another(report("n-1"), "y"))
	if o.Sought != desk.SoughtUnknown {
		t.Errorf("with no finder: %s", o.Sought)
	}
	w.blind = false
	c, err := w.desk.Seek(w.ctx, rule, o.ID)
	if err != nil || c.Sought != desk.SoughtFound || c.About.Account != "account-1" {
		t.Errorf("looked for again: %+v, %v", c, err)
	}
	list, err := w.desk.Similar(w.ctx, o.ID)
	if err != nil || len(list) != 1 || !list[0].Content || !list[0].Account || !list[0].Earlier {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestRecords follows one case through its records: what was done, in which state that left the case, and by whom.
func TestRecords(t *testing.T) {
	w := open(t)
	o := w.open(report("n-1"))
	w.take(first, o.ID)
	_, err := w.desk.Ask(w.ctx, first, o.ID, "Which minute?")
	w.no(err)
	_, err = w.desk.Pause(w.ctx, first, o.ID, limits.WaitReporter, w.clock.Now().Add(time.Hour))
	w.no(err)
	_, err = w.desk.Answer(w.ctx, outside, desk.Access{Code: o.Code, PIN: o.PIN}, "The third.", nil)
	w.no(err)
	w.closed(second, o.ID, ruling(desk.Founded, stop("n-1")))
	var got []string
	for r, err := range w.store.Records(w.ctx, false) {
		w.no(err)
		opening, err := w.store.Payload(w.ctx, r.ID)
		w.no(err)
		var p struct{ Case, State, By, Text, Outcome string }
		w.no(json.Unmarshal(opening.Payload, &p))
		if p.Case != o.ID || r.Subject != o.Subject {
			t.Errorf("%s is about %s of %s", r.Type, p.Case, r.Subject)
		}
		got = append(got, strings.Join([]string{string(r.Type), p.State, string(r.Role), p.By, p.Text, p.Outcome}, "|"))
	}
	want := []string{"desk.received|received|user||What somebody wrote.|", "desk.taken|taken|reviewer|staff-1||", "desk.asked|taken|reviewer|staff-1|Which minute?|", "desk.paused|waiting|reviewer|staff-1||",
		"desk.answered|acknowledged|user||The third.|", "desk.taken|taken|officer|staff-2||", "desk.decided|decided|officer|staff-2||founded", "desk.acted|decided|system|||", "desk.told|closed|officer|staff-2||"}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
