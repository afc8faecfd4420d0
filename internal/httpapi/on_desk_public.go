package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

const (
	// maxPublicForm is the largest form that anybody may hand in, in bytes.
	maxPublicForm = 64 << 20
	// maxParts is how many parts a form of a case may have.
	maxParts = 100
)

// caseRoutes are how cases come in and how whoever brought one follows it: by code and PIN, or for an account.
func caseRoutes() []route {
	return []route{
		{post, "/v1/cases", "open-case", staff.DeskSubmit, "desk", 0, 201, do((*server).openCase), "Bring a case for an account, or one that came by telephone or letter", upload},
		{post, "/v1/cases:own", "own-cases", staff.DeskSubmit, "desk", small, 200, do((*server).ownCases), "List the cases that an account brought", 0},
		{post, "/v1/cases:look", "look-at-own-case", staff.DeskSubmit, "desk", small, 200, do((*server).lookAtOwn), "Show an account its case, or a decided one about it", 0},
		{post, "/v1/cases:answer", "answer-own-case", staff.DeskSubmit, "desk", 0, 200, do((*server).answerOwn), "Write to the desk for an account, and add files", upload},
		{post, "/v1/cases:withdraw", "withdraw-own-case", staff.DeskSubmit, "desk", small, 200, once((*server).withdrawOwn), "Take a case of an account back", 0},
		{post, "/v1/cases:appeal", "appeal-own-case", staff.DeskSubmit, "desk", small, 201, once((*server).appealOwn), "Appeal for an account against the decision of a case", 0},

		{post, "/v1/public/cases", "submit-case", "", "desk", 0, 201, do((*server).submitCase), "Complain, report or ask for a right; for everybody", upload},
		{post, "/v1/public/cases:look", "look-at-case", "", "desk", small, 200, do((*server).lookAtCase), "Show a case to whoever has its code and PIN", 0},
		{post, "/v1/public/cases:answer", "answer-case", "", "desk", 0, 200, do((*server).answerCase), "Write to the desk, and add files", upload},
		{post, "/v1/public/cases:withdraw", "withdraw-case", "", "desk", small, 200, do((*server).withdrawCase), "Take a case back", 0},
		{post, "/v1/public/cases:appeal", "appeal-case", "", "desk", small, 201, do((*server).appealCase), "Appeal against the decision of a case", 0},
		{get, "/v1/public/limits", "public-limits", "", "desk", 0, 200, do((*server).publicLimits), "The time limits that the desk keeps to", 0},
		{get, "/v1/public/figures", "public-figures", "", "desk", 0, 200, do((*server).publicFigures), "What the desk did in a month, and how that is counted", 0},
	}
}

// CaseReceipt is what whoever brings a case gets.
type CaseReceipt struct {
	ID       string      `json:"id" doc:"Identifier."`
	Kind     desk.Kind   `json:"kind" enum:"complaint,report,appeal,rights,likeness,rumour,fraud,label,authority,unlabelled" doc:"What it is."`
	State    desk.State  `json:"state" enum:"received,acknowledged,taken,waiting,decided,closed,withdrawn,duplicate" doc:"Where it is."`
	Code     string      `json:"code,omitempty" doc:"Code by which it is found again; absent where the same was sent before." example:"7K3QX-8MW2P"`
	PIN      string      `json:"pin,omitempty" doc:"PIN that goes with the code. Both are shown this once."`
	Received time.Time   `json:"received" doc:"When it came in."`
	Sought   desk.Sought `json:"sought" enum:"found,none,unknown,not" doc:"Whether the content was found here. Unknown: it could not be told; not: there was nothing to look with."`
	Files    []CaseFile  `json:"files" nullable:"false" doc:"The files that came with it."`
}

func receipt(o desk.Opened) CaseReceipt {
	return CaseReceipt{o.ID, o.Kind, o.State, desk.ShowCode(o.Code), o.PIN, o.Clock.Start, o.Sought, viewFiles(o.Files)}
}

type receiptOutput struct {
	Replayed
	Body CaseReceipt
}

// withoutSecret keeps code and PIN out of what is kept for an idempotency key.
func (o *receiptOutput) withoutSecret() receiptOutput {
	kept := *o
	kept.Body.Code, kept.Body.PIN = "", ""
	return kept
}

