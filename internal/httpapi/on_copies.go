package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
	"github.com/colophon-project/colophon/stamp"
)

// CopyFiles are the bytes of copies without the notice, and files that may be such copies.
type CopyFiles interface {
	// Open opens a copy for the account that asked, after the delivery was recorded.
	Open(ctx context.Context, by production.By, account evidence.Subject, n artefact.Number) (*production.Content, error)
	// Look reads a file for what a copy is known again by, and says why it can't be compared by its likeness. It keeps nothing.
	Look(ctx context.Context, name string, from io.Reader) (clue copies.Clue, why *colophon.Error, err error)
}

func copyRoutes() []route {
	return []route{
		{post, "/v1/copies:terms", "copy-terms", staff.CopyRequest, "copies", small, 200, do((*server).copyTerms), "What an account has to accept for a copy without the notice, and why it can't have one", 0},
		{post, "/v1/copies", "request-copy", staff.CopyRequest, "copies", small, 201, once((*server).requestCopy), "Ask for a copy without the notice for an account", 0},
		{post, "/v1/copies:own", "own-copies", staff.CopyRequest, "copies", small, 200, do((*server).ownCopies), "List the requests of an account", 0},
		{post, "/v1/copies:look", "look-at-own-copy", staff.CopyRequest, "copies", small, 200, do((*server).lookAtOwnCopy), "Show an account its request, with the receipt", 0},
		{post, "/v1/copies:withdraw", "withdraw-own-copy", staff.CopyRequest, "copies", small, 200, once((*server).withdrawOwnCopy), "Take a request of an account back", 0},
		{post, "/v1/copies:fetch", "fetch-own-copy", staff.CopyRequest, "copies", small, 200, do((*server).fetchOwnCopy), "Hand the copy out to the account; the delivery is recorded first", 0},

		{get, "/v1/copies", "copies", staff.CopyRead, "copies", 0, 200, do((*server).copyList), "List requests for copies without the notice, the newest first", 0},
		{get, "/v1/copies/{id}", "copy", staff.CopyRead, "copies", 0, 200, do((*server).copyOne), "Show a request, without what the account wrote", 0},
		{get, "/v1/copies/{id}/particulars", "read-copy", staff.CopyDecide, "copies", 0, 200, do((*server).readCopy), "Read what the account wrote and was told; a record says that you did", 0},
		{post, "/v1/copies/{id}:decide", "decide-copy", staff.CopyDecide, "copies", small, 200, once((*server).decideCopy), "Grant or refuse a request", 0},
		{post, "/v1/copies:known", "known-copy", staff.CopyRead, "copies", 0, 200, do((*server).knownCopy), "Say as which copies a file was handed out without the notice", upload},
		{get, "/v1/public/copy-receipt-key", "copy-receipt-key", "", "copies", 0, 200, do((*server).copyReceiptKey), "The key that verifies receipts of copies", 0},
	}
}

// CopyDuty is the text of the user's duty of labelling.
type CopyDuty struct {
	ZH     string `json:"zh" doc:"In Chinese."`
	EN     string `json:"en" doc:"In English."`
	Digest string `json:"digest,omitempty" doc:"SHA-256 by which it is accepted, in hexadecimal."`
}

// CopyItem names an item of an account.
type CopyItem struct {
	Whose
	Number artefact.Number `json:"number" minLength:"1" maxLength:"128" doc:"Content number of the item."`
}

type copyTermsInput struct{ Body CopyItem }

type copyTermsOutput struct {
	Body struct {
		May       bool       `json:"may" doc:"The account may ask."`
		Why       *Sentence  `json:"why,omitempty" doc:"Why it may not."`
		Agreement string     `json:"agreement,omitempty" doc:"Version of the service agreement to name in the request: the one that the account accepted, or else the one in force, which it has to accept first."`
		Accepted  bool       `json:"accepted" doc:"The account accepted it."`
		Duty      CopyDuty   `json:"duty" doc:"Duty to accept."`
		Months    int        `json:"months" doc:"For how many months the log is kept at least."`
		Purposes  []CopyWord `json:"purposes" nullable:"false" doc:"What a copy may be for."`
		To        []CopyWord `json:"recipients" nullable:"false" doc:"Who may get it in the end."`
	}
}

