package console

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

func artefactPages() []page {
	s := artefactSheet()
	rows := s.rows()
	rows[0].allow = allowPreview
	return append(rows,
		page{method: post, path: s.path + "/look", action: staff.ArtefactRead, back: s.path, do: lookAt},
		page{method: post, path: s.path + "/download", action: staff.ArtefactRead, back: s.path, do: downloadContent},
		page{method: get, path: s.path + "/sidecar", action: staff.ArtefactRead, back: s.path, do: downloadSidecar},
	)
}

// allowPreview lets a page show content that a script fetched.
func allowPreview(h http.Header) {
	allowLive(h)
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "img-src 'self'", "img-src 'self' blob:; media-src blob:", 1))
}

func ready(a client.Artefact) bool { return (a.State == "marked" || a.State == "delivered") && a.Kept }

// marksOf reads what was read back from the marked bytes; nil for an item without marks.
func marksOf(a client.Artefact) (*production.Marks, error) {
	if len(a.Marks) == 0 || bytes.Equal(a.Marks, []byte("null")) {
		return nil, nil
	}
	var m production.Marks
	return &m, json.Unmarshal(a.Marks, &m)
}

func artefactSheet() sheet[client.Artefact] {
	return sheet[client.Artefact]{
		path: "/content/{id}", title: "page-artefact", action: staff.ArtefactRead, template: "artefact",
		fetch:   func(v *visit, id string) (client.Artefact, error) { return v.api().Artefact(v.r.Context(), id) },
		heading: func(a client.Artefact) cell { return ident(a.Number) },
		facts: func(a client.Artefact) []fact {
			reason := cell{}
			if a.Reason != nil {
				reason = text(capital(a.Reason.Sentence))
			}
			return []fact{
				{"state", artefactState(a)}, {"reason", reason}, {"format", format(a.Format)}, {"bytes", count(max(a.Stored, a.Size))}, {"made-by", madeBy(a.Function)}, {"model", text(a.Model).to("/content?" + query("model", a.Model))},
				{"subject", account(a.Subject)}, {"came-in", moment(a.Created)}, {"changed", moment(a.Changed)}, {"original-until", sometime(a.Original)},
				{"digest-before", ident(a.Before)}, {"digest-after", ident(a.After)}, {"made-from", numbers(a.Parents)},
			}
		},
		parts: artefactParts,
		more:  artefactMore,
		deeds: []deed[client.Artefact]{stopContent(), checkContent(), bundleContent(), keepRecords()},
		labels: []string{"reason", "bytes", "changed", "original-until", "digest-before", "digest-after", "made-from", "producer", "platform", "platform-number", "generated", "label-place",
			"notice-state", "words", "notice-stands", "notice-way", "seconds", "around", "clauses", "judged", "surface", "verdict", "findings", "record-type", "at", "log-index", "handed-at", "handed-to", "handed-how",
			"purpose", "template", "depicted", "registered-function", "basis", "consent", "depicted-person", "modality", "proof", "spent-at", "token-id", "mark", "mark-stands", "mark-says", "claim", "fits"},
		says: slices.Concat(of("page-mark-", "label", "sidecar", "notice", "earlier"), of("page-stands-in-", labelPlaces()...), of("page-put-by-", "text", "overlay", "packets", "re-encoded", "pixels", "coefficients"), of("page-notice-state-", "put", "there", "omitted", "offered", "around"), of("page-corner-", corners()...), of("page-where-", "start", "end", "both"), of("page-channel-", "api", "download", "stream", "export", "console"),
			of("page-generated-", "1", "2", "3"), of("page-consent-basis-", "own", "other", "none", "unknown"), screenWords(),
			of("page-preview-", "picture", "film", "sound", "text"), fitsWords(), of("refutation-verdict-", rumourVerdicts()...), []string{"page-artefact-refuted", "page-artefact-refuted-lead"}),
	}
}

func query(name, value string) string { return strings.TrimPrefix(with("", nil, name, value), "?") }

// labelPlace is where in a file a label stands.
func labelPlace(place string) cell { return word("page-stands-in-", place) }

