package govern_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/colophon-project/colophon/evidence/paper"
	incident "github.com/colophon-project/colophon/incident/report"
	"github.com/colophon-project/colophon/internal/document/govern"
	"github.com/colophon-project/colophon/internal/media"
)

// TestIncident writes a report with an answer, a thing that is not known, and one of which there is none.
func TestIncident(t *testing.T) {
	t.Parallel()
	field := func(id, zh string, a paper.Answer) incident.Field {
		return incident.Field{FormField: incident.FormField{ID: id, Names: incident.Names{ZH: zh, EN: id}}, Answer: a.Told()}
	}
	d := incident.Document{Schema: incident.Schema, Incident: "i-1", Part: 2, Before: strings.Repeat("a", 64), Made: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
		Form:   incident.FormRef{ID: incident.FirstReport, SHA256: strings.Repeat("b", 64), Names: incident.Names{ZH: "网络安全事件报告", EN: "report"}, Basis: incident.Names{ZH: "第七条", EN: "Art. 7"}},
		Fields: []incident.Field{field("effect", "影响和危害", paper.Answer{Certainty: paper.Known, Lines: []string{"一 <b>", "二"}}), field("cause", "原因", paper.Answer{}), field("ransom", "赎金", paper.Answer{Certainty: paper.None})}}
	digest := strings.Repeat("c", 64)
	page, err := govern.Incident(writer(t), d, digest, media.HTML)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"网络安全事件报告", "i-1", "第七条", d.Before, digest, "一 &lt;b&gt;", "二", "尚不掌握", "无", "2026-11-23 16:00"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for f, magic := range map[media.Format]string{media.PDF: "%PDF", media.DOCX: "PK"} {
		one, err := govern.Incident(writer(t), d, digest, f)
		if err != nil || !bytes.HasPrefix(one, []byte(magic)) {
			t.Fatalf("%s: %.10q, %v", f, one, err)
		}
		if again, err := govern.Incident(writer(t), d, digest, f); err != nil || !bytes.Equal(one, again) {
			t.Errorf("%s: the same report gives other bytes", f)
		}
	}
}
