package probe

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// sequenced is how long a record may take until the log has it.
const sequenced = 30 * time.Second

// maxEntries is how many entries of a bundle are altered, one in each copy.
const maxEntries = 64

// evidenceAltered takes a bundle out as an inspector gets it, and alters one byte in a copy of it, in each of its entries. The
// sums of the zip file are made anew, so that the evidence itself has to tell.
func (t *trial) evidenceAltered() finding {
	var asked struct{ ID string }
	a := t.askJSON("ask-consent", http.MethodPost, "/v1/consents", map[string]any{"account": Stranger, "person": "adult", "language": "zh", "requester_name": Client, "why": Client, "subject_name": Client,
		"terms": map[string]any{"modality": []string{"voice"}, "purpose": purpose, "until": t.Now().Add(time.Minute).UTC()}})
	if !a.ok() || !a.json(&asked) {
		return t.tells(a.otherwise())
	}
	t.last().IDs = []string{asked.ID}
	path := "/v1/consents/" + asked.ID + "/bundle"
	there, err := t.until(sequenced, func() (bool, error) {
		a = t.send(http.MethodGet, path, nil)
		return a.status != http.StatusConflict, a.fault
	})
	if err != nil || !there || !a.ok() {
		return a.otherwise()
	}
	raw := a.body.Bytes()
	t.step(Step{What: "bundle", Method: http.MethodGet, Path: path, Status: a.status, Got: digest(raw)})
	key := t.ask("log-key", http.MethodGet, "/v1/log/key", nil)
	if !key.ok() {
		return t.tells(key.otherwise())
	}
	entries, err := unzip(raw)
	if err != nil {
		return untold(CodePremise)
	}
	whole, err := rezip(entries, -1)
	if err != nil {
		return untold(CodePremise)
	}
	for _, copied := range [][]byte{raw, whole} { // a copy that nobody altered passes, or the check tells nothing
		if v, err := t.Verify(copied, key.body.String()); err != nil || v != colophon.Passed {
			return untold(CodePremise)
		}
	}
	unnoticed := 0
	tried := min(len(entries), maxEntries)
	for i := range tried {
		altered, err := rezip(entries, i)
		if err != nil {
			return untold(CodeError)
		}
		v, err := t.Verify(altered, key.body.String())
		if err != nil {
			return untold(CodeError)
		}
		if v != colophon.Failed {
			unnoticed++
		}
	}
	t.step(Step{What: "altered-" + strconv.Itoa(tried) + "-of-" + strconv.Itoa(len(entries)) + "-unnoticed-" + strconv.Itoa(unnoticed), Sent: digest(raw)})
	if unnoticed > 0 {
		return t.tells(failed(CodeUnnoticed))
	}
	if tried < len(entries) {
		return t.tells(untold(CodePremise))
	}
	return t.tells(passed(CodeNoticed))
}

// entry is one file of a bundle.
type entry struct {
	head zip.FileHeader
	body []byte
}

func unzip(raw []byte) ([]entry, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, err
	}
	var list []entry
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(io.LimitReader(r, maxReply))
		if err := r.Close(); err != nil {
			return nil, err
		}
		if err != nil {
			return nil, err
		}
		list = append(list, entry{f.FileHeader, body})
	}
	return list, nil
}

// rezip writes a bundle as bundles are written, with one byte of one entry altered; none for -1.
func rezip(entries []entry, at int) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i, e := range entries {
		body := e.body
		if i == at && len(body) > 0 {
			body = bytes.Clone(body)
			body[len(body)/2] ^= 1
		}
		h := e.head
		h.CRC32 = crc32.ChecksumIEEE(body)
		w, err := z.CreateRaw(&h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(body); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}

// VerifyBundle checks a bundle as an inspector does, with the key of the log alone.
func VerifyBundle(bundle []byte, key string) (colophon.Verdict, error) {
	var trusted []note.Verifier
	for line := range strings.Lines(key) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		v, err := note.NewVerifier(line)
		if err != nil {
			return colophon.Unknown, err
		}
		trusted = append(trusted, v)
	}
	r, err := evidence.VerifyBundle(bytes.NewReader(bundle), int64(len(bundle)), trusted...)
	return r.Verdict, err
}
