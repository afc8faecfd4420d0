package media

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/upstream"
)

// through takes what a generator made, once it is done, through the production line, and answers as the generator does.
func (w *work) through(d *Door, got []byte, target string, to gateway.Sink) error {
	body, err := parse(got)
	if err != nil {
		return badAnswer(err)
	}
	if d.Poll != nil {
		if body, err = w.poll(d.Poll, body, target); err != nil {
			return err
		}
	}
	results, places, err := w.collect(d, body, target)
	if err != nil {
		return err
	}
	files := slices.ContainsFunc(d.Results, func(r Result) bool { return r.As == File })
	if !files { // else nothing of it goes on
		if err := w.beside(d, body, places); err != nil {
			return err
		}
	}
	if err := w.produce(results); err != nil {
		return err
	}
	if err := w.hand(results); err != nil {
		return err
	}
	if files {
		return object(to, numbers(results), w.album(results))
	}
	splice(body, results, places)
	return answer(to, "application/json", numbers(results), body.write(nil))
}

// beside judges what stands beside the results.
func (w *work) beside(d *Door, body *node, places []*node) error {
	known := map[*node]bool{}
	for _, n := range places {
		known[n] = true
	}
	texts, err := d.rest(body, known)
	if err != nil {
		return badAnswer(err)
	}
	return w.said(texts)
}

// poll asks whether a job is done until it is, and returns the last answer.
func (w *work) poll(p *Poll, first *node, target string) (*node, error) {
	ids := at(first, p.ID)
	if len(ids) != 1 || ids[0].text == "" || !plainName(ids[0].text) {
		return nil, badAnswer(nil)
	}
	id := strings.NewReplacer("{id}", ids[0].text)
	for end := w.c.Now().Add(cmp.Or(p.Most, usualMost)); w.c.Now().Before(end); {
		if err := w.c.Wait(w.ctx, cmp.Or(p.Every, usualEvery)); err != nil {
			return nil, w.stopped(err)
		}
		got, _, err := w.ask(upstream.Request{Target: target, Method: "GET", Path: id.Replace(p.Path), Accept: "application/json"})
		if err != nil {
			return nil, err
		}
		body, err := parse(got)
		switch {
		case err != nil:
			return nil, badAnswer(err)
		case p.Failed != "" && stands(body, id.Replace(p.Failed)):
			return nil, &colophon.Error{Kind: colophon.Unsupported, Code: CodeDoorFailed}
		case stands(body, id.Replace(p.Done)):
			return body, nil
		}
	}
	return nil, &colophon.Error{Kind: colophon.Unsupported, Code: upstream.CodeTimeout}
}

// stands reports whether something stands at a place, or what the place asks for.
func stands(body *node, place string) bool {
	place, value, exactly := strings.Cut(place, "=")
	return slices.ContainsFunc(at(body, place), func(n *node) bool {
		if exactly {
			return n.text == value
		}
		return len(n.kids) > 0 || n.text != "" && n.text != "null" && n.text != "false"
	})
}

// collect gets what was made from where an answer has it.
func (w *work) collect(d *Door, body *node, target string) (list []result, places []*node, err error) {
	for _, r := range d.Results {
		for _, n := range at(body, r.At) {
			if len(list) == mostResults {
				return nil, nil, badAnswer(nil)
			}
			next := result{as: r.As, url: r.As == Address}
			switch {
			case r.As == File && n.kind == isObject:
				next.data, err = w.file(r.Path, n, target)
			case n.kind != isText || n.text == "":
				err = badAnswer(nil)
			case r.As == Words:
				next.data = []byte(n.text)
			case r.As == Address:
				next.data, err = w.content("", n.text)
			default:
				if strings.HasPrefix(n.text, "data:") {
					next.as = Data
					next.data, err = inline(n.text)
				} else {
					next.data, err = decoded(n.text)
				}
			}
			if err != nil {
				return nil, nil, err
			}
			list, places = append(list, next), append(places, n)
		}
	}
	if len(list) == 0 {
		err = badAnswer(nil)
	}
	return list, places, err
}

// file asks for a file by the members of an object.
func (w *work) file(path string, n *node, target string) ([]byte, error) {
	var pairs []string
	for _, name := range n.names {
		pairs = append(pairs, "{"+name+"}", url.QueryEscape(n.member(name)))
	}
	data, _, err := w.ask(upstream.Request{Target: target, Method: "GET", Path: strings.NewReplacer(pairs...).Replace(path), Accept: "*/*"})
	return data, err
}

// splice puts what leaves into the places of what was made, and what is known of it beside.
func splice(body *node, results []result, places []*node) {
	for i, r := range results {
		n := places[i]
		switch {
		case r.err != nil:
			n.kind, n.text = isOther, "null"
		case r.url:
			n.text = r.address
		case r.as == Words:
			n.text = string(r.out)
		default:
			n.text = base64.StdEncoding.EncodeToString(r.out)
			if r.as == Data {
				n.text = "data:" + mimeOf(r.item.Format) + ";base64," + n.text
			}
		}
	}
	if body.kind != isObject {
		return
	}
	list, kept := shown(results)
	for i := range list {
		list[i].B64, list[i].URL = "", ""
	}
	if about, err := json.Marshal(album{Data: list, Refused: kept}); err == nil {
		body.set("colophon", about)
	}
	if len(list) == 1 {
		body.set(mark.Key, list[0].Label)
	}
}
