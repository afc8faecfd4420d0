package httpapi

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/pack"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/moderation"
)

// PackNames are a name in both languages.
type PackNames struct {
	ZH string `json:"zh" doc:"In Chinese."`
	EN string `json:"en" doc:"In English."`
}

// PackField is one thing that an authority wants to know.
type PackField struct {
	ID       string      `json:"id" doc:"Identifier."`
	Names    PackNames   `json:"names" doc:"What it is called."`
	Required bool        `json:"required,omitempty" doc:"The authority asks for it."`
	From     pack.Source `json:"from" doc:"Where the answer is taken from." example:"summary"`
}

// PackForm is what an authority wants to know.
type PackForm struct {
	ID        string            `json:"id" doc:"Identifier." example:"12377"`
	Names     PackNames         `json:"names" doc:"What it is called."`
	Authority PackNames         `json:"authority" doc:"Who gets it."`
	Basis     PackNames         `json:"basis" doc:"By which texts it is filed."`
	Clauses   []colophon.Clause `json:"clauses" nullable:"false" doc:"Clauses of law."`
	Drafted   []string          `json:"drafted,omitempty" nullable:"false" doc:"Categories of report duties for which it is drafted by itself; * for those that no form names."`
	Fields    []PackField       `json:"fields" nullable:"false" doc:"Fields, in their order."`
}

func viewField(f pack.Field) PackField {
	return PackField{f.ID, PackNames(f.Names), f.Required, f.From}
}

func viewForm(f pack.Form) PackForm {
	v := PackForm{ID: f.ID, Names: PackNames(f.Names), Authority: PackNames(f.Authority), Basis: PackNames(f.Basis), Clauses: f.Clauses, Drafted: f.Drafted}
	for _, field := range f.Fields {
		v.Fields = append(v.Fields, viewField(field))
	}
	return v
}

// PackAbout says what a pack is about.
type PackAbout struct {
	Case       string `json:"case,omitempty" maxLength:"64" doc:"Case."`
	Duty       string `json:"duty,omitempty" maxLength:"64" doc:"Report duty, which is fulfilled when the pack is filed."`
	Refutation string `json:"refutation,omitempty" maxLength:"64" doc:"Refutation."`
}

// PackAnswer is what somebody answers in place of what records say.
type PackAnswer struct {
	From  pack.Source `json:"from" maxLength:"64" doc:"Where the field takes its answer from." example:"summary"`
	State string      `json:"state" enum:"known,none,unknown,records" doc:"known: the lines say it; none: it is known that there is none; unknown: it is not known yet; records: your answer is taken back, and what records say counts again."`
	Lines []string    `json:"lines,omitempty" nullable:"false" maxItems:"100" doc:"The answer, in Chinese as the authority reads it; of known alone."`
}

func packSaid(list []PackAnswer) []pack.Said {
	var out []pack.Said
	for _, a := range list {
		one := pack.Said{From: a.From, Taken: a.State == "records", Fact: pack.Fact{Lines: a.Lines}}
		switch a.State {
		case "known":
			one.Certainty = pack.Known
		case "none":
			one.Certainty = pack.None
		}
		out = append(out, one)
	}
	return out
}

// PackFiling says how a pack was filed.
type PackFiling struct {
	Channel    string    `json:"channel" doc:"Where." example:"12377"`
	Reference  string    `json:"reference,omitempty" doc:"Number that the authority gave; absent where it gave none."`
	At         time.Time `json:"at" doc:"When."`
	By         string    `json:"by" doc:"Staff account."`
	Incomplete bool      `json:"incomplete,omitempty" doc:"Not all that the authority asks for was known. An amendment follows."`
}

// PackProof is a proof of filing, without its bytes.
type PackProof struct {
	SHA256 string    `json:"sha256" doc:"SHA-256, in hexadecimal."`
	Size   int64     `json:"size" doc:"Bytes."`
	Type   string    `json:"type" doc:"Media type, as its bytes show it."`
	At     time.Time `json:"at" doc:"When it was added."`
	By     string    `json:"by" doc:"Staff account."`
}