// CopyWord is a word of a request, as a sentence says it in both languages.
type CopyWord struct {
	Code colophon.Code `json:"code" doc:"The word."`
	ZH   string        `json:"zh" doc:"In Chinese."`
	EN   string        `json:"en" doc:"In English."`
}

func copyWords(list []colophon.Code) []CopyWord {
	out := []CopyWord{}
	for _, code := range list {
		out = append(out, CopyWord{code, catalogues()[locale.Chinese].Code(code, nil), catalogues()[locale.English].Code(code, nil)})
	}
	return out
}

func (s *server) copyTerms(ctx context.Context, in *copyTermsInput) (*copyTermsOutput, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	o, err := s.Copies.Offer(ctx, account, in.Body.Number)
	if err != nil {
		return nil, err
	}
	out := &copyTermsOutput{}
	b := &out.Body
	b.May, b.Agreement, b.Accepted, b.Months = o.Refusal == "", o.Agreement, o.Agreement != "", o.Months
	b.Duty, b.Purposes, b.To = CopyDuty{o.Duty.ZH, o.Duty.EN, o.Digest}, copyWords(copies.Purposes()), copyWords(copies.Recipients())
	if !b.May {
		b.Why = sentence(printer(askerOf(ctx).language), o.Refusal, nil)
	}
	if b.Accepted {
		return out, nil
	}
	current, err := s.Agreements.Current(ctx)
	for _, e := range current {
		if e.Value.Kind == agreement.Terms && e.Value.Audience == agreement.Users {
			b.Agreement = e.ID
		}
	}
	return out, err
}

// CopyDecision says who or what decided.
type CopyDecision struct {
	By     string        `json:"by" enum:"rule,person,system" doc:"Who decided. System: what was granted could not be handed out after all."`
	Role   evidence.Role `json:"role,omitempty" doc:"In which role; for the staff."`
	Staff  string        `json:"staff,omitempty" doc:"Staff account; for the staff."`
	Rule   string        `json:"rule,omitempty" doc:"By which rule."`
	Rules  string        `json:"rules,omitempty" doc:"Digest of the rules."`
	Reason *Sentence     `json:"reason,omitempty" doc:"Why it was refused."`
	At     time.Time     `json:"at" doc:"When."`
}

// CopyHanding says what was handed out.
type CopyHanding struct {
	At        time.Time       `json:"at" doc:"When."`
	Until     time.Time       `json:"until" doc:"Until when at least the log of it is kept."`
	Number    artefact.Number `json:"number" doc:"Content number of the copy, which stands in its implicit label."`
	Size      int64           `json:"size" doc:"Bytes."`
	Type      string          `json:"type" doc:"Media type."`
	Unlikened colophon.Code   `json:"unlikened,omitempty" doc:"Why it can't be known again by its likeness."`
	Receipt   string          `json:"receipt" doc:"SHA-256 of the receipt, in hexadecimal."`
}

// Copy is a request for a copy without the notice, and what came of it.
type Copy struct {
	ID        string           `json:"id" doc:"Identifier, and number of the receipt."`
	Subject   evidence.Subject `json:"subject" doc:"Pseudonym of the account."`
	State     copies.State     `json:"state" enum:"requested,granted,handed,refused,withdrawn" doc:"Where it is."`
	Made      time.Time        `json:"made" doc:"When it was asked for."`
	Number    artefact.Number  `json:"number" doc:"Content number of the item."`
	Class     stamp.Function   `json:"class" enum:"dialogue,voice,person,scene,other,assist" doc:"Class of the function that made it (Deep Synthesis Provisions Art. 17)."`
	Agreement string           `json:"agreement" doc:"Version of the agreement that was accepted."`
	Duty      string           `json:"duty" doc:"Digest of the duty that was accepted."`
	Purpose   Sentence         `json:"purpose" doc:"What it is for."`
	Recipient Sentence         `json:"recipient" doc:"Who gets it in the end."`
	Case      string           `json:"case,omitempty" doc:"Case of the desk by which it came."`
	Asker     string           `json:"asker,omitempty" doc:"Staff account that asked for the account; for the staff."`
	Decision  *CopyDecision    `json:"decision,omitempty" doc:"What was decided."`
	Handing   *CopyHanding     `json:"handing,omitempty" doc:"What was handed out."`
	Cause     *Sentence        `json:"cause,omitempty" doc:"What made it impossible."`
	Ended     *time.Time       `json:"ended,omitempty" doc:"When the period of the log was over and what was sealed was taken away."`
	Kept      ledger.Kept      `json:"kept" enum:"whole,restricted,erased,none" doc:"Whether what is sealed can be read."`
}

