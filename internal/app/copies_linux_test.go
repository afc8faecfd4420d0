package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/desk/copies"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/internal/media/mediatest"
	model "github.com/colophon-project/colophon/internal/sample"
)

// stranger is an account that nobody verified.
const stranger = "stranger-1@example.cn"

// detailed is a picture with enough to be seen for a likeness, also without the notice.
func detailed(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			v := uint8((8*x/640*(1+8*y/480)*29 + x*40/640) % 256)
			img.SetRGBA(x, y, color.RGBA{v, v, 255 - v/2, 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// offer publishes the agreements and registers functions: paint, of which content may be had without the notice, and poster, of
// which it may not. It returns the version of the service agreement, which nobody accepted yet, and its digest.
func (h *hands) offer() (version, digest string) {
	h.Helper()
	pair := func(zh, en string) object { return object{"zh": zh, "en": en} }
	for _, kind := range []string{"management-rules", "platform-convention", "label-methods", "service-agreement"} {
		var drafted, published struct {
			ID      string
			Digests struct{ ZH string }
		}
		h.as(h.first, "POST", "/v1/agreements", object{"kind": kind, "audience": "users", "texts": pair("# 规则\n\n内容", "# Rules\n\ncontent")}, 201, &drafted)
		h.as(h.second, "POST", "/v1/agreements/"+drafted.ID+":publish", object{"material": true}, 200, &published)
		version, digest = drafted.ID, published.Digests.ZH
	}
	h.as(h.first, "POST", "/v1/services", object{"id": "studio", "service": object{"names": pair("工作室", "Studio"), "role": "provider", "forms": []any{object{"kind": "website", "at": "https://studio.example"}}}}, 201, nil)
	for id, policy := range map[string]string{"paint": "on-request", "poster": "required"} {
		h.as(h.first, "POST", "/v1/functions", object{"id": id, "function": object{"service": "studio", "names": pair("绘画", "Painting"), "purpose": pair("绘画", "Painting"), "kind": "image-generation", "class": "other",
			"models": []any{object{"name": model.Image, "version": "1", "own": true}}, "notice": object{"policy": policy, "method": pair("左下角文字", "words in a corner")}, "filing": object{"state": "not-needed", "reason": "It forms no opinion."}}}, 201, nil)
		h.as(h.first, "POST", "/v1/functions/"+id+":live", nil, 200, nil)
	}
	return version, digest
}

// made has a picture marked for an account.
func (h *hands) made(account, use string, picture []byte) httpapi.Artefact {
	h.Helper()
	var a httpapi.Artefact
	h.json(&a, "POST", "/v1/artefacts?function=other&name=a.jpg&use="+use+"&model="+model.Image, picture, 201, "Colophon-Account", strings.ReplaceAll(account, "@", "%40"))
	return a
}

// copyOf asks for a copy; where it is refused it returns what was said.
func (h *hands) copyOf(want int, account, number, version, purpose, recipient string) (c httpapi.OwnCopy, said string) {
	h.Helper()
	body, err := json.Marshal(object{"account": account, "number": number, "agreement": version, "duty": h.server.copies.keeper.Rules.Duty.Digest(), "purpose": "copy-purpose-" + purpose, "recipient": "copy-recipient-" + recipient, "words": "For the evening news."})
	h.must(err)
	_, answer := h.ask("POST", "/v1/copies", body, want, "Content-Type", "application/json")
	if want == 201 {
		h.must(json.Unmarshal(answer, &c))
	}
	return c, string(answer)
}

func (h *hands) refusedCopy(code string, account, number, version string) {
	h.Helper()
	for _, want := range []int{403, 404} {
		body, err := json.Marshal(object{"account": account, "number": number, "agreement": version, "duty": h.server.copies.keeper.Rules.Duty.Digest(), "purpose": "copy-purpose-archive", "recipient": "copy-recipient-own"})
		h.must(err)
		if status, said := h.raw("POST", "/v1/copies", body, "Content-Type", "application/json"); status == want && strings.Contains(said, `"`+code+`"`) {
			return
		} else if want == 404 {
			h.Errorf("%d %s, want %s", status, said, code)
		}
	}
}

func (h *hands) fetched(account, id string) []byte {
	h.Helper()
	body, err := json.Marshal(object{"account": account, "id": id})
	h.must(err)
	_, raw := h.ask("POST", "/v1/copies:fetch", body, 200, "Content-Type", "application/json")
	return raw
}

// known asks whether a file is a copy.
func (h *hands) known(file []byte) (list []httpapi.CopyMatch) {
	h.Helper()
	var k struct {
		Matches  []httpapi.CopyMatch
		Compared bool
	}
	h.json(&k, "POST", "/v1/copies:known", file, 200, "Authorization", "Bearer "+h.first)
	return k.Matches
}

func (h *hands) seen(raw []byte) []byte {
	h.Helper()
	img, err := jpeg.Decode(bytes.NewReader(raw))
	h.must(err)
	return fmt.Append(nil, img)
}

// TestCopyWithoutNotice covers Labelling Measures Art. 9 by the front door: a verified account that accepted agreement and duty
// gets a copy by rule and by a person, others do not; the copy bears the implicit label alone and is known again.
func TestCopyWithoutNotice(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"admission": "off", "keep-originals": "90"})
	version, digest := h.offer()
	picture := detailed(t)
	item := h.made(holder, "paint", picture)
	h.refusedCopy("copy-verified", holder, string(item.Number), version)
	h.attest("rv-1")
	h.refusedCopy("copy-agreement", holder, string(item.Number), version)
	var terms struct {
		May, Accepted bool
		Agreement     string
		Duty          httpapi.CopyDuty
	}
	h.as("", "POST", "/v1/copies:terms", object{"account": holder, "number": item.Number}, 200, &terms)
	if terms.May || terms.Accepted || terms.Agreement != version || terms.Duty.Digest != h.server.copies.keeper.Rules.Duty.Digest() {
		t.Errorf("%+v", terms)
	}
	h.as("", "POST", "/v1/agreements:accept", object{"account": holder, "version": version, "language": "zh", "digest": digest}, 200, nil)
	other := h.made(stranger, "paint", picture)
	h.refusedCopy("copy-verified", stranger, string(other.Number), version)
	h.refusedCopy("copy-content", holder, string(other.Number), version)
	h.refusedCopy("copy-policy", holder, string(h.made(holder, "poster", picture).Number), version)
	var words httpapi.Artefact // in a format that can't hold the implicit label
	h.json(&words, "POST", "/v1/artefacts?function=other&name=a.txt&use=paint&model="+model.Image, []byte("A lake at dawn."), 201, "Colophon-Account", strings.ReplaceAll(holder, "@", "%40"))
	h.refusedCopy("copy-format", holder, string(words.Number), version)

	ruled, _ := h.copyOf(201, holder, string(item.Number), version, "archive", "own")
	if ruled.State != copies.Handed || ruled.Decision.By != "rule" || ruled.Handing == nil {
		t.Fatalf("%+v", ruled)
	}
	raw := h.fetched(holder, ruled.ID)
	_, marked := h.ask("GET", "/v1/artefacts/"+string(item.Number)+"/content", nil, 200)
	if !bytes.Equal(h.seen(raw), h.seen(picture)) || bytes.Equal(h.seen(raw), h.seen(marked)) {
		t.Error("the copy shows what it must not, or the item does not show its notice")
	}
	if f := h.labelOf(raw); f.ProduceID != string(ruled.Handing.Number) {
		t.Errorf("%+v", f)
	}
	if read := fmt.Sprint(mediatest.Exiftool(t, "copy.jpg", raw)); !strings.Contains(read, string(ruled.Handing.Number)) || !strings.Contains(read, trial) {
		t.Errorf("exiftool finds no label: %.2000s", read)
	}
	h.onlyTheirs(ruled)
	h.receipted(ruled)
	data, _, err := (&gathering{Server: h.server, by: ledger.By{Role: "officer", ID: "x"}, subject: h.subject(holder)}).all(t.Context())
	if err != nil || len(data.Copies) != 1 || data.Copies[0].ID != ruled.ID || data.Copies[0].Number != string(ruled.Handing.Number) || data.Copies[0].Receipt == "" {
		t.Errorf("a package of the account's data has %+v, %v", data.Copies, err)
	}
	h.byPerson(version)
	h.knownAgain(ruled, raw)
	h.endsOf(ruled, raw, version)
}

// onlyTheirs tries to get a copy as somebody else, by every other door.
func (h *hands) onlyTheirs(c httpapi.OwnCopy) {
	h.Helper()
	body, err := json.Marshal(object{"account": stranger, "id": c.ID})
	h.must(err)
	if status, said := h.raw("POST", "/v1/copies:fetch", body, "Content-Type", "application/json"); status != 404 || !strings.Contains(said, "copy-missing") {
		h.Errorf("%d %s", status, said)
	}
	if status, said := h.raw("GET", "/v1/artefacts/"+string(c.Handing.Number)+"/content", nil); status != 403 || !strings.Contains(said, "production-copy") {
		h.Errorf("%d %s", status, said)
	}
	if list := h.recordsOf(string(c.Handing.Number)); !strings.Contains(list, "artefact.marked artefact.delivered") {
		h.Error(list)
	}
}

// receipted checks the receipt with nothing but the public key, and a receipt that was altered.
func (h *hands) receipted(c httpapi.OwnCopy) {
	h.Helper()
	_, key := h.ask("GET", "/v1/public/copy-receipt-key", nil, 200, "Authorization", "")
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	h.must(err)
	text := c.CopyParticulars.Receipt
	r, err := copies.OpenReceipt([]byte(text), verifier)
	if err != nil || verifier.Name() != "colophon.test/copies" || r.Account != c.Subject || r.Number != c.Handing.Number || r.Content != c.Copy.Number || r.Until.Before(r.Issued.AddDate(0, 6, 0)) {
		h.Errorf("%+v %v", r, err)
	}
	altered := strings.Replace(text, string(c.Subject), "somebody", 1)
	if _, err := copies.OpenReceipt([]byte(altered), verifier); altered == text || !isCode(err, copies.CodeSignature) {
		h.Error(err)
	}
}

// byPerson has the second officer grant what no rule decides.
func (h *hands) byPerson(version string) {
	h.Helper()
	item := h.made(holder, "paint", reencoded(h.T, detailed(h.T)))
	c, _ := h.copyOf(201, holder, string(item.Number), version, "broadcast", "platform")
	if c.State != copies.Requested {
		h.Fatalf("%+v", c)
	}
	body, err := json.Marshal(object{"account": holder, "id": c.ID})
	h.must(err)
	if status, said := h.raw("POST", "/v1/copies:fetch", body, "Content-Type", "application/json"); status != 409 {
		h.Errorf("%d %s", status, said)
	}
	var read httpapi.CopyParticulars
	h.as(h.second, "GET", "/v1/copies/"+c.ID+"/particulars", nil, 200, &read)
	var granted httpapi.Copy
	h.as(h.second, "POST", "/v1/copies/"+c.ID+":decide", object{"grant": true, "note": "Show the notice around it."}, 200, &granted)
	if granted.State != copies.Handed || granted.Decision.By != "person" || read.Words != "For the evening news." {
		h.Errorf("%+v %+v", granted, read)
	}
	if list := h.recordsOf(c.ID); !slices.Equal(strings.Fields(list), []string{"copy.requested", "copy.read", "copy.granted", "copy.handed"}) {
		h.Error(list)
	}
	h.fetched(holder, c.ID)
}

// knownAgain finds a copy by its bytes, by its label in a file that was altered, and by what it looks like.
func (h *hands) knownAgain(c httpapi.OwnCopy, raw []byte) {
	h.Helper()
	find := func(list []httpapi.CopyMatch) httpapi.CopyMatch {
		for _, m := range list {
			if m.ID == c.ID {
				return m
			}
		}
		return httpapi.CopyMatch{}
	}
	if m := find(h.known(raw)); m.How != desk.ByDigest || !m.Certain {
		h.Errorf("by its bytes: %+v", m)
	}
	if m := find(h.known(append(slices.Clone(raw), "more"...))); m.How != desk.ByLabel || m.Certain {
		h.Errorf("by its label: %+v", m)
	}
	if m := find(h.known(reencoded(h.T, raw))); m.How != desk.ByLikeness || m.Certain {
		h.Errorf("by what it looks like: %+v", m)
	}
}

// endsOf has an account limited, originals not kept, and an account erased while the period of the log runs.
func (h *hands) endsOf(c httpapi.OwnCopy, raw []byte, version string) {
	h.Helper()
	var m struct{ ID string }
	item := h.made(holder, "paint", detailed(h.T))
	h.as(h.first, "POST", "/v1/measures", object{"account": holder, "step": "mute-publishing", "fact": "measure-fact-terms", "terms": "convention 4"}, 201, &m)
	h.refusedCopy("copy-limited", holder, string(item.Number), version)
	h.as(h.first, "POST", "/v1/measures/"+m.ID+":lift", object{"why": "measure-why-mistake"}, 200, nil)
	h.stop()
	h.set.KeepOriginals = 0
	h.launch()
	h.Cleanup(h.stop)
	bare := h.made(holder, "paint", detailed(h.T))
	h.refusedCopy("copy-original", holder, string(bare.Number), version)
	var state struct{ State string }
	h.as(h.first, "POST", "/v1/accounts:erase", object{"account": holder}, 200, &state)
	var kept httpapi.Copy
	h.as(h.first, "GET", "/v1/copies/"+c.ID, nil, 200, &kept)
	if state.State != "restricted" || kept.Kept != "restricted" || kept.Handing == nil {
		h.Errorf("%s %+v", state.State, kept)
	}
	if list := h.known(raw); len(list) == 0 || list[0].ID != c.ID || !list[0].Certain {
		h.Errorf("%+v", list)
	}
	body, err := json.Marshal(object{"account": holder, "id": c.ID})
	h.must(err)
	if status, said := h.raw("POST", "/v1/copies:fetch", body, "Content-Type", "application/json"); status != 404 {
		h.Errorf("an erased account got its copy: %d %.200s", status, said)
	}
	h.must(h.server.sweepCopies(h.Context()))
	h.stop()
	h.searched("For the evening news.", holder)
}

// TestCopyOfModels has a model paint through the gateway; what it made can be had without the notice too. Of texts there is none,
// since no original of them is kept.
func TestCopyOfModels(t *testing.T) {
	t.Parallel()
	h := employ(t, map[string]string{"admission": "off", "keep-originals": "90", "sample-model": "on", "starter-library": "on"})
	version, digest := h.offer()
	h.attest("rv-1")
	h.as("", "POST", "/v1/agreements:accept", object{"account": holder, "version": version, "language": "zh", "digest": digest}, 200, nil)
	var made struct {
		Data []struct {
			Number string `json:"content_number"`
		}
	}
	h.json(&made, "POST", "/v1/images/generations", []byte(`{"model":"`+model.Image+`","prompt":"a lake at dawn","size":"512x512","response_format":"b64_json"}`), 200,
		"Content-Type", "application/json", "Colophon-Account", "holder-4711%40example.cn", "Colophon-Function", "paint")
	c, _ := h.copyOf(201, holder, made.Data[0].Number, version, "editing", "own")
	if c.State != copies.Handed {
		t.Fatalf("%+v %+v", c, c.Cause)
	}
	if f := h.labelOf(h.fetched(holder, c.ID)); f.ProduceID != string(c.Handing.Number) {
		t.Errorf("%+v", f)
	}
	_, header := h.prompt(model.Text, "Good morning", 200, "Colophon-Function", "paint")
	h.refusedCopy("copy-original", holder, header.Get("Colophon-Number"), version)
	h.stop()
}

// TestCopyRules refuses rules that would promise a longer log than is kept.
func TestCopyRules(t *testing.T) {
	t.Parallel()
	rules, err := copies.Starter()
	if err != nil {
		t.Fatal(err)
	}
	rules.KeepMonths = 12
	text, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	c, v := settings(t, map[string]string{"copy-rules": file})
	if _, err := OpenServer(t.Context(), c, v, new(bytes.Buffer)); !isCode(err, CodeSetting) {
		t.Error(err)
	}
	d := deploy(t, map[string]string{"copy-rules": file, "keep-logs": "12"})
	if d.server.copies.keeper.Rules.KeepMonths != 12 {
		t.Error("other rules are in use")
	}
	d.stop()
}
