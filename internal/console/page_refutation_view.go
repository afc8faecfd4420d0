package console

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/console/chart"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/staff"
)

const (
	// mostLooked is of how many content numbers the deliveries are counted before something is published, and
	mostLooked = 32
	// mostDelivered how many deliveries of each.
	mostDelivered = 2000
	// mostFeedLines is how many lines at the end of the feed are looked through for that of a refutation.
	mostFeedLines = 1000
)

// rumourSaid is what the public reads in one language.
type rumourSaid struct {
	Lang, Tongue           string // as HTML names it, and its own name for itself
	Claim, Verdict, Reason string
	About                  string // what the verdict means
	Letters                int    // letters and digits of the reason
	Short                  bool   // too few of them
}

// said is what the public will read of a claim in both languages.
func (v *visit) said(claim client.Words, verdict string, reason client.Words) (list []rumourSaid) {
	for _, l := range []struct {
		lang          locale.Language
		html, name    string
		claim, reason string
	}{{locale.Chinese, "zh-CN", "中文", claim.ZH, reason.ZH}, {locale.English, "en", "English", claim.EN, reason.EN}} {
		say := v.speakers[l.lang]
		n := letters(l.reason)
		one := rumourSaid{Lang: l.html, Tongue: l.name, Claim: l.claim, Reason: l.reason, Letters: n, Short: n < refutation.MinReason}
		if verdict != "" {
			one.Verdict, one.About = valued(say, "refutation-verdict-"+verdict, verdict), say.Say("page-rumour-verdict-"+verdict)
		}
		list = append(list, one)
	}
	return list
}

// letters counts what a reason is measured by.
func letters(text string) (n int) {
	for _, c := range text {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			n++
		}
	}
	return n
}

// rumourPage is what the page of a refutation shows beside facts and deeds.
type rumourPage struct {
	Notice  string // key of what comes next
	Said    []rumourSaid
	Sources []client.RefutationSource
	Why     []rumourSaid // why it was withdrawn
	Reach   *client.RefutationReach
	Chart   template.HTML
	Counts  *tableView
	Lines   []feedLine
	Unfound string // key of why no line is shown
	Linked  cell
	Types   []string
	Notices *tableView
	All     string // address of all notices
}

func rumourSheet() sheet[rumour] {
	s := sheet[rumour]{
		path: rumourPath, title: "page-rumour", action: staff.RefutationRead, template: "rumour",
		fetch: func(v *visit, id string) (rumour, error) {
			r, err := v.api().Refutation(v.r.Context(), id)
			return v.rumour(r), err
		},
		heading: func(r rumour) cell { return text(r.title) },
		facts:   rumourFacts, more: func(v *visit, r rumour) (any, error) { return v.rumourPage(r) }, ways: rumourWays, deeds: rumourDeeds(),
		labels: []string{"state", "verdict", "version", "rumour-first-seen", "rumour-published", "rumour-ended", "rumour-writers", "rumour-approver", "rumour-cases", "rumour-reports", "rumour-corrects", "rumour-corrected-by", "rumour-address",
			"numbers", "rumour-digests", "rumour-hashes", "rumour-texts", "identifier", "rumour-recipient", "rumour-notice-made", "rumour-recipients", "rumour-number-of", "rumour-meaning"},
	}
	counts := []string{"read", "told", "deliverable", "unreachable", "dropped"}
	s.says = slices.Concat(rumourWords(), of("page-rumour-next-", "draft", "proposed", "mine", "published", "corrected", "withdrawn", "given-up"), of("page-rumour-line-", "unfound", "untold", "publish", "correct", "withdraw"),
		of("page-rumour-count-", counts...), of("page-rumour-count-about-", counts...), of("page-done-rumour-", "saved", "published"), of("page-verdict-", "passed", "failed", "could-not-tell"))
	return s
}