func viewCopy(ctx context.Context, c copies.Copy) Copy {
	say := printer(askerOf(ctx).language)
	v := Copy{ID: c.ID, Subject: c.Subject, State: c.State, Made: c.Made, Number: c.Number, Class: c.Class, Agreement: c.Agreement, Duty: c.Duty, Purpose: *sentence(say, c.Purpose, nil), Recipient: *sentence(say, c.Recipient, nil), Case: c.Case,
		Asker: c.Asker, Cause: sentence(say, c.Cause, nil), Ended: set(c.Ended), Kept: c.Kept}
	if d := c.Decision; d != nil {
		v.Decision = &CopyDecision{By: "person", Rule: d.Rule, Rules: d.Rules, Reason: sentence(say, d.Reason, nil), At: d.At}
		switch {
		case d.Rule != "":
			v.Decision.By = "rule"
		case d.By.ID == "" && d.By.Role == "system":
			v.Decision.By = "system"
		case d.By.ID != "":
			v.Decision.Role, v.Decision.Staff = d.By.Role, d.By.ID
		}
	}
	if h := c.Handing; h != nil {
		v.Handing = &CopyHanding{h.At, h.Until, h.Number, h.Size, h.Type, h.Unlikened, h.Receipt}
	}
	return v
}

// CopyParticulars are what is sealed in a request.
type CopyParticulars struct {
	Words   string   `json:"words,omitempty" doc:"What the account wrote."`
	Note    string   `json:"note,omitempty" doc:"What it was told."`
	Duty    CopyDuty `json:"duty_text" doc:"Duty as it was accepted."`
	Receipt string   `json:"receipt_text,omitempty" doc:"The receipt: a signed note."`
}

func viewCopyParticulars(p copies.Particulars) CopyParticulars {
	v := CopyParticulars{p.Words, p.Note, CopyDuty{ZH: p.Duty.ZH, EN: p.Duty.EN}, p.Receipt}
	if p.Duty != (copies.Duty{}) {
		v.Duty.Digest = p.Duty.Digest()
	}
	return v
}

// OwnCopy is a request as the account sees it.
type OwnCopy struct {
	Copy
	CopyParticulars
}

type copyOutput struct {
	Replayed
	Body Copy
}

type ownCopyOutput struct {
	Replayed
	Body OwnCopy
}

// withoutSecret keeps what is sealed out of what is kept for an idempotency key, which no erasure would reach.
func (o *ownCopyOutput) withoutSecret() ownCopyOutput {
	kept := *o
	kept.Body.CopyParticulars = CopyParticulars{}
	return kept
}

func (s *server) ownCopy(ctx context.Context, account evidence.Subject, id string) (*ownCopyOutput, error) {
	c, p, err := s.Copies.Own(ctx, account, id)
	if err != nil {
		return nil, err
	}
	return &ownCopyOutput{Body: OwnCopy{viewCopy(ctx, c), viewCopyParticulars(p)}}, nil
}

// handCopy makes a copy that was granted, and tells what came of it. What may pass is left to a job.
func (s *server) handCopy(ctx context.Context, c copies.Copy) copies.Copy {
	if c.State != copies.Granted {
		return c
	}
	late := context.WithoutCancel(ctx)
	_, err := s.Copies.Hand(late, ledger.By{Role: "system"}, c.ID)
	var e *colophon.Error
	if err != nil && !(errors.As(err, &e) && e.Kind != colophon.Internal) { // which the request says
		s.Logger.ErrorContext(ctx, "making a copy", "copy", c.ID, "error", err)
	}
	if now, err := s.Copies.Copy(late, c.ID); err == nil {
		return now
	}
	return c
}

