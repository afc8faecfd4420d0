package console

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/staff"
)

// CodeCheckUnknown says that a result is not kept any more.
const CodeCheckUnknown colophon.Code = "page-check-result-unknown"

const (
	mostReports = 16
	reportAge   = 24 * time.Hour
	mostShown   = 500 // records of a sample on a page; a file has all
)

func evidencePages() []page {
	kept := &reports{list: map[string]keptReport{}}
	words := []string{"page-sample-passed", "page-sample-failed", "page-sample-could-not-tell", "page-log-check-passed", "page-log-check-failed", "page-log-check-could-not-tell", "page-signature-passed", "page-signature-failed", "page-signature-could-not-tell", "page-log-fault-tile", "page-log-fault-entry",
		"page-log-fault-row", "page-log-fault-payload", "page-log-fault-checkpoint", "page-work-log-check", "page-verdict-failed", "page-verdict-could-not-tell", "page-verdict-passed"}
	check := deed[none]{name: "log-check", action: staff.EvidenceVerify, record: "log.checked", do: func(v *visit, _ none) (string, error) {
		api, now, by := v.api(), v.Now, v.opened.Account.ID
		return "-", v.begin("log-check", func(ctx context.Context, _ func(done, of int64)) (string, error) {
			began := now()
			r, err := api.CheckLog(ctx)
			if err != nil {
				return "", err
			}
			return "/evidence/checks/" + kept.keep(keptReport{r, began, now(), by}), nil
		})
	}}
	return slices.Concat([]page{
		{method: get, path: "/evidence", action: staff.EvidenceVerify, title: "page-evidence", menu: true, group: groupEvidence, words: words, do: showEvidence},
		{method: get, path: "/evidence/checks/{id}", action: staff.EvidenceVerify, title: "page-log-check", above: "/evidence", words: []string{}, do: kept.show},
		{method: get, path: "/evidence/sample", action: staff.EvidenceRead, title: "page-sample", words: []string{"page-label-seed", "page-hint-seed", "page-label-sample-count", "page-label-checkpoint", "page-hint-checkpoint"}, do: showSample},
		{method: post, path: "/evidence/sample", action: staff.EvidenceRead, title: "page-sample", back: "/evidence/sample", do: takeSample},
	},
		start("/evidence/check", "/evidence", check),
		start("/evidence/bundle", "/evidence", bundleDeed()),
	)
}

// reports keeps what checks of the log found, for those who began them.
type reports struct {
	mu   sync.Mutex
	list map[string]keptReport
}

type keptReport struct {
	client.LogReport
	Began, Ended time.Time
	by           staff.ID
}

func (k *reports) keep(r keptReport) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	oldest := ""
	for id, old := range k.list {
		if r.Ended.Sub(old.Ended) > reportAge {
			delete(k.list, id)
		} else if oldest == "" || old.Ended.Before(k.list[oldest].Ended) {
			oldest = id
		}
	}
	if len(k.list) >= mostReports {
		delete(k.list, oldest)
	}
	id := rand.Text()
	k.list[id] = r
	return id
}

func (k *reports) show(v *visit) error {
	k.mu.Lock()
	r, ok := k.list[v.r.PathValue("id")]
	k.mu.Unlock()
	if !ok || r.by != v.opened.Account.ID {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeCheckUnknown}
	}
	return v.show("logcheck", r)
}

// evidencePage says how the log stands.
type evidencePage struct {
	State   *client.LogState // nil before the first checkpoint
	Verdict string           // of the signature under the checkpoint
	Root    string
	Note    string
	Key     string
	Seconds int64 // that the oldest record waits
	Behind  bool
	Origin  string
}

// logPatience is how long records may wait for the log before somebody should look.
const logPatience = time.Minute

func showEvidence(v *visit) error {
	data := evidencePage{Verdict: "could-not-tell", Origin: v.Origin}
	l, err := v.logReader()
	switch {
	case err != nil && l == nil:
		return err
	case err != nil:
		data.Verdict = "failed"
	case l != nil:
		data.Verdict, data.Note, data.Key, data.Root = "passed", string(l.at.Note), l.key, base64.StdEncoding.EncodeToString(l.at.Root[:])
	}
	if l != nil {
		state, err := v.api().LogState(v.r.Context())
		if err != nil {
			return err
		}
		data.State = &state
		if state.Oldest != nil {
			lag := v.Now().Sub(*state.Oldest)
			data.Seconds, data.Behind = int64(lag/time.Second), lag > logPatience
		}
	}
	return v.show("evidence", data)
}

