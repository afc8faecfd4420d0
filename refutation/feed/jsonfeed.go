package feed

import (
	"strconv"
	"time"
)

// Meta describes a feed.
type Meta struct {
	Title    string
	Home     string // address of the page about refutations
	Address  string // of this document
	Lines    string // of the lines, and of their checkpoint
	Signed   string
	Next     string // of the document with earlier entries; empty for none
	Language string // zh or en
	Provider string // who publishes it
}

// Document is a JSON Feed 1.1 (jsonfeed.org). What only programs want stands under names that begin with an underscore.
type Document struct {
	Version  string   `json:"version"`
	Title    string   `json:"title"`
	Home     string   `json:"home_page_url,omitempty"`
	Address  string   `json:"feed_url,omitempty"`
	Next     string   `json:"next_url,omitempty"`
	Language string   `json:"language,omitempty"`
	Authors  []Author `json:"authors,omitempty"`
	Recall   Recall   `json:"_recall"`
	Items    []Item   `json:"items"`
}

// Author is who publishes a feed.
type Author struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// Recall says where the same stands in a form that can be verified.
type Recall struct {
	About      string `json:"about,omitempty"`
	Lines      string `json:"lines,omitempty"`
	Checkpoint string `json:"checkpoint,omitempty"`
}

// Item is an entry as feed readers show it.
type Item struct {
	ID        string    `json:"id"`
	URL       string    `json:"url,omitempty"`
	Title     string    `json:"title"`
	Text      string    `json:"content_text"`
	Published time.Time `json:"date_published"`
	Language  string    `json:"language,omitempty"`
	Tags      []string  `json:"tags"`
	Entry     Entry     `json:"_recall"`
}

// NewDocument makes a document of entries, in the order in which they are given; readers want the newest first.
func NewDocument(m Meta, entries []Entry) Document {
	d := Document{
		Version: "https://jsonfeed.org/version/1.1", Title: m.Title, Home: m.Home, Address: m.Address, Next: m.Next, Language: m.Language,
		Recall: Recall{m.Home, m.Lines, m.Signed}, Items: make([]Item, len(entries)),
	}
	if m.Provider != "" {
		d.Authors = []Author{{m.Provider, m.Home}}
	}
	for i, e := range entries {
		d.Items[i] = Item{ID: e.Refutation + "#" + strconv.FormatUint(e.Sequence, 10), URL: e.URL, Title: e.Claim.In(m.Language), Text: e.Reason.In(m.Language),
			Published: e.At, Language: m.Language, Tags: []string{string(e.Kind), string(e.Verdict)}, Entry: e}
	}
	return d
}
