package httpapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

// Upload is the input of operations whose body is a file.
type Upload struct {
	Name   string `query:"name" maxLength:"255" doc:"File name, for formats that are known by it. It is not kept." example:"answer.md"`
	Type   string `header:"Content-Type" hidden:"true"`
	Digest string `header:"Content-Digest" doc:"Digest of the body (RFC 9530). With sha-256 it is checked before anything is made." example:"sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"`
	Length int64

	body io.Reader
	sum  hash.Hash // of what was read of the body
}

// Resolve takes the body; huma calls it.
func (u *Upload) Resolve(ctx huma.Context) []error {
	r, _ := humago.Unwrap(ctx)
	u.body, u.Length = r.Body, r.ContentLength
	return nil
}

// file is the uploaded file: the body, or the one part of a form. It fails at its end where it is not what was announced.
func (u *Upload) file() (io.Reader, error) {
	wanted, err := announced(u.Digest)
	if err != nil {
		return nil, err
	}
	u.sum = sha256.New()
	body := &incoming{from: u.body, whole: sha256.New(), wanted: wanted}
	kind, params, err := mime.ParseMediaType(u.Type)
	switch {
	case u.Type != "" && err != nil, kind == "application/x-www-form-urlencoded", kind == "multipart/form-data" && params["boundary"] == "":
		return nil, refuse(colophon.Unsupported, CodeContentType)
	case kind != "multipart/form-data":
		return io.TeeReader(body, u.sum), nil
	}
	form := multipart.NewReader(body, params["boundary"])
	part, err := form.NextPart()
	if err != nil {
		return nil, unread(err)
	}
	if part.FileName() == "" {
		return nil, refuse(colophon.Invalid, CodeForm)
	}
	if u.Name == "" {
		u.Name = part.FileName()
	}
	return io.TeeReader(&only{part, form, body}, u.sum), nil
}

// announced is the SHA-256 that a Content-Digest names; nil for none.
func announced(header string) ([]byte, error) {
	for member := range strings.SplitSeq(header, ",") {
		text, ok := strings.CutPrefix(strings.TrimSpace(member), "sha-256=:")
		if !ok {
			continue
		}
		sum, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(text, ":"))
		if err != nil || len(sum) != sha256.Size {
			return nil, refuse(colophon.Invalid, CodeContentDigest)
		}
		return sum, nil
	}
	return nil, nil
}

// incoming is a body as it comes in, held against the digest that was announced.
type incoming struct {
	from   io.Reader
	whole  hash.Hash
	wanted []byte
}

func (u *incoming) Read(b []byte) (int, error) {
	n, err := u.from.Read(b)
	u.whole.Write(b[:n])
	if errors.Is(err, io.EOF) {
		if u.wanted != nil && string(u.whole.Sum(nil)) != string(u.wanted) {
			return n, refuse(colophon.Invalid, CodeContentDigest)
		}
		return n, io.EOF
	}
	if err != nil {
		err = unread(err)
	}
	return n, err
}

// only is the one part of a form. Whatever follows it is an error.
type only struct {
	part *multipart.Part
	form *multipart.Reader
	body io.Reader
}

func (o *only) Read(b []byte) (int, error) {
	n, err := o.part.Read(b)
	switch {
	case err == nil:
		return n, nil
	case !errors.Is(err, io.EOF):
		return n, unread(err)
	}
	if _, err := o.form.NextPart(); !errors.Is(err, io.EOF) {
		if err != nil {
			return n, unread(err)
		}
		return n, refuse(colophon.Invalid, CodeForm)
	}
	if _, err := io.Copy(io.Discard, o.body); err != nil { // what stands after the form counts for the digest
		return n, err
	}
	return n, io.EOF
}