func rumourFacts(r rumour) []fact {
	reports := several(r.Reports, func(id string) cell { return ident(id).to("/packs/" + escaped(id)) })
	list := []fact{
		{"state", rumourState(r.State)}, {"verdict", verdictCell(r.Verdict)}, {"version", count(r.Version)}, {"rumour-first-seen", sometime(r.FirstSeen)}, {"rumour-published", sometime(r.Published)}, {"rumour-ended", sometime(r.Ended)},
		{"rumour-writers", several(r.Writers, by)}, {"rumour-approver", by(r.Approver)}, {"rumour-cases", caseCells(r.Cases)}, {"rumour-reports", reports},
		{"rumour-corrects", ident(r.Corrects).to(rumourLink(r.Corrects))}, {"rumour-corrected-by", ident(r.CorrectedBy).to(rumourLink(r.CorrectedBy))},
		{"numbers", several(r.Numbers, contentNumber)}, {"rumour-digests", count(int64(len(r.Digests)))}, {"rumour-hashes", count(int64(len(r.Hashes)))}, {"rumour-texts", count(int64(len(r.Signatures)))},
	}
	if r.Published != nil {
		list = append(list, fact{"rumour-address", text(r.URL).to(publicRefutation(r.ID))})
	}
	return append(list, fact{"identifier", ident(r.ID)})
}

// rumourWays lead to what has a page of its own.
func rumourWays(v *visit, r rumour) (list []lead) {
	if r.State == "draft" && v.actor().May(staff.RefutationWrite) {
		list = append(list, lead{to: rumourLink(r.ID) + "/revise", title: "page-rumour-revise"})
	}
	if r.State == "proposed" && v.actor().May(staff.RefutationPublish) && !r.mine {
		list = append(list, lead{to: rumourLink(r.ID) + "/publish", title: "page-rumour-publish"})
	}
	if r.Published != nil {
		list = append(list, lead{to: publicRefutation(r.ID), title: "page-rumour-public"})
	}
	if r.State == "published" {
		if v.actor().May(staff.RefutationWrite) {
			list = append(list, lead{to: rumoursPath + "/new?corrects=" + escaped(r.ID), title: "page-rumour-correct"})
		}
		list = append(list, packWays(v, "refutation", r.ID)...)
	}
	return list
}

func rumourDeeds() []deed[rumour] {
	in := func(states ...string) func(rumour) bool {
		return func(r rumour) bool { return strings.Contains(" "+strings.Join(states, " ")+" ", " "+r.State+" ") }
	}
	return []deed[rumour]{
		{name: "rumour-propose", step: "propose", action: staff.RefutationWrite, record: "refutation.proposed", may: in("draft"),
			do: func(v *visit, r rumour) (string, error) {
				_, err := v.api().ProposeRefutation(v.r.Context(), r.ID)
				return "", err
			}},
		{name: "rumour-return", step: "return", action: staff.RefutationWrite, record: "refutation.returned", may: in("proposed"),
			do: func(v *visit, r rumour) (string, error) {
				_, err := v.api().ReturnRefutation(v.r.Context(), r.ID)
				return "", err
			}},
		{name: "rumour-spread", step: "spread", action: staff.RefutationWrite, record: "refutation.spread refutation.notice recall.entered", may: func(r rumour) bool { return r.Published != nil },
			do: func(v *visit, r rumour) (string, error) {
				_, err := v.api().SpreadRefutation(v.r.Context(), r.ID)
				return "", err
			}},
		{name: "rumour-drop", step: "drop", action: staff.RefutationWrite, record: "refutation.withdrawn", danger: true, may: in("draft", "proposed"),
			do: func(v *visit, r rumour) (string, error) {
				_, err := v.api().WithdrawRefutation(v.r.Context(), r.ID, nil)
				return "", err
			}},
		{name: "rumour-withdraw", step: "withdraw", action: staff.RefutationPublish, record: "refutation.withdrawn", danger: true, may: in("published"), effect: withdrawEffect, says: []string{"page-effect-rumour-withdraw"},
			fields: []field[rumour]{{name: "rumour-why-zh", kind: "area", required: true, hint: true, most: feed.MaxWords}, {name: "rumour-why-en", kind: "area", required: true, hint: true, most: feed.MaxWords}},
			do: func(v *visit, r rumour) (string, error) {
				_, err := v.api().WithdrawRefutation(v.r.Context(), r.ID, &client.Words{ZH: v.prose("rumour-why-zh"), EN: v.prose("rumour-why-en")})
				return "", err
			}},
	}
}

