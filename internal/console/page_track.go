package console

import (
	"html/template"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/internal/console/qr"
	"github.com/colophon-project/colophon/internal/locale"
)

// TrackPath is where people come back to with the code and the PIN of a case. A code may stand behind it as ?code=; a PIN never
// stands in an address.
const TrackPath = "/case"

func trackPages() []page {
	words := slices.Concat(of("page-case-outcome-", caseOutcomes()...), of("page-case-kind-", caseKinds()...),
		of("page-track-step-", "received", "confirmed", "decided", "told"), of("page-track-now-", "received", "acknowledged", "taken", "waiting", "decided", "closed", "withdrawn", "duplicate", "joined"),
		of("desk-wait-", "reporter", "authority", "other"), of("page-track-", "answered", "withdrawn"), of("page-track-marks-", "ours", "others", "none", "unknown"))
	return []page{
		{method: get, path: TrackPath, who: stranger, title: "page-track", about: "page-track-about", words: words, do: showTrack},
		{method: post, path: TrackPath, who: stranger, title: "page-track-case", back: TrackPath, do: lookAtCase},
		{method: post, path: TrackPath + "/answer", who: stranger, title: "page-track-case", back: TrackPath, upload: mostRead, stream: true, do: answerCase},
		{method: post, path: TrackPath + "/withdraw", who: stranger, title: "page-track-case", back: TrackPath, do: withdrawCase},
		{method: post, path: TrackPath + "/appeal", who: stranger, title: "page-complain-slip", back: TrackPath, do: appealCase},
		{method: post, path: TrackPath + "/package", who: stranger, back: TrackPath, do: handPackage},
		{method: post, path: TrackPath + "/slip", who: stranger, back: TrackPath, do: handSlip},
		{method: post, path: TrackPath + "/slip/shown", who: stranger, title: "page-complain-slip", back: TrackPath, do: showSlipAgain},
	}
}

// slip is what whoever brought a case keeps.
type slip struct {
	Receipt       client.CaseReceipt
	Code, PIN, At string
	Spaced        string // the PIN as people read it
	QR            template.HTML
	Kind          string
	Limits        []string
}

// trackAt is where a case is looked at.
func (v *visit) trackAt(code string) string {
	if code == "" {
		return v.Origin + TrackPath
	}
	return v.Origin + TrackPath + "?" + url.Values{"code": {code}}.Encode()
}

// showSlip shows code and PIN, this one time. The same form sent again has neither.
func (v *visit) showSlip(r client.CaseReceipt) error {
	s := slip{Receipt: r, Code: r.Code, PIN: r.PIN, Spaced: spacedPIN(r.PIN), At: v.trackAt(r.Code), Kind: r.Kind, Limits: v.limitsOf(r.Kind)}
	if r.Code != "" {
		v.carry = &carry{TrackPath + "/slip/shown", []kept{{"code", r.Code}, {"pin", r.PIN}, {"sought", r.Sought}}}
		drawn, err := qr.SVG(s.At)
		if err != nil {
			return err
		}
		s.QR = template.HTML(drawn) //nolint:gosec // drawn here, of an address that was made here
	}
	return v.show("slip", s)
}

// showSlipAgain shows a slip in another language, to whoever still has the page with the first.
func showSlipAgain(v *visit) error {
	v.chosen(v.sent("lang"))
	o, err := v.look()
	if err != nil {
		return v.untracked(v.refused(err))
	}
	code, pin := v.opening()
	sought := v.sent("sought")
	if !slices.Contains(soughtResults(), sought) {
		sought = "unknown"
	}
	return v.showSlip(client.CaseReceipt{ID: o.ID, Kind: o.Kind, State: o.State, Code: code, PIN: pin, Received: o.Received, Sought: sought, Files: o.Files})
}

// pins are what PINs look like.
var pins = regexp.MustCompile(`^[0-9]{8}$`)

// spacedPIN is a PIN in two halves.
func spacedPIN(pin string) string {
	if !pins.MatchString(pin) {
		return pin
	}
	return pin[:4] + " " + pin[4:]
}

