package production_test

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/production"
)

// gate admits what a test lets it, and stops work when the test says so.
type gate struct {
	err  error
	seen []production.Asked
	over int
	stop context.CancelCauseFunc
}

func (g *gate) admit(ctx context.Context, a production.Asked) (context.Context, func(), error) {
	g.seen = append(g.seen, a)
	if g.err != nil {
		return nil, nil, g.err
	}
	work, stop := context.WithCancelCause(ctx)
	g.stop = stop
	return work, func() { g.over++; stop(nil) }, nil
}

func refusal() error {
	return &colophon.Error{Kind: colophon.Refused, Code: "stopped", Clauses: []colophon.Clause{colophon.ClauseDS9}}
}

// TestAdmittedBeforeItIsEntered covers Deep Synthesis Provisions Art. 9: what is not admitted is neither judged, nor entered,
// nor kept.
func TestAdmittedBeforeItIsEntered(t *testing.T) {
	g, j := &gate{}, &judged{}
	b := open(t, func(c *production.Config) { c.Judge, c.Admit = j.judge, g.admit })
	o := order()
	o.Use = production.Use{Function: "portrait-swap", Model: "m", Consents: []string{"a-token"}}
	a, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	if q := g.seen[0]; len(g.seen) != 1 || g.over != 1 || q.Number != a.Number || q.Subject != a.Account || q.Use.Consents[0] != "a-token" || q.Again {
		t.Fatalf("%+v", g)
	}
	of := order()
	of.Use = production.Use{Depicted: 2}
	shown, err := b.line.Produce(t.Context(), by, of, bytes.NewReader(picture(t)))
	b.must(err)
	for n, want := range map[artefact.Number]production.Use{a.Number: {Function: "portrait-swap", Model: "m"}, shown.Number: {Depicted: 2}} {
		kept, err := b.register.Artefact(t.Context(), n)
		b.must(err)
		var m production.Marks
		b.must(json.Unmarshal(kept.Marks, &m))
		if m.Policy.Use == nil || !reflect.DeepEqual(*m.Policy.Use, want) {
			t.Errorf("%+v is kept as %+v", want, m.Policy.Use)
		}
	}
	late, err := b.line.Accept(t.Context(), by, o, bytes.NewReader(picture(t)))
	b.must(err)
	if bytes.Contains(late.Work.Order, []byte("a-token")) {
		t.Error("a token waits with the item")
	}
	g.err = refusal()
	for _, send := range []func() error{
		func() error {
			_, err := b.line.Produce(t.Context(), by, o, bytes.NewReader(picture(t)))
			return err
		},
		func() error {
			_, err := b.line.Accept(t.Context(), by, o, bytes.NewReader(picture(t)))
			return err
		},
	} {
		blobs, asked := len(b.blobs.files), len(j.seen)
		b.want(send(), "stopped")
		list, _, err := b.register.Find(t.Context(), artefact.Query{}, "", 9)
		b.must(err)
		if len(list) != 3 || len(b.blobs.files) != blobs || len(j.seen) != asked {
			t.Errorf("%d items, %d blobs more, and %d judgements after a refusal", len(list), len(b.blobs.files)-blobs, len(j.seen)-asked)
		}
	}
	b.want(b.line.Finish(t.Context(), late.Number, nil), "stopped")
	if q := g.seen[len(g.seen)-1]; !q.Again || q.Number != late.Number || q.Use.Function != "portrait-swap" {
		t.Errorf("%+v", q)
	}
	if late, err = b.register.Artefact(t.Context(), late.Number); err != nil || late.State != artefact.Failed || late.Reason != "stopped" {
		t.Errorf("%+v %v", late, err)
	}
}

// TestStoppedWhileItRuns stops work that was admitted: what is not marked then is not marked at all.
func TestStoppedWhileItRuns(t *testing.T) {
	for _, later := range []bool{false, true} {
		t.Run(map[bool]string{false: "at once", true: "by a job"}[later], func(t *testing.T) {
			g := &gate{}
			b := open(t, func(c *production.Config) {
				c.Admit = g.admit
				c.Judge = func(ctx context.Context, _ production.Question) (production.Answer, error) {
					g.stop(refusal())
					return production.Answer{}, ctx.Err()
				}
			})
			var err error
			if later {
				var a artefact.Artefact
				a, err = b.line.Accept(t.Context(), by, order(), bytes.NewReader(picture(t)))
				b.must(err)
				err = b.line.Finish(t.Context(), a.Number, nil)
				if a, gone := b.register.Artefact(t.Context(), a.Number); gone != nil || a.State != artefact.Failed || a.Reason != "stopped" {
					t.Errorf("%+v %v", a, gone)
				}
			} else {
				_, err = b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
			}
			b.want(err, "stopped")
		})
	}
}

// TestNotHandedOut keeps an item from being handed out that was marked before an order came.
func TestNotHandedOut(t *testing.T) {
	var err error
	b := open(t, func(c *production.Config) {
		c.Deliver = func(context.Context, artefact.Artefact) error { return err }
	})
	a, fault := b.line.Produce(t.Context(), by, order(), bytes.NewReader(picture(t)))
	b.must(fault)
	err = refusal()
	_, fault = b.line.Open(t.Context(), by, a.Number, artefact.API)
	b.want(fault, "stopped")
	if a, fault = b.register.Artefact(t.Context(), a.Number); fault != nil || a.State != artefact.Marked {
		t.Error(a.State, fault)
	}
	err = nil
	c, fault := b.line.Open(t.Context(), by, a.Number, artefact.API)
	b.must(fault)
	b.must(c.Close())
}