func labelPlaces() []string {
	return strings.Fields("xmp exif text keys tag info chunk onMetaData txxx vorbis-comment property info-dict front-matter meta extras sidecar description app9 app11 itunes udta-box custom-xml comment inline qt-meta")
}

func numbers(list []string) cell {
	var c cell
	for _, n := range list {
		c.Many = append(c.Many, contentNumber(n))
	}
	return c
}

func corners() []string { return []string{"top-left", "top-right", "bottom-left", "bottom-right"} }

// stopContent gives a control order about one item.
func stopContent() deed[client.Artefact] {
	return deed[client.Artefact]{
		name: "content-stop", step: "stop", action: staff.OrderIssue, record: "order.issued", danger: true,
		may: func(a client.Artefact) bool { return a.State != "erased" && a.State != "failed" },
		fields: []field[client.Artefact]{
			{name: "basis", kind: "choice", words: "page-order-basis-", options: []string{"own", "incident", "court", "authority"}, required: true},
			{name: "reference", kind: "text", hint: true},
			{name: "until", kind: "moment", hint: true},
			{name: "reason", kind: "area", required: true, hint: true},
		},
		do: func(v *visit, a client.Artefact) (string, error) {
			until, err := v.sentMoment("until")
			if err != nil {
				return "", err
			}
			o, err := v.api().IssueOrder(v.r.Context(), client.OrderDraft{Scope: "content", Target: a.Number, Action: "stop", Basis: v.sent("basis"), Reference: v.sent("reference"), Until: until, Reason: v.sent("reason")})
			if err != nil {
				return "", err
			}
			return "/orders/" + escaped(o.ID), nil
		},
	}
}

// checkContent reads the stored bytes anew, by the reader that everybody has.
func checkContent() deed[client.Artefact] {
	return deed[client.Artefact]{
		name: "content-check", step: "check", action: staff.ArtefactVerify, record: "artefact.delivered", may: ready,
		do: func(v *visit, a client.Artefact) (string, error) {
			c, err := v.api().LookAt(v.r.Context(), a.Number)
			if err != nil {
				return "", err
			}
			defer c.Close()
			found, err := v.api().Verify(v.r.Context(), "content"+extension(a.Format), c)
			if err != nil {
				return "", err
			}
			return "-", v.show("reread", rereadPage{a.Number, found, rereadParts(found)})
		},
		says: slices.Concat(of("page-verdict-", "passed", "failed", "could-not-tell"), of("page-seal-", "could-not-tell", "absent", "valid-pinned", "valid-unknown-key", "broken"), of("page-level-of-", "note", "warning", "doubt", "breach"), []string{"page-reread-labels", "page-reread-labels-none", "page-reread-findings", "page-reread-findings-none", "page-reread-same"},
			of("page-label-", "offset", "level", "finding", "clause", "identical")),
	}
}

// rereadPage is what was found in the stored bytes.
type rereadPage struct {
	Number string
	Found  client.Verification
	Parts  []part
}

func rereadParts(found client.Verification) []part {
	seal := func(s client.Seal) cell {
		return state("page-seal-", s.State, map[string]tone{"valid-pinned": good, "valid-unknown-key": wait, "could-not-tell": wait, "broken": bad})
	}
	labels := tableOf("page-reread-labels", []column[client.Mark]{
		{name: "label-place", cell: func(m client.Mark) cell { return labelPlace(m.Place) }},
		{name: "offset", cell: func(m client.Mark) cell {
			if m.Offset < 0 {
				return cell{}
			}
			return count(m.Offset)
		}},
		{name: "content-number", cell: func(m client.Mark) cell { return ident(m.Fields["ProduceID"]) }},
		{name: "producer", cell: func(m client.Mark) cell { return text(m.Fields["ContentProducer"]) }},
		{name: "seal", cell: func(m client.Mark) cell { return seal(m.Producer) }},
	}, found.Labels)
	findings := tableOf("page-reread-findings", findingColumns(), found.Findings)
	return []part{
		{Title: "page-reread-labels", Table: labels, Empty: "page-reread-labels-none"},
		{Title: "page-reread-findings", Table: findings, Empty: "page-reread-findings-none"},
	}
}

