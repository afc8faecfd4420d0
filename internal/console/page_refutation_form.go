package console

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/staff"
)

// mostPrinted is the most that the form of a refutation may bring in files, of which only digests are kept, in bytes.
const mostPrinted = 32 << 20

func rumourFormPages() []page {
	words := append(rumourWords(), of("page-rumour-about-", rumourVerdicts()...)...)
	begin, revise := rumoursPath+"/new", rumourPath+"/revise"
	return []page{
		{method: get, path: begin, action: staff.RefutationWrite, title: "page-rumour-new", words: words, upload: mostPrinted, do: showRumourForm},
		{method: post, path: begin, action: staff.RefutationWrite, back: begin, makes: []string{"refutation.drafted"}, upload: mostPrinted, do: writeRumour},
		{method: get, path: revise, action: staff.RefutationWrite, title: "page-rumour-revise", upload: mostPrinted, do: showRumourForm},
		{method: post, path: revise, action: staff.RefutationWrite, back: revise, makes: []string{"refutation.revised"}, upload: mostPrinted, do: writeRumour},
	}
}

// rumourForm is a draft as its form shows it.
type rumourForm struct {
	ID, Here, Back string // ID is that of the draft that is written anew
	Given          url.Values
	Verdicts       []string
	Sources        []client.RefutationSource
	Like           []string // content numbers that are only like those of the case
	Kept           int      // texts that were entered before, of which there are signatures
	Corrects       cell
	Counts         map[string]int // letters and digits of the reasons
	Least          int
	Most           int // files, in MiB
	Preview        []rumourSaid
	Lacks          []string // keys of what it needs before it can be proposed
	Shown          []client.RefutationSource
	Records        []string
}

// showRumourForm shows the form: empty, with what a case knows, with what is corrected or with the draft that is written anew.
func showRumourForm(v *visit) error {
	f, err := v.rumourForm()
	if err != nil {
		return err
	}
	return v.show("rumourform", f)
}

// rumourForm is the form with what was sent or, before that, with what it begins with.
func (v *visit) rumourForm() (rumourForm, error) {
	id := v.r.PathValue("id")
	f := rumourForm{ID: id, Here: v.placed(v.page.path), Back: rumoursPath, Verdicts: rumourVerdicts(), Least: refutation.MinReason, Most: mostPrinted >> 20, Records: []string{"refutation.drafted"}}
	if id != "" {
		f.Back, f.Records = rumourLink(id), []string{"refutation.revised"}
	}
	begun, err := v.rumourBegun(&f, id)
	if err != nil {
		return f, err
	}
	if v.r.Method == post {
		f.Given = v.r.PostForm
		f.Like = f.Given["like"]
		if f.Given.Get("once-filed") == "" {
			f.file(v)
		}
	} else {
		f.Given = v.given(begun)
	}
	f.Sources = append(sentSources(f.Given), client.RefutationSource{})
	for len(f.Sources) < 2 {
		f.Sources = append(f.Sources, client.RefutationSource{})
	}
	f.Sources = f.Sources[:min(len(f.Sources), feed.MaxSources)]
	f.Counts = map[string]int{"zh": letters(f.Given.Get("reason-zh")), "en": letters(f.Given.Get("reason-en"))}
	if c := f.Given.Get("corrects"); c != "" {
		f.Corrects = ident(c).to(rumourLink(c))
	}
	return f, nil
}

// rumourBegun is what the form begins with.
func (v *visit) rumourBegun(f *rumourForm, id string) (d client.RefutationDraft, err error) {
	ctx, q := v.r.Context(), v.r.URL.Query()
	corrects := q.Get("corrects")
	if v.r.Method == post {
		corrects = v.sent("corrects")
	}
	d.Known = true
	switch {
	case id != "" || corrects != "":
		of := id
		if of == "" {
			of = corrects
		}
		r, err := v.api().Refutation(ctx, of)
		if err != nil {
			return d, err
		}
		d = client.RefutationDraft{Claim: r.Claim, Verdict: r.Verdict, Reason: r.Reason, Sources: r.Sources, Numbers: r.Numbers, Digests: r.Digests, Hashes: r.Hashes, Known: true, Signatures: r.Signatures, FirstSeen: r.FirstSeen, Cases: r.Cases,
			Reports: r.Reports, Corrects: r.Corrects}
		if id == "" {
			d.Corrects = corrects
		}
		f.Kept = len(r.Signatures)
	case q.Get("case") != "":
		m, err := v.api().CaseMaterial(ctx, q.Get("case"))
		if err != nil {
			return d, err
		}
		d.Numbers, d.Digests, d.Hashes, d.Cases, d.FirstSeen = m.Numbers, m.Digests, m.Hashes, m.Cases, &m.FirstSeen
		f.Like = m.Like
	default:
		d.Numbers = strings.Fields(q.Get("number"))
	}
	return d, nil
}

// given is a draft as the fields of the form hold it.
func (v *visit) given(d client.RefutationDraft) url.Values {
	g := url.Values{"claim-zh": {d.Claim.ZH}, "claim-en": {d.Claim.EN}, "reason-zh": {d.Reason.ZH}, "reason-en": {d.Reason.EN}, "verdict": {d.Verdict}, "corrects": {d.Corrects}, "keep-texts": {"yes"}, "known": {"yes"},
		"numbers": {strings.Join(d.Numbers, "\n")}, "hashes": {strings.Join(d.Hashes, "\n")}, "cases": {strings.Join(d.Cases, "\n")}, "reports": {strings.Join(d.Reports, "\n")}}
	var digests []string
	for _, one := range d.Digests {
		digests = append(digests, one.Alg+":"+one.Value)
	}
	g.Set("digests", strings.Join(digests, "\n"))
	if d.FirstSeen != nil {
		g.Set("first-seen", d.FirstSeen.In(v.Zone).Format(clockForm))
	}
	for _, s := range d.Sources {
		g.Add("source-title", s.Title)
		g.Add("source-url", s.URL)
		g.Add("source-date", s.Date)
	}
	return g
}

