package filing

import (
	_ "embed" // for the layout of the documents
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/evidence"
)

//go:embed documents.json
var documentsJSON []byte

// NodeKind says what a node of a document is.
type NodeKind string

// The kinds of nodes.
const (
	Heading   NodeKind = "heading"
	Paragraph NodeKind = "paragraph"
	Table     NodeKind = "table"
	Picture   NodeKind = "picture"
)

// Node is a piece of a document, in Chinese.
type Node struct {
	Kind   NodeKind   `json:"kind"`
	Level  int        `json:"level,omitempty"` // of a heading, from 1; the title of the document is above
	Text   string     `json:"text,omitempty"`  // of a heading or paragraph, or the caption of a picture
	Rows   [][]string `json:"rows,omitempty"`
	Header bool       `json:"header,omitempty"` // the first row is one; else the first column is
	SHA256 string     `json:"sha256,omitempty"` // of a picture
	// Unknown counts what is not known yet in it; it is said in words in its place.
	Unknown int `json:"unknown,omitempty"`
}

// Document is one part of a kit.
type Document struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Nodes []Node `json:"nodes"`
}

// layout is how documents are made of a kit, as data.
type layout struct {
	Unknown   string            `json:"unknown"`
	Sealed    string            `json:"sealed"` // in place of people who were not read
	Words     map[string]string `json:"words"`  // that fields are filled with, as the form has them
	Documents []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
		Nodes []spec `json:"nodes"`
	} `json:"documents"`
}

// spec is one piece of the layout. One of the first nine fields is given; paths are names of fields as JSON.
type spec struct {
	Heading string      `json:"heading"`
	Facts   [][2]string `json:"facts"`
	People  [][2]string `json:"people"`
	Sign    []string    `json:"sign"` // lines to be signed or stamped
	Text    string      `json:"text"`
	Section string      `json:"section"`
	Items   string      `json:"items"`
	Shots   string      `json:"shots"`
	List    string      `json:"list"`

	Columns [][2]string `json:"columns"`
	Level   int         `json:"level"`
	If      string      `json:"if"`    // it stands there under this condition alone
	Given   string      `json:"given"` // it stands there when this field is not empty
}

// drawer makes nodes of a kit.
type drawer struct {
	layout
	fields     map[string]reflect.Value
	tags       map[string]tag
	people     *People
	conditions map[string]bool
	nodes      []Node
}

// Documents lays a kit out as the parts that are filed. Without people their fields say that they are kept sealed.
func Documents(k Kit, people *People) ([]Document, error) {
	d := &drawer{fields: map[string]reflect.Value{}, tags: map[string]tag{}, people: people, conditions: k.conditions()}
	if err := json.Unmarshal(documentsJSON, &d.layout); err != nil {
		return nil, err
	}
	visit(reflect.ValueOf(k), "", tag{is: "part"}, func(path string, t tag, v reflect.Value) bool {
		d.fields[path], d.tags[path] = v, t
		return true
	})
	var list []Document
	for _, doc := range d.Documents {
		d.nodes = nil
		for _, s := range doc.Nodes {
			if s.If != "" && !d.conditions[s.If] || s.Given != "" && d.fields[s.Given].IsZero() {
				continue
			}
			d.draw(s)
		}
		list = append(list, Document{doc.ID, doc.Title, d.nodes})
	}
	return list, nil
}

func (d *drawer) draw(s spec) {
	switch {
	case s.Heading != "":
		d.nodes = append(d.nodes, Node{Kind: Heading, Level: s.Level, Text: s.Heading})
	case s.Facts != nil:
		n := Node{Kind: Table}
		for _, f := range s.Facts {
			n.Rows = append(n.Rows, []string{f[0], d.say(f[1], &n)})
		}
		d.nodes = append(d.nodes, n)
	case s.People != nil:
		d.persons(s.People)
	case s.Sign != nil:
		n := Node{Kind: Table}
		for _, line := range s.Sign {
			n.Rows = append(n.Rows, []string{line, " \n \n "}) // room for a stamp
		}
		d.nodes = append(d.nodes, n)
	case s.Text != "":
		d.text(s.Text)
	case s.Section != "":
		d.text(s.Section + ".text")
		if v := d.fields[s.Section+".shots"]; v.Len() > 0 || d.tags[s.Section].starred {
			d.shots(s.Section + ".shots")
		}
	case s.Items != "":
		d.items(s.Items)
	case s.Shots != "":
		d.shots(s.Shots)
	case s.List != "":
		d.table(s)
	}
}

