package console

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

const (
	// maxPackProofs is the largest form with proofs of filing, in bytes.
	maxPackProofs = 64 << 20
	// maxPackChain is how many amendments of a pack are shown.
	maxPackChain = 50
)

func packPages() []page {
	read := packSheet(true)
	return slices.Concat(packList().rows(), start("/packs/new", "/packs", draftPack()), packSheet(false).rows(), []page{
		{method: post, path: "/packs/{id}/read", action: staff.PackRead, title: "page-pack", back: "/packs/{id}", makes: []string{"pack.read"}, do: read.show},
		{method: post, path: "/packs/{id}/fill", action: staff.PackWrite, title: "page-pack", back: "/packs/{id}", makes: []string{"pack.filled"}, words: []string{"page-done-pack-fill"}, do: fillPack},
		{method: get, path: "/packs/{id}/download/{format}", action: staff.PackRead, back: "/packs/{id}", do: downloadPack},
		{method: get, path: "/packs/{id}/proofs/{sum}", action: staff.PackRead, back: "/packs/{id}", do: packProof},
	})
}

func packStates() []string { return []string{"draft", "filed", "amended", "dismissed"} }

func packState(p client.Pack) cell {
	return state("page-pack-state-", p.State, map[string]tone{"draft": wait, "filed": good})
}

func packLink(id string) string { return "/packs/" + escaped(id) }

func packName(n client.PackNames) cell { return named(client.TextPair(n)) }

func packList() list[client.Pack] {
	return list[client.Pack]{
		name: "packs", path: "/packs", title: "page-packs", group: groupReview, action: staff.PackRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Pack, string, error) {
			return c.Packs(ctx, l)
		},
		columns: []column[client.Pack]{
			{name: "pack-number", cell: func(p client.Pack) cell { return text(p.Number).to(packLink(p.ID)) }},
			{name: "state", cell: packState},
			{name: "pack-unknown", cell: func(p client.Pack) cell { return count(int64(p.Unknown)) }},
			{name: "pack-open", cell: func(p client.Pack) cell { return count(int64(len(p.Open))) }},
			{name: "due", cell: func(p client.Pack) cell { return sometime(p.Due) }},
			{name: "pack-form", cell: func(p client.Pack) cell { return packName(p.Names) }},
			{name: "pack-made", side: true, cell: func(p client.Pack) cell { return moment(p.Made) }},
			{name: "subject", side: true, cell: func(p client.Pack) cell { return account(p.Subject) }},
		},
		filters: []filter{
			{name: "state", kind: "choice", words: "page-pack-state-", options: packStates()},
			{name: "number", label: "pack-number", kind: "text"}, {name: "duty", kind: "text"}, {name: "case", label: "pack-case", kind: "text"},
			{name: "refutation", kind: "text"},
		},
		deeds: []lead{{"/packs/new", "page-deed-pack-draft", staff.PackWrite}},
	}
}

// packWays lead from what a pack is about to its packs, and to a new one.
func packWays(v *visit, name, id string) (list []lead) {
	query := "?" + name + "=" + escaped(id)
	if v.actor().May(staff.PackRead) {
		list = append(list, lead{"/packs" + query, "page-packs-of", staff.PackRead})
	}
	if v.actor().May(staff.PackWrite) {
		list = append(list, lead{"/packs/new" + query, "page-deed-pack-draft", staff.PackWrite})
	}
	return list
}

func draftPack() deed[none] {
	return deed[none]{
		name: "pack-draft", action: staff.PackWrite, record: "pack.drafted",
		fields: []field[none]{
			{name: "pack-form", kind: "choice", required: true, choices: packForms, names: packFormNames},
			{name: "duty", kind: "text", hint: true, most: 64}, {name: "case", kind: "text", hint: true, most: 64}, {name: "refutation", kind: "text", hint: true, most: 64},
		},
		do: func(v *visit, _ none) (string, error) {
			trim := func(name string) string { return strings.TrimSpace(v.sent(name)) }
			p, err := v.api().DraftPack(v.r.Context(), v.sent("pack-form"), client.PackAbout{Duty: trim("duty"), Case: trim("case"), Refutation: trim("refutation")})
			return packLink(p.ID), err
		},
	}
}

