package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/media/all"
)

// Consents shows people what is asked of them and takes their answers. A *consent.Ledger does.
type Consents interface {
	Consent(ctx context.Context, id string) (consent.Entry, error)
	Notice(ctx context.Context, id, language string) (consent.Notice, error)
	Shown(ctx context.Context, by ledger.By, id, language string) (consent.Notice, consent.Entry, error)
	Challenge(ctx context.Context, by ledger.By, id string) (consent.Challenge, error)
	Record(ctx context.Context, by ledger.By, id string, t consent.Take) (consent.Entry, error)
}

// Answers takes what people decide. A *consent.Ledger does.
type Answers interface {
	Give(ctx context.Context, by ledger.By, id string, a consent.Answer) (e consent.Entry, code string, err error)
	Narrow(ctx context.Context, by ledger.By, id string, a consent.Answer, to consent.Terms) (e consent.Entry, code string, err error)
	Refuse(ctx context.Context, by ledger.By, id string, reason colophon.Code) (e consent.Entry, code string, err error)
	Dispute(ctx context.Context, by ledger.By, id, note string) (consent.Entry, error)
	Relate(ctx context.Context, by ledger.By, id string, k consent.Proof) (consent.Entry, error)
}

// CodeNothingLeft says that somebody agrees and allows nothing of something.
const CodeNothingLeft colophon.Code = "page-consent-nothing-left"

// subject is the person who is asked, or who decides for them.
func subject() ledger.By { return ledger.By{Role: consent.RoleSubject} }

type consentPage struct {
	Consent   consent.Likeness
	Notice    consent.Notice
	Lists     []consentList     // what can be narrowed
	Kinships  []consent.Kinship // of who decides for somebody else, while no evidence of it is here
	Challenge *consent.Challenge
	Filled    consentForm // what the person filled in already
	Film      bool        // the recording shows the person too
	Recorded  bool        // one is here already
	Studio    bool        // recordings can be taken
	Seconds   int         // how long one may be
}

// consentForm is what the page begins with: what is asked, or where it comes again what the person made of it. What somebody
// took out must not come back by itself.
type consentForm struct {
	Again                         bool
	Kinship, Grantor, Uses, Until string
	Train                         bool
}

// consentList is a list of words of which somebody may allow fewer, each with whether it is ticked.
type consentList struct {
	Name  string
	Words []consentWord
}

type consentWord struct {
	Word string
	On   bool
}

func showConsent(v *visit) error { return v.showConsent(nil) }

// showConsent shows exactly what is asked, and keeps that it was shown: once in each language, not each time.
func (v *visit) showConsent(c *consent.Challenge) error {
	if v.Consents == nil {
		return missing()
	}
	id := v.link.Value.About
	e, err := v.Consents.Consent(v.r.Context(), id)
	if err != nil {
		return err
	}
	if s := consent.State(e.State); s != consent.Requested && s != consent.Noticed {
		return v.show("consentover", e.State)
	}
	n, err := v.Consents.Notice(v.r.Context(), id, string(v.lang))
	if err == nil && (e.Value.Notice == nil || e.Value.Notice.SHA256 != n.SHA256) {
		n, e, err = v.Consents.Shown(v.r.Context(), subject(), id, string(v.lang))
	}
	if err != nil {
		return err
	}
	data := consentPage{Consent: e.Value, Notice: n, Challenge: c, Film: seen(e.Value), Recorded: e.Value.Level >= consent.Recorded, Studio: v.Tools != nil,
		Seconds: int(longest / time.Second)}
	if e.Value.Relation == nil {
		data.Kinships = e.Value.Person.Kinships()
	}
	data.Filled, data.Lists = v.filled(e.Value.Asked)
	return v.show("consent", data)
}

// filled is what the form of a consent begins with.
func (v *visit) filled(asked consent.Terms) (f consentForm, lists []consentList) {
	f = consentForm{Until: asked.Until.In(v.Zone).Format(dateForm)}
	if asked.Uses > 0 {
		f.Uses = strconv.Itoa(asked.Uses)
	}
	if v.sent("notice") != "" {
		f = consentForm{true, v.sent("kinship"), v.sent("grantor"), v.sent("uses"), v.sent("until"), v.sent("train") != ""}
	}
	for _, l := range []struct {
		name  string
		words []string
	}{{"modality", words(asked.Modality)}, {"functions", asked.Functions}, {"scenes", asked.Scenes}, {"channels", asked.Channels}, {"languages", asked.Languages}, {"territory", asked.Territory}} {
		list := consentList{Name: l.name}
		for _, w := range l.words {
			list.Words = append(list.Words, consentWord{w, !f.Again || slices.Contains(v.r.PostForm[l.name], w)})
		}
		if len(list.Words) > 0 {
			lists = append(lists, list)
		}
	}
	return f, lists
}

func words[T ~string](list []T) []string {
	var out []string
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}

// seen reports whether a person has to be seen in the recording.
func seen(l consent.Likeness) bool {
	return slices.Contains(l.Asked.Modality, consent.Face) || slices.Contains(l.Asked.Modality, consent.Body)
}

// drawPhrase shows the page with the phrase to read, which is good once.
func drawPhrase(v *visit) error {
	if v.Consents == nil || v.Tools == nil {
		return missing()
	}
	c, err := v.Consents.Challenge(v.r.Context(), subject(), v.link.Value.About)
	if err != nil {
		return err
	}
	return v.showConsent(&c)
}

type consentDone struct {
	Code  string
	State string
	Level consent.Level
}