// samplePage is an inspector's seed and what it selects.
type samplePage struct {
	Seed, Count, Earlier string
	Note                 string
	Entries              []sampleEntry
	More                 int
	Verdict              string
	Size                 uint64
	Key                  string
}

type sampleEntry struct {
	logEntry
	Verdict string
	At      cell
}

func showSample(v *visit) error {
	data := samplePage{Seed: v.r.FormValue("seed"), Count: v.r.FormValue("sample-count"), Earlier: v.r.FormValue("checkpoint")}
	if data.Count == "" {
		data.Count = "20"
	}
	return v.show("sample", data)
}

// takeSample shows what a seed selects, with each record checked as an inspector would, or hands it out as a file.
func takeSample(v *visit) error {
	seed, earlier := v.sent("seed"), strings.ReplaceAll(v.sent("checkpoint"), "\r\n", "\n")
	if earlier = strings.TrimSpace(earlier); earlier != "" {
		earlier += "\n"
	}
	n, err := strconv.Atoi(v.sent("sample-count"))
	if err != nil || n < 1 {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	note, list, err := v.api().Sample(v.r.Context(), []byte(seed), n, earlier)
	if err != nil {
		return err
	}
	var exhibits []evidence.Exhibit
	for _, e := range list {
		x := evidence.Exhibit{Index: e.Index, Leaf: []byte(e.Leaf)}
		for _, h := range e.Hashes {
			var hash [32]byte
			copy(hash[:], h)
			x.Hashes = append(x.Hashes, hash)
		}
		exhibits = append(exhibits, x)
	}
	if v.sent("as") == "file" {
		return v.handSample(note, exhibits)
	}
	l, err := v.logReader()
	if err != nil || l == nil {
		return err
	}
	data := samplePage{Seed: seed, Count: strconv.Itoa(n), Earlier: earlier, Note: note, Size: l.at.Size, Key: l.key, Verdict: "could-not-tell"}
	checks, err := evidence.VerifySample([]byte(seed), n, []byte(note), exhibits, l.keys...)
	if err == nil {
		data.Verdict = evidence.Overall(checks).String()
	}
	verdicts := map[string]string{}
	for _, c := range checks {
		verdicts[c.Name] = c.Verdict.String()
	}
	for _, x := range exhibits[:min(len(exhibits), mostShown)] {
		e := sampleEntry{logEntry: entryOf(x.Index, x.Leaf), Verdict: verdicts[strconv.FormatUint(x.Index, 10)]}
		if e.Read {
			e.At = moment(e.Record.Time())
		}
		data.Entries = append(data.Entries, e)
	}
	data.More = len(exhibits) - len(data.Entries)
	return v.show("sample", data)
}

// handSample hands out a sample as the verifier reads it.
func (v *visit) handSample(note string, exhibits []evidence.Exhibit) error {
	var lines, file bytes.Buffer
	if err := evidence.WriteExhibits(&lines, exhibits); err != nil {
		return err
	}
	w := zip.NewWriter(&file)
	for name, text := range map[string][]byte{"checkpoint.txt": []byte(note), "exhibits.jsonl": lines.Bytes()} {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write(text)
		}
		if err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return v.hand("application/zip", "sample.zip", file.Bytes())
}

// bundleDeed makes the bundle of several items.
func bundleDeed() deed[none] {
	return deed[none]{
		name: "bundle", action: staff.BundleMake, record: "evidence.bundled",
		fields: []field[none]{{name: "numbers", kind: "area", required: true, hint: true, most: 65536}, {name: "with-files", kind: "yes", hint: true}},
		do: func(v *visit, _ none) (string, error) {
			out := &handing{v: v, kind: "application/zip", name: "bundle.zip"}
			return "-", out.end(v.api().Bundle(v.r.Context(), out, v.sent("with-files") == "yes", strings.Fields(v.sent("numbers"))...))
		},
	}
}