func packForms(v *visit, _ none) (ids []string, err error) {
	list, err := v.api().PackForms(v.r.Context())
	for _, f := range list {
		ids = append(ids, f.ID)
	}
	return ids, err
}

func packFormNames(v *visit) map[string]string {
	names := map[string]string{}
	list, _ := v.api().PackForms(v.r.Context()) // the choices say what went wrong
	for _, f := range list {
		names[f.ID] = f.Names.In(string(v.lang)) + " · " + f.Authority.In(string(v.lang))
	}
	return names
}

// packPage is what the page of a pack shows besides facts and parts.
type packPage struct {
	ID, Number string
	Open       []string // names of what the authority asks for and is not known yet
	Closed     string   // key of why the draft may be dismissed: its report duty was closed
	Erased     bool
	Formats    []string
	Document   *client.PackDocument
	Fields     []packAnswer
	Fills      bool
	Reads      []string
	Filled     []string
	Sets       []string // how a field can be answered
}

// packAnswer is a field as its page shows it.
type packAnswer struct {
	client.PackAnswered
	Name  string
	State cell
	Given string // what stands in the form
	Fills bool   // can be answered here; of fields with the same source the first
}

func packSheet(read bool) sheet[client.Pack] {
	draft := func(p client.Pack) bool { return p.State == "draft" && p.Sealed == "whole" }
	return sheet[client.Pack]{
		path: "/packs/{id}", title: "page-pack", action: staff.PackRead, template: "pack",
		fetch:   func(v *visit, id string) (client.Pack, error) { return v.api().Pack(v.r.Context(), id) },
		heading: func(p client.Pack) cell { return text(p.Number) },
		facts:   packFacts, parts: packParts,
		more: func(v *visit, p client.Pack) (any, error) { return v.packPage(p, read) },
		labels: []string{"pack-part", "pack-about-duty", "pack-about-case", "pack-about-refutation", "pack-known", "pack-none", "pack-digest", "pack-author", "pack-before", "pack-amended-by", "pack-reference", "pack-by", "pack-incomplete", "pack-reason",
			"pack-proof", "pack-type", "pack-added", "channel", "filed-at", "pack-sealed"},
		deeds: []deed[client.Pack]{filePack(draft), provePack(), amendPack(), dismissPack(draft)},
		says: slices.Concat(of("page-pack-state-", packStates()...), of("page-channel-", packChannels()...), of("page-pack-answer-", "known", "none", "unknown"), of("page-pack-set-", packSets()...), of("page-pack-format-", packFormats()...),
			of("pack-reason-", "not-needed", "elsewhere", "mistake", "other"), of("page-pack-duty-", "filed", "dismissed"), of("page-pack-sealed-", "whole", "restricted", "erased", "none")),
	}
}

func packFormats() []string { return []string{"pdf", "html", "text", "json", "zip"} }

func packSets() []string { return []string{"known", "none", "unknown", "records"} }

func packChannels() []string { return append(channels(), "12387") }

func packFacts(p client.Pack) []fact {
	list := []fact{
		{"state", packState(p)}, {"pack-form", packName(p.Names)}, {"due", sometime(p.Due)}, {"pack-unknown", count(int64(p.Unknown))}, {"pack-known", count(int64(p.Known))}, {"pack-none", count(int64(p.None))},
		{"pack-about-duty", linked(p.About.Duty, "/report-duties/")}, {"pack-about-case", linked(p.About.Case, "/cases/")}, {"pack-about-refutation", linked(p.About.Refutation, rumoursPath+"/")},
		{"subject", account(p.Subject)}, {"pack-made", moment(p.Made)}, {"pack-author", by(p.Author)}, {"pack-part", count(int64(p.Part))}, {"pack-digest", ident(p.SHA256)}, {"pack-before", ident(p.Before)},
		{"pack-amended-by", linked(p.AmendedBy, "/packs/")},
	}
	if f := p.Filing; f != nil {
		list = append(list, fact{"channel", word("page-channel-", f.Channel)}, fact{"pack-reference", text(f.Reference)}, fact{"filed-at", moment(f.At)}, fact{"pack-by", by(f.By)}, fact{"pack-incomplete", yes(f.Incomplete)})
	}
	if p.Reason != "" {
		list = append(list, fact{"pack-reason", cell{Text: string(p.Reason), Key: string(p.Reason)}})
	}
	if p.Sealed != "whole" {
		list = append(list, fact{"pack-sealed", word("page-pack-sealed-", p.Sealed)})
	}
	return list
}

