package console

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/moderation/screening"
)

// maxRevealed is the longest text that a page shows of what waits, in bytes; the whole can be fetched.
const maxRevealed = 4 << 20

// revealed is a part of what waits, as the page shows it.
type revealed struct {
	Name, By string
	Kind     string // text, picture, sound, film or file
	Text     []passage
	From     string // address of media
}

// passage is a part of a text. Level and Word are those of the finding that it belongs to; empty for none.
type passage struct {
	Text, Level, Word string
}

// heldPart is a part of an item as it is kept for a person.
type heldPart struct {
	Name string `json:"name"`
	By   string `json:"by"`
	Text string `json:"text"`
	File []byte `json:"file"`
}

// opened is content that is being read: parts, or one file.
type opened struct {
	io.ReadCloser
	parts []heldPart
	rest  *bufio.Reader
	kind  string // media type of a file, as its bytes show it where the API does not say
}

// open reads what waits; the API records that.
func (v *visit) open(id string) (*opened, error) {
	content, err := v.api().HeldContent(v.r.Context(), id)
	if err != nil {
		return nil, err
	}
	o := &opened{ReadCloser: content, rest: bufio.NewReader(content)}
	if content.Format == screening.FormatParts {
		defer content.Close()
		return o, json.NewDecoder(io.LimitReader(o.rest, 64<<20)).Decode(&o.parts)
	}
	o.kind, _, _ = mime.ParseMediaType(content.Type) // one that can't be read is of no kind
	if o.kind == "" || o.kind == "application/octet-stream" {
		head, err := o.rest.Peek(512)
		if err != nil && !errors.Is(err, io.EOF) {
			content.Close()
			return nil, err
		}
		o.kind = sniffed(head)
	}
	return o, nil
}

func sniffed(head []byte) string {
	kind, _, _ := mime.ParseMediaType(http.DetectContentType(head))
	return kind
}

// kindOf says how something of a media type is shown. What a browser could run is shown as text or as nothing but a file.
func kindOf(kind string) string {
	switch {
	case strings.HasPrefix(kind, "text/"), kind == "application/json":
		return "text"
	case slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"}, kind):
		return "picture"
	case strings.HasPrefix(kind, "audio/"):
		return "sound"
	case strings.HasPrefix(kind, "video/"):
		return "film"
	}
	return "file"
}

// reveal reads the content of an item for its page.
func (v *visit) reveal(it client.HeldItem) ([]revealed, error) {
	o, err := v.open(it.ID)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	from := heldLink(it.ID) + "/content"
	if o.parts == nil {
		r := revealed{Kind: kindOf(o.kind), From: from}
		if r.Kind == "text" {
			text, err := io.ReadAll(io.LimitReader(o.rest, maxRevealed))
			r.Text = passages(string(text), it.Findings)
			return []revealed{r}, err
		}
		return []revealed{r}, nil
	}
	var list []revealed
	for i, p := range o.parts {
		r := revealed{Name: p.Name, By: p.By, Kind: "text", From: from + "?part=" + strconv.Itoa(i)}
		if len(p.File) > 0 {
			r.Kind = kindOf(sniffed(p.File))
		}
		if r.Kind == "text" {
			text := p.Text + string(p.File)
			r.Text = passages(text[:min(len(text), maxRevealed)], slices.DeleteFunc(slices.Clone(it.Findings), func(f client.HeldFinding) bool { return f.Part != p.Name }))
		}
		list = append(list, r)
	}
	return list, nil
}

// passages cuts a text where something was found.
func passages(s string, findings []client.HeldFinding) []passage {
	hits := slices.DeleteFunc(slices.Clone(findings), func(f client.HeldFinding) bool { return f.End <= f.Start || f.End > int64(len(s)) })
	slices.SortStableFunc(hits, func(a, b client.HeldFinding) int { return cmp.Compare(a.Start, b.Start) })
	var list []passage
	at := int64(0)
	for _, f := range hits {
		if f.Start < at {
			continue
		}
		list = append(list, passage{Text: s[at:f.Start]}, passage{s[f.Start:f.End], f.Level, f.Category})
		at = f.End
	}
	return append(list, passage{Text: s[at:]})
}

// heldContent hands the bytes of what waits to an element of the item's page. A browser never runs them. Since each reading is
// recorded, a link from elsewhere leads to the item's page instead.
func heldContent(v *visit) error {
	if from := v.r.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" {
		return v.send(heldLink(v.r.PathValue("id")))
	}
	o, err := v.open(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	defer o.Close()
	body, kind := io.Reader(o.rest), o.kind
	if o.parts != nil {
		i, err := strconv.Atoi(v.r.URL.Query().Get("part"))
		if err != nil || i < 0 || i >= len(o.parts) {
			return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
		}
		file := o.parts[i].File
		body, kind = bytes.NewReader(file), sniffed(file)
	}
	out := &handing{v: v, kind: kind, inline: true}
	if shown := kindOf(kind); shown == "file" || shown == "text" {
		out.kind, out.inline = "application/octet-stream", false
	}
	_, err = io.Copy(out, body)
	return out.end(err)
}
