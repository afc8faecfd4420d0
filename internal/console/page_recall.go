package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/staff"
)

const (
	recallPath  = "/recall-feeds"
	entriesPath = recallPath + "/entries"
	// mostTaken is how many entries of others are looked through for words.
	mostTaken = 2000
)

func recallPages() []page {
	words := slices.Concat(of("recall-source-state-", sourceStates()...), []string{"page-done-recall-read"})
	for _, l := range sourceLabels() {
		words = append(words, "page-label-"+l)
	}
	return slices.Concat([]page{{method: get, path: recallPath, action: staff.RecallRead, title: "page-recall-feeds", menu: true, group: groupReview, words: words, do: showRecall}},
		start(recallPath+"/new", recallPath, followRecall()), entryList().rows(), sourceSheet().rows())
}

func sourceStates() []string { return texts(recall.SourceStates()) }

func entryStates() []string { return texts(recall.States()) }

func sourceLabels() []string {
	return []string{"recall-name", "state", "recall-lines", "recall-new", "recall-since", "trouble", "recall-url", "recall-key"}
}

func sourceLink(id string) string { return recallPath + "/" + escaped(id) }

func sourceState(s client.RecallSource) cell {
	return state("recall-source-state-", s.State, map[string]tone{"followed": good, "failing": bad})
}

// entriesOf is the list of what was taken from a feed.
func entriesOf(id string) string { return with(entriesPath, url.Values{}, "source", id) }

func sourceTrouble(s client.RecallSource) cell {
	if s.Trouble == nil {
		return cell{}
	}
	return text(capital(s.Trouble.Sentence))
}

// ownFeed is the recall feed of this server, as everybody can read it.
type ownFeed struct {
	Home, Feed, Lines, Checkpoint, KeyAt string // addresses
	Key                                  string
	Size                                 cell
	Commands                             string
}

// ownFeed says where the feed is and how it is verified.
func (v *visit) ownFeed() (ownFeed, error) {
	f := ownFeed{Home: v.Origin + publicRefutationsPath, Feed: v.Origin + "/v1/recall/feed.json", Lines: v.Origin + "/v1/recall/lines", Checkpoint: v.Origin + "/v1/recall/checkpoint", KeyAt: v.Origin + "/v1/recall/key"}
	key, err := v.api().RecallKey(v.r.Context())
	if err != nil {
		return f, err
	}
	f.Key = strings.TrimSpace(string(key))
	size, err := v.feedSize()
	if err != nil {
		return f, err
	}
	f.Size = count(int64(size))
	f.Commands = "curl -o key " + f.KeyAt + "\n" + "colophon recall read --key key --seen seen " + f.Lines
	return f, nil
}

type recallPage struct {
	Own     ownFeed
	Sources *tableView
	Follows bool
}

func showRecall(v *visit) error {
	own, err := v.ownFeed()
	if err != nil {
		return err
	}
	list, err := v.api().RecallSources(v.r.Context())
	if err != nil {
		return err
	}
	data := recallPage{Own: own, Follows: v.actor().May(staff.RecallFollow)}
	data.Sources = v.introduced(tableOf("page-recall-sources", []column[client.RecallSource]{
		{name: "recall-name", cell: func(s client.RecallSource) cell { return text(s.Name).to(sourceLink(s.ID)) }},
		{name: "state", cell: sourceState},
		{name: "recall-lines", cell: func(s client.RecallSource) cell { return count(int64(s.Seen)).to(entriesOf(s.ID)) }},
		{name: "recall-new", cell: func(s client.RecallSource) cell { return sometime(s.Read) }},
		{name: "trouble", cell: sourceTrouble},
		{name: "recall-since", side: true, cell: func(s client.RecallSource) cell { return sometime(s.Since) }},
	}, list))
	return v.show("recallfeeds", data)
}

func followRecall() deed[none] {
	return deed[none]{
		name: "recall-follow", action: staff.RecallFollow, record: "recall.followed",
		fields: []field[none]{{name: "recall-name", kind: "text", required: true, most: 128}, {name: "recall-url", kind: "text", required: true, hint: true, most: 2048}, {name: "recall-key", kind: "text", required: true, hint: true, most: 512}},
		do: func(v *visit, _ none) (string, error) {
			trim := func(name string) string { return strings.TrimSpace(v.sent(name)) }
			s, err := v.api().FollowRecall(v.r.Context(), trim("recall-name"), trim("recall-url"), trim("recall-key"))
			return sourceLink(s.ID), err
		},
	}
}