// findingColumns show what a check of a file saw.
func findingColumns() []column[client.Finding] {
	return []column[client.Finding]{
		{name: "level", cell: func(f client.Finding) cell {
			return state("page-level-of-", f.Level, map[string]tone{"warning": wait, "doubt": wait, "breach": bad})
		}},
		{name: "finding", cell: func(f client.Finding) cell { return text(capital(f.Sentence)) }},
		{name: "clause", cell: func(f client.Finding) cell { return cell{Text: string(f.Clause), Law: true} }},
	}
}

// bundleContent hands out the bundle for an inspector.
func bundleContent() deed[client.Artefact] {
	return deed[client.Artefact]{
		name: "content-bundle", step: "bundle", action: staff.BundleMake, record: "evidence.bundled", may: ready,
		fields: []field[client.Artefact]{{name: "with-files", kind: "yes", hint: true, value: func(client.Artefact) string { return "yes" }}},
		do: func(v *visit, a client.Artefact) (string, error) {
			out := &handing{v: v, kind: "application/zip", name: "evidence-" + fileName(a.Number) + ".zip"}
			return "-", out.end(v.api().Bundle(v.r.Context(), out, v.sent("with-files") == "yes", a.Number))
		},
	}
}

// keepRecords keeps what is recorded about the account of an item from being purged.
func keepRecords() deed[client.Artefact] {
	return deed[client.Artefact]{
		name: "content-hold", step: "hold", action: staff.EvidenceHold, record: "hold.placed",
		may: func(a client.Artefact) bool { return a.Subject != "" },
		effect: func(_ *visit, a client.Artefact) ([]said, error) {
			return []said{{"page-effect-hold-subject", []string{"subject", a.Subject}}}, nil
		},
		do: func(v *visit, a client.Artefact) (string, error) {
			_, err := v.api().PlaceHold(v.r.Context(), a.Subject, "")
			return "", err
		},
		says: []string{"page-effect-hold-subject"},
	}
}

func extension(format string) string {
	if facts, ok := media.Facts(media.Format(format)); ok && len(facts.Extensions) > 0 {
		return facts.Extensions[0]
	}
	return ""
}

// lookAt shows the marked bytes to the visitor. The API records the delivery first.
func lookAt(v *visit) error { return v.handContent((*client.Client).LookAt, true) }

func downloadContent(v *visit) error { return v.handContent((*client.Client).Content, false) }

// shown are the formats that browsers show, by how.
func shown(format string) string {
	switch media.Format(format) {
	case media.JPEG, media.PNG, media.APNG, media.WebP, media.GIF, media.AVIF, media.SVG:
		return "picture"
	case media.MP4, media.MOV, media.WebM:
		return "film"
	case media.M4A, media.WAV, media.MP3, media.FLAC, media.Vorbis, media.Opus, media.AAC:
		return "sound"
	case media.Text, media.Markdown, media.HTML:
		return "text"
	}
	return ""
}