// bounded ends a body that is too large.
type bounded struct {
	from io.Reader
	left int64
	most int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &http.MaxBytesError{Limit: b.most}
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, &http.MaxBytesError{Limit: b.most}
	}
	return n, err
}

// partsOf reads a form of at most so many bytes: fields by their names, and files under the name file, each of which keep reads.
func partsOf(in *Upload, most int64, fields []string, keep func(file *multipart.Part) error) (url.Values, error) {
	kind, params, err := mime.ParseMediaType(in.Type)
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, refuse(colophon.Unsupported, CodeContentType)
	}
	form := multipart.NewReader(&bounded{in.body, most, most}, params["boundary"])
	values := url.Values{}
	for n := 0; ; n++ {
		part, err := form.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return values, nil
		case err != nil:
			return nil, unread(err)
		case n == maxParts:
			return nil, refuse(colophon.Invalid, CodeForm)
		}
		if part.FormName() == "file" {
			if part.FileName() == "" { // a browser's field that was left empty
				continue
			}
			if err := keep(part); err != nil {
				return nil, unreadPart(err)
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, small+1))
		if err != nil {
			return nil, unread(err)
		}
		if len(text) > small || !slices.Contains(fields, part.FormName()) {
			return nil, refuse(colophon.Invalid, CodeForm)
		}
		if value := strings.TrimSpace(string(text)); value != "" {
			values.Add(part.FormName(), value)
		}
	}
}

// caseForm reads a form of a case: fields, and files.
func (s *server) caseForm(ctx context.Context, in *Upload, fields []string) (url.Values, []desk.File, error) {
	most := s.MaxUpload + framing
	if askerOf(ctx).by.ID == "" {
		most = min(most, maxPublicForm)
	}
	var files []desk.File
	values, err := partsOf(in, most, fields, func(part *multipart.Part) error {
		file, err := s.CaseFiles.Keep(ctx, part.FileName(), part)
		files = append(files, file)
		return err
	})
	return values, files, err
}

// unreadPart is the error for a file that could not be taken: that of the form where the form ended too early.
func unreadPart(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &tooLarge) {
		return unread(err)
	}
	return err
}

// draftFields are the fields of a form that brings a case.
func draftFields() []string {
	return []string{"kind", "party", "right", "ground", "language", "number", "function", "model", "measure", "judgement", "held", "consent", "refutation", "name", "contact", "text"}
}

// caseDraft reads what somebody comes with.
func caseDraft(v url.Values, files []desk.File) desk.Draft {
	n := desk.Draft{Kind: desk.Kind(v.Get("kind")), Party: desk.Party(v.Get("party")), Right: desk.Right(v.Get("right")), Language: v.Get("language"), Name: v.Get("name"), Contact: v.Get("contact"), Text: v.Get("text"), Files: files,
		About: desk.About{Numbers: v["number"], Function: v.Get("function"), Model: v.Get("model"), Measure: v.Get("measure"), Judgement: v.Get("judgement"), Held: v.Get("held"), Consent: v.Get("consent"), Refutation: v.Get("refutation")}}
	for _, g := range v["ground"] {
		n.Grounds = append(n.Grounds, colophon.Code(g))
	}
	return n
}

// spoken is the language of a case: the one that was named, and else the one that answers are asked for in.
func spoken(ctx context.Context, named string) string {
	if named != "" {
		return named
	}
	tags, _, err := language.ParseAcceptLanguage(askerOf(ctx).language)
	if err == nil {
		for _, tag := range tags {
			if l, ok := locale.Parse(tag.String()); ok {
				return string(l)
			}
		}
	}
	return string(locale.Chinese)
}

type caseFormInput struct {
	Keyed
	Upload
}

// sameAgain is by what the same submission is known again.
func (in *caseFormInput) sameAgain(ctx context.Context) string {
	if in.Key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(askerOf(ctx).by.ID + "\x00" + in.Key))
	return hex.EncodeToString(sum[:])
}

// outsider is who acts for somebody who is no member of the staff.
func outsider() ledger.By { return ledger.By{Role: "user"} }

// guess counts what a source asks of the desk: nobody goes through codes, and nobody buries it.
func (s *server) guess(ctx context.Context) error {
	return s.Roster.Guess(ctx, staff.Attempt{Source: askerOf(ctx).by.Source.Addr()})
}