// Pack is a pack for an authority, without what it says.
type Pack struct {
	ID        string               `json:"id" doc:"Identifier."`
	Number    string               `json:"number" doc:"Number: the year of Beijing time and a serial." example:"2026-0007"`
	Part      int                  `json:"part" doc:"1 for the first pack, one more with each amendment."`
	State     pack.State           `json:"state" enum:"draft,filed,amended,dismissed" doc:"How far it is. Amended: another one that was filed takes its place."`
	Form      string               `json:"form" doc:"Form."`
	Names     PackNames            `json:"names" doc:"Name of the form; empty where there is no such form any more."`
	About     PackAbout            `json:"about" doc:"What it is about."`
	Subject   evidence.Subject     `json:"subject,omitempty" doc:"Pseudonym of the account that it is about."`
	Made      time.Time            `json:"made" doc:"When it was drafted."`
	Author    string               `json:"author,omitempty" doc:"Who drafted it; absent for the system."`
	SHA256    string               `json:"sha256" doc:"SHA-256 of its document, in hexadecimal."`
	Amends    string               `json:"amends,omitempty" doc:"The pack before."`
	Before    string               `json:"before,omitempty" doc:"SHA-256 of the document of the pack before."`
	AmendedBy string               `json:"amended_by,omitempty" doc:"The pack that takes its place."`
	Known     int                  `json:"known" doc:"Fields that are known."`
	None      int                  `json:"none" doc:"Fields of which it is known that there is none."`
	Unknown   int                  `json:"unknown" doc:"Fields that are not known yet."`
	Open      []string             `json:"open" nullable:"false" doc:"Those of them that the authority asks for."`
	Due       *time.Time           `json:"due,omitempty" doc:"By when its report duty must be fulfilled."`
	Duty      moderation.DutyState `json:"duty_state,omitempty" doc:"How far its report duty is."`
	Filing    *PackFiling          `json:"filing,omitempty" doc:"How it was filed."`
	Proofs    []PackProof          `json:"proofs" nullable:"false" doc:"Proofs of filing."`
	Reason    colophon.Code        `json:"reason,omitempty" doc:"Why it is not filed."`
	Sealed    string               `json:"sealed" enum:"none,whole,restricted,erased" doc:"Whether its document can be read. Restricted: the law has it kept, and nobody reads it."`
}

func (s *server) viewPack(ctx context.Context, p pack.Pack) (Pack, error) {
	v := Pack{ID: p.ID, Number: p.Number, Part: p.Part, State: p.State, Form: p.Form, About: PackAbout(p.About), Made: p.Made, Author: p.Author, SHA256: p.SHA256, Amends: p.Amends, Before: p.Before,
		AmendedBy: p.AmendedBy, Known: p.Known, None: p.None, Unknown: p.Unknown, Open: append([]string{}, p.Open...), Proofs: []PackProof{}, Reason: p.Reason, Sealed: string(p.Kept)}
	if p.Subject != evidence.System {
		v.Subject = p.Subject
	}
	if f := p.Filing; f != nil {
		v.Filing = &PackFiling{f.Channel, f.Reference, f.At, f.By, f.Incomplete}
	}
	for _, proof := range p.Proofs {
		v.Proofs = append(v.Proofs, PackProof(proof))
	}
	if form, ok := s.Packs.Form(p.Form); ok {
		v.Names = PackNames(form.Names)
	}
	if p.About.Duty == "" {
		return v, nil
	}
	d, err := s.PackDesk.Duty(ctx, p.About.Duty)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == moderation.CodeNoDuty {
		return v, nil
	}
	if err == nil {
		v.Duty, v.Due = d.State, set(d.Due)
	}
	return v, err
}

// PackAnswered is a field with its answer.
type PackAnswered struct {
	PackField
	State   string   `json:"state" enum:"known,none,unknown" doc:"What is known: what the lines say; that there is none; nothing yet."`
	Lines   []string `json:"lines" nullable:"false" doc:"The answer as the authority reads it, in Chinese; never empty."`
	Records []string `json:"records,omitempty" nullable:"false" doc:"Records that it rests on."`
	Said    bool     `json:"said,omitempty" doc:"A person answered it in place of what records say."`
}

// PackDocument is what a pack says.
type PackDocument struct {
	Pack   Pack           `json:"pack" doc:"The report."`
	Amends string         `json:"amends,omitempty" doc:"Number of the pack before."`
	Made   time.Time      `json:"made" doc:"When the document was made."`
	Names  PackNames      `json:"names" doc:"What it is called."`
	To     PackNames      `json:"authority" doc:"Who gets it."`
	Basis  PackNames      `json:"basis" doc:"By which texts it is filed."`
	Fields []PackAnswered `json:"fields" nullable:"false" doc:"Field by field."`
	Note   string         `json:"note,omitempty" doc:"Why it is not filed, in prose."`
}