type requestCopyInput struct {
	Keyed
	Body struct {
		CopyItem
		Agreement string        `json:"agreement" minLength:"1" maxLength:"128" doc:"Version of the service agreement that the account accepted."`
		Duty      string        `json:"duty" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]+$" patternDescription:"hexadecimal digits" doc:"Digest of the duty that was shown and accepted."`
		Purpose   colophon.Code `json:"purpose" enum:"copy-purpose-editing,copy-purpose-broadcast,copy-purpose-research,copy-purpose-archive,copy-purpose-proof,copy-purpose-other" doc:"What it is for."`
		Recipient colophon.Code `json:"recipient" enum:"copy-recipient-own,copy-recipient-organisation,copy-recipient-platform,copy-recipient-authority,copy-recipient-public" doc:"Who gets it in the end."`
		Words     string        `json:"words,omitempty" maxLength:"8000" doc:"What it is for, in the account's words, at most 2000 signs. It is sealed."`
		Case      string        `json:"case,omitempty" maxLength:"64" doc:"Case of the desk by which it came."`
	}
}

func (s *server) requestCopy(ctx context.Context, in *requestCopyInput) (*ownCopyOutput, error) {
	b := in.Body
	account, err := s.whose(ctx, b.Whose)
	if err != nil {
		return nil, err
	}
	c, err := s.Copies.Request(ctx, ledgerBy(ctx), copies.Draft{Account: account, Number: b.Number, Agreement: b.Agreement, Duty: b.Duty, Purpose: b.Purpose, Recipient: b.Recipient, Words: b.Words, Case: b.Case})
	if err != nil {
		return nil, err
	}
	return s.ownCopy(ctx, account, s.handCopy(ctx, c).ID)
}

