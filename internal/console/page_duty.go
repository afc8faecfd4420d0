package console

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// maxReport is the largest paper whose digest is taken, in bytes. It is not kept.
const maxReport = 32 << 20

func dutyPages() []page { return append(dutyList().rows(), dutySheet().rows()...) }

func dutyState(d client.ReportDuty) cell {
	return state("page-duty-state-", d.State, map[string]tone{"open": wait, "filed": good})
}

func dutyList() list[client.ReportDuty] {
	return list[client.ReportDuty]{
		name: "report-duties", path: "/report-duties", title: "page-report-duties", group: groupReview, action: staff.ReportRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.ReportDuty, string, error) {
			if l.Filter.Get("state") == "overdue" { // of those that are open
				l.Filter.Del("state")
				l.Filter.Set("overdue", "true")
			}
			return c.ReportDuties(ctx, l)
		},
		columns: []column[client.ReportDuty]{
			{name: "duty", cell: func(d client.ReportDuty) cell { return ident(d.ID).to("/report-duties/" + escaped(d.ID)) }},
			{name: "state", cell: dutyState},
			{name: "categories", cell: func(d client.ReportDuty) cell { return chips("page-category-", d.Categories) }},
			{name: "opened", cell: func(d client.ReportDuty) cell { return moment(d.Opened) }},
			{name: "due", cell: func(d client.ReportDuty) cell { return moment(d.Due) }},
			{name: "channel", side: true, cell: func(d client.ReportDuty) cell { return text(d.Channel) }},
			{name: "subject", side: true, cell: func(d client.ReportDuty) cell { return account(d.Subject) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-duty-state-", options: []string{"open", "overdue", "filed", "dismissed"}}},
	}
}

// channels are where illegal content is reported; another one may be written.
func channels() []string {
	return []string{"12377", "110", "network-police", "cyberspace-office", "other"}
}

// dismissals are why nothing is to be reported.
func dismissals() []string { return []string{"false-hit", "not-illegal", "reported-already", "test"} }

func dutySheet() sheet[client.ReportDuty] {
	open := func(d client.ReportDuty) bool { return d.State == "open" }
	return sheet[client.ReportDuty]{
		path: "/report-duties/{id}", title: "page-report-duty", action: staff.ReportRead,
		fetch: func(v *visit, id string) (client.ReportDuty, error) { return v.api().ReportDuty(v.r.Context(), id) },
		facts: func(d client.ReportDuty) []fact {
			return []fact{
				{"state", dutyState(d)}, {"categories", chips("page-category-", d.Categories)}, {"opened", moment(d.Opened)}, {"due", moment(d.Due)},
				{"judgement", ident(d.Judgement).to("/judgements/" + escaped(d.Judgement))}, {"subject", account(d.Subject)},
				{"channel", word("page-channel-", d.Channel)}, {"authority-number", text(d.Reference)}, {"filed-at", sometime(d.FiledAt)}, {"attachment", ident(d.Attachment)},
				{"dismissal", word("page-dismissal-", string(d.Reason))}, {"by", by(d.By)}, {"closed", sometime(d.Closed)},
			}
		},
		ways:   func(v *visit, d client.ReportDuty) []lead { return packWays(v, "duty", d.ID) },
		labels: []string{"judgement", "filed-at", "dismissal", "by", "closed"},
		deeds:  []deed[client.ReportDuty]{fileDeed(open), dismissDeed(open)},
		says:   append(of("page-channel-", channels()...), of("page-dismissal-", dismissals()...)...),
	}
}

func fileDeed(open func(client.ReportDuty) bool) deed[client.ReportDuty] {
	return deed[client.ReportDuty]{
		name: "report-file", step: "file", action: staff.ReportFile, record: "report-duty.filed", may: open, upload: maxReport,
		fields: []field[client.ReportDuty]{
			{name: "channel", kind: "choice", words: "page-channel-", options: channels(), required: true},
			{name: "authority-number", kind: "text", required: true, hint: true},
			{name: "filed-at", kind: "moment", required: true},
			{name: "attachment", kind: "file", hint: true},
		},
		do: func(v *visit, d client.ReportDuty) (string, error) {
			at, err := v.sentMoment("filed-at")
			if err != nil {
				return "", err
			}
			sum, err := v.sentDigest("attachment")
			if err != nil {
				return "", err
			}
			_, err = v.api().FileReport(v.r.Context(), d.ID, client.Filing{Channel: v.sent("channel"), Reference: v.sent("authority-number"), At: at, Attachment: sum})
			return "", err
		},
	}
}

func dismissDeed(open func(client.ReportDuty) bool) deed[client.ReportDuty] {
	return deed[client.ReportDuty]{
		name: "report-dismiss", step: "dismiss", action: staff.ReportFile, record: "report-duty.dismissed", danger: true, may: open,
		fields: []field[client.ReportDuty]{
			{name: "dismissal", kind: "choice", words: "page-dismissal-", options: dismissals(), required: true},
			{name: "note", kind: "area", required: true, hint: true, most: 8192},
		},
		do: func(v *visit, d client.ReportDuty) (string, error) {
			_, err := v.api().DismissReport(v.r.Context(), d.ID, colophon.Code(v.sent("dismissal")), v.sent("note"))
			return "", err
		},
	}
}

// sentDigest is the SHA-256 of a file that came with the form, in hexadecimal; empty without one.
func (v *visit) sentDigest(name string) (string, error) {
	file, _, err := v.r.FormFile(name)
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) {
		return "", nil
	}
	if err != nil {
		return "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid, Err: err}
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if err != nil || n == 0 {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