// linked is an identifier that leads to its page.
func linked(id, to string) cell {
	if id == "" {
		return cell{}
	}
	return ident(id).to(to + escaped(id))
}

func packParts(v *visit, p client.Pack) ([]part, error) {
	var parts []part
	if len(p.Proofs) > 0 {
		parts = append(parts, part{Title: "page-pack-proofs", Table: tableOf("page-pack-proofs", []column[client.PackProof]{
			{name: "pack-proof", cell: func(o client.PackProof) cell {
				return ident(o.SHA256).to(packLink(p.ID) + "/proofs/" + escaped(o.SHA256))
			}},
			{name: "pack-type", cell: func(o client.PackProof) cell { return text(o.Type) }},
			{name: "pack-added", cell: func(o client.PackProof) cell { return moment(o.At) }},
			{name: "pack-by", cell: func(o client.PackProof) cell { return by(o.By) }},
		}, p.Proofs)})
	}
	chain, err := v.packChain(p)
	if err != nil || len(chain) < 2 {
		return parts, err
	}
	return append(parts, part{Title: "page-pack-chain", Lead: "page-pack-chain-lead", Table: tableOf("page-pack-chain", []column[client.Pack]{
		{name: "pack-number", cell: func(o client.Pack) cell {
			if o.ID == p.ID {
				return text(o.Number)
			}
			return text(o.Number).to(packLink(o.ID))
		}},
		{name: "pack-part", cell: func(o client.Pack) cell { return count(int64(o.Part)) }},
		{name: "state", cell: packState},
		{name: "pack-made", cell: func(o client.Pack) cell { return moment(o.Made) }},
		{name: "pack-digest", side: true, cell: func(o client.Pack) cell { return ident(o.SHA256) }},
	}, chain)}), nil
}

// packChain are the packs that amend each other, the first pack first.
func (v *visit) packChain(p client.Pack) ([]client.Pack, error) {
	chain := []client.Pack{p}
	for len(chain) < maxPackChain && chain[0].Amends != "" {
		one, err := v.api().Pack(v.r.Context(), chain[0].Amends)
		if err != nil {
			return nil, err
		}
		chain = slices.Insert(chain, 0, one)
	}
	for len(chain) < maxPackChain && chain[len(chain)-1].AmendedBy != "" {
		one, err := v.api().Pack(v.r.Context(), chain[len(chain)-1].AmendedBy)
		if err != nil {
			return nil, err
		}
		chain = append(chain, one)
	}
	return chain, nil
}

func (v *visit) packPage(p client.Pack, read bool) (packPage, error) {
	data := packPage{ID: p.ID, Number: p.Number, Erased: p.Sealed != "whole", Formats: packFormats(), Fills: p.State == "draft" && v.actor().May(staff.PackWrite), Reads: []string{"pack.read"}, Filled: []string{"pack.filled"},
		Sets: packSets()}
	if p.State == "draft" && (p.Duty == "filed" || p.Duty == "dismissed") {
		data.Closed = "page-pack-duty-" + p.Duty
	}
	if p.State == "draft" && len(p.Open) > 0 {
		forms, err := v.api().PackForms(v.r.Context())
		if err != nil {
			return data, err
		}
		data.Open = slices.Clone(p.Open)
		for _, f := range forms {
			for _, field := range f.Fields {
				if at := slices.Index(data.Open, field.ID); f.ID == p.Form && at >= 0 {
					data.Open[at] = field.Names.In(string(v.lang))
				}
			}
		}
	}
	if !read {
		return data, nil
	}
	d, err := v.api().ReadPack(v.r.Context(), p.ID)
	if err != nil {
		return data, err
	}
	data.Document = &d
	sources := map[string]bool{}
	for _, f := range d.Fields {
		a := packAnswer{f, f.Names.In(string(v.lang)), state("page-pack-answer-", f.State, map[string]tone{"known": good, "unknown": wait}), "", data.Fills && !sources[f.From]}
		sources[f.From] = true
		if f.State == "known" {
			a.Given = strings.Join(f.Lines, "\n")
		}
		data.Fields = append(data.Fields, a)
	}
	return data, nil
}