// say is what stands in a field, in the words of the form, or that it is not known yet.
func (d *drawer) say(path string, n *Node) string {
	v, t := d.fields[path], d.tags[path]
	text := ""
	switch v.Kind() {
	case reflect.String:
		if text = v.String(); t.is == "word" && text != "" {
			text = d.Words[text]
		}
	case reflect.Int:
		if v.Int() > 0 {
			text = strconv.FormatInt(v.Int(), 10)
		}
	case reflect.Slice:
		var list []string
		for i := range v.Len() {
			list = append(list, v.Index(i).String())
		}
		text = strings.Join(list, "、")
	}
	switch {
	case text != "":
		return text
	case t.optional:
		return "—"
	}
	n.Unknown++
	return d.Unknown
}

func (d *drawer) text(path string) {
	var n Node
	for i, line := range strings.Split(d.say(path, &n), "\n") {
		if strings.TrimSpace(line) != "" {
			p := Node{Kind: Paragraph, Text: strings.TrimSpace(line)}
			if i == 0 {
				p.Unknown = n.Unknown
			}
			d.nodes = append(d.nodes, p)
		}
	}
}

func (d *drawer) items(path string) {
	v := d.fields[path]
	if v.Len() == 0 {
		d.nodes = append(d.nodes, Node{Kind: Paragraph, Text: d.Unknown, Unknown: 1})
	}
	for i := range v.Len() {
		n := Node{Kind: Paragraph}
		n.Text = strconv.Itoa(i+1) + ". " + d.say(path+"."+strconv.Itoa(i), &n)
		d.nodes = append(d.nodes, n)
	}
}

func (d *drawer) shots(path string) {
	list, _ := d.fields[path].Interface().([]Shot)
	if len(list) == 0 {
		d.nodes = append(d.nodes, Node{Kind: Paragraph, Text: d.Unknown, Unknown: 1})
	}
	for i := range list {
		n := Node{Kind: Picture, SHA256: list[i].SHA256}
		n.Text = d.say(path+"."+strconv.Itoa(i)+".caption", &n)
		if n.SHA256 == "" {
			n.Kind, n.Unknown = Paragraph, n.Unknown+1
		}
		d.nodes = append(d.nodes, n)
	}
}

func (d *drawer) table(s spec) {
	n := Node{Kind: Table, Header: true}
	var head []string
	for _, c := range s.Columns {
		head = append(head, c[0])
	}
	n.Rows = append(n.Rows, head)
	for i := range d.fields[s.List].Len() {
		var row []string
		for _, c := range s.Columns {
			row = append(row, d.say(s.List+"."+strconv.Itoa(i)+"."+c[1], &n))
		}
		n.Rows = append(n.Rows, row)
	}
	if len(n.Rows) == 1 {
		row := make([]string, len(head))
		row[0], n.Unknown = d.Unknown, 1
		n.Rows = append(n.Rows, row)
	}
	d.nodes = append(d.nodes, n)
}

// persons draws people as a table with a row for each.
func (d *drawer) persons(list [][2]string) {
	n := Node{Kind: Table, Header: true, Rows: [][]string{{"", "姓名", "职务", "证件号码", "电话", "邮箱"}}}
	for _, p := range list {
		var who Person
		if d.people != nil {
			who = map[string]Person{"legal": d.people.Legal, "responsible": d.people.Responsible, "contact": d.people.Contact, "head": d.people.Head}[p[1]]
		}
		row := []string{p[0]}
		for _, f := range []struct {
			text     string
			optional bool
		}{{who.Name, false}, {who.Post, true}, {who.ID, false}, {who.Phone, false}, {who.Mail, true}} {
			switch {
			case d.people == nil:
				f.text = d.Sealed
			case f.text == "" && f.optional:
				f.text = "—"
			case f.text == "":
				f.text = d.Unknown
				n.Unknown++
			}
			row = append(row, f.text)
		}
		n.Rows = append(n.Rows, row)
	}
	d.nodes = append(d.nodes, n)
}

// export is the form in which a kit leaves.
type export struct {
	Schema    string     `json:"schema"`
	Filing    string     `json:"filing"`
	Function  string     `json:"function"`
	Part      int        `json:"part"`
	Version   int        `json:"version"`
	State     State      `json:"state"`
	SHA256    string     `json:"sha256"`
	Amends    string     `json:"amends,omitempty"`
	Kit       Kit        `json:"kit"`
	Unknown   []string   `json:"unknown"` // fields that the form asks for and that are not known
	Documents []Document `json:"documents"`
}

// Export writes a filing as canonical JSON: the facts, what is not known, and the parts. The same filing gives the same
// bytes. People are not in it; the parts say that they are kept sealed.
func (d Draft) Export() ([]byte, error) {
	documents, err := Documents(d.Kit, nil)
	if err != nil {
		return nil, err
	}
	return evidence.Canonical(export{Schema, d.ID, d.Function, d.Part, d.Version, d.State, d.SHA256, d.Amends, d.Kit, d.Kit.Open(), documents})
}