func (s *server) submitCase(ctx context.Context, in *caseFormInput) (*receiptOutput, error) {
	if err := s.guess(ctx); err != nil {
		return nil, err
	}
	v, files, err := s.caseForm(ctx, &in.Upload, draftFields())
	if err != nil {
		return nil, err
	}
	n := caseDraft(v, files)
	n.Source, n.Language, n.Once = desk.FromWeb, spoken(ctx, n.Language), in.sameAgain(ctx)
	if n.Party == "" {
		n.Party = desk.PartyPublic
	}
	o, err := s.Desk.Open(ctx, outsider(), n)
	return &receiptOutput{Body: receipt(o)}, err
}

// openCase takes in what an application brings for an account, or what came to a person of the staff.
func (s *server) openCase(ctx context.Context, in *caseFormInput) (*receiptOutput, error) {
	v, files, err := s.caseForm(ctx, &in.Upload, append(draftFields(), "account", "subject"))
	if err != nil {
		return nil, err
	}
	n := caseDraft(v, files)
	n.Source, n.Language, n.Once = desk.FromStaff, spoken(ctx, n.Language), in.sameAgain(ctx)
	if askerOf(ctx).key != nil {
		n.Source = desk.FromAPI
	}
	if v.Has("account") || v.Has("subject") || n.Source == desk.FromAPI {
		if n.Account, err = s.whose(ctx, Whose{v.Get("account"), evidence.Subject(v.Get("subject"))}); err != nil {
			return nil, err
		}
	}
	switch {
	case n.Party == "" && n.Account != "":
		n.Party = desk.PartyUser
	case n.Party == "":
		n.Party = desk.PartyPublic
	}
	o, err := s.Desk.Open(ctx, ledgerBy(ctx), n)
	return &receiptOutput{Body: receipt(o)}, err
}

// Opening is what opens a case to whoever brought it.
type Opening struct {
	Code string `json:"code" minLength:"1" maxLength:"64" doc:"Code of the case, as the receipt has it."`
	PIN  string `json:"pin" minLength:"1" maxLength:"64" doc:"PIN of the case."`
}

func (s *server) opening(ctx context.Context, o Opening) (desk.Access, error) {
	return desk.Access{Code: o.Code, PIN: o.PIN}, s.guess(ctx)
}

// OwnOpening names a case of an account.
type OwnOpening struct {
	Whose
	ID string `json:"id" minLength:"1" maxLength:"64" doc:"The case."`
}

func (s *server) ownOpening(ctx context.Context, o OwnOpening) (desk.Access, error) {
	account, err := s.whose(ctx, o.Whose)
	return desk.Access{ID: o.ID, Account: account}, err
}

type ownCaseOutput struct {
	Replayed
	Body OwnCase
}

// withoutSecret keeps what people wrote out of what is kept for an idempotency key, which no erasure would reach.
func (o *ownCaseOutput) withoutSecret() ownCaseOutput {
	v := o.Body
	return ownCaseOutput{Body: OwnCase{ID: v.ID, Kind: v.Kind, Side: v.Side, State: v.State, Received: v.Received, Limits: v.Limits, Outcome: v.Outcome, Messages: []CaseMessage{}, Files: []CaseFile{}, Kept: v.Kept}}
}

func shownOwn(v desk.View, err error) (*ownCaseOutput, error) {
	if err != nil {
		return nil, err
	}
	return &ownCaseOutput{Body: viewOwn(v)}, nil
}

type lookAtCaseInput struct{ Body Opening }