// prose is a text that was entered, with the ends of lines that texts have here.
func (v *visit) prose(name string) string { return plainLines(v.sent(name)) }

func plainLines(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n", "\t", " ").Replace(s))
}

// withdrawEffect says how many are told.
func withdrawEffect(v *visit, r rumour) ([]said, error) {
	reach, err := v.api().RefutationReach(v.r.Context(), r.ID)
	return []said{{"page-effect-rumour-withdraw", []string{"count", strconv.Itoa(reach.Reached)}}}, err
}

func (v *visit) rumourPage(r rumour) (rumourPage, error) {
	p := rumourPage{Notice: "page-rumour-next-" + r.State, Said: v.said(r.Claim, r.Verdict, r.Reason), Sources: webSources(r.Sources)}
	switch {
	case r.State == "proposed" && r.mine:
		p.Notice = "page-rumour-next-mine"
	case r.State == "withdrawn" && r.Published == nil:
		p.Notice = "page-rumour-next-given-up"
	}
	if r.Why != nil {
		p.Why = v.said(client.Words{}, "", *r.Why)
	}
	if r.Published == nil {
		return p, nil
	}
	if err := p.spread(v, r); err != nil {
		return p, err
	}
	p.feed(v, r)
	return p, p.linked(v, r)
}

// webSources are sources whose addresses a page may lead to.
func webSources(list []client.RefutationSource) (out []client.RefutationSource) {
	for _, s := range list {
		s.URL = web(s.URL)
		out = append(out, s)
	}
	return out
}

// reachPart is how many recipients a refutation reached, or did not.
type reachPart struct {
	name, state string
	tone        chart.Tone
	n           int
}

func reachParts(r client.RefutationReach) []reachPart {
	return []reachPart{{"read", "read", chart.Good, r.Read}, {"told", "told", chart.First, r.Reached - r.Read}, {"deliverable", "waiting", chart.Wait, r.Deliverable}, {"unreachable", "unreachable", chart.Bad, r.Unreachable}, {"dropped", "dropped", chart.Rest, r.Dropped}}
}

// spread adds whom it reached, and why nobody knows whom else.
func (p *rumourPage) spread(v *visit, r rumour) error {
	reach, err := v.api().RefutationReach(v.r.Context(), r.ID)
	if err != nil {
		return err
	}
	say := v.speakers[v.lang].Say
	p.Reach, p.All = &reach, noticesOf(r.ID, "")
	p.Counts = &tableView{Name: "page-rumour-reach", Heads: []head{{Name: "rumour-recipients"}, {Name: "rumour-number-of"}, {Name: "rumour-meaning"}}}
	var parts []chart.Part
	for _, one := range reachParts(reach) {
		to := noticesOf(r.ID, one.state)
		if one.n > 0 {
			parts = append(parts, chart.Part{Name: say("page-rumour-count-" + one.name), Tone: one.tone, Value: float64(one.n), To: to})
		}
		p.Counts.Rows = append(p.Counts.Rows, []cell{text(say("page-rumour-count-" + one.name)), count(int64(one.n)).to(to), text(say("page-rumour-count-about-" + one.name))})
	}
	for _, u := range reach.Unknown {
		n := cell{Text: "unknown", Key: "page-could-not-tell"}
		if u.Count > 0 {
			n = count(int64(u.Count))
		}
		p.Counts.Rows = append(p.Counts.Rows, []cell{text(say("page-rumour-count-unknown")), n, text(capital(u.Sentence))})
	}
	p.Chart = chart.Share(chart.Words{ID: "reach", Title: say("page-rumour-reach"), About: say("page-rumour-reach-about"), Table: say("page-chart-table"), None: say("page-rumour-reach-none"), Untold: say("page-could-not-tell")}, parts)
	list, _, err := v.api().RefutationNotices(v.r.Context(), r.ID, client.Listing{Limit: 10})
	if err != nil {
		return err
	}
	p.Notices = v.introduced(tableOf("page-rumour-notices", []column[client.RefutationNotice]{
		{name: "rumour-recipient", cell: recipient}, {name: "state", cell: noticeState}, {name: "rumour-notice-made", cell: func(n client.RefutationNotice) cell { return moment(n.Made) }},
	}, list))
	return nil
}