// sentAnswer is an answer of a form to one field of a paper.
type sentAnswer struct {
	field, state string
	lines        []string
}

// sentAnswers are the answers that were sent, in the order of the fields' names.
func (v *visit) sentAnswers() []sentAnswer {
	var list []sentAnswer
	for name := range v.r.PostForm {
		field, ok := strings.CutPrefix(name, "state-")
		if !ok {
			continue
		}
		set, lines := v.sent(name), packLines(v.sent("lines-"+field))
		if set == "" && len(lines) > 0 && !slices.Equal(lines, packLines(v.sent("was-"+field))) {
			set = "known" // somebody wrote, and did not choose that it counts
		}
		if set != "known" {
			lines = nil
		}
		if set != "" {
			list = append(list, sentAnswer{field, set, lines})
		}
	}
	slices.SortFunc(list, func(a, b sentAnswer) int { return strings.Compare(a.field, b.field) })
	return list
}

// fillPack makes a draft anew, with what was answered.
func fillPack(v *visit) error {
	var answers []client.PackAnswer
	for _, a := range v.sentAnswers() {
		answers = append(answers, client.PackAnswer{From: a.field, State: a.state, Lines: a.lines})
	}
	p, err := v.api().FillPack(v.r.Context(), v.r.PathValue("id"), answers...)
	if err != nil {
		return err
	}
	return v.send(packLink(p.ID) + "?done=pack-fill")
}

