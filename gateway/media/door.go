package media

import (
	"cmp"
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/stamp"
)

// Generic is the endpoint of calls to doors.
const Generic shape.Endpoint = "door"

// Form says in which form a medium stands in JSON.
type Form string

// Forms.
const (
	Base64  Form = "base64" // a data URI is taken too
	Data    Form = "data"   // a data URI
	Address Form = "url"
	Words   Form = "text" // of results: a text that the generator wrote
	File    Form = "file" // of results: an object by whose members the file is asked for, at Result.Path
)

// Door describes one generator that speaks HTTP and JSON. Places are JSON pointers in which * stands for any member.
type Door struct {
	Name   string `koanf:"name"`
	Model  string `koanf:"model"` // in the table of models, which says where it is, and of which function
	Method string `koanf:"method"`
	Path   string `koanf:"path"` // below the model's base
	// Prompts are where texts must stand. Every other text is judged too, in calls and in answers, but those in Plain that
	// look like the identifiers which they are to be.
	Prompts []string `koanf:"prompts"`
	Plain   []string `koanf:"plain"`
	// References are where media may stand. One that is named by an address is fetched and put in its place.
	References []Reference `koanf:"references"`
	// Results are where the answer has what was made; none where the answer itself is the file.
	Results []Result `koanf:"results"`
	Poll    *Poll    `koanf:"poll"` // nil where the answer comes at once
}

// Reference is a place of reference media. As is the form in which what was fetched is put there: Base64, or Data.
type Reference struct {
	At string `koanf:"at"`
	As Form   `koanf:"as"`
}

// Result is a place of results. As is Base64 where it is empty.
type Result struct {
	At   string `koanf:"at"`
	As   Form   `koanf:"as"`
	Path string `koanf:"path"` // of a File: /view?filename={filename}&type={type}
}

// Poll says how a generator is asked whether it is done.
type Poll struct {
	ID     string        `koanf:"id"`     // place of the job's name in the first answer
	Path   string        `koanf:"path"`   // with {id} in it
	Done   string        `koanf:"done"`   // place at which something stands then; /status=done: what stands
	Failed string        `koanf:"failed"` // the same, of a failure; empty for none
	Every  time.Duration `koanf:"every"`  // 0 for a second
	Most   time.Duration `koanf:"most"`   // 0 for 10 minutes
}

const (
	usualEvery = time.Second
	usualMost  = 10 * time.Minute
	// leastBlob is the shortest text that may be a file in base64 where nobody looks for one.
	leastBlob = 128
)

func (d *Door) wrong(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeDoorConfig, Args: colophon.Args{"door": d.Name, "field": field}}
}

// check says what of a description is wrong.
func (d *Door) check() error {
	switch {
	case d.Name == "" || !plainName(d.Name):
		return d.wrong("name")
	case d.Model == "":
		return d.wrong("model")
	case !strings.HasPrefix(d.Path, "/"):
		return d.wrong("path")
	}
	places := map[string][]string{"prompts": d.Prompts, "plain": d.Plain}
	for _, r := range d.References {
		places["references"] = append(places["references"], r.At)
		if r.As != "" && r.As != Base64 && r.As != Data {
			return d.wrong("references")
		}
	}
	for _, r := range d.Results {
		places["results"] = append(places["results"], r.At)
		switch {
		case r.As == "" || r.As == Base64 || r.As == Data || r.As == Address || r.As == Words:
		case r.As != File || !strings.HasPrefix(r.Path, "/"):
			return d.wrong("results")
		}
	}
	if p := d.Poll; p != nil {
		done, _, _ := strings.Cut(p.Done, "=")
		failed, _, _ := strings.Cut(p.Failed, "=")
		places["poll"] = []string{p.ID, done, failed}
		if p.ID == "" || p.Done == "" || !strings.Contains(p.Path, "{id}") || !strings.HasPrefix(p.Path, "/") || len(d.Results) == 0 {
			return d.wrong("poll")
		}
	}
	for field, list := range places {
		for _, at := range list {
			if _, ok := parsePointer(at); !ok {
				return d.wrong(field)
			}
		}
	}
	return nil
}

// at is what stands at some places.
func at(n *node, places ...string) []*node {
	var list []*node
	for _, place := range places {
		p, _ := parsePointer(place) // checked
		list = append(list, n.find(p)...)
	}
	return list
}

