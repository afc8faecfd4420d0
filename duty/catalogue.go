package duty

import (
	"errors"
	"slices"
	"time"

	"github.com/colophon-project/colophon"
)

// Item is an obligation with what is around it.
type Item struct {
	Pack       string
	Instrument Instrument // without its articles
	Article    Article    // without its obligations
	Obligation Obligation
	From, To   time.Time // when it is in force; a zero To means no end
}

// Clauses lists the clauses of Colophon for it.
func (i Item) Clauses() []colophon.Clause {
	if i.Article.Clause == "" {
		return nil
	}
	return []colophon.Clause{i.Article.Clause}
}

// Probes lists the names of the probes of all its controls, each once.
func (i Item) Probes() []string {
	var names []string
	for _, c := range i.Obligation.Controls {
		names = append(names, c.Probes...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Catalogue is what some packs ask for. It never changes.
type Catalogue struct {
	packs  []Pack
	items  []Item
	at     map[string]int
	probes map[string]Probe
}

// NewCatalogue joins packs that were checked. No two may name anything alike.
func NewCatalogue(packs ...Pack) (*Catalogue, error) {
	c := &Catalogue{packs: packs, at: map[string]int{}, probes: map[string]Probe{}}
	names := map[string]bool{}
	for _, p := range packs {
		if err := p.check(); err != nil {
			return nil, err
		}
		if names[p.Name] {
			return nil, bad(p.Name, "name")
		}
		names[p.Name] = true
		for _, q := range p.Probes {
			if _, twice := c.probes[q.Name]; twice {
				return nil, bad(q.Name, "name")
			}
			c.probes[q.Name] = q
		}
		for _, in := range p.Instruments {
			for _, a := range in.Articles {
				for _, o := range a.Obligations {
					if _, twice := c.at[o.ID]; twice {
						return nil, bad(o.ID, "id")
					}
					c.at[o.ID] = len(c.items)
					c.items = append(c.items, item(p, in, a, o))
				}
			}
		}
	}
	if len(c.items) == 0 {
		return nil, errors.New("a catalogue needs a pack with obligations")
	}
	return c, nil
}

// item narrows the time in force from the instrument down to the obligation.
func item(p Pack, in Instrument, a Article, o Obligation) Item {
	i := Item{Pack: p.Name, Instrument: in, Article: a, Obligation: o}
	for _, f := range []Force{in.Force, a.Force, o.Force} {
		if from := f.From.begin(p.Offset); from.After(i.From) {
			i.From = from
		}
		if to := f.To.begin(p.Offset); !to.IsZero() && (i.To.IsZero() || to.Before(i.To)) {
			i.To = to
		}
	}
	i.Instrument.Articles, i.Article.Obligations = nil, nil
	return i
}

// Packs lists the packs.
func (c *Catalogue) Packs() []Pack { return slices.Clone(c.packs) }

// Items lists all obligations in the order of the packs.
func (c *Catalogue) Items() []Item { return slices.Clone(c.items) }

// Item returns an obligation.
func (c *Catalogue) Item(id string) (Item, error) {
	if i, ok := c.at[id]; ok {
		return c.items[i], nil
	}
	return Item{}, unknown(id)
}

// Probe returns a probe.
func (c *Catalogue) Probe(name string) (Probe, error) {
	if p, ok := c.probes[name]; ok {
		return p, nil
	}
	return Probe{}, unknown(name)
}

// Probes lists all probes in the order of the packs.
func (c *Catalogue) Probes() []Probe {
	var list []Probe
	for _, p := range c.packs {
		list = append(list, p.Probes...)
	}
	return list
}

// Shows lists the obligations that a probe speaks of.
func (c *Catalogue) Shows(probe string) []Item {
	var list []Item
	for _, i := range c.items {
		if slices.Contains(i.Probes(), probe) {
			list = append(list, i)
		}
	}
	return list
}

func unknown(id string) error {
	return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown, Args: colophon.Args{"id": id}}
}