type produceInput struct {
	Keyed
	Upload
	Function   stamp.Function    `query:"function" required:"true" enum:"dialogue,voice,person,scene,other,assist" doc:"What made the content (Deep Synthesis Provisions Art. 17)." example:"person"`
	Account    accountName       `header:"Colophon-Account" required:"true" minLength:"1" maxLength:"768" doc:"Your own identifier of the account that the content was made for: at most 256 bytes of UTF-8, percent-encoded where they are not plain letters, digits and hyphens. It becomes a pseudonym at once and stands in no answer; it does not stand in the address, which others log." example:"user-8731"`
	Use        string            `query:"use" maxLength:"64" doc:"Identifier of the registered function that made the content; its conditions, orders, quotas and required consents then decide." example:"portrait-swap"`
	Model      string            `query:"model" maxLength:"128" doc:"Model that made it, as the register names it."`
	Template   string            `query:"template" maxLength:"128" doc:"Template or tool that was used, for orders that stop one."`
	Purpose    string            `query:"purpose" maxLength:"64" doc:"What the likeness of people is used for, as their consents name it."`
	Scene      string            `query:"scene" maxLength:"64" doc:"Scene that the likeness of people is used in, as their consents name it."`
	Channel    string            `query:"channel" maxLength:"64" doc:"Channel that the content is for, as consents name it."`
	Depicted   int               `query:"depicted" minimum:"0" maximum:"16" doc:"How many people's face or voice is in the content. A function that edits them takes one at least."`
	Consents   []string          `header:"Colophon-Consent" nullable:"false" maxItems:"16" doc:"Tokens of consents, separated by commas: one for each person whose face or voice is in the content. A token is spent for the content number and kept nowhere."`
	Parents    []artefact.Number `query:"parent,explode" nullable:"false" maxItems:"64" doc:"Content number of an item that this one was made from; may be repeated."`
	Corner     notice.Corner     `query:"corner" enum:"top-left,top-right,bottom-left,bottom-right" doc:"Corner of the notice in pictures and video. By itself the one with the least detail."`
	NoticeText string            `query:"notice_text" maxLength:"64" doc:"Words of your own for the notice; they name the means and the act."`
	NoticeLang notice.Language   `query:"notice_lang" enum:"zh,en,both" doc:"Language of the notice, zh by itself. en alone does not keep the standard."`
	At         notice.Where      `query:"at" enum:"start,end,both" doc:"Where the notice stands in sounds and texts."`
	Speech     bool              `query:"speech" doc:"Sound: speech in place of the rhythm."`
	Whole      bool              `query:"whole" doc:"Video: the notice shows the whole time."`
	Return     string            `query:"return" enum:"artefact,content" doc:"content brings the marked bytes in place of the artefact, as an Accept header without JSON does."`
	Prefer     string            `header:"Prefer" doc:"respond-async has a job mark the content." example:"respond-async"`
	Accept     string            `header:"Accept" hidden:"true"`
}

// accountName is the provider's own identifier of an account, as it stands in a header.
type accountName string

// plain returns the identifier. Its errors do not repeat it.
func (a accountName) plain() (string, error) {
	name, err := url.PathUnescape(string(a))
	if err != nil || !utf8.ValidString(name) {
		return "", invalid("header.Colophon-Account", "not valid")
	}
	return name, nil
}

func (in *produceInput) order(account string) production.Order {
	return production.Order{Function: in.Function, Account: account, Parents: in.Parents, Name: in.Name, Notice: notice.Options{
		Text: in.NoticeText, Language: in.NoticeLang, Corner: in.Corner, Where: in.At, Speech: in.Speech, Whole: in.Whole},
		Use: production.Use{Function: in.Use, Model: in.Model, Template: in.Template, Purpose: in.Purpose, Scene: in.Scene, Channel: in.Channel, Depicted: in.Depicted, Consents: in.Consents}}
}

func (in *produceInput) async() bool {
	for preference := range strings.SplitSeq(in.Prefer, ",") {
		if strings.EqualFold(strings.TrimSpace(preference), "respond-async") {
			return true
		}
	}
	return false
}

// wantsBytes reports whether the answer is to be the marked bytes.
func (in *produceInput) wantsBytes() bool {
	if in.Return != "" {
		return in.Return == "content"
	}
	if in.Accept == "" {
		return false
	}
	for kind := range strings.SplitSeq(in.Accept, ",") {
		kind, _, _ = strings.Cut(kind, ";")
		if kind = strings.ToLower(strings.TrimSpace(kind)); kind == "*/*" || kind == "application/*" || strings.HasSuffix(kind, "json") {
			return false
		}
	}
	return true
}

