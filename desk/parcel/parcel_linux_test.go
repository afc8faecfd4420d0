package parcel_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/desk/parcel"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var by = ledger.By{Role: "officer", ID: "staff-1"}

// TestKeeper has a package made, handed out by its case alone, and taken away.
func TestKeeper(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	config, clock := storetest.SQLite(t), storetest.NewClock()
	config.Keys, config.Now = storetest.Keys(t, "first"), clock.Now
	s := storetest.Open(t, config)
	rec := storetest.Recorder(t, config.Keys, clock.Now)
	k, err := parcel.New(parcel.Config{Parcels: ledgers.Of[parcel.Parcel](s, parcel.Ledger), Recorder: rec, Keys: config.Keys})
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	put := func(key string, until time.Time) (parcel.Parcel, error) {
		return k.Put(ctx, by, "person-1", parcel.Parcel{Case: "case-1", Key: key, SHA256: strings.Repeat("0", 64), Size: 4, Until: until, Numbers: []string{"n-1"}}, parcel.Box{Blob: "blob-" + key, Key: []byte("secret")})
	}
	needs := func(blob string, want bool) {
		t.Helper()
		if got, err := k.Needs(ctx, blob); err != nil || got != want {
			t.Errorf("%s is needed: %v %v", blob, got, err)
		}
	}
	for _, until := range []time.Time{clock.Now(), clock.Now().Add(parcel.Longest + time.Hour)} {
		_, err := put("case-1/9", until)
		storetest.WantCode(t, err, parcel.CodeInvalid)
	}
	p, err := put("case-1/0", time.Time{})
	must(err)
	if again, err := put("case-1/0", time.Time{}); err != nil || again.ID != p.ID {
		t.Errorf("the same action made another: %v %v", again, err)
	}
	needs("blob-case-1/0", true)
	for _, id := range []string{"case-2", ""} {
		_, _, err := k.Hand(ctx, by, id, "case-1/0")
		storetest.WantCode(t, err, parcel.CodeMissing)
	}
	got, box, err := k.Hand(ctx, by, "case-1", "case-1/0")
	must(err)
	if got.Taken != 1 || got.Last.IsZero() || box.Blob != "blob-case-1/0" || string(box.Key) != "secret" {
		t.Errorf("%+v %+v", got, box)
	}
	clock.Set(clock.Now().Add(parcel.Lasts))
	_, _, err = k.Hand(ctx, by, "case-1", "case-1/0")
	storetest.WantCode(t, err, parcel.CodeOver)
	must(k.Sweep(ctx))
	must(k.Sweep(ctx))
	needs("blob-case-1/0", false)
	if p, err = k.Of(ctx, "case-1/0"); err != nil || p.State != parcel.Ended {
		t.Errorf("%+v %v", p, err)
	}
	_, err = put("case-1/1", time.Time{})
	must(err)
	must(k.Forget(ctx, by, "person-2"))
	needs("blob-case-1/1", true)
	must(k.Forget(ctx, by, "person-1"))
	needs("blob-case-1/1", false)
	var types []evidence.Type
	for r, err := range s.Records(ctx, false) {
		must(err)
		types = append(types, r.Type)
		if !slices.Equal(r.Clauses, []colophon.Clause{colophon.ClausePIPL45}) {
			t.Errorf("%s cites %v", r.Type, r.Clauses)
		}
	}
	if want := []evidence.Type{parcel.RecordMade, parcel.RecordHanded, parcel.RecordEnded, parcel.RecordMade, parcel.RecordEnded}; !slices.Equal(types, want) {
		t.Errorf("%v", types)
	}
	for _, from := range parcel.States() {
		for _, to := range parcel.States() {
			if from.May(to) != (from == parcel.Ready && to == parcel.Ended) {
				t.Errorf("%s to %s: %v", from, to, from.May(to))
			}
		}
	}
}

// TestWrite reads a package back.
func TestWrite(t *testing.T) {
	t.Parallel()
	d := parcel.Data{Made: time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC), Provider: "Studio", Case: "case-1", Right: "port", Subject: "person-1", Items: []parcel.Item{{Number: "n/1", State: "marked"}, {Number: "n-2"}},
		Cases: []parcel.Case{{ID: "case-1", Kind: "rights", Text: "<script>alert(1)</script>"}}}
	o, err := parcel.Omit(parcel.OmitOthers, 0)
	if err != nil || o.En == "" || o.Zh == "" || o.En == o.Zh {
		t.Fatal(o, err)
	}
	d.Omitted = append(d.Omitted, o)
	files := []parcel.File{
		{Number: "n/1", Ext: ".jpg", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("picture")), nil }},
		{Number: "n-2", Ext: ".jpg", Open: func() (io.ReadCloser, error) { return nil, parcel.ErrGone }},
	}
	draw := func(p parcel.Page) ([]byte, error) { return fmt.Appendf(nil, "%v", p), nil }
	for lang, title := range map[locale.Language]string{locale.English: "What Studio keeps about you", locale.Chinese: "Studio保存的您的个人信息"} {
		var out bytes.Buffer
		in, err := parcel.Write(&out, d, files, lang, draw)
		if err != nil || !slices.Equal(in, []string{"n/1"}) {
			t.Fatal(in, err)
		}
		got := unpack(t, out.Bytes())
		if page := got[parcel.PageName]; !strings.Contains(page, title) || !strings.Contains(page, "alert(1)") || strings.Contains(page, "parcel-") {
			t.Errorf("%s", page)
		}
		var m parcel.Manifest
		if err := json.Unmarshal([]byte(got[parcel.ManifestName]), &m); err != nil || m.Schema != parcel.ManifestSchema || len(m.Files) != len(got)-1 {
			t.Fatal(m, err)
		}
		for _, f := range m.Files {
			sum := sha256.Sum256([]byte(got[f.Path]))
			if f.SHA256 != hex.EncodeToString(sum[:]) || f.Size != int64(len(got[f.Path])) {
				t.Errorf("%+v", f)
			}
		}
		var back parcel.Data
		if err := json.Unmarshal([]byte(got[parcel.DataName]), &back); err != nil || back.Schema != parcel.Schema || back.Items[0].File != "files/n_1.jpg" || back.Items[1].File != "" {
			t.Errorf("%+v %v", back, err)
		}
		if last := back.Omitted[len(back.Omitted)-1]; last.Code != parcel.OmitGone || last.Count != 1 || !strings.Contains(last.En, "1") {
			t.Errorf("%+v", last)
		}
		for _, list := range []string{`"measures": []`, `"network": []`, `"consents": []`} {
			if !strings.Contains(got[parcel.DataName], list) {
				t.Errorf("no %s", list)
			}
		}
	}
	broken := []parcel.File{{Number: "n-2", Open: func() (io.ReadCloser, error) { return nil, errors.New("the disk") }}}
	if _, err := parcel.Write(io.Discard, d, broken, locale.English, draw); err == nil {
		t.Error("a file that could not be read was left out in silence")
	}
}

func unpack(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range r.File {
		rc, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(rc)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = string(text)
	}
	return got
}
