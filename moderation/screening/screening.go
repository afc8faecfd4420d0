// Package screening gives judgements their consequences: what the policy wants reviewed waits for a person in a
// [moderation.Docket], and illegal content that was found and refused, by the policy or by a person, opens a duty to report
// it in [moderation.Reports] (Deep Synthesis Provisions Art. 10 ¶3). Every door judges through a [Court], so that none forgets a consequence.
//
// What not to do here: never let an item that must wait pass because it could not be entered; that is an error. Never take
// a consequence of a finding that the policy allows.
package screening

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/screen/keyword"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// Engine judges. A *screen.Engine does.
type Engine interface {
	Judge(ctx context.Context, item screen.Item) (screen.Judgement, error)
}

// Court is the worker of this package. It is safe for use by many goroutines.
type Court struct {
	Engine  Engine
	Streams Streamer // nil where nothing is judged in pieces
	Docket  *moderation.Docket
	Reports *moderation.Reports
	// Seal stores content that is too long for a row, under a key of 32 bytes that is used for nothing else.
	Seal func(ctx context.Context, r io.Reader, key []byte) (ref string, err error)
	Rand io.Reader
}

// Outcome is a judgement with what followed from it.
type Outcome struct {
	screen.Judgement
	Held string // identifier of the held item; empty for none
	Duty string // identifier of the report duty; empty for none
}

// FormatParts is the format of held content that is the parts of an item as JSON, and FormatFile that of one file.
const (
	FormatParts = "parts"
	FormatFile  = "file"
)

// Judge judges an item and takes the consequences. Where it must wait, its content is kept for a person, unless the caller
// keeps it: then content says where.
func (c *Court) Judge(ctx context.Context, role evidence.Role, item screen.Item, content *moderation.Content) (Outcome, error) {
	j, err := c.Engine.Judge(ctx, item)
	if err != nil {
		return Outcome{}, err
	}
	return c.follow(ctx, role, item, j, content)
}

// follow takes the consequences of a judgement. They are taken also where whoever asked went away.
func (c *Court) follow(ctx context.Context, role evidence.Role, item screen.Item, j screen.Judgement, content *moderation.Content) (Outcome, error) {
	out := Outcome{Judgement: j}
	if j.Action < policy.Review {
		return out, nil
	}
	ctx = context.WithoutCancel(ctx)
	w, err := why(j), error(nil)
	if j.Action == policy.Refuse {
		if out.Duty, err = c.report(ctx, role, item.Subject, false, w); err != nil {
			return Outcome{}, err
		}
	}
	if j.Action != policy.Review {
		return out, nil
	}
	if content == nil {
		kept, err := c.keep(ctx, item)
		if err != nil {
			return Outcome{}, err
		}
		content = &kept
	}
	held, err := c.Docket.Enter(ctx, role, moderation.Entry{Subject: item.Subject, Surface: string(item.Surface), Function: cmp.Or(item.Function, unspecified), About: item.About, Why: w, Content: *content})
	if err != nil {
		return Outcome{}, err
	}
	out.Held = held.ID
	return out, nil
}

// Decided takes the consequence of what became of a held item: where it was refused, by a person or because nobody
// decided in time, illegal content that was found is to be reported. It may be called again.
func (c *Court) Decided(ctx context.Context, it moderation.Item) error {
	if it.Outcome == moderation.Release {
		return nil
	}
	_, err := c.report(ctx, system, it.Subject, it.Content == moderation.Erased, it.Why)
	return err
}

const (
	system evidence.Role = "system"
	// unspecified is the function of an item that names none.
	unspecified = "unspecified"
	// maxPart is how much of the name of a part a docket takes, in bytes: what lies in a file has a longer name than the file.
	maxPart = 256
)

// report opens the duty to report illegal content that was found, and returns its identifier; empty where none was.
func (c *Court) report(ctx context.Context, role evidence.Role, subject evidence.Subject, erased bool, w moderation.Why) (string, error) {
	var categories []string
	for _, f := range w.Findings {
		if f.Illegal && (f.Level == keyword.Review.String() || f.Level == keyword.Block.String()) && !slices.Contains(categories, f.Category) {
			categories = append(categories, f.Category)
		}
	}
	if len(categories) == 0 {
		return "", nil
	}
	slices.Sort(categories)
	duty, err := c.Reports.Open(ctx, role, moderation.Hit{Judgement: w.Judgement, Categories: categories, Subject: subject, Erased: erased})
	return duty.ID, err
}

// why says why an item waits: what was found, and which checks did not run.
func why(j screen.Judgement) moderation.Why {
	w := moderation.Why{Judgement: j.ID, Action: j.Action.String(), Library: j.Library, Policy: j.Policy}
	for _, f := range j.Findings {
		rule := f.Feature
		if rule == "" {
			rule = f.Check
		}
		// What began in an earlier message begins where the part does.
		w.Findings = append(w.Findings, finding(rule, f.Category, f.Level.String(), f.Part, max(f.Start, 0), f.End))
	}
	for _, f := range j.Facts {
		if f.Level == policy.LevelUnknown {
			w.Findings = append(w.Findings, finding(f.Check, library.Category(f.Category), string(f.Level), "", 0, 0))
		}
	}
	for _, row := range j.Decision.Rows {
		if row != "" && !slices.Contains(w.Rows, row) {
			w.Rows = append(w.Rows, row)
		}
	}
	return w
}

func finding(rule string, category library.Category, level, part string, start, end int64) moderation.Finding {
	topic, _ := category.Topic()
	if over := len(part) - maxPart; over > 0 {
		part = strings.ToValidUTF8(part[over:], "")
	}
	return moderation.Finding{Rule: rule, Category: string(category), Level: level, High: topic.High, Illegal: topic.Illegal, Part: part, Start: start, End: end}
}

// part is a part of an item as a person reads it.
type part struct {
	Name string `json:"name"`
	By   string `json:"by,omitempty"`
	Text string `json:"text,omitempty"`
	File []byte `json:"file,omitempty"`
}

// keep keeps the content of an item for a person: one file as it is, everything else as JSON.
func (c *Court) keep(ctx context.Context, item screen.Item) (moderation.Content, error) {
	if len(item.Parts) == 1 && item.Parts[0].Media != nil {
		src := item.Parts[0].Media.Source
		return c.seal(ctx, FormatFile, io.NewSectionReader(src, 0, src.Size()))
	}
	var list []part
	for _, p := range item.Parts {
		kept := part{Name: p.Name, By: p.By, Text: p.Text}
		if p.Media != nil {
			var err error
			if kept.File, err = io.ReadAll(io.NewSectionReader(p.Media.Source, 0, p.Media.Source.Size())); err != nil {
				return moderation.Content{}, err
			}
		}
		list = append(list, kept)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return moderation.Content{}, err
	}
	if len(text) > moderation.MaxText {
		return c.seal(ctx, FormatParts, bytes.NewReader(text))
	}
	return moderation.Content{Format: FormatParts, Text: text}, nil
}

func (c *Court) seal(ctx context.Context, format string, r io.Reader) (moderation.Content, error) {
	key := make([]byte, 32)
	if _, err := io.ReadFull(c.Rand, key); err != nil {
		return moderation.Content{}, err
	}
	ref, err := c.Seal(ctx, r, key)
	return moderation.Content{Format: format, Blob: ref, Key: key}, err
}
