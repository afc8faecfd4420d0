// Package oscal writes the catalogue of duties and the states of its obligations in NIST's OSCAL 1.2, for auditors whose tools
// read that: a catalog has a control for each obligation, and assessment results have a finding for each and an observation
// for each run of a probe.
//
// A finding is satisfied where the state is met, and nowhere else. What the state is in our words stands beside it, as a
// property in the name space [NS]: OSCAL has no word for unknown, stale, attested or waived. An obligation that does not
// apply is left out of the reviewed controls, with its reason in the log.
//
// Identifiers of documents and observations are UUIDs of version 5, made of what they name, so the same input gives the same
// document. Nothing personal is in a document: who attested or waived is not told.
//
// What not to do here: no state is computed here. Never write satisfied for a lack of findings.
package oscal

import (
	"strings"
	"time"

	oscalTypes "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon/duty"
)

// Version is the version of OSCAL that is written.
const Version = "1.2.2"

// NS is the name space of our properties.
const NS = "https://colophon-project.github.io/ns/oscal"

// Model is a document of OSCAL as a whole; exactly one of its parts is there.
type Model = oscalTypes.OscalModels

// id is the UUID of a thing.
func id(kind string, names ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(NS+"/"+kind+"/"+strings.Join(names, "/"))).String()
}

func prop(name, value string) oscalTypes.Property {
	return oscalTypes.Property{Name: name, Ns: NS, Value: value}
}

func metadata(title, version string, at time.Time) oscalTypes.Metadata {
	return oscalTypes.Metadata{Title: title, Version: version, OscalVersion: Version, LastModified: at.UTC()}
}

// Say turns a text of the catalogue into a sentence in the reader's language.
type Say func(duty.Text) string

// English takes the English of a text.
func English(t duty.Text) string { return t.EN }

// Chinese takes the Chinese of a text.
func Chinese(t duty.Text) string { return t.ZH }

// Catalog writes a pack as a catalog: a group for each instrument, in it one for each article with obligations, in it a
// control for each.
func Catalog(p duty.Pack, say Say, at time.Time) Model {
	var groups []oscalTypes.Group
	for _, in := range p.Instruments {
		var articles []oscalTypes.Group
		for _, a := range in.Articles {
			if len(a.Obligations) == 0 {
				continue
			}
			var controls []oscalTypes.Control
			for _, o := range a.Obligations {
				controls = append(controls, control(p, o, say))
			}
			props := []oscalTypes.Property{prop("article", a.Number)}
			if a.Clause != "" {
				props = append(props, prop("clause", string(a.Clause)))
			}
			articles = append(articles, oscalTypes.Group{ID: in.ID + "_art-" + a.Number, Class: "article", Title: say(a.Title), Props: &props, Controls: &controls})
		}
		props := []oscalTypes.Property{prop("in-force-from", string(in.Force.From))}
		if in.Force.To != "" {
			props = append(props, prop("in-force-to", string(in.Force.To)))
		}
		g := oscalTypes.Group{ID: in.ID, Class: "instrument", Title: say(in.Title), Props: &props, Links: &[]oscalTypes.Link{{Href: in.Address, Rel: "reference"}}}
		if len(articles) > 0 {
			g.Groups = &articles
		}
		groups = append(groups, g)
	}
	m := metadata(say(p.Title), p.Version, at)
	m.Remarks = say(p.Note)
	return Model{Catalog: &oscalTypes.Catalog{UUID: catalogID(p), Metadata: m, Groups: &groups}}
}

func catalogID(p duty.Pack) string { return id("catalog", p.Name, p.Version) }

func control(p duty.Pack, o duty.Obligation, say Say) oscalTypes.Control {
	props := []oscalTypes.Property{prop("trigger", string(o.Trigger)), prop("confidence", string(o.Confidence))}
	for _, w := range o.Who {
		props = append(props, prop("binds", string(w)))
	}
	for rule, facts := range map[string][]duty.Fact{"all": o.Applies.All, "any": o.Applies.Any, "none": o.Applies.None} {
		for _, f := range facts {
			props = append(props, oscalTypes.Property{Name: "applies-if", Ns: NS, Class: rule, Value: string(f)})
		}
	}
	sortProps(props)
	parts := []oscalTypes.Part{{ID: o.ID + "_smt", Name: "statement", Prose: say(o.Duty)}}
	for _, c := range o.Controls {
		parts = append(parts, oscalTypes.Part{ID: c.ID, Name: "guidance", Prose: say(c.Text)})
		for _, name := range c.Probes {
			parts = append(parts, oscalTypes.Part{ID: c.ID + "." + name, Name: "assessment-method", Prose: expectation(p, name, say)})
		}
	}
	return oscalTypes.Control{ID: o.ID, Class: "obligation", Title: say(o.Title), Props: &props, Parts: &parts}
}

func expectation(p duty.Pack, name string, say Say) string {
	for _, q := range p.Probes {
		if q.Name == name {
			return say(q.Title) + ": " + say(q.Expect)
		}
	}
	return name
}
