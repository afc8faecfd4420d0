package app

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/identity"
	"github.com/colophon-project/colophon/incident"
	"github.com/colophon-project/colophon/internal/blob"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/store"
	"github.com/colophon-project/colophon/internal/store/policies"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/screen/policy"
	"github.com/colophon-project/colophon/standing"
)

const (
	// maxRows is how long a list of a package gets.
	maxRows = 20000
	// maxParcel is how many bytes of files a package holds.
	maxParcel = 4 << 30
)

// gathering brings together what is kept about one person. Reading what is sealed leaves the records that it always leaves.
type gathering struct {
	*Server
	by      ledger.By
	subject evidence.Subject
	files   bool // the files come along
	data    parcel.Data
	take    []parcel.File
	gone    int // of how many things what was sealed is there no more
	failed  error
}

// all gathers everything, and says what was left out.
func (g *gathering) all(ctx context.Context) (parcel.Data, []parcel.File, error) {
	g.data.Subject = string(g.subject)
	for _, code := range []colophon.Code{parcel.OmitOthers, parcel.OmitIdentity, parcel.OmitFeatures, parcel.OmitReports, parcel.OmitOriginal, parcel.OmitAnonymous} {
		g.omit(code, 0)
	}
	if !g.files {
		g.omit(parcel.OmitFiles, 0)
	}
	for _, one := range []func(context.Context) error{g.verifications, g.consentsOf, g.agreementsOf, g.items, g.received, g.measures, g.casesOf, g.judgements, g.reviews, g.copied, g.usage, g.network} {
		if err := errors.Join(one(ctx), g.failed); err != nil {
			return g.data, nil, err
		}
	}
	if g.gone > 0 {
		g.omit(parcel.OmitSealed, g.gone, "count", strconv.Itoa(g.gone))
	}
	return g.data, g.take, g.failed
}

func (g *gathering) omit(code colophon.Code, count int, args ...string) {
	o, err := parcel.Omit(code, count, args...)
	g.data.Omitted, g.failed = append(g.data.Omitted, o), errors.Join(g.failed, err)
}

// full reports whether a list is as long as it gets, and says so in the package.
func (g *gathering) full(n int, list string) bool {
	if n >= maxRows {
		g.omit(parcel.OmitMore, 0, "list", list)
		return true
	}
	return false
}

func (g *gathering) verifications(ctx context.Context) error {
	for after := ""; ; {
		page, next, err := g.identities.Verifications(ctx, ledger.Query{Subject: g.subject, After: after})
		if err != nil {
			return err
		}
		for _, e := range page {
			v := e.Value
			m, err := g.identities.Masked(ctx, g.by, e.ID)
			if err != nil && !isCode(err, identity.CodeUnreadable) {
				return err
			}
			g.data.Verifications = append(g.data.Verifications, parcel.Verification{ID: e.ID, State: e.State, Level: v.Level.String(), Method: string(v.Method), Source: v.Source, Result: string(v.Result), Requested: v.Requested,
				Decided: later(v.Decided), Until: later(v.Until), Number: m.Number, Name: m.Name, Phone: m.Phone})
		}
		if next == "" || g.full(len(g.data.Verifications), "verifications") {
			return nil
		}
		after = next
	}
}

func (g *gathering) consentsOf(ctx context.Context) error {
	for _, q := range []consent.Query{{Subject: g.subject}, {Requester: g.subject}} {
		for {
			page, next, err := g.consents.Consents(ctx, q)
			if err != nil {
				return err
			}
			for _, e := range page {
				if err := g.consent(ctx, e); err != nil {
					return err
				}
			}
			if q.After = next; next == "" || g.full(len(g.data.Consents), "consents") {
				break
			}
		}
	}
	return nil
}

func (g *gathering) consent(ctx context.Context, e consent.Entry) error {
	terms, err := json.Marshal(e.Value.Terms)
	if err != nil {
		return err
	}
	c := parcel.Consent{ID: e.ID, Role: "requester", State: e.State, Level: e.Value.Level.String(), Terms: terms, Made: e.Made, Events: []parcel.Event{}}
	for _, ev := range e.Value.Events {
		c.Events = append(c.Events, parcel.Event{Kind: ev.Kind, At: ev.At})
	}
	if e.Subject == g.subject { // the receipt names the parties: it is for the person alone
		c.Role = "depicted"
		receipt, err := g.consents.Receipt(ctx, g.by, e.ID)
		if isCode(err, consent.CodeErased) {
			g.gone++
		} else if err != nil {
			return err
		}
		c.Receipt = string(receipt)
	}
	g.data.Consents = append(g.data.Consents, c)
	return nil
}