func sourceSheet() sheet[client.RecallSource] {
	live := func(s client.RecallSource) bool { return s.State != "ended" }
	return sheet[client.RecallSource]{
		path: recallPath + "/{id}", title: "page-recall-source", action: staff.RecallRead,
		fetch:   func(v *visit, id string) (client.RecallSource, error) { return v.api().RecallSource(v.r.Context(), id) },
		heading: func(s client.RecallSource) cell { return text(s.Name) },
		facts: func(s client.RecallSource) []fact {
			return []fact{{"state", sourceState(s)}, {"trouble", sourceTrouble(s)}, {"recall-lines", count(int64(s.Seen)).to(entriesOf(s.ID))}, {"recall-new", sometime(s.Read)}, {"recall-since", sometime(s.Since)},
				{"recall-url", text(s.URL)}, {"recall-key", ident(s.Key)}, {"identifier", ident(s.ID)}}
		},
		ways: func(_ *visit, s client.RecallSource) []lead {
			return []lead{{to: entriesOf(s.ID), title: "page-recall-entries"}}
		},
		deeds: []deed[client.RecallSource]{
			{name: "recall-read", step: "read", action: staff.RecallFollow, may: live, do: func(v *visit, s client.RecallSource) (string, error) {
				_, err := v.api().ReadRecall(v.r.Context(), s.ID)
				return "", err
			}},
			{name: "recall-end", step: "end", action: staff.RecallFollow, record: "recall.ended", danger: true, may: live, do: func(v *visit, s client.RecallSource) (string, error) {
				_, err := v.api().EndRecall(v.r.Context(), s.ID)
				return "", err
			}},
		},
	}
}

// taken is an entry of somebody else as the visitor reads it.
type taken struct {
	client.RecallEntry
	claim, reason string
}

func entryList() list[taken] {
	return list[taken]{
		name: "recall-entries", path: entriesPath, title: "page-recall-entries", action: staff.RecallRead, read: readEntries,
		columns: []column[taken]{
			{name: "rumour-claim", cell: func(e taken) cell { return text(e.claim).to(web(e.URL)) }},
			{name: "state", cell: func(e taken) cell {
				return state("recall-state-", e.State, map[string]tone{"held": good, "retracted": bad})
			}},
			{name: "verdict", cell: func(e taken) cell { return verdictCell(e.Verdict) }},
			{name: "recall-name", cell: func(e taken) cell { return text(briefly(e.Name, 32)).to(sourceLink(e.Source)) }},
			{name: "recall-entered", cell: func(e taken) cell { return moment(e.At) }},
			{name: "recall-reason", side: true, cell: func(e taken) cell { return text(e.reason) }},
			{name: "numbers", side: true, cell: func(e taken) cell { return idents(e.Numbers) }},
			{name: "recall-line", side: true, cell: func(e taken) cell { return count(int64(e.Sequence)) }},
		},
		filters: []filter{{name: "words", label: "recall-words", kind: "text"}, {name: "source", label: "recall-source", kind: "text"}},
		deeds:   []lead{{recallPath, "page-recall-feeds", staff.RecallRead}},
		says:    append(of("recall-state-", entryStates()...), of("refutation-verdict-", rumourVerdicts()...)...),
	}
}

// readEntries reads what was taken from feeds of others. Words are looked for in the newest entries, since the API does not.
func readEntries(v *visit, l client.Listing) (list []taken, next string, err error) {
	words := strings.ToLower(strings.TrimSpace(l.Filter.Get("words")))
	filter := url.Values{}
	if source := l.Filter.Get("source"); source != "" {
		filter.Set("source", source)
	}
	l.Filter = filter
	var page []client.RecallEntry
	if words == "" {
		page, next, err = v.api().RecallEntries(v.r.Context(), l)
	} else {
		page, _, err = gathered(v.r.Context(), v.api().RecallEntries, filter, mostTaken)
	}
	for _, e := range page {
		if words == "" || strings.Contains(strings.ToLower(strings.Join(append([]string{e.Claim.ZH, e.Claim.EN, e.Reason.ZH, e.Reason.EN, e.Refutation, strconv.FormatUint(e.Sequence, 10)}, e.Numbers...), "\n")), words) {
			list = append(list, taken{e, briefly(v.words(e.Claim), 48), briefly(v.words(e.Reason), 120)})
		}
	}
	return list, next, err
}
