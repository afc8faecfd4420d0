package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/staff"
)

// RecallReader reads feeds of others.
type RecallReader interface {
	// Read reads a feed that is followed now. What is wrong with the feed stands with it, and is no error.
	Read(ctx context.Context, id string) error
}

func recallRoutes() []route {
	return []route{
		{get, "/v1/recall/feed.json", "recall-feed", "", "recall", 0, 200, do((*server).recallFeed), "What this provider says is false, the newest first (JSON Feed 1.1)", 0},
		{get, "/v1/recall/lines", "recall-lines", "", "recall", 0, 200, do((*server).recallLines), "The same as JSON Lines that can be verified", 0},
		{get, "/v1/recall/checkpoint", "recall-checkpoint", "", "recall", 0, 200, do((*server).recallCheckpoint), "The signed end of the lines (C2SP tlog-checkpoint)", 0},
		{get, "/v1/recall/key", "recall-key", "", "recall", 0, 200, do((*server).recallKey), "The key that the checkpoint is verified with", 0},

		{get, "/v1/recall/sources", "recall-sources", staff.RecallRead, "recall", 0, 200, do((*server).recallSources), "List the feeds of others that are followed", 0},
		{post, "/v1/recall/sources", "follow-recall", staff.RecallFollow, "recall", small, 201, once((*server).followRecall), "Follow the feed of another provider; it is read at once", 0},
		{get, "/v1/recall/sources/{id}", "recall-source", staff.RecallRead, "recall", 0, 200, do((*server).recallSource), "Show a feed that is followed", 0},
		{post, "/v1/recall/sources/{id}:read", "read-recall", staff.RecallFollow, "recall", small, 200, once((*server).readRecall), "Read a feed now", 0},
		{post, "/v1/recall/sources/{id}:end", "end-recall", staff.RecallFollow, "recall", small, 200, once((*server).endRecall), "Follow a feed no more; what was taken from it is found no more", 0},
		{get, "/v1/recall/entries", "recall-entries", staff.RecallRead, "recall", 0, 200, do((*server).recallEntries), "List what was taken from feeds of others, the newest first", 0},
	}
}

type recallFeedInput struct {
	Lang   string `query:"lang" enum:"zh,en" doc:"Language of titles and texts; by itself that of the request. Each item has both beside them."`
	Before uint64 `query:"before" doc:"Entries before this one; next_url has it."`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50" doc:"The most items."`
}

func (s *server) recallFeed(ctx context.Context, in *recallFeedInput) (*stream, error) {
	entries, err := s.Refutations.Entries(ctx, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	l := spoken(ctx, in.Lang)
	address := func(before uint64) string {
		q := url.Values{"lang": {l}}
		if before > 0 {
			q.Set("before", strconv.FormatUint(before, 10))
			q.Set("limit", strconv.Itoa(in.Limit))
		}
		return s.PublicURL + "/v1/recall/feed.json?" + q.Encode()
	}
	m := feed.Meta{Title: catalogues()[locale.Language(l)].Code("recall-feed-title", colophon.Args{"provider": s.ProviderName}), Home: s.PublicURL + "/refutations", Address: address(0),
		Lines: s.PublicURL + "/v1/recall/lines", Signed: s.PublicURL + "/v1/recall/checkpoint", Language: l, Provider: s.ProviderName}
	if n := len(entries); n > 0 && entries[n-1].Sequence > 1 {
		m.Next = address(entries[n-1].Sequence)
	}
	body, err := json.Marshal(feed.NewDocument(m, entries))
	if err != nil {
		return nil, err
	}
	return public("application/feed+json; charset=utf-8", "no-cache", body), nil
}

type recallLinesInput struct {
	After uint64 `query:"after" doc:"The place behind which the lines begin; 0 for all."`
}

// recallLines writes the lines up to the end that the tag names, so that one tag stands for the same bytes.
func (s *server) recallLines(ctx context.Context, in *recallLinesInput) (*stream, error) {
	head, err := s.Refutations.Head(ctx)
	if err != nil {
		return nil, err
	}
	tag := etag(strconv.FormatUint(in.After, 10) + "-" + strconv.FormatUint(head.Size, 10) + "-" + head.Digest)
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("ETag", tag)
		h.Set("Cache-Control", "no-cache")
		h.Set("Access-Control-Allow-Origin", "*")
		if have := r.Header.Get("If-None-Match"); have == "*" || strings.Contains(have, tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Type", "application/x-ndjson; charset=utf-8")
		if r.Method == http.MethodHead {
			return
		}
		if err := s.Refutations.WriteLines(r.Context(), w, in.After, head.Size); err != nil {
			s.problem(r.Context(), "", err) // for the log
			panic(http.ErrAbortHandler)     // so that nobody takes a part for the whole
		}
	}), nil
}