func (g *gathering) agreementsOf(ctx context.Context) error {
	list, err := g.agreements.Accepted(ctx, g.subject)
	for _, a := range list {
		g.data.Agreements = append(g.data.Agreements, parcel.Agreement{Version: a.Version, Kind: string(a.Kind), Number: a.Number, Language: a.Language, SHA256: a.Digest, How: string(a.How), At: a.At})
	}
	return err
}

// items are what was made for the person. Of what it was made from only what was made for the person too is named.
func (g *gathering) items(ctx context.Context) error {
	own := map[artefact.Number]bool{}
	var found []artefact.Artefact
	for after := artefact.Cursor(""); ; {
		page, next, err := g.register.Find(ctx, artefact.Query{Account: g.subject}, after, artefact.MaxPage)
		if err != nil {
			return err
		}
		for _, a := range page {
			own[a.Number], found = true, append(found, a)
		}
		if after = next; next == "" || g.full(len(found), "items") {
			break
		}
	}
	left := map[colophon.Code]int{}
	size := int64(0)
	for _, a := range found {
		it := parcel.Item{Number: string(a.Number), State: string(a.State), Function: a.Function, Model: a.Model, Format: string(a.Format), Size: a.Stored, Made: a.Created}
		if a.After != (artefact.Digest{}) {
			it.SHA256 = hex.EncodeToString(a.After[:])
		}
		for _, p := range a.Parents {
			if own[p] {
				it.Parents = append(it.Parents, string(p))
			}
		}
		if len(a.Marks) > 0 {
			it.Marks = a.Marks
		}
		g.data.Items = append(g.data.Items, it)
		if err := g.handed(ctx, a.Number); err != nil {
			return err
		}
		if why, err := g.file(ctx, a, &size); err != nil {
			return err
		} else if why != "" {
			left[why]++
		}
	}
	for _, code := range []colophon.Code{parcel.OmitGone, parcel.OmitStopped, parcel.OmitLarge} {
		if n := left[code]; n > 0 {
			g.omit(code, n, "count", strconv.Itoa(n))
		}
	}
	return nil
}

// file has the bytes of an item come along, or says why not. What is handed out by nobody is not handed out here.
func (g *gathering) file(ctx context.Context, a artefact.Artefact, size *int64) (colophon.Code, error) {
	if !g.files || a.State != artefact.Marked && a.State != artefact.Delivered {
		return "", nil
	}
	if a.Blob == "" {
		return parcel.OmitGone, nil
	}
	if err := g.deliverItem(ctx, a); isCode(err, incident.CodeInForce) {
		return parcel.OmitStopped, nil
	} else if err != nil {
		return "", err
	}
	if *size+a.Stored > maxParcel {
		return parcel.OmitLarge, nil
	}
	*size += a.Stored
	g.take = append(g.take, parcel.File{Number: string(a.Number), Ext: extension(a.Format), Open: func() (io.ReadCloser, error) {
		d, err := blob.ParseDigest(a.Blob)
		if err != nil {
			return nil, err
		}
		r, err := g.blobs.Get(ctx, d)
		if isCode(err, blob.CodeMissing) {
			err = parcel.ErrGone
		}
		return r, err
	}})
	return "", nil
}

func extension(f media.Format) string {
	facts, _ := media.Facts(f)
	if len(facts.Extensions) > 0 {
		return facts.Extensions[0]
	}
	return ""
}

// handed are the deliveries of an item that was made for the person. Who else got it is not said.
func (g *gathering) handed(ctx context.Context, n artefact.Number) error {
	return g.deliveries(ctx, artefact.DeliveryQuery{Number: n}, func(artefact.Delivery) bool { return true })
}