// feedLine is a line of the recall feed about a refutation.
type feedLine struct {
	feed.Entry
	To string
}

// feed adds the lines of the recall feed about a refutation. They stand near its end; where nobody can tell, the page says so.
func (p *rumourPage) feed(v *visit, r rumour) {
	lines, whole, err := v.linesOf(r.ID)
	p.Lines = lines
	switch {
	case err != nil:
		v.Log.WarnContext(v.r.Context(), "the recall feed could not be read for a page", "error", err)
		p.Unfound = "page-rumour-line-untold"
	case len(lines) == 0 && whole:
		p.Unfound = "page-rumour-line-unfound"
	case len(lines) == 0:
		p.Unfound = "page-rumour-line-untold"
	}
}

// linesOf looks through the end of the feed for lines about a refutation. Whole says that it was all of the feed.
func (v *visit) linesOf(id string) (list []feedLine, whole bool, err error) {
	size, err := v.feedSize()
	if err != nil || size == 0 {
		return nil, true, err
	}
	after := uint64(0)
	if size > mostFeedLines {
		after = size - mostFeedLines
	}
	body, err := v.api().RecallLines(v.r.Context(), after)
	if err != nil {
		return nil, false, err
	}
	defer body.Close()
	scanner := bufio.NewScanner(io.LimitReader(body, feed.MaxRead))
	scanner.Buffer(nil, feed.MaxLine+2)
	for scanner.Scan() {
		if !bytes.Contains(scanner.Bytes(), []byte(id)) {
			continue
		}
		e, err := feed.ParseLine(scanner.Bytes())
		if err != nil {
			return nil, false, err
		}
		if e.Refutation == id {
			list = append(list, feedLine{e, "/v1/recall/lines?after=" + strconv.FormatUint(e.Sequence-1, 10)})
		}
	}
	return list, after == 0, scanner.Err()
}

// feedSize is how many lines the recall feed of this server has, as its checkpoint says.
func (v *visit) feedSize() (uint64, error) {
	raw, err := v.api().RecallCheckpoint(v.r.Context())
	if err != nil {
		return 0, err
	}
	lines := strings.SplitN(string(raw), "\n", 3)
	if len(lines) < 3 {
		return 0, io.ErrUnexpectedEOF
	}
	return strconv.ParseUint(lines[1], 10, 64)
}

// linked adds whether what search engines get is in form.
func (p *rumourPage) linked(v *visit, r rumour) error {
	if r.State != "published" {
		return nil
	}
	shown, err := v.api().PublicRefutation(v.r.Context(), r.ID, string(v.lang))
	if e, _ := told(err); e != nil && e.Status == http.StatusNotFound {
		p.Linked = state("page-verdict-", "could-not-tell", map[string]tone{"could-not-tell": wait})
		return nil
	}
	if err != nil {
		return err
	}
	verdict := "failed"
	if p.Types = reviewsIn(shown.Linked); p.Types != nil {
		verdict = "passed"
	}
	p.Linked = state("page-verdict-", verdict, map[string]tone{"passed": good, "failed": bad})
	return nil
}

// reviewsIn are the types of the reviews in JSON-LD; none where a review of a claim lacks what search engines ask for.
func reviewsIn(raw []byte) (types []string) {
	var doc struct {
		Context string `json:"@context"`
		Graph   []struct {
			Type      string `json:"@type"`
			URL       string `json:"url"`
			Claim     string `json:"claimReviewed"`
			Published string `json:"datePublished"`
			Author    struct {
				Name string `json:"name"`
			} `json:"author"`
			Rating struct {
				Name string `json:"alternateName"`
			} `json:"reviewRating"`
		} `json:"@graph"`
	}
	if json.Unmarshal(raw, &doc) != nil || doc.Context != "https://schema.org" {
		return nil
	}
	reviewed := false
	for _, g := range doc.Graph {
		if g.Type == "ClaimReview" {
			if g.URL == "" || g.Claim == "" || g.Published == "" || g.Author.Name == "" || g.Rating.Name == "" {
				return nil
			}
			reviewed = true
		}
		types = append(types, g.Type)
	}
	if !reviewed {
		return nil
	}
	return types
}