// file adds the digests of the files that came with the form, so that they stay when it is shown again. The files are kept
// nowhere.
func (f *rumourForm) file(v *visit) {
	if v.r.MultipartForm == nil {
		return
	}
	list := strings.Fields(f.Given.Get("digests"))
	for _, one := range v.r.MultipartForm.File["rumour-files"] {
		sum, err := digestOf(one)
		if err != nil {
			v.Log.WarnContext(v.r.Context(), "a file of a form could not be read", "error", err)
			continue
		}
		if line := "sha256:" + sum; one.Size > 0 && !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	f.Given.Set("digests", strings.Join(list, "\n"))
	f.Given.Set("once-filed", "yes")
}

func digestOf(one *multipart.FileHeader) (string, error) {
	file, err := one.Open()
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	_, err = io.Copy(h, file)
	return hex.EncodeToString(h.Sum(nil)), err
}

// sentSources are the rows of sources in which something stands.
func sentSources(g url.Values) (list []client.RefutationSource) {
	at := func(name string, i int) string {
		if i < len(g[name]) {
			return strings.TrimSpace(g[name][i])
		}
		return ""
	}
	for i := range min(max(len(g["source-title"]), len(g["source-url"]), len(g["source-date"])), feed.MaxSources) {
		if s := (client.RefutationSource{Title: at("source-title", i), URL: at("source-url", i), Date: at("source-date", i)}); s != (client.RefutationSource{}) {
			list = append(list, s)
		}
	}
	return list
}

// draft reads the form.
func (f rumourForm) draft(v *visit) (client.RefutationDraft, error) {
	g := f.Given
	prose := func(name string) string { return plainLines(g.Get(name)) }
	d := client.RefutationDraft{Claim: client.Words{ZH: prose("claim-zh"), EN: prose("claim-en")}, Verdict: g.Get("verdict"), Reason: client.Words{ZH: prose("reason-zh"), EN: prose("reason-en")}, Sources: sentSources(g),
		Numbers: once(strings.Fields(g.Get("numbers")), g["also"]), Hashes: once(strings.Fields(strings.ToLower(g.Get("hashes"))), nil), Known: g.Get("known") == "yes",
		Cases: strings.Fields(g.Get("cases")), Reports: strings.Fields(g.Get("reports")), Corrects: strings.TrimSpace(g.Get("corrects"))}
	for _, line := range once(strings.Fields(g.Get("digests")), nil) {
		alg, value, ok := strings.Cut(line, ":")
		if !ok {
			alg, value = "sha256", line
		}
		d.Digests = append(d.Digests, client.FileDigest{Alg: alg, Value: strings.ToLower(value)})
	}
	for text := range strings.SplitSeq(prose("texts"), "\n\n") {
		if text = strings.TrimSpace(text); text != "" {
			d.Texts = append(d.Texts, text)
		}
	}
	seen, err := v.sentMoment("first-seen")
	if !seen.IsZero() {
		seen = seen.UTC().Truncate(time.Millisecond)
		d.FirstSeen = &seen
	}
	return d, err
}

// once are the texts of two lists, each once.
func once(a, b []string) (list []string) {
	for _, one := range slices.Concat(a, b) {
		if one != "" && !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

// writeRumour keeps a draft, or shows what the public would read.
func writeRumour(v *visit) error {
	f, err := v.rumourForm()
	if err != nil {
		return err
	}
	d, err := f.draft(v)
	if err != nil {
		return err
	}
	if v.sent("step") == "preview" {
		f.Preview, f.Shown, f.Lacks = v.said(d.Claim, d.Verdict, d.Reason), webSources(d.Sources), lacks(d)
		return v.show("rumourform", f)
	}
	if v.sent("keep-texts") == "yes" {
		if d.Signatures, err = v.signatures(f.ID, d.Corrects); err != nil {
			return err
		}
	}
	var r client.Refutation
	if f.ID == "" {
		r, err = v.api().DraftRefutation(v.r.Context(), d)
	} else {
		d.Corrects = "" // that stays as it is
		r, err = v.api().ReviseRefutation(v.r.Context(), f.ID, d)
	}
	if err != nil {
		return err
	}
	return v.send(rumourLink(r.ID) + "?done=rumour-saved")
}

// signatures are those of the texts that were entered before.
func (v *visit) signatures(id, corrects string) ([]string, error) {
	if id == "" {
		id = corrects
	}
	if id == "" {
		return nil, nil
	}
	r, err := v.api().Refutation(v.r.Context(), id)
	return r.Signatures, err
}

// lacks lists what a draft needs before it can be proposed.
func lacks(d client.RefutationDraft) (keys []string) {
	for _, one := range []struct {
		key string
		is  bool
	}{
		{"page-rumour-lacks-claim", d.Claim.ZH == "" || d.Claim.EN == ""}, {"page-rumour-lacks-verdict", d.Verdict == ""},
		{"page-rumour-lacks-reason", letters(d.Reason.ZH) < refutation.MinReason || letters(d.Reason.EN) < refutation.MinReason}, {"page-rumour-lacks-sources", len(d.Sources) == 0},
		{"page-rumour-lacks-content", len(d.Numbers)+len(d.Digests)+len(d.Hashes)+len(d.Texts)+len(d.Signatures) == 0},
	} {
		if one.is {
			keys = append(keys, one.key)
		}
	}
	return keys
}