func (s *server) lookAtCase(ctx context.Context, in *lookAtCaseInput) (*ownCaseOutput, error) {
	a, err := s.opening(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out, err := shownOwn(s.Desk.Look(ctx, a))
	return s.withPackages(ctx, out, err)
}

type lookAtOwnInput struct{ Body OwnOpening }

func (s *server) lookAtOwn(ctx context.Context, in *lookAtOwnInput) (*ownCaseOutput, error) {
	a, err := s.ownOpening(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	out, err := shownOwn(s.Desk.Look(ctx, a))
	return s.withPackages(ctx, out, err)
}

type withdrawCaseInput struct{ Body Opening }

func (s *server) withdrawCase(ctx context.Context, in *withdrawCaseInput) (*ownCaseOutput, error) {
	a, err := s.opening(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return shownOwn(s.Desk.Withdraw(ctx, outsider(), a))
}

type withdrawOwnInput struct {
	Keyed
	Body OwnOpening
}

func (s *server) withdrawOwn(ctx context.Context, in *withdrawOwnInput) (*ownCaseOutput, error) {
	a, err := s.ownOpening(ctx, in.Body)
	if err != nil {
		return nil, err
	}
	return shownOwn(s.Desk.Withdraw(ctx, ledgerBy(ctx), a))
}

type answerInput struct{ Upload }

func (s *server) answerCase(ctx context.Context, in *answerInput) (*ownCaseOutput, error) {
	if err := s.guess(ctx); err != nil {
		return nil, err
	}
	v, files, err := s.caseForm(ctx, &in.Upload, []string{"code", "pin", "text"})
	if err != nil {
		return nil, err
	}
	return shownOwn(s.Desk.Answer(ctx, outsider(), desk.Access{Code: v.Get("code"), PIN: v.Get("pin")}, v.Get("text"), files))
}

func (s *server) answerOwn(ctx context.Context, in *answerInput) (*ownCaseOutput, error) {
	v, files, err := s.caseForm(ctx, &in.Upload, []string{"account", "subject", "id", "text"})
	if err != nil {
		return nil, err
	}
	a, err := s.ownOpening(ctx, OwnOpening{Whose{v.Get("account"), evidence.Subject(v.Get("subject"))}, v.Get("id")})
	if err != nil {
		return nil, err
	}
	return shownOwn(s.Desk.Answer(ctx, ledgerBy(ctx), a, v.Get("text"), files))
}

// AppealText is what somebody says against a decision.
type AppealText struct {
	Text     string `json:"text" minLength:"1" maxLength:"20000" doc:"Why the decision is wrong, at most 5000 signs. It is sealed."`
	Contact  string `json:"contact,omitempty" maxLength:"256" doc:"Contact."`
	Language string `json:"language,omitempty" enum:"zh,en" doc:"Language to be answered in; by itself that of the request."`
}

func (s *server) appeal(ctx context.Context, by ledger.By, source desk.Source, a desk.Access, t AppealText) (*receiptOutput, error) {
	o, err := s.Desk.Appeal(ctx, by, a, desk.Draft{Source: source, Language: spoken(ctx, t.Language), Contact: t.Contact, Text: t.Text})
	return &receiptOutput{Body: receipt(o)}, err
}

type appealCaseInput struct {
	Body struct {
		Opening
		AppealText
	}
}

func (s *server) appealCase(ctx context.Context, in *appealCaseInput) (*receiptOutput, error) {
	a, err := s.opening(ctx, in.Body.Opening)
	if err != nil {
		return nil, err
	}
	return s.appeal(ctx, outsider(), desk.FromWeb, a, in.Body.AppealText)
}

type appealOwnInput struct {
	Keyed
	Body struct {
		OwnOpening
		AppealText
	}
}

func (s *server) appealOwn(ctx context.Context, in *appealOwnInput) (*receiptOutput, error) {
	a, err := s.ownOpening(ctx, in.Body.OwnOpening)
	if err != nil {
		return nil, err
	}
	return s.appeal(ctx, ledgerBy(ctx), desk.FromAPI, a, in.Body.AppealText)
}

type ownCasesInput struct {
	Body struct {
		Whose
		Cursor string `json:"cursor,omitempty" maxLength:"1024" doc:"next of the page before."`
		Limit  int    `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"The most that one page holds; 0 for 100."`
	}
}

type ownCasesOutput struct {
	Body struct {
		Cases []OwnCase `json:"cases" nullable:"false" doc:"The newest first."`
		Next  string    `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) ownCases(ctx context.Context, in *ownCasesInput) (*ownCasesOutput, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	limit := in.Body.Limit
	if limit == 0 {
		limit = 100
	}
	list, next, err := s.Desk.Mine(ctx, account, in.Body.Cursor, limit)
	out := &ownCasesOutput{}
	out.Body.Cases, out.Body.Next = []OwnCase{}, next
	for _, v := range list {
		out.Body.Cases = append(out.Body.Cases, viewOwn(v))
	}
	return out, err
}