// opening reads code and PIN of the form, as people write them.
func (v *visit) opening() (code, pin string) {
	return strings.TrimSpace(v.sent("code")), strings.NewReplacer(" ", "", "-", "").Replace(v.sent("pin"))
}

// handSlip hands out a slip as a file. It says what the form said, so nothing is looked up and nothing is told.
func handSlip(v *visit) error {
	code, pin := v.opening()
	tidy, ok := desk.TidyCode(code)
	if !ok || !pins.MatchString(pin) {
		return missing()
	}
	say, shown := v.speakers[v.lang], desk.ShowCode(tidy)
	lines := []string{say.Say("page-complain-slip"), v.ProviderName, "", say.Say("page-track-code") + say.Say("page-colon") + shown, say.Say("page-track-pin") + say.Say("page-colon") + spacedPIN(pin), v.trackAt(shown), "", say.Say("page-complain-slip-keep"), ""}
	return v.hand("text/plain; charset=utf-8", "case-"+fileName(shown)+".txt", []byte(strings.Join(lines, "\n")))
}

// trackPage is a case as whoever brought it sees it; without one it is the form that asks for the code.
type trackPage struct {
	Code, PIN string
	Case      *client.OwnCase
	Now       string // key of where it is
	Steps     []trackStep
	Years     string // of which the holidays are not known
	Reasons   []string
	Done      []string
	Open      bool // it can be answered
	Back      bool // it can be taken back
	Seen      int  // messages
	Did       string
	Given     url.Values
	Wrong     map[string]string
	Most      int
}

// trackStep is one step of a case on its way.
type trackStep struct {
	Name     string
	Done     bool
	Now      bool
	At, Due  *time.Time
	Late     bool
	Standing bool // the clock stands still
}

func showTrack(v *visit) error {
	code, _ := desk.TidyCode(v.r.URL.Query().Get("code"))
	return v.show("track", trackPage{Code: desk.ShowCode(code)})
}

// tracked shows a case.
func (v *visit) tracked(o client.OwnCase, did string, r rebuff) error {
	code, pin := v.opening()
	now := v.Now()
	p := trackPage{Code: code, PIN: pin, Case: &o, Now: o.State, Steps: trackSteps(o, now), Reasons: v.halfOf(o.Reasons), Done: v.halfOf(o.Done), Seen: len(o.Messages), Did: did, Given: v.r.PostForm, Wrong: r.wrong, Most: mostUpload >> 20}
	p.Open = o.Side == "reporter" && o.Kept == "whole" && slices.Contains([]string{"received", "acknowledged", "taken", "waiting", "duplicate"}, o.State)
	p.Back = o.Side == "reporter" && slices.Contains([]string{"received", "acknowledged", "taken", "waiting", "duplicate"}, o.State)
	if o.Joined && o.State == "closed" {
		p.Now = "joined"
	}
	var years []string
	for _, y := range o.Unsure {
		years = append(years, strconv.Itoa(y))
	}
	p.Years = strings.Join(years, v.speakers[v.lang].Say("page-comma"))
	if r.status != 0 {
		v.status, v.problem = r.status, r.problem
	}
	v.page.title = "page-track-case"
	v.carry = &carry{TrackPath, []kept{{"code", code}, {"pin", pin}}}
	return v.show("track", p)
}

// halfOf are the sentences of the visitor's language.
func (v *visit) halfOf(s *client.Statement) []string {
	switch {
	case s == nil:
		return nil
	case v.lang == locale.Chinese:
		return s.Zh
	}
	return s.En
}

// trackSteps are the steps of a case: what was done, what comes next, and until when. One that was taken back or joined has no
// next step of its own.
func trackSteps(o client.OwnCase, now time.Time) []trackStep {
	at := slices.Index([]string{"received", "acknowledged", "decided", "closed"}, map[string]string{"taken": "acknowledged", "waiting": "acknowledged"}[o.State])
	if at < 0 {
		at = slices.Index([]string{"received", "acknowledged", "decided", "closed"}, o.State)
	}
	if at < 0 {
		return nil
	}
	var list []trackStep
	for i, name := range []string{"received", "confirmed", "decided", "told"} {
		s := trackStep{Name: name, Done: i <= at, Now: i == at+1}
		if m := []*client.CaseMark{{At: o.Received}, o.Acknowledged, o.Decided, o.Told}[i]; s.Done && m != nil {
			s.At = &m.At
		}
		if s.Now {
			s.Standing = o.State == "waiting"
			if s.Due = o.Due; s.Due != nil {
				s.Late = s.Due.Before(now)
			}
		}
		list = append(list, s)
	}
	return list
}