// decide takes the answer of the person.
func decide(v *visit) error {
	if v.Consents == nil || v.Answers == nil {
		return missing()
	}
	ctx, id := v.r.Context(), v.link.Value.About
	var e consent.Entry
	var code string
	var err error
	switch v.sent("answer") {
	case "give":
		e, code, err = v.give()
	case "refuse":
		e, code, err = v.Answers.Refuse(ctx, subject(), id, "")
	case "dispute":
		e, err = v.Answers.Dispute(ctx, subject(), id, v.sent("note"))
	default:
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	if err != nil {
		return err
	}
	if err := v.spend(); err != nil { // it is answered all the same, and the code is told this once
		v.Log.WarnContext(ctx, "a link of a consent is not used up", "consent", id, "error", err)
	}
	return v.show("consentdone", consentDone{code, e.State, e.Value.Level})
}

// give takes a recording, if there is one, and the consent after it. Without one the consent is no more than claimed.
func (v *visit) give() (consent.Entry, string, error) {
	ctx, id := v.r.Context(), v.link.Value.About
	e, err := v.Consents.Consent(ctx, id)
	if err != nil {
		return e, "", err
	}
	to, narrower, err := v.narrowed(e.Value.Asked)
	if err != nil {
		return e, "", err
	}
	if err := v.relate(e); err != nil {
		return e, "", err
	}
	if err := v.record(e); err != nil {
		return e, "", err
	}
	a := consent.Answer{Notice: v.sent("notice"), Train: v.sent("train") != ""}
	if !narrower {
		return v.Answers.Give(ctx, subject(), id, a)
	}
	return v.Answers.Narrow(ctx, subject(), id, a, to)
}

// file returns a file of the form; nothing where none was chosen.
func (v *visit) file(name string) ([]byte, error) {
	f, head, err := v.r.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	}
	if err != nil {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
	}
	defer f.Close()
	if head.Size > MaxRecording {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeFileLarge, Args: colophon.Args{"megabytes": strconv.Itoa(MaxRecording >> 20)}}
	}
	return io.ReadAll(f)
}

// relate keeps the evidence that somebody may decide for another person. The staff looks at it before anything is made.
func (v *visit) relate(e consent.Entry) error {
	if e.Value.Person == consent.Adult || e.Value.Relation != nil {
		return nil
	}
	body, err := v.file("proof")
	if err != nil {
		return err
	}
	clause := colophon.ClausePIPL31
	if e.Value.Person == consent.Deceased {
		clause = colophon.ClausePIPL49
	}
	_, format, err := all.Detect(media.Memory(body), "")
	if facts, ok := media.Facts(format); err != nil || !ok || facts.Modality != media.ModalityImage && format != media.PDF {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeProofForm, Clauses: []colophon.Clause{clause}, Err: err}
	}
	_, err = v.Answers.Relate(v.r.Context(), subject(), e.ID, consent.Proof{Kinship: consent.Kinship(v.sent("kinship")), Name: strings.TrimSpace(v.sent("grantor")), Unopposed: v.sent("unopposed") != "", Body: bytes.NewReader(body)})
	return err
}

// record keeps the recording that the form brought.
func (v *visit) record(e consent.Entry) error {
	body, err := v.file("recording")
	if err != nil || len(body) == 0 {
		return err
	}
	if err := v.checkRecording(v.r.Context(), body, seen(e.Value)); err != nil {
		return err
	}
	_, err = v.Consents.Record(v.r.Context(), subject(), e.ID, consent.Take{Nonce: v.sent("nonce"), Device: v.r.UserAgent(), Body: bytes.NewReader(body)})
	return err
}

// dateForm is how a date comes in a form.
const dateForm = "2006-01-02"

// narrowed reads what the person allows, and reports whether that is less than was asked.
func (v *visit) narrowed(asked consent.Terms) (to consent.Terms, narrower bool, err error) {
	to = asked
	to.Modality = nil
	for _, m := range asked.Modality {
		if slices.Contains(v.r.PostForm["modality"], string(m)) {
			to.Modality = append(to.Modality, m)
		}
	}
	nothing := &colophon.Error{Kind: colophon.Invalid, Code: CodeNothingLeft}
	if narrower = len(to.Modality) < len(asked.Modality); len(to.Modality) == 0 {
		return to, false, nothing
	}
	for name, list := range map[string]*[]string{"functions": &to.Functions, "scenes": &to.Scenes, "channels": &to.Channels, "languages": &to.Languages, "territory": &to.Territory} {
		kept := slices.DeleteFunc(slices.Clone(*list), func(w string) bool { return !slices.Contains(v.r.PostForm[name], w) })
		if len(kept) == 0 && len(*list) > 0 {
			return to, false, nothing
		}
		narrower = narrower || len(kept) < len(*list)
		*list = kept
	}
	if text := v.sent("uses"); text != "" && text != strconv.Itoa(asked.Uses) {
		if to.Uses, err = strconv.Atoi(text); err != nil || to.Uses < 1 {
			return to, false, &colophon.Error{Kind: colophon.Invalid, Code: consent.CodeInvalid, Args: colophon.Args{"field": "uses"}}
		}
		narrower = true
	}
	if text := v.sent("until"); text != "" && text != asked.Until.In(v.Zone).Format(dateForm) {
		last, err := time.ParseInLocation(dateForm, text, v.Zone)
		if err != nil {
			return to, false, &colophon.Error{Kind: colophon.Invalid, Code: consent.CodeInvalid, Args: colophon.Args{"field": "until"}}
		}
		to.Until, narrower = last.AddDate(0, 0, 1).UTC(), true
	}
	return to, narrower, nil
}