// door answers a call to a door.
func (s *Studio) door(ctx context.Context, name string, c gateway.Call, to gateway.Sink, o *gateway.Observation) error {
	d := s.doors[name]
	if d == nil {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeDoor}
	}
	m, ok := s.c.Model(d.Model)
	if !ok {
		return &colophon.Error{Kind: colophon.Missing, Code: gateway.CodeModel, Args: colophon.Args{"model": d.Model}}
	}
	body, err := parse(c.Body)
	if err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeField, Args: colophon.Args{"field": "body"}, Err: err}
	}
	brought, err := d.brought(body)
	if err != nil {
		return err
	}
	c.Endpoint = Generic
	w, err := s.start(c, m, stamp.Other, o)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.begin(ctx, brought); err != nil {
		return err
	}
	r := upstream.Request{Method: cmp.Or(d.Method, "POST"), Path: d.Path, Type: "application/json", Accept: "*/*", Once: true,
		Body: func(upstream.Target) ([]byte, error) { return body.write(nil), nil }}
	got, resp, err := w.ask(r)
	if err != nil {
		return err
	}
	if len(d.Results) == 0 {
		return w.whole(got, "", to)
	}
	return w.through(d, got, resp.Target.Name, to)
}

// brought lists what a body brings to be judged. Text that leads to media where nobody looks for them is refused.
func (d *Door) brought(body *node) (a asked, err error) {
	known := map[*node]bool{}
	for _, r := range d.References {
		for _, n := range at(body, r.At) {
			known[n] = true
			ref, err := refer(r, n, len(a.refs))
			if err != nil {
				return a, err
			}
			if ref != nil {
				a.refs = append(a.refs, *ref)
			}
		}
	}
	said := 0
	for _, n := range at(body, d.Prompts...) {
		if n.kind == isText && !known[n] {
			said++
			known[n] = true
			a.texts = append(a.texts, screen.Part{Name: "prompt." + strconv.Itoa(said), By: "user", Text: n.text})
		}
	}
	if len(d.Prompts) > 0 && said == 0 {
		return a, field("prompt")
	}
	rest, err := d.rest(body, known)
	a.texts = append(a.texts, rest...)
	return a, err
}

// rest lists the texts of JSON that are neither known nor identifiers.
func (d *Door) rest(body *node, known map[*node]bool) (list []screen.Part, err error) {
	for _, n := range at(body, d.Plain...) {
		known[n] = known[n] || plainName(n.text)
	}
	body.texts(func(n *node) {
		if known[n] || n.text == "" {
			return
		}
		name := "text." + strconv.Itoa(len(list))
		if err == nil && leads(n.text) {
			err = &colophon.Error{Kind: colophon.Invalid, Code: CodeReference, Args: colophon.Args{"path": name}}
		}
		list = append(list, screen.Part{Name: name, Text: n.text})
	})
	return list, err
}

// leads reports whether a text is an address, a data URI or a file in base64, and says nothing beside.
func leads(text string) bool {
	s := strings.ToLower(strings.TrimSpace(text))
	scheme, _, address := strings.Cut(s, "://")
	if strings.HasPrefix(s, "data:") || strings.Contains(s, ";base64,") || strings.HasPrefix(s, "//") || address && plainName(scheme) {
		return true
	}
	if len(s) < leastBlob {
		return false
	}
	blob := strings.TrimRight(strings.Join(strings.Fields(text), ""), "=")
	data, err := base64.RawStdEncoding.DecodeString(blob)
	if err != nil {
		data, err = base64.RawURLEncoding.DecodeString(blob)
	}
	if err != nil {
		return false
	}
	_, f, err := all.Detect(media.Memory(data), "")
	return err != nil || f != media.Unknown && f != media.Text
}

// refer is a reference medium that stands at a place of a body; nil where the place is empty.
func refer(at Reference, n *node, i int) (*reference, error) {
	name := "reference." + strconv.Itoa(i+1)
	if n.kind == isOther && n.text == "null" || n.kind == isText && n.text == "" {
		return nil, nil
	}
	if n.kind != isText {
		return nil, field(name)
	}
	r := &reference{name: name, by: "user"}
	if lower := strings.ToLower(n.text); strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://") {
		r.url = n.text
		r.put = func(typ string, data []byte) {
			n.text = base64.StdEncoding.EncodeToString(data)
			if at.As == Data {
				n.text = "data:" + typ + ";base64," + n.text
			}
		}
		return r, nil
	}
	var err error
	if strings.HasPrefix(n.text, "data:") {
		r.data, err = inline(n.text)
	} else {
		r.data, err = base64.StdEncoding.DecodeString(n.text)
	}
	if err != nil || kindOf(r.data) == "" { // such as the path of a file, which is base64 by chance
		return nil, field(name)
	}
	return r, nil
}