func (s *server) recallCheckpoint(ctx context.Context, _ *struct{}) (*stream, error) {
	note, err := s.Refutations.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	return public("text/plain; charset=utf-8", "no-cache", note), nil
}

func (s *server) recallKey(context.Context, *struct{}) (*stream, error) {
	return public("text/plain; charset=utf-8", "public, max-age=300", []byte(s.RecallKey+"\n")), nil
}

// RecallSource is a feed of somebody else that is followed.
type RecallSource struct {
	ID      string             `json:"id" doc:"Identifier."`
	State   recall.SourceState `json:"state" enum:"followed,failing,ended" doc:"Failing: what came last could not be fetched or verified."`
	Name    string             `json:"name" doc:"Name, as the staff calls it."`
	URL     string             `json:"url" doc:"Address of the lines."`
	Key     string             `json:"key" doc:"Key of its provider."`
	Seen    uint64             `json:"seen" doc:"How many entries were read and verified."`
	Read    *time.Time         `json:"read,omitempty" doc:"When there was something new last."`
	Trouble *Sentence          `json:"trouble,omitempty" doc:"What is wrong with it."`
	Since   *time.Time         `json:"since,omitempty" doc:"Since when."`
}

func viewSource(say *locale.Printer, r recall.Source) RecallSource {
	return RecallSource{r.ID, r.State, r.Name, r.URL, r.Key, r.Seen.Size, set(r.Read), sentence(say, r.Trouble, r.Detail), set(r.Since)}
}

type recallSourceOutput struct {
	Replayed
	Body RecallSource
}

func shownSource(ctx context.Context, r recall.Source, err error) (*recallSourceOutput, error) {
	if err != nil {
		return nil, err
	}
	return &recallSourceOutput{Body: viewSource(printer(askerOf(ctx).language), r)}, nil
}

type recallSourcesOutput struct {
	Body struct {
		Sources []RecallSource `json:"sources" nullable:"false" doc:"The oldest first."`
	}
}

func (s *server) recallSources(ctx context.Context, _ *struct{}) (*recallSourcesOutput, error) {
	list, err := s.Recalls.Sources(ctx)
	out := &recallSourcesOutput{}
	out.Body.Sources = []RecallSource{}
	for _, r := range list {
		out.Body.Sources = append(out.Body.Sources, viewSource(printer(askerOf(ctx).language), r))
	}
	return out, err
}