// handContent hands out the marked bytes. What a browser could take for a page goes out as plain text, or as a file.
func (v *visit) handContent(open func(*client.Client, context.Context, string) (*client.Content, error), look bool) error {
	a, err := v.api().Artefact(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	c, err := open(v.api(), v.r.Context(), a.Number)
	if err != nil {
		return err
	}
	defer c.Close()
	out := &handing{v: v, kind: c.Type, name: fileName(a.Number) + extension(a.Format)}
	if look {
		how := shown(a.Format)
		out.inline = how != "" && a.Format != string(media.SVG)
		if how == "text" {
			out.kind = "text/plain; charset=utf-8"
		}
	}
	_, err = io.Copy(out, c)
	return out.end(err)
}

// downloadSidecar hands out the label file of an item that can't hold its label.
func downloadSidecar(v *visit) error {
	id := v.r.PathValue("id")
	label, err := v.api().Sidecar(v.r.Context(), id)
	if err != nil {
		return err
	}
	return v.hand("application/json", fileName(id)+".aigc.json", label)
}

// artefactView is what the page of an item shows besides facts and parts.
type artefactView struct {
	Number   string
	Kind     string // how it is shown; empty where browsers show nothing of it
	Ready    bool   // there are bytes to look at
	Sidecar  bool
	Corner   string // where the notice stands in a picture or film
	Words    string // of the notice
	Share    string // height of the notice's letters as a part of the shortest side
	Stands   *box   // the same, drawn
	Measures []measure
	Notice   []fact
	Path     *proofView // of the record of its marking
	Makes    []string   // records that looking and downloading make
}

// box is where something stands in a drawing 160 wide and 100 high.
type box struct{ X, Y, W, H float64 }

// drawnNotice draws a notice into its corner: its height is that which was measured, its length that of as many square signs.
func drawnNotice(n production.NoticeMark) *box {
	b := box{X: 4, Y: 4, H: max(100*n.Ink, 2)}
	if b.W = min(b.H*float64(utf8.RuneCountInString(n.Words)), 152); strings.HasSuffix(n.Place, "right") {
		b.X = 156 - b.W
	}
	if strings.HasPrefix(n.Place, "bottom") {
		b.Y = 96 - b.H
	}
	return &b
}

// measure is something that was measured and has to be at least so much. Its bar is Most long.
type measure struct {
	Name               string // key
	Value, Least, Unit string
	Good               bool
	Bar, Mark          float64 // of 100: how far the value and the least reach
}

func measured(name string, value, least, most float64, unit string, form func(float64) string) measure {
	return measure{name, form(value), form(least), unit, value >= least, min(100*value/most, 100), 100 * least / most}
}

func artefactMore(v *visit, a client.Artefact) (any, error) {
	data := artefactView{Number: a.Number, Kind: shown(a.Format), Ready: ready(a), Makes: []string{"artefact.delivered"}}
	path, err := v.markedIn(a.Number)
	if err != nil {
		return nil, err
	}
	data.Path = path
	m, err := marksOf(a)
	if m == nil || err != nil {
		return data, err
	}
	data.Sidecar, data.Words = m.Sidecar != "", m.Notice.Words
	if slices.Contains(corners(), m.Notice.Place) {
		data.Corner, data.Share, data.Stands = m.Notice.Place, strconv.FormatFloat(m.Notice.Ink, 'f', 4, 64), drawnNotice(m.Notice)
	}
	if m.Notice.Ink > 0 {
		percent := func(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) }
		data.Measures = append(data.Measures, measured("page-label-ink", m.Notice.Ink, notice.MinInk, 3*notice.MinInk, "%", percent))
	}
	if m.Notice.Contrast > 0 {
		ratio := func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
		data.Measures = append(data.Measures, measured("page-label-contrast", m.Notice.Contrast, notice.MinContrast, 21, " : 1", ratio))
	}
	for _, f := range noticeFacts(m.Notice) {
		if !f.Cell.Empty() {
			data.Notice = append(data.Notice, f)
		}
	}
	return data, nil
}

// markedIn checks the proof of the record by which an item was marked; nil while the log has none, or where the visitor may not
// read records.
func (v *visit) markedIn(number string) (*proofView, error) {
	if !v.actor().May(staff.EvidenceRead) {
		return nil, nil
	}
	list, err := v.api().Proofs(v.r.Context(), number)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(p client.Proven) bool {
		return p.Proof != nil && (p.Record.Type == "artefact.marked" || p.Record.Type == "artefact.answered")
	})
	if i < 0 {
		return nil, nil
	}
	view := v.proved(list[i])
	return &view, nil
}

// noticePlace is where in the content a notice stands.
func noticePlace(n production.NoticeMark) cell {
	switch {
	case slices.Contains(corners(), n.Place):
		return word("page-corner-", n.Place)
	case slices.Contains([]string{"start", "end", "both"}, n.Place):
		return word("page-where-", n.Place)
	}
	var c cell // of a document they may be several
	for place := range strings.SplitSeq(n.Place, ", ") {
		if place != "" {
			c.Many = append(c.Many, cell{Text: place, Key: "notice-at-" + strings.ReplaceAll(place, " ", "-")})
		}
	}
	return c
}

func noticeFacts(n production.NoticeMark) []fact {
	seconds := cell{}
	if n.Seconds > 0 {
		seconds = text(strconv.FormatFloat(n.Seconds, 'f', 1, 64))
	}
	return []fact{{"notice-state", state("page-notice-state-", string(n.State), map[string]tone{"put": good, "there": good, "around": wait, "omitted": wait})},
		{"words", text(n.Words)}, {"notice-stands", noticePlace(n)}, {"notice-way", word("page-put-by-", n.Method)}, {"seconds", seconds}, {"around", text(n.Around)}}
}