// packLines are the lines of a text that are not blank.
func packLines(text string) (list []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

func filePack(may func(client.Pack) bool) deed[client.Pack] {
	return filedDeed("pack-file", staff.PackFile, "pack.filed", may, func(v *visit, p client.Pack) ([]string, error) {
		page, err := v.packPage(p, false)
		return page.Open, err
	}, func(v *visit, p client.Pack, how client.PackFiling, proofs ...client.CaseUpload) error {
		_, err := v.api().FilePack(v.r.Context(), p.ID, how, proofs...)
		return err
	})
}

// filedDeed says that a paper was filed with an authority, with the proofs; open are the names of what it does not say yet.
func filedDeed[T any](name string, action staff.Action, record string, may func(T) bool, open func(*visit, T) ([]string, error), file func(*visit, T, client.PackFiling, ...client.CaseUpload) error) deed[T] {
	return deed[T]{
		name: name, step: "file", action: action, record: record, may: may, upload: maxPackProofs,
		effect: func(v *visit, p T) ([]said, error) {
			names, err := open(v, p)
			var list []said
			for _, name := range names {
				list = append(list, said{"page-effect-pack-open", []string{"field", name}})
			}
			return list, err
		},
		fields: []field[T]{
			{name: "channel", kind: "choice", words: "page-channel-", options: packChannels(), required: true},
			{name: "authority-number", kind: "text", hint: true, most: 128}, {name: "filed-at", kind: "moment", required: true},
			{name: "pack-proofs", kind: "files", hint: true}, {name: "pack-incomplete", kind: "yes", hint: true},
		},
		do: func(v *visit, p T) (string, error) {
			at, err := v.sentMoment("filed-at")
			if err != nil {
				return "", err
			}
			proofs, done, err := v.sentProofs("pack-proofs")
			if err != nil {
				return "", err
			}
			defer done()
			return "", file(v, p, client.PackFiling{Channel: v.sent("channel"), Reference: v.sent("authority-number"), At: at, Incomplete: v.sent("pack-incomplete") != ""}, proofs...)
		},
		says: []string{"page-effect-pack-open"},
	}
}

// sentProofs are the files that came with a form; done closes them.
func (v *visit) sentProofs(name string) (proofs []client.CaseUpload, done func(), err error) {
	var files []io.Closer
	done = func() {
		for _, f := range files {
			_ = f.Close() // what was read of it was read
		}
	}
	if v.r.MultipartForm == nil {
		return nil, done, nil
	}
	for _, header := range v.r.MultipartForm.File[name] {
		if header.Size == 0 { // a field that was left empty
			continue
		}
		f, err := header.Open()
		if err != nil {
			done()
			return nil, nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
		}
		files, proofs = append(files, f), append(proofs, client.CaseUpload{Name: fileName(header.Filename), File: f})
	}
	return proofs, done, nil
}

func provePack() deed[client.Pack] {
	return provenDeed("pack-prove", staff.PackFile, "pack.proven", func(p client.Pack) bool { return provable(p.State, p.Sealed) }, func(v *visit, p client.Pack, proof client.CaseUpload) error {
		_, err := v.api().ProvePack(v.r.Context(), p.ID, proof)
		return err
	})
}

// provable reports whether proof may be added to a paper: one that was filed, and is not erased.
func provable(state, sealed string) bool {
	return (state == "filed" || state == "amended") && sealed == "whole"
}

// provenDeed adds a proof to a paper that was filed with an authority.
func provenDeed[T any](name string, action staff.Action, record string, may func(T) bool, prove func(*visit, T, client.CaseUpload) error) deed[T] {
	return deed[T]{
		name: name, step: "prove", action: action, record: record, may: may, upload: maxPackProofs,
		fields: []field[T]{{name: "pack-proof-file", kind: "file", required: true, hint: true}},
		do: func(v *visit, p T) (string, error) {
			return "", v.oneProof("pack-proof-file", func(proof client.CaseUpload) error { return prove(v, p, proof) })
		},
	}
}

func amendPack() deed[client.Pack] {
	return deed[client.Pack]{
		name: "pack-amend", step: "amend", action: staff.PackWrite, record: "pack.drafted",
		may: func(p client.Pack) bool { return p.State == "filed" && p.Sealed == "whole" },
		do: func(v *visit, p client.Pack) (string, error) {
			next, err := v.api().AmendPack(v.r.Context(), p.ID)
			return packLink(next.ID), err
		},
	}
}

func dismissPack(may func(client.Pack) bool) deed[client.Pack] {
	return deed[client.Pack]{
		name: "pack-dismiss", step: "dismiss", action: staff.PackFile, record: "pack.dismissed", danger: true, may: may,
		fields: []field[client.Pack]{
			{name: "pack-reason", kind: "choice", words: "pack-reason-", options: []string{"not-needed", "elsewhere", "mistake", "other"}, required: true, value: func(p client.Pack) string {
				return map[string]string{"filed": "elsewhere", "dismissed": "not-needed"}[p.Duty]
			}},
			{name: "note", kind: "area", required: true, hint: true, most: 1000},
		},
		do: func(v *visit, p client.Pack) (string, error) {
			_, err := v.api().DismissPack(v.r.Context(), p.ID, colophon.Code("pack-reason-"+v.sent("pack-reason")), v.sent("note"))
			return "", err
		},
	}
}

// fromHere reports whether a page of ours led to a file whose handing out makes a record, so that none elsewhere can.
func (v *visit) fromHere() bool {
	from := v.r.Header.Get("Sec-Fetch-Site")
	return from == "" || from == "same-origin" || from == "none"
}

func downloadPack(v *visit) error {
	id, format := v.r.PathValue("id"), v.r.PathValue("format")
	if !v.fromHere() {
		return v.send(packLink(id))
	}
	if !slices.Contains(packFormats(), format) {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}
	p, err := v.api().Pack(v.r.Context(), id)
	if err != nil {
		return err
	}
	kind := map[string]string{"pdf": "application/pdf", "html": "text/html; charset=utf-8", "text": "text/plain; charset=utf-8", "json": "application/json", "zip": "application/zip"}[format]
	end := map[bool]string{true: "txt", false: format}[format == "text"]
	return v.handPack(kind, "pack-"+fileName(p.Number)+"."+end, func() (io.ReadCloser, error) { return v.api().DownloadPack(v.r.Context(), id, format) })
}

func packProof(v *visit) error {
	id, sum := v.r.PathValue("id"), v.r.PathValue("sum")
	if !v.fromHere() {
		return v.send(packLink(id))
	}
	return v.handPack("application/octet-stream", "", func() (io.ReadCloser, error) { return v.api().PackProof(v.r.Context(), id, sum) })
}

func (v *visit) handPack(kind, name string, open func() (io.ReadCloser, error)) error {
	from, err := open()
	if err != nil {
		return err
	}
	defer from.Close()
	out := &handing{v: v, kind: kind, name: name}
	_, err = io.Copy(out, from)
	return out.end(err)
}