// produce takes what a function produced, and answers with the artefact, with the job that will mark it, or with the
// marked bytes.
func (s *server) produce(ctx context.Context, in *produceInput) (*stream, error) {
	who := askerOf(ctx)
	if err := who.may(staff.ArtefactCreate, string(in.Function)); err != nil {
		return nil, err
	}
	account, err := in.Account.plain()
	if err = cmp.Or(err, who.mayFor(account)); err != nil {
		return nil, err
	}
	request := in.claim()
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	made, replayed, err := keyed(s, ctx, "produce", in.Key, request, func() (*Artefact, error) {
		o := in.order(account)
		if in.Key != "" {
			if o.Number, err = numberOf(who.by.ID, in.Key, request); err != nil {
				return nil, err
			}
		}
		a, err := s.make(ctx, in, o, body)
		if err != nil {
			return nil, err
		}
		v, err := viewArtefact(printer(who.language), a)
		return &v, err
	})
	if err != nil {
		return nil, err
	}
	if replayed {
		if err := in.same(body, made.Before); err != nil {
			return nil, err
		}
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		if replayed {
			w.Header().Set("Idempotency-Replayed", "true")
		}
		s.sendProduced(w, r, in, made)
	}), nil
}

func (s *server) make(ctx context.Context, in *produceInput, o production.Order, body io.Reader) (artefact.Artefact, error) {
	by := askerOf(ctx).by
	if in.async() {
		return s.Line.Accept(ctx, by, o, body)
	}
	return s.Line.Produce(ctx, by, o, body)
}

// numberOf is the content number that belongs to an idempotency key and its request (UUIDv8, RFC 9562): when the process
// dies before the answer is kept, the request that is sent again comes upon its own item.
func numberOf(owner, key string, request any) (artefact.Number, error) {
	text, err := json.Marshal(struct {
		Owner, Key string
		Request    any
	}{owner, key, request})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return artefact.Number(id.String()), nil
}

// claim is the request as its idempotency key stands for it. The boundary of a form differs each time it is sent, so
// nothing of it counts that the boundary changes.
func (in *produceInput) claim() produceInput {
	request := *in
	if kind, _, err := mime.ParseMediaType(in.Type); err == nil && kind == "multipart/form-data" {
		request.Type, request.Length, request.Digest = kind, 0, ""
	}
	return request
}

// same reads the body of a replay and compares it with that of the first request.
func (in *produceInput) same(body io.Reader, before string) error {
	if _, err := io.Copy(io.Discard, body); err != nil {
		return err
	}
	if hex.EncodeToString(in.sum.Sum(nil)) != before {
		return refuse(colophon.Conflict, "idempotency-key-reused")
	}
	return nil
}

func (s *server) sendProduced(w http.ResponseWriter, r *http.Request, in *produceInput, made *Artefact) {
	at := "/v1/artefacts/" + url.PathEscape(string(made.Number))
	h := w.Header()
	switch {
	case made.State == artefact.Held: // a person has to decide first
		h.Set("Location", at)
		writeJSON(w, http.StatusAccepted, made)
	case in.async():
		h.Set("Preference-Applied", "respond-async")
		if made.Job != "" {
			at = "/v1/jobs/" + url.PathEscape(made.Job)
		}
		h.Set("Location", at)
		writeJSON(w, http.StatusAccepted, made)
	case in.wantsBytes():
		content, err := s.Line.Open(r.Context(), askerOf(r.Context()).by, made.Number, artefact.API)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer content.Close()
		describe(h, content.Artefact)
		h.Set("Location", at)
		h.Set("Content-Length", strconv.FormatInt(content.Size(), 10))
		w.WriteHeader(http.StatusCreated)
		if _, err := io.Copy(w, content); err != nil {
			panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
		}
	default:
		h.Set("Location", at)
		writeJSON(w, http.StatusCreated, made)
	}
}

type verifyInput struct{ Upload }

type verifyOutput struct{ Body Verification }

// verify says what the label of a file says and what is known of it here.
func (s *server) verify(ctx context.Context, in *verifyInput) (*verifyOutput, error) {
	who := askerOf(ctx)
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	x, err := s.Line.Examine(ctx, who.by, in.Name, body)
	if err != nil {
		return nil, err
	}
	v, err := viewVerification(printer(who.language), x, func(a artefact.Artefact) bool { return who.may(staff.ArtefactRead, a.Function) == nil })
	return &verifyOutput{v}, err
}