// artefactParts are the sections of the page: what was recorded of the item.
func artefactParts(v *visit, a client.Artefact) ([]part, error) {
	var parts []part
	m, err := marksOf(a)
	if err != nil {
		return nil, err
	}
	label := part{Title: "page-marks", Lead: "page-marks-lead", Table: &tableView{}, Empty: "page-marks-none"}
	if m != nil {
		label.Table, label.Facts = marksTable(m), labelFacts(m)
	}
	parts = append(parts, label)
	for _, more := range []func(*visit, client.Artefact) (*part, error){refutedPart, screenedPart, consentPart, recordsPart, handedPart, familyPart} {
		p, err := more(v, a)
		if err != nil {
			return nil, err
		}
		if p != nil {
			parts = append(parts, *p)
		}
	}
	return parts, nil
}

// markRow is one mark, where it stands and what it says.
type markRow struct {
	kind        string
	where, says cell
}

// marksTable lists all marks of an item, those too that it carried when it came.
func marksTable(m *production.Marks) *tableView {
	rows := []markRow{{"label", labelPlace(string(m.Label.Place)), ident(m.Label.Fields.ProduceID)}}
	if m.Sidecar != "" && m.Label.Place != media.PlaceSidecar {
		rows = append(rows, markRow{"sidecar", word("page-stands-in-", "sidecar"), ident(m.Label.Fields.ProduceID)})
	}
	if m.Notice.State == stamp.Put || m.Notice.State == stamp.There {
		rows = append(rows, markRow{"notice", noticePlace(m.Notice), text(m.Notice.Words)})
	}
	for _, old := range m.History {
		rows = append(rows, markRow{"earlier", labelPlace(string(old.Place)), ident(old.Fields.ProduceID)})
	}
	return tableOf("page-marks", []column[markRow]{
		{name: "mark", cell: func(r markRow) cell { return word("page-mark-", r.kind) }},
		{name: "mark-stands", cell: func(r markRow) cell { return r.where }},
		{name: "mark-says", cell: func(r markRow) cell { return r.says }},
	}, rows)
}

func labelFacts(m *production.Marks) []fact {
	f := m.Label.Fields
	facts := []fact{{"generated", word("page-generated-", f.Label)}, {"producer", text(f.ContentProducer)}, {"content-number", ident(f.ProduceID)}, {"platform", text(f.ContentPropagator)}, {"platform-number", ident(f.PropagateID)},
		{"label-place", labelPlace(string(m.Label.Place))}, {"clauses", lawful(m.Policy.Clauses)}}
	if u := m.Policy.Use; u != nil {
		facts = append(facts, fact{"registered-function", ident(u.Function).to("/functions/" + escaped(u.Function))}, fact{"template", text(u.Template)}, fact{"purpose", text(u.Purpose)})
		if u.Depicted > 0 {
			facts = append(facts, fact{"depicted", count(int64(u.Depicted))})
		}
	}
	return slices.DeleteFunc(facts, func(f fact) bool { return f.Cell.Empty() })
}

// screenedPart lists what was judged about the item.
func screenedPart(v *visit, a client.Artefact) (*part, error) {
	if !v.actor().May(staff.ScreenRead) {
		return nil, nil
	}
	list, _, err := v.api().Judgements(v.r.Context(), client.Listing{Filter: url.Values{"about": {a.Number}}, Limit: listSize})
	if err != nil {
		return nil, err
	}
	return &part{Title: "page-screened", Lead: "page-screened-lead", Empty: "page-screened-none", Table: tableOf("page-screened", []column[client.Judged]{
		{name: "judged", cell: func(j client.Judged) cell { return moment(j.At).to("/judgements/" + escaped(j.ID)) }},
		{name: "surface", cell: func(j client.Judged) cell { return word("page-surface-", j.Surface) }},
		{name: "decision", cell: func(j client.Judged) cell { return policyAction(j.Action) }},
		{name: "verdict", cell: func(j client.Judged) cell { return verdict(j.Verdict) }},
		{name: "findings", cell: func(j client.Judged) cell {
			return found(j.Facts)
		}},
	}, list)}, nil
}