// received are the deliveries to the person of what was made for somebody else.
func (g *gathering) received(ctx context.Context) error {
	own := map[string]bool{}
	for _, it := range g.data.Items {
		own[it.Number] = true
	}
	return g.deliveries(ctx, artefact.DeliveryQuery{To: string(g.subject)}, func(d artefact.Delivery) bool { return !own[string(d.Number)] })
}

func (g *gathering) deliveries(ctx context.Context, q artefact.DeliveryQuery, want func(artefact.Delivery) bool) error {
	for after := artefact.Cursor(""); ; {
		page, next, err := g.register.Deliveries(ctx, q, after, artefact.MaxPage)
		if err != nil {
			return err
		}
		for _, d := range page {
			if !want(d) {
				continue
			}
			one := parcel.Delivery{To: "other", How: string(d.How), At: d.At}
			switch d.To {
			case string(g.subject):
				one.To = "you"
			case "":
				one.To = "service"
			}
			if q.Number != "" {
				one.Number = string(d.Number)
			}
			g.data.Deliveries = append(g.data.Deliveries, one)
		}
		if after = next; next == "" || g.full(len(g.data.Deliveries), "deliveries") {
			return nil
		}
	}
}

// both says sentences in both languages.
func both(list []standing.Sentence) (t parcel.Texts, err error) {
	en, err := locale.For(locale.English)
	if err != nil {
		return t, err
	}
	zh, err := locale.For(locale.Chinese)
	t = parcel.Texts{En: []string{}, Zh: []string{}}
	for _, s := range list {
		t.En, t.Zh = append(t.En, en.Code(s.Code, s.Args)), append(t.Zh, zh.Code(s.Code, s.Args))
	}
	return t, err
}

func (g *gathering) measures(ctx context.Context) error {
	for f := (standing.Filter{Subject: g.subject}); ; {
		page, next, err := g.standing.Measures(ctx, f)
		if err != nil {
			return err
		}
		for _, m := range page {
			if m.State == standing.Proposed || m.State == standing.Rejected {
				continue // nothing was done
			}
			reasons, err := both(m.Statement())
			if err != nil {
				return err
			}
			g.data.Measures = append(g.data.Measures, parcel.Measure{ID: m.ID, State: string(m.State), Step: string(m.Step), Function: m.Function, From: later(m.Start), Until: later(m.Until), Ended: later(m.Ended), Reasons: reasons})
		}
		if f.After = next; next == "" || g.full(len(g.data.Measures), "measures") {
			return nil
		}
	}
}

// casesOf are the cases that the person brought, and the decided ones about the account: each as the person is shown it.
func (g *gathering) casesOf(ctx context.Context) error {
	add := func(v desk.View) error {
		reasons, err := both(v.Reasons)
		c := parcel.Case{ID: v.ID, Kind: string(v.Kind), Side: string(v.Side), State: string(v.State), Received: v.Received, Outcome: string(v.Outcome), Reasons: reasons, Facts: v.Facts, Explanation: v.Explanation,
			Name: v.Name, Contact: v.Contact, Text: v.Text, Messages: []parcel.Message{}, Files: []parcel.CaseFile{}}
		for _, m := range v.Messages {
			c.Messages = append(c.Messages, parcel.Message(m))
		}
		for _, f := range v.Files {
			c.Files = append(c.Files, parcel.CaseFile{SHA256: f.SHA256, Size: f.Size, Type: f.Type})
		}
		if v.Side == desk.Reporter && v.Kept != ledger.Whole {
			g.gone++
		}
		g.data.Cases = append(g.data.Cases, c)
		return err
	}
	for after := ""; ; {
		page, next, err := g.cases.desk.Mine(ctx, g.subject, after, 0)
		if err != nil {
			return err
		}
		for _, v := range page {
			if err := add(v); err != nil {
				return err
			}
		}
		if after = next; next == "" || g.full(len(g.data.Cases), "cases") {
			break
		}
	}
	list, err := g.cases.desk.Affecting(ctx, g.subject, maxRows)
	for _, v := range list {
		err = errors.Join(err, add(v))
	}
	return err
}