// untracked is the form that asks for the code, with why.
func (v *visit) untracked(r rebuff) error {
	code, _ := v.opening()
	v.forgo(&r)
	v.status, v.problem = r.status, r.problem
	v.page.title = "page-track"
	return v.show("track", trackPage{Code: code})
}

// look asks for the case of the form.
func (v *visit) look() (client.OwnCase, error) {
	code, pin := v.opening()
	if code == "" || pin == "" || len(code) > 64 || len(pin) > 64 { // as wrong as any other
		code, pin = "-", "-"
	}
	return v.api().LookAtCase(v.r.Context(), code, pin)
}

func lookAtCase(v *visit) error {
	v.chosen(v.sent("lang"))
	o, err := v.look()
	if err != nil {
		return v.untracked(v.refused(err))
	}
	return v.tracked(o, "", rebuff{})
}

// still shows a case after something was refused; the case itself may be what is.
func (v *visit) still(err error) error {
	r := v.refused(err)
	if notThere(err) || r.status == 429 || r.status >= 500 {
		return v.untracked(r)
	}
	o, again := v.look()
	if again != nil {
		return v.untracked(v.refused(again))
	}
	v.forgo(&r)
	return v.tracked(o, "", r)
}

// answerCase writes to the desk. A page that is loaded again sends its form again, so what was written is looked for first.
func answerCase(v *visit) error {
	code, pin := v.opening()
	text := v.written("text")
	o, err := v.look()
	if err != nil {
		return v.untracked(v.refused(err))
	}
	seen, _ := strconv.Atoi(v.sent("seen"))
	for _, m := range o.Messages[min(max(seen, 0), len(o.Messages)):] {
		if !m.Desk && m.Text == text {
			v.forgo(&rebuff{})
			return v.tracked(o, "answered", rebuff{})
		}
	}
	if text == "" && v.files == nil {
		return v.tracked(o, "", rebuff{422, v.speakers[v.lang].Say("page-complain-mend"), map[string]string{"text": v.speakers[v.lang].Say("page-complain-wrong-text")}})
	}
	if o, err = v.api().AnswerCaseFrom(v.r.Context(), code, pin, text, v.files.each); err != nil {
		return v.still(err)
	}
	return v.tracked(o, "answered", rebuff{})
}

func withdrawCase(v *visit) error {
	code, pin := v.opening()
	o, err := v.api().WithdrawCase(v.r.Context(), code, pin)
	if err != nil {
		return v.still(err)
	}
	return v.tracked(o, "withdrawn", rebuff{})
}

// appealCase appeals. The appeal is a case of its own, with a slip of its own.
func appealCase(v *visit) error {
	code, pin := v.opening()
	text := v.written("appeal")
	if text == "" {
		o, err := v.look()
		if err != nil {
			return v.untracked(v.refused(err))
		}
		return v.tracked(o, "", rebuff{422, v.speakers[v.lang].Say("page-complain-mend"), map[string]string{"appeal": v.speakers[v.lang].Say("page-complain-wrong-text")}})
	}
	r, err := v.api().AppealCase(v.r.Context(), code, pin, text)
	if err != nil {
		return v.still(err)
	}
	return v.showSlip(r)
}

// handPackage hands out a package of somebody's own data.
func handPackage(v *visit) error {
	code, pin := v.opening()
	action, err := strconv.Atoi(v.sent("action"))
	if err != nil {
		return missing()
	}
	out := &handing{v: v, kind: "application/zip", name: "my-data.zip"}
	if err := v.api().Package(v.r.Context(), out, code, pin, action); err != nil {
		if !out.begun {
			return v.still(err)
		}
		return out.end(err)
	}
	return out.end(nil)
}