// consentPart says whether people whose likeness is in it agreed.
func consentPart(v *visit, a client.Artefact) (*part, error) {
	if !v.actor().May(staff.ConsentRead) {
		return nil, nil
	}
	found, err := v.api().LookUpConsent(v.r.Context(), "", a.Number, "")
	if e, _ := told(err); e != nil && (e.Status == http.StatusNotFound || e.Status == http.StatusUnprocessableEntity) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := v.api().SpentConsents(v.r.Context(), a.Number)
	if err != nil {
		return nil, err
	}
	return &part{Title: "page-consent-basis", Lead: "page-consent-basis-lead", Facts: []fact{{"basis", state("page-consent-basis-", found.Basis, map[string]tone{"own": good, "other": good, "unknown": wait})}},
		Table: tableOf("page-consent-basis", []column[client.ConsentSpent]{
			{name: "consent", cell: func(c client.ConsentSpent) cell { return likenessLink(c.Consent) }},
			{name: "state", cell: func(c client.ConsentSpent) cell { return consentState(client.Consent{State: c.State}) }},
			{name: "depicted-person", cell: func(c client.ConsentSpent) cell { return account(c.Subject) }},
			{name: "modality", cell: func(c client.ConsentSpent) cell { return chips("page-modality-", c.Modality) }},
			{name: "proof", cell: func(c client.ConsentSpent) cell { return word("page-proven-", c.Level) }},
			{name: "spent-at", cell: func(c client.ConsentSpent) cell { return sometime(c.Used) }},
			{name: "token-id", side: true, cell: func(c client.ConsentSpent) cell { return ident(c.Token) }},
		}, list)}, nil
}

// recordsPart lists the records about the item. Each leads to the entry of the log, with its proof.
func recordsPart(v *visit, a client.Artefact) (*part, error) {
	if !v.actor().May(staff.EvidenceRead) {
		return nil, nil
	}
	list, err := v.api().Proofs(v.r.Context(), a.Number)
	if err != nil {
		return nil, err
	}
	return &part{Title: "page-records-of", Lead: "page-records-of-lead", Empty: "page-records-of-none", Table: tableOf("page-records-of", []column[client.Proven]{
		{name: "record-type", cell: func(p client.Proven) cell {
			return word("page-record-", p.Record.Type).to("/records/" + escaped(p.Record.ID))
		}},
		{name: "at", cell: func(p client.Proven) cell { return moment(p.Record.At) }},
		{name: "log-index", cell: func(p client.Proven) cell {
			return logIndex(p.Record)
		}},
		{name: "clauses", side: true, cell: func(p client.Proven) cell { return lawful(p.Record.Clauses) }},
	}, list)}, nil
}

// handedPart lists to whom the item was handed out.
func handedPart(v *visit, a client.Artefact) (*part, error) {
	fetch := func(ctx context.Context, l client.Listing) ([]client.Delivery, string, error) {
		return v.api().Deliveries(ctx, a.Number, l)
	}
	list, more, err := gathered(v.r.Context(), fetch, nil, mostSorted)
	if err != nil {
		return nil, err
	}
	lead := "page-handed-lead"
	if more { // the newest are those that are missing
		lead = "page-handed-cut"
	}
	slices.Reverse(list)
	return &part{Title: "page-handed", Lead: lead, Empty: "page-handed-none", Table: tableOf("page-handed", []column[client.Delivery]{
		{name: "handed-at", cell: func(d client.Delivery) cell { return moment(d.At) }},
		{name: "handed-how", cell: func(d client.Delivery) cell { return word("page-channel-", d.How) }},
		{name: "handed-to", cell: func(d client.Delivery) cell { return by(d.To) }},
	}, list)}, nil
}

// familyPart lists what was made from the item.
func familyPart(v *visit, a client.Artefact) (*part, error) {
	list, _, err := v.api().Artefacts(v.r.Context(), client.Listing{Filter: url.Values{"parent": {a.Number}}, Limit: listSize})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &part{Title: "page-family", Lead: "page-family-lead", Table: tableOf("page-family", contentColumns(), list)}, nil
}
