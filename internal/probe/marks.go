package probe

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/admission"
	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/label"
	"github.com/colophon-project/colophon/stamp"
)

// draw is a picture of nothing, which is another one each time: what was refuted or ordered about one says nothing of the next.
func (t *trial) draw() ([]byte, error) {
	seed := make([]byte, 16)
	if _, err := io.ReadFull(t.Rand, seed); err != nil {
		return nil, err
	}
	const width, height = 512, 384
	canvas := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			k := seed[(x/64+y/64*8)%len(seed)]
			canvas.SetNRGBA(x, y, color.NRGBA{R: k + byte(x/4), G: k ^ byte(y/2), B: byte(x+y) / 2, A: 255})
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, canvas)
	return out.Bytes(), err
}

// read says whether a picture bears a label of this provider, and whether it shows the notice.
func (t *trial) read(raw []byte) (labelled, shown bool, err error) {
	src := media.Memory(raw)
	r, err := label.Read(src, label.Options{Pinned: t.Seals})
	if err != nil {
		return false, false, err
	}
	for _, m := range r.Marks {
		if m.Fields.Label != "" && m.Fields.ContentProducer == t.Label.Fields.ContentProducer && m.Fields.ProduceID != "" && (t.Label.Key == nil || m.Seal.State == label.SealPinned) {
			labelled = true
		}
	}
	shown, err = t.Press.Shows(t.ctx, src, r.Format)
	return labelled, shown, err
}

// both says of a file that left whether it bears both marks.
func (t *trial) both(what string, a answer) finding {
	labelled, shown, err := t.read(a.body.Bytes())
	if err != nil {
		return t.tells(untold(CodeError))
	}
	s := t.last()
	s.What = what + map[bool]string{true: "-labelled", false: "-unlabelled"}[labelled] + map[bool]string{true: "-noticed", false: "-unnoticed"}[shown]
	if labelled && shown {
		return t.tells(passed(CodeMarked))
	}
	return t.tells(failed(CodeUnmarked))
}

// verified says why the verified account of the probes can't be used; nil where it can.
func (t *trial) verified(a answer) *finding {
	if a.ok() {
		return nil
	}
	f := a.otherwise()
	if a.has(admission.CodeUnverified, admission.CodeVerifiedNoMore, admission.CodeRecheck, admission.CodeVerifiedBelow) {
		f = untold(CodeAccount, "account", Verified)
	}
	f = t.tells(f)
	return &f
}

// exportWithoutNotice takes a picture out in each way that there is: with the answer, by its address, and as a copy without the
// notice that the account has no right to (Deep Synthesis Provisions Art. 17, Labelling Measures Art. 4 and 9).
func (t *trial) exportWithoutNotice() finding {
	a := t.publish("export", Verified, url.Values{"return": {"content"}}, "Accept", "image/png")
	if f := t.verified(a); f != nil {
		return *f
	}
	if a.status != http.StatusCreated { // as where a person has to look at it first
		return t.tells(a.otherwise())
	}
	number := a.named()
	t.last().IDs = []string{number}
	found := []finding{t.both("export", a)}
	if a = t.ask("download", http.MethodGet, "/v1/artefacts/"+url.PathEscape(number)+"/content", nil, "Accept", "image/png"); a.ok() {
		found = append(found, t.both("download", a))
	} else {
		found = append(found, t.tells(a.otherwise()))
	}
	return worst(append(found, t.copied(number))...)
}

// copied asks for a copy without the notice, by an agreement that nobody made and a duty that nobody was shown.
func (t *trial) copied(number string) finding {
	a := t.askJSON("copy-without-notice", http.MethodPost, "/v1/copies", map[string]any{"account": Verified, "number": number, "agreement": "probe", "duty": strings.Repeat("0", 64),
		"purpose": "copy-purpose-archive", "recipient": "copy-recipient-own"})
	switch {
	case a.ok():
		return t.tells(failed(CodeLet))
	case a.fault == nil && a.status < 500 && len(a.codes) > 0 && strings.HasPrefix(string(a.codes[0]), "copy-"):
		return t.tells(passed(CodeRefused))
	}
	return t.tells(a.otherwise())
}

// stripAndUpload takes the label off a picture of this provider and uploads it as one that was not generated (Labelling
// Measures Art. 6).
func (t *trial) stripAndUpload() finding {
	raw, err := t.draw()
	if err != nil {
		return untold(CodeError)
	}
	bare, err := t.stripped(raw)
	if err != nil {
		return untold(CodePremise)
	}
	t.step(Step{What: "strip", Got: digest(bare)})
	a := t.ask("upload", http.MethodPost, "/v1/intake?name=probe.png&asked=true&declaration=not-generated&return=content", bare, "Content-Type", "image/png", "Colophon-Account", Stranger, "Accept", "image/png")
	switch {
	case a.has(intake.CodePlatform):
		return t.tells(untold(CodePlatform))
	case !a.ok():
		return t.tells(a.otherwise())
	}
	id := a.named()
	t.last().IDs = []string{id}
	var said struct {
		State    intake.State
		Complete bool
	}
	if a = t.ask("look", http.MethodGet, "/v1/intake/"+url.PathEscape(id), nil); !a.ok() || !a.json(&said) {
		return t.tells(a.otherwise())
	}
	t.last().What = "look-" + string(said.State)
	switch {
	case !slices.Contains(intake.States(), said.State):
		return t.tells(a.otherwise())
	case said.State != intake.None:
		return t.tells(passed(CodeFound))
	case !said.Complete: // one of those that look did not answer
		return t.tells(untold(CodePremise))
	}
	return t.tells(failed(CodeMissed))
}

// stripped stamps a picture as everything is that is produced here, and takes the label off it: what is left are its pixels,
// with the notice.
func (t *trial) stripped(raw []byte) ([]byte, error) {
	src := media.Memory(raw)
	req := stamp.Request{Function: stamp.Other, Label: t.Label}
	req.Label.Options = label.Options{Name: "probe.png"}
	req.Label.Fields.ProduceID = t.report.Run
	plan, err := t.Press.Prepare(t.ctx, src, req)
	if err != nil {
		return nil, err
	}
	var marked bytes.Buffer
	if plan.Edit == nil {
		return nil, errPremise
	}
	if err := plan.Edit.Apply(&marked, src); err != nil {
		return nil, err
	}
	if labelled, shown, err := t.read(marked.Bytes()); err != nil || !labelled || !shown {
		return nil, fmt.Errorf("%w: %w", errPremise, err)
	}
	img, err := png.Decode(bytes.NewReader(marked.Bytes()))
	if err != nil {
		return nil, err
	}
	var bare bytes.Buffer
	if err := png.Encode(&bare, img); err != nil {
		return nil, err
	}
	report, err := label.Read(media.Memory(bare.Bytes()), label.Options{})
	if err != nil || len(report.Marks) > 0 {
		return nil, fmt.Errorf("%w: %w", errPremise, err)
	}
	return bare.Bytes(), nil
}

var errPremise = &colophon.Error{Kind: colophon.Conflict, Code: CodePremise}
