package httpapi

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/register/filing"
	"github.com/colophon-project/colophon/staff"
)

// maxFilingForm is the largest form with a file of a filing, in bytes.
const maxFilingForm = 32 << 20

type filingUpload struct {
	Keyed
	Named
	Upload
}

// filingBody describes the form of an upload about a filing.
func filingBody(id string) *huma.RequestBody {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: huma.TypeString, Description: doc} }
	fields := map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "The file: a picture or PDF."}}
	if id == "submit-filing" {
		fields["reference"], fields["at"] = text("What the authority's system gave."), text("When it was handed in, as RFC 3339 writes times.")
	} else {
		fields["kind"] = &huma.Schema{Type: huma.TypeString, Description: "What it is.", Enum: []any{"commitment", "responsibility", "report", "public", "screenshot", "licence", "contract", "label", "other"}}
		fields["title"], fields["place"], fields["caption"] = text("Name of the annex."), text("Where a picture is shown: a section of the report, or a list of the label materials."), text("What the picture shows there.")
	}
	return &huma.RequestBody{Required: true, Description: "A form: the fields, then the file.",
		Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Properties: fields, Required: []string{"file"}}}}}
}

// filingFormOf reads a form with one file.
func (s *server) filingFormOf(ctx context.Context, in *Upload, fields ...string) (url.Values, filing.Keyed, error) {
	values, files, err := formOf(s, in, maxFilingForm, func(part *multipart.Part) (filing.Keyed, error) { return s.FilingDesk.Keep(ctx, part) }, fields...)
	if err != nil {
		return nil, filing.Keyed{}, err
	}
	if len(files) != 1 {
		return nil, filing.Keyed{}, refuse(colophon.Invalid, CodeForm)
	}
	return values, files[0], nil
}

func (s *server) filingAttach(ctx context.Context, in *filingUpload) (*kitOutput, error) {
	return formOnce(s, ctx, "attach-to-filing", in.Key, in, func() (*kitOutput, error) {
		v, file, err := s.filingFormOf(ctx, &in.Upload, "kind", "title", "place", "caption")
		if err != nil {
			return nil, err
		}
		d, err := s.Filings.Attach(ctx, ledgerBy(ctx), in.ID, filing.Attachment{Keyed: file, Kind: v.Get("kind"), Name: v.Get("title"), Place: v.Get("place"), Caption: v.Get("caption")})
		return s.shownFiling(ctx, d, err)
	})
}

func (s *server) filingSubmit(ctx context.Context, in *filingUpload) (*kitOutput, error) {
	return formOnce(s, ctx, "submit-filing", in.Key, in, func() (*kitOutput, error) {
		v, file, err := s.filingFormOf(ctx, &in.Upload, "reference", "at")
		if err != nil {
			return nil, err
		}
		at, _, err := handedIn(v)
		if err != nil {
			return nil, err
		}
		d, err := s.Filings.Submit(ctx, ledgerBy(ctx), in.ID, filing.Submission{Reference: v.Get("reference"), Proof: file.SHA256, At: at}, file)
		return s.shownFiling(ctx, d, err)
	})
}

type filingDetachInput struct {
	Keyed
	Named
	Body struct {
		SHA256 string `json:"sha256" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits" doc:"SHA-256 of the file."`
	}
}

func (s *server) filingDetach(ctx context.Context, in *filingDetachInput) (*kitOutput, error) {
	d, err := s.Filings.Detach(ctx, ledgerBy(ctx), in.ID, in.Body.SHA256)
	return s.shownFiling(ctx, d, err)
}

type kitFileInput struct {
	Named
	SHA256 string `path:"sha256" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits" doc:"SHA-256 of the file, in hexadecimal."`
}

// kitFile hands out a file as a download: a licence names people, so a record says who read it.
func (s *server) kitFile(ctx context.Context, in *kitFileInput) (*stream, error) {
	file, err := s.Filings.File(ctx, in.ID, in.SHA256)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.Filings.People(ctx, ledgerBy(ctx), in.ID); err != nil {
		return nil, err
	}
	return s.attached(file.Type, func(ctx context.Context) (io.ReadCloser, error) { return s.FilingDesk.Open(ctx, file) }), nil
}

// FilingDocument is a document that a kit makes.
type FilingDocument struct {
	ID      string `json:"id" doc:"Identifier."`
	Title   string `json:"title" doc:"Title, in Chinese."`
	Unknown int    `json:"unknown" doc:"How much in it is not known yet."`
}

type filingDocumentsOutput struct {
	Body struct {
		Documents []FilingDocument `json:"documents" nullable:"false" doc:"In the order of the form."`
	}
}