type ownCopiesOutput struct {
	Body struct {
		Copies []Copy `json:"copies" nullable:"false" doc:"The newest first."`
		Next   string `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
	}
}

func (s *server) ownCopies(ctx context.Context, in *ownCasesInput) (*ownCopiesOutput, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	list, next, err := s.Copies.Copies(ctx, copies.Filter{Account: account, After: in.Body.Cursor, Limit: in.Body.Limit})
	out := &ownCopiesOutput{}
	out.Body.Copies, out.Body.Next = []Copy{}, next
	for _, c := range list {
		v := viewCopy(ctx, c)
		v.Asker = ""
		if v.Decision != nil {
			v.Decision.Role, v.Decision.Staff = "", ""
		}
		out.Body.Copies = append(out.Body.Copies, v)
	}
	return out, err
}

func (s *server) lookAtOwnCopy(ctx context.Context, in *lookAtOwnInput) (*ownCopyOutput, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	return s.ownCopy(ctx, account, in.Body.ID)
}

func (s *server) withdrawOwnCopy(ctx context.Context, in *withdrawOwnInput) (*ownCopyOutput, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	if _, err = s.Copies.Withdraw(ctx, ledgerBy(ctx), account, in.Body.ID); err != nil {
		return nil, err
	}
	return s.ownCopy(ctx, account, in.Body.ID)
}

// fetchOwnCopy hands out the bytes. Nobody has them before the receipt was signed.
func (s *server) fetchOwnCopy(ctx context.Context, in *lookAtOwnInput) (*stream, error) {
	account, err := s.whose(ctx, in.Body.Whose)
	if err != nil {
		return nil, err
	}
	c, _, err := s.Copies.Own(ctx, account, in.Body.ID)
	if err == nil && (c.State != copies.Handed || c.Handing == nil) {
		err = &colophon.Error{Kind: colophon.Conflict, Code: copies.CodeStep, Args: colophon.Args{"from": string(c.State), "to": string(copies.Handed)}}
	}
	if err != nil {
		return nil, err
	}
	by := askerOf(ctx).by
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		content, err := s.CopyFiles.Open(r.Context(), by, account, c.Handing.Number)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer content.Close()
		describe(w.Header(), content.Artefact)
		copyOut(w, content)
	}), nil
}

type copyListInput struct {
	Page
	States  []copies.State   `query:"state,explode" nullable:"false" maxItems:"5" enum:"requested,granted,handed,refused,withdrawn" doc:"State; may be repeated."`
	Subject evidence.Subject `query:"subject" maxLength:"64" doc:"Pseudonym of the account."`
	Number  artefact.Number  `query:"number" maxLength:"128" doc:"Content number of the item."`
}

type copyPage struct {
	Copies []Copy `json:"copies" nullable:"false" doc:"The newest first."`
	Next   string `json:"next,omitempty" doc:"Cursor of the next page; absent after the last."`
}

type copyListOutput struct{ Body copyPage }

func (s *server) copyList(ctx context.Context, in *copyListInput) (*copyListOutput, error) {
	list, next, err := s.Copies.Copies(ctx, copies.Filter{Account: in.Subject, States: in.States, Number: in.Number, After: in.Cursor, Limit: in.Limit})
	out := &copyListOutput{copyPage{[]Copy{}, next}}
	for _, c := range list {
		out.Body.Copies = append(out.Body.Copies, viewCopy(ctx, c))
	}
	return out, err
}

func (s *server) copyOne(ctx context.Context, in *Named) (*copyOutput, error) {
	c, err := s.Copies.Copy(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &copyOutput{Body: viewCopy(ctx, c)}, nil
}

type readCopyOutput struct{ Body CopyParticulars }

func (s *server) readCopy(ctx context.Context, in *Named) (*readCopyOutput, error) {
	_, p, err := s.Copies.Read(ctx, ledgerBy(ctx), in.ID)
	return &readCopyOutput{viewCopyParticulars(p)}, err
}

type decideCopyInput struct {
	Keyed
	Named
	Body struct {
		Grant  bool          `json:"grant" doc:"true grants it; it is made at once."`
		Reason colophon.Code `json:"reason,omitempty" enum:"copy-reason-purpose,copy-reason-risk,copy-reason-person,copy-reason-other" doc:"Why it is refused."`
		Note   string        `json:"note,omitempty" maxLength:"8000" doc:"What the account is told, at most 2000 signs. It is sealed."`
	}
}

func (s *server) decideCopy(ctx context.Context, in *decideCopyInput) (*copyOutput, error) {
	c, err := s.Copies.Decide(ctx, clerk(ctx), in.ID, copies.Ruling{Grant: in.Body.Grant, Reason: in.Body.Reason, Note: in.Body.Note})
	if err != nil {
		return nil, err
	}
	return &copyOutput{Body: viewCopy(ctx, s.handCopy(ctx, c))}, nil
}

// CopyMatch is a copy that a file may be.
type CopyMatch struct {
	Copy
	How     string `json:"how" enum:"digest,label,likeness" doc:"By what it was found."`
	Certain bool   `json:"certain" doc:"The file is the copy, byte for byte. A label may have been put on something else, and the item with its notice looks like the copy."`
	Bits    int    `json:"bits,omitempty" doc:"In how many of 256 bits their perceptual hashes differ."`
}

type knownCopyInput struct{ Upload }

type knownCopyOutput struct {
	Body struct {
		SHA256   string      `json:"sha256" doc:"Digest of the file, in hexadecimal."`
		Number   string      `json:"number,omitempty" doc:"Content number in a label of this provider."`
		Matches  []CopyMatch `json:"matches" nullable:"false" doc:"Copies that it may be, the surest first."`
		Compared bool        `json:"compared" doc:"The file was compared by what it looks like. Where it was not, no match does not mean that it is no copy."`
		Why      *Sentence   `json:"why,omitempty" doc:"Why it was not compared."`
	}
}

func (s *server) knownCopy(ctx context.Context, in *knownCopyInput) (*knownCopyOutput, error) {
	body, err := in.file()
	if err != nil {
		return nil, err
	}
	clue, why, err := s.CopyFiles.Look(ctx, in.Name, body)
	if err != nil {
		return nil, unreadPart(err)
	}
	found, err := s.Copies.Known(ctx, clue)
	var e *colophon.Error
	if errors.As(err, &e) && e.Code == artefact.CodeUnlikened { // what was found before that still holds
		why, err = e, nil
	}
	if err != nil {
		return nil, err
	}
	out := &knownCopyOutput{}
	b := &out.Body
	b.SHA256, b.Number, b.Matches, b.Compared = clue.SHA256, string(clue.Number), []CopyMatch{}, why == nil
	if why != nil {
		b.Why = sentence(printer(askerOf(ctx).language), why.Code, why.Args)
	}
	for _, m := range found {
		b.Matches = append(b.Matches, CopyMatch{viewCopy(ctx, m.Copy), m.How, m.Certain, m.Bits})
	}
	return out, nil
}

func (s *server) copyReceiptKey(context.Context, *struct{}) (*stream, error) {
	return public("text/plain; charset=utf-8", "public, max-age=300", []byte(s.CopyKey+"\n")), nil
}