func (g *gathering) judgements(ctx context.Context) error {
	journal := policies.New(g.store)
	for q := (policy.PastQuery{Subject: g.subject, Limit: 500}); ; {
		page, err := journal.Past(ctx, q)
		if err != nil {
			return err
		}
		for _, j := range page {
			one := parcel.Judgement{ID: j.ID, At: j.At, Surface: j.Surface, Function: j.Function, Action: string(j.Action), Verdict: j.Verdict.String(), Categories: []string{}}
			for _, f := range j.Facts {
				if f.Category != "" && !slices.Contains(one.Categories, f.Category) {
					one.Categories = append(one.Categories, f.Category)
				}
			}
			g.data.Judgements = append(g.data.Judgements, one)
			q.After = policy.Place{At: j.At, Name: j.ID}
		}
		if len(page) < q.Limit || g.full(len(g.data.Judgements), "judgements") {
			return nil
		}
	}
}

func (g *gathering) reviews(ctx context.Context) error {
	for q := (moderation.Query{Subject: g.subject, Limit: 500}); ; {
		page, next, err := g.screens.docket.Items(ctx, q)
		if err != nil {
			return err
		}
		for _, it := range page {
			g.data.Reviews = append(g.data.Reviews, parcel.Review{ID: it.ID, State: string(it.State), Surface: it.Surface, Function: it.Function, Outcome: string(it.Outcome), Reason: string(it.Reason), Entered: it.Created, Decided: later(it.Decided)})
		}
		if q.After = next; next == "" || g.full(len(g.data.Reviews), "reviews") {
			return nil
		}
	}
}

// copied are the requests for copies without the visible notice.
func (g *gathering) copied(ctx context.Context) error {
	for f := (copies.Filter{Account: g.subject}); ; {
		page, next, err := g.copies.keeper.Copies(ctx, f)
		if err != nil {
			return err
		}
		for _, asked := range page {
			c, p, err := g.copies.keeper.Own(ctx, g.subject, asked.ID)
			if err != nil {
				return err
			}
			if c.Kept != ledger.Whole {
				g.gone++
			}
			one := parcel.Copy{ID: c.ID, Content: string(c.Number), State: string(c.State), Agreement: c.Agreement, Duty: c.Duty, Purpose: string(c.Purpose), Recipient: string(c.Recipient), Words: p.Words, Asked: c.Made, Note: p.Note, Receipt: p.Receipt}
			if c.Decision != nil {
				one.Decided, one.Reason = later(c.Decision.At), string(c.Decision.Reason)
			}
			if c.Handing != nil {
				one.Handed, one.Until, one.Number = later(c.Handing.At), later(c.Handing.Until), string(c.Handing.Number)
			}
			g.data.Copies = append(g.data.Copies, one)
		}
		if f.After = next; next == "" || g.full(len(g.data.Copies), "copies") {
			return nil
		}
	}
}

func (g *gathering) usage(ctx context.Context) error {
	for q := (upstream.UsageQuery{Account: g.subject}); ; {
		page, err := g.models.usage.Find(ctx, q)
		if err != nil {
			return err
		}
		for _, u := range page {
			g.data.Usage = append(g.data.Usage, parcel.Usage{Day: u.Day.UTC().Format(time.DateOnly), Model: u.Model, Calls: u.Requests, Blocked: u.Blocked})
		}
		if len(page) == 0 || g.full(len(g.data.Usage), "usage") {
			return nil
		}
		q.After = &page[len(page)-1]
	}
}

// network reads the lines of the network log about the person, of which a record says that somebody did.
func (g *gathering) network(ctx context.Context) error {
	now := g.cases.desk.Now()
	rec, err := g.recorder.New(recordPeeked, evidence.System, g.by.Role, []colophon.Clause{colophon.ClauseDS10, colophon.ClausePIPL45}, map[string]any{"subject": g.subject, "from": int64(0), "to": now.UnixMilli(), "reason": "a request for one's own data", "by": g.by.ID})
	if err != nil {
		return err
	}
	lines, err := g.store.ReadNetworkLog(ctx, rec, store.NetworkQuery{Subject: g.subject, From: time.UnixMilli(0), To: now.Add(time.Minute), Limit: store.MaxNetworkEntries})
	for _, l := range lines {
		g.data.Network = append(g.data.Network, parcel.Line{At: time.UnixMilli(l.At).UTC(), Operation: l.Operation, Source: l.Source.String()})
	}
	if len(lines) == store.MaxNetworkEntries {
		g.omit(parcel.OmitMore, 0, "list", "network")
	}
	return err
}