func viewDocument(p Pack, d pack.Document, inside pack.Particulars) PackDocument {
	v := PackDocument{Pack: p, Amends: d.Amends, Made: d.Made, Names: PackNames(d.Form.Names), To: PackNames(d.Form.Authority), Basis: PackNames(d.Form.Basis), Fields: []PackAnswered{}, Note: inside.Note}
	for _, a := range d.Fields {
		_, said := inside.Said[a.From]
		state := string(a.Certainty)
		if a.Certainty == pack.Unknown {
			state = "unknown"
		}
		v.Fields = append(v.Fields, PackAnswered{viewField(a.Field), state, a.Lines, a.Records, said})
	}
	return v
}

type packDownloadInput struct {
	Named
	Format string `query:"format" enum:"json,text,html,pdf,zip" default:"json" doc:"json: the canonical bytes that have the digest; text: as people read it; zip: all of these with the proofs."`
}

// packDownload hands out what a pack says.
func (s *server) packDownload(ctx context.Context, in *packDownloadInput) (*stream, error) {
	p, inside, err := s.Packs.Read(ctx, ledgerBy(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	if in.Format == PackZIP {
		return s.packed(p, inside), nil
	}
	content, err := s.printed(inside, in.Format)
	if err != nil {
		return nil, err
	}
	kind := map[string]string{PackJSON: "application/json", PackText: "text/plain; charset=utf-8", PackHTML: "text/html; charset=utf-8", PackPDF: "application/pdf"}[in.Format]
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", `attachment; filename="pack-`+p.Number+"."+ending(in.Format)+`"`)
		copyOut(w, bytes.NewReader(content))
	}), nil
}

func ending(format string) string {
	if format == PackText {
		return "txt"
	}
	return format
}

// printed writes a document in one form.
func (s *server) printed(inside pack.Particulars, format string) ([]byte, error) {
	switch format {
	case PackJSON:
		return []byte(inside.Document), nil
	case PackText:
		d, err := pack.Read([]byte(inside.Document))
		return []byte(d.Text()), err
	}
	return s.PackDesk.Print([]byte(inside.Document), format)
}

// packed writes a document in all forms with its proofs. A file that can't be written breaks the answer off.
func (s *server) packed(p pack.Pack, inside pack.Particulars) *stream {
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		files := map[string][]byte{}
		for _, format := range []string{PackJSON, PackText, PackHTML, PackPDF} {
			content, err := s.printed(inside, format)
			if err != nil {
				s.fail(w, r, err)
				return
			}
			files["pack-"+p.Number+"."+ending(format)] = content
		}
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Disposition", `attachment; filename="pack-`+p.Number+`.zip"`)
		z := zip.NewWriter(w)
		err := s.zip(r.Context(), z, p, inside, files)
		if err = errors.Join(err, z.Close()); err != nil {
			s.Logger.ErrorContext(r.Context(), "writing a pack", "pack", p.ID, "error", err)
			panic(http.ErrAbortHandler)
		}
	})
}

func (s *server) zip(ctx context.Context, z *zip.Writer, p pack.Pack, inside pack.Particulars, files map[string][]byte) error {
	for _, format := range []string{PackJSON, PackText, PackHTML, PackPDF} {
		name := "pack-" + p.Number + "." + ending(format)
		to, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.Made})
		if err != nil {
			return err
		}
		if _, err := to.Write(files[name]); err != nil {
			return err
		}
	}
	for _, proof := range inside.Proofs {
		to, err := z.CreateHeader(&zip.FileHeader{Name: "proofs/" + proof.SHA256, Method: zip.Store, Modified: proof.At})
		if err != nil {
			return err
		}
		from, err := s.PackDesk.OpenProof(ctx, proof)
		if err != nil {
			return err
		}
		_, err = io.Copy(to, from)
		if err = errors.Join(err, from.Close()); err != nil {
			return err
		}
	}
	return nil
}

// packBody describes the forms with proofs.
func packBody(id string) *huma.RequestBody {
	word := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": {Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	said := "A form with one part named file: the proof, a picture or PDF."
	if id == "file-pack" {
		form.Required = []string{"channel", "at"}
		form.Properties["channel"], form.Properties["reference"] = word("Where it was filed, as a lower-case word such as 12377."), word("Number that the authority gave.")
		form.Properties["at"], form.Properties["incomplete"] = word("When it was filed (RFC 3339)."), word("true says that you know of what is not known yet.")
		said = "A form with fields, and any number of parts named file: proofs of filing, pictures or PDF."
	} else {
		form.Required = []string{"file"}
	}
	return &huma.RequestBody{Required: true, Description: said, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
}