func rumourPublishPages() []page {
	path := rumourPath + "/publish"
	words := append(rumourWords(), of("page-effect-rumour-", "page", "notices", "notices-unknown", "foreign", "feed", "hosted", "corrects", "numberless")...)
	return []page{
		{method: get, path: path, action: staff.RefutationPublish, title: "page-rumour-publish", words: words, do: showPublish},
		{method: post, path: path, action: staff.RefutationPublish, back: path, makes: []string{"refutation.published", "refutation.corrected"}, do: publishRumour},
	}
}

type publishPage struct {
	rumourPage
	Here, Back string
	Address    string // of the public page
	Version    int64
	Own, Ready bool // the visitor wrote part of it; it can be published
	Effects    []said
	Records    []string
}

// showPublish shows what is to be published as the public will read it, and says what comes of that.
func showPublish(v *visit) error {
	one, err := v.api().Refutation(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	r := v.rumour(one)
	data := publishPage{Here: v.placed(rumourPath + "/publish"), Back: rumourLink(r.ID), Address: v.Origin + publicRefutation(r.ID), Version: r.Version, Own: r.mine, Ready: r.State == "proposed" && !r.mine, Records: []string{"refutation.published"}}
	data.Said, data.Sources = v.said(r.Claim, r.Verdict, r.Reason), webSources(r.Sources)
	if r.Corrects != "" {
		data.Records = []string{"refutation.corrected"}
	}
	if data.Effects, err = v.publishEffects(r); err != nil {
		return err
	}
	v.titled = v.speakers[v.lang].Say("page-rumour-publish") + " · " + r.title
	return v.show("rumourpublish", data)
}

func (v *visit) publishEffects(r rumour) ([]said, error) {
	list := []said{{Key: "page-effect-rumour-page"}, {Key: "page-effect-rumour-feed"}}
	if r.Corrects != "" {
		list = append(list, said{Key: "page-effect-rumour-corrects"})
	}
	if len(r.Numbers) == 0 {
		return append(list, said{Key: "page-effect-rumour-numberless"}), nil
	}
	list = append(list, said{"page-effect-rumour-hosted", []string{"count", strconv.Itoa(len(r.Numbers))}})
	n, foreign, known, err := v.recipients(r.Numbers)
	switch {
	case err != nil:
		return nil, err
	case known:
		list = append(list, said{"page-effect-rumour-notices", []string{"count", strconv.Itoa(n)}})
	default:
		list = append(list, said{Key: "page-effect-rumour-notices-unknown"})
	}
	if foreign > 0 {
		list = append(list, said{"page-effect-rumour-foreign", []string{"count", strconv.Itoa(foreign)}})
	}
	return list, nil
}

// recipients counts those who are known to have received content. There may be more: of what it was made from, and of what was
// made from it.
func (v *visit) recipients(numbers []string) (n, foreign int, known bool, err error) {
	if !v.actor().May(staff.ArtefactRead) {
		return 0, 0, false, nil
	}
	seen := map[string]bool{}
	for _, number := range numbers[:min(len(numbers), mostLooked)] {
		list, _, err := gathered(v.r.Context(), func(ctx context.Context, l client.Listing) ([]client.Delivery, string, error) {
			return v.api().Deliveries(ctx, number, l)
		}, nil, mostDelivered)
		if e, _ := told(err); e != nil && (e.Status == http.StatusNotFound || e.Status == http.StatusUnprocessableEntity) {
			foreign++
			continue
		}
		if err != nil {
			return 0, 0, false, err
		}
		for _, d := range list {
			if d.To != "" && d.How != "console" { // that was a look of the staff
				seen[d.To] = true
			}
		}
	}
	return len(seen), foreign, true, nil
}

func publishRumour(v *visit) error {
	version, err := strconv.ParseInt(v.sent("version"), 10, 64)
	if err != nil {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	r, err := v.api().PublishRefutation(v.r.Context(), v.r.PathValue("id"), version)
	if err != nil {
		return err
	}
	return v.send(rumourLink(r.ID) + "?done=rumour-published")
}