type followRecallInput struct {
	Keyed
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"128" doc:"Name, as the staff calls it."`
		URL  string `json:"url" minLength:"8" maxLength:"2048" doc:"Address of the lines. The checkpoint stands beside them under the name checkpoint. It may not lie in a network of its own, unless the settings name its host." example:"https://provider.example/v1/recall/lines"`
		Key  string `json:"key" minLength:"8" maxLength:"512" doc:"Key of its provider, in the form of note verifiers. Get it by another way than the feed." example:"provider.example/recall+b38d2a31+ATpY…"`
	}
}

func (s *server) followRecall(ctx context.Context, in *followRecallInput) (*recallSourceOutput, error) {
	r, err := s.Recalls.Follow(ctx, ledgerBy(ctx), in.Body.Name, in.Body.URL, in.Body.Key)
	if err != nil {
		return nil, err
	}
	if err := s.RecallReader.Read(ctx, r.ID); err != nil { // it is followed, and read again soon
		s.Logger.ErrorContext(ctx, "reading a recall feed", "error", err)
		return shownSource(ctx, r, nil)
	}
	r, err = s.Recalls.Source(ctx, r.ID)
	return shownSource(ctx, r, err)
}

func (s *server) recallSource(ctx context.Context, in *Named) (*recallSourceOutput, error) {
	r, err := s.Recalls.Source(ctx, in.ID)
	return shownSource(ctx, r, err)
}

type oneSourceInput struct {
	Keyed
	Named
}

func (s *server) readRecall(ctx context.Context, in *oneSourceInput) (*recallSourceOutput, error) {
	if err := s.RecallReader.Read(ctx, in.ID); err != nil {
		return nil, err
	}
	r, err := s.Recalls.Source(ctx, in.ID)
	return shownSource(ctx, r, err)
}

func (s *server) endRecall(ctx context.Context, in *oneSourceInput) (*recallSourceOutput, error) {
	r, err := s.Recalls.End(ctx, ledgerBy(ctx), in.ID)
	return shownSource(ctx, r, err)
}

// RecallEntry is what somebody else says is false.
type RecallEntry struct {
	ID         string             `json:"id" doc:"Identifier."`
	State      recall.State       `json:"state" enum:"held,superseded,retracted" doc:"Superseded: a correction stands instead of it. Retracted: it was withdrawn, or its feed is followed no more."`
	Source     string             `json:"source" doc:"Feed that it comes from."`
	Name       string             `json:"name" doc:"Name of the feed."`
	Sequence   uint64             `json:"sequence" doc:"Its place in the feed."`
	Refutation string             `json:"refutation" doc:"The refutation, as its provider knows it."`
	Corrects   string             `json:"corrects,omitempty" doc:"Refutation that it stands instead of."`
	Claim      Words              `json:"claim" doc:"What is said and is not so."`
	Verdict    feed.Verdict       `json:"verdict" enum:"false,altered,out-of-context,unproven" doc:"What is wrong with it, as its provider says."`
	Reason     Words              `json:"reason" doc:"Why."`
	Sources    []RefutationSource `json:"sources" nullable:"false" doc:"Where that stands."`
	Numbers    []string           `json:"numbers" nullable:"false" doc:"Content numbers."`
	At         time.Time          `json:"at" doc:"When it was entered there."`
	Contact    string             `json:"contact,omitempty" doc:"How its provider is reached."`
	URL        string             `json:"url,omitempty" doc:"Its page."`
}

func viewEntry(r recall.Recalled) RecallEntry {
	e := r.Entry
	v := RecallEntry{ID: r.ID, State: r.State, Source: r.Source, Name: r.Name, Sequence: e.Sequence, Refutation: e.Refutation, Corrects: e.Corrects, Claim: Words(e.Claim), Verdict: e.Verdict, Reason: Words(e.Reason),
		Sources: []RefutationSource{}, Numbers: append([]string{}, e.Numbers...), At: e.At, Contact: e.Contact, URL: e.URL}
	for _, one := range e.Sources {
		v.Sources = append(v.Sources, RefutationSource(one))
	}
	return v
}

type recallEntriesInput struct {
	Page
	Source string `query:"source" maxLength:"64" doc:"Feed that they come from."`
}

type recallEntriesOutput struct {
	Body struct {
		Entries []RecallEntry `json:"entries" nullable:"false" doc:"Entries."`
		Next    string        `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) recallEntries(ctx context.Context, in *recallEntriesInput) (*recallEntriesOutput, error) {
	list, next, err := s.Recalls.Entries(ctx, in.Source, in.Cursor, in.Limit)
	out := &recallEntriesOutput{}
	out.Body.Entries, out.Body.Next = []RecallEntry{}, next
	for _, r := range list {
		out.Body.Entries = append(out.Body.Entries, viewEntry(r))
	}
	return out, err
}