func (s *server) filingDocuments(ctx context.Context, in *Named) (*filingDocumentsOutput, error) {
	d, err := s.Filings.Filing(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := filing.Documents(d.Kit, nil)
	out := &filingDocumentsOutput{}
	for _, doc := range list {
		v := FilingDocument{ID: doc.ID, Title: doc.Title}
		for _, n := range doc.Nodes {
			v.Unknown += n.Unknown
		}
		out.Body.Documents = append(out.Body.Documents, v)
	}
	return out, err
}

type filingPackageInput struct {
	Named
	People bool `query:"people" doc:"With the people whom it names. You must be allowed to read them, and a record says that you did."`
}

type filingDocumentInput struct {
	Named
	Document string `path:"document" maxLength:"64" doc:"Document, as filing-documents lists it." example:"report"`
	Format   string `query:"format" enum:"docx,pdf,html" default:"docx" doc:"Form."`
	People   bool   `query:"people" doc:"With the people whom it names. You must be allowed to read them, and a record says that you did."`
}

// forDrawing is a filing with its people, where they are asked for.
func (s *server) forDrawing(ctx context.Context, id string, with bool) (filing.Draft, *filing.People, error) {
	d, err := s.Filings.Filing(ctx, id)
	if err != nil || !with {
		return d, nil, err
	}
	if err := askerOf(ctx).mayOfAll(staff.FilingPeople); err != nil {
		return d, nil, err
	}
	p, kept, err := s.Filings.People(ctx, ledgerBy(ctx), id)
	if err != nil || !kept {
		return d, nil, err
	}
	return d, &p, nil
}

// filingFormats are the forms of a document with their media types.
func filingFormats(format string) (f media.Format, kind string) {
	switch format {
	case "pdf":
		return media.PDF, "application/pdf"
	case "html":
		return media.HTML, "text/html; charset=utf-8"
	}
	return media.DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
}

func (s *server) filingDocument(ctx context.Context, in *filingDocumentInput) (*stream, error) {
	d, people, err := s.forDrawing(ctx, in.ID, in.People)
	if err != nil {
		return nil, err
	}
	format, kind := filingFormats(in.Format)
	content, err := s.FilingDesk.Draw(ctx, d, people, in.Document, format)
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d-%s.%s"`, d.Function, d.Part, in.Document, format))
		copyOut(w, bytes.NewReader(content))
	}), nil
}

// packaged hands over what goes into the ZIP of a filing but for the annexes, one after the other as it is drawn.
func (s *server) packaged(ctx context.Context, d filing.Draft, people *filing.People, put func(name string, from io.Reader) error) error {
	documents, err := filing.Documents(d.Kit, people)
	if err != nil {
		return err
	}
	for i, doc := range documents {
		for _, format := range []media.Format{media.DOCX, media.PDF} {
			content, err := s.FilingDesk.Draw(ctx, d, people, doc.ID, format)
			if err == nil {
				err = put(fmt.Sprintf("%d-%s.%s", i+1, doc.Title, format), bytes.NewReader(content))
			}
			if err != nil {
				return err
			}
		}
	}
	export, err := d.Export()
	return errors.Join(err, put("kit.json", bytes.NewReader(export)))
}

// filingPackage hands out everything. Annexes go along where people do, since licences and commitments name them; pictures
// of screens stand in the documents.
func (s *server) filingPackage(ctx context.Context, in *filingPackageInput) (*stream, error) {
	d, people, err := s.forDrawing(ctx, in.ID, in.People)
	if err != nil {
		return nil, err
	}
	var annexes []filing.Keyed
	if in.People {
		for _, f := range d.Files {
			one, err := s.Filings.File(ctx, d.ID, f.SHA256)
			if err != nil {
				return nil, err
			}
			annexes = append(annexes, one)
		}
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="filing-%s-%d.zip"`, d.Function, d.Part))
		z := zip.NewWriter(w)
		err := s.zipFiling(r.Context(), z, d, people, annexes)
		if err = errors.Join(err, z.Close()); err != nil { // the answer is broken off
			s.Logger.ErrorContext(r.Context(), "writing a filing", "filing", d.ID, "error", err)
			panic(http.ErrAbortHandler)
		}
	}), nil
}

// zipFiling writes documents, annexes, and a list of their digests.
func (s *server) zipFiling(ctx context.Context, z *zip.Writer, d filing.Draft, people *filing.People, annexes []filing.Keyed) error {
	var sums strings.Builder
	put := func(name string, from io.Reader) error {
		to, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return err
		}
		hash := sha256.New()
		if _, err := io.Copy(io.MultiWriter(to, hash), from); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", hash.Sum(nil), name)
		return nil
	}
	if err := s.packaged(ctx, d, people, put); err != nil {
		return err
	}
	for i, f := range annexes {
		from, err := s.FilingDesk.Open(ctx, f)
		if err != nil {
			return err
		}
		err = errors.Join(put(annexName(d, i, f.File), from), from.Close())
		if err != nil {
			return err
		}
	}
	return put("SHA256SUMS", strings.NewReader(sums.String()))
}

// annexName is the name of an annex in the ZIP. What somebody called it is no path there.
func annexName(d filing.Draft, i int, f filing.File) string {
	name := "receipt"
	if at := slices.IndexFunc(d.Kit.Annexes, func(a filing.Annex) bool { return a.SHA256 == f.SHA256 }); at >= 0 {
		name = d.Kit.Annexes[at].Kind
	}
	_, kind, _ := strings.Cut(f.Type, "/")
	return fmt.Sprintf("annexes/%02d-%s-%s.%s", i+1, name, f.SHA256[:8], strings.TrimPrefix(kind, "x-"))
}
