package console

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

// mostUpload is the largest file that somebody may hand in on a page, in bytes. Programs hand in larger ones.
const mostUpload = 64 << 20

func intakePages() []page {
	s := intakeSheet()
	return slices.Concat(intakeList().rows(), start("/intake/new", "/intake", takeIn()), s.rows(), []page{
		{method: post, path: s.path + "/content", action: staff.IntakeRead, back: s.path, do: downloadUpload},
		{method: get, path: s.path + "/sidecar", action: staff.IntakeRead, back: s.path, do: downloadUploadLabel},
	}, scanPages(), appPages())
}

func intakeStates() []string { return []string{"confirmed", "possible", "suspected", "none"} }

func declarations() []string { return []string{"generated", "not-generated", "silent"} }

func intakeState(i client.Intake) cell {
	return state("page-intake-state-", i.State, map[string]tone{"confirmed": good, "possible": wait, "suspected": wait})
}

func intakeAction(i client.Intake) cell {
	return state("page-intake-action-", i.Action, map[string]tone{"propagated": good, "labelled": good, "sidecar": good, "refused": bad})
}

// told by how far everything that looked at a file could tell what it looked for.
func complete(is bool) cell {
	return state("page-complete-", map[bool]string{true: "whole", false: "open"}[is], map[string]tone{"whole": good, "open": wait})
}

func intakeColumns() []column[client.Intake] {
	return []column[client.Intake]{
		{name: "upload", cell: func(i client.Intake) cell { return ident(i.ID).to("/intake/" + escaped(i.ID)) }},
		{name: "state", cell: intakeState},
		{name: "format", cell: func(i client.Intake) cell { return format(i.Format) }},
		{name: "declaration", cell: func(i client.Intake) cell { return word("page-declaration-", i.Declaration) }},
		{name: "intake-action", cell: intakeAction},
		{name: "came-in", cell: func(i client.Intake) cell { return moment(i.Created) }},
		{name: "recall", cell: recallState},
		{name: "looked-through", side: true, cell: func(i client.Intake) cell { return complete(i.Complete) }},
		{name: "platform-number", side: true, cell: func(i client.Intake) cell { return ident(i.Number) }},
	}
}

func intakeWords() []string {
	return slices.Concat(of("page-intake-state-", intakeStates()...), of("page-intake-action-", "propagated", "labelled", "sidecar", "left", "refused"), recallWords(), of("page-declaration-", declarations()...), of("page-complete-", "whole", "open"))
}

func intakeList() list[client.Intake] {
	return list[client.Intake]{
		name: "intake", path: "/intake", title: "page-intake", group: groupContent, action: staff.IntakeRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.Intake, string, error) {
			return c.Intakes(ctx, l)
		},
		columns: intakeColumns(),
		filters: []filter{
			{name: "state", kind: "choice", words: "page-intake-state-", options: intakeStates()},
			{name: "recall", kind: "choice", words: "page-recall-", options: []string{"seen", "could-not-tell"}},
			{name: "digest", kind: "text"}, {name: "number", kind: "text"}, {name: "scan", kind: "text"},
		},
		deeds: []lead{{"/intake/new", "page-deed-take-in", staff.IntakeUse}, {"/scans", "page-scans", staff.IntakeRead}, {"/app-checks", "page-app-checks", staff.IntakeRead}},
		says:  intakeWords(),
	}
}

// takeIn hands in one file as a platform would.
func takeIn() deed[none] {
	return deed[none]{
		name: "take-in", action: staff.IntakeUse, record: "intake.taken", upload: mostUpload,
		fields: []field[none]{
			{name: "file", kind: "file", required: true, hint: true},
			{name: "declaration", kind: "choice", words: "page-declaration-", options: declarations(), required: true, hint: true},
			{name: "asked", kind: "yes"},
			{name: "own-account", kind: "text", hint: true},
		},
		do: func(v *visit, _ none) (string, error) {
			file, name, err := v.attached("file")
			if err != nil {
				return "", err
			}
			defer file.Close()
			i, err := v.api().TakeIn(v.r.Context(), client.Uploaded{Account: strings.TrimSpace(v.sent("own-account")), Declaration: v.sent("declaration"), Asked: v.sent("asked") == "yes", Name: name}, file)
			if err != nil {
				return "", err
			}
			return "/intake/" + escaped(i.ID), nil
		},
	}
}

// attached opens a file that came with the form.
func (v *visit) attached(name string) (io.ReadSeekCloser, string, error) {
	f, header, err := v.r.FormFile(name)
	if err != nil {
		return nil, "", &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	return f, header.Filename, nil
}

func intakeSheet() sheet[client.Intake] {
	return sheet[client.Intake]{
		path: "/intake/{id}", title: "page-upload", action: staff.IntakeRead, template: "upload",
		fetch:   func(v *visit, id string) (client.Intake, error) { return v.api().Intake(v.r.Context(), id) },
		heading: func(i client.Intake) cell { return word("page-intake-state-", i.State) },
		facts: func(i client.Intake) []fact {
			return []fact{
				{"state", intakeState(i)}, {"recall", recallState(i)}, {"looked-through", complete(i.Complete)}, {"declaration", word("page-declaration-", i.Declaration)}, {"asked", yes(i.Asked)}, {"intake-action", intakeAction(i)}, {"label-place", labelPlace(i.Place)},
				{"format", format(i.Format)}, {"bytes", count(i.Size)}, {"platform-number", ident(i.Number)}, {"came-in", moment(i.Created)}, {"digest-before", ident(i.Before)}, {"digest-after", ident(i.After)},
				{"content-until", sometime(i.Until)}, {"deliveries", count(int64(i.Deliveries))}, {"scan", ident(i.Scan).to("/scans/" + escaped(i.Scan))},
			}
		},
		parts: func(v *visit, i client.Intake) ([]part, error) {
			return slices.Concat(recallsPart(v, i), intakeParts(i)), nil
		},
		more: func(v *visit, i client.Intake) (any, error) {
			return uploadView{ID: i.ID, Sentence: capital(i.Sentence), Notice: i.Notice, Warning: i.Warning, Lang: string(v.lang), Kept: i.Until != nil && i.Until.After(v.Now()), Sidecar: i.Action == "sidecar"}, nil
		},
		labels: []string{"label-place", "bytes", "asked", "content-until", "deliveries", "digest-before", "digest-after", "looked-by", "outcome", "what-it-says", "level", "finding", "clause", "generated", "producer", "content-number", "platform", "scan", "looked-through", "intake-action", "platform-number", "format", "declaration", "came-in", "recall", "verdict", "claim", "fits", "refuted-by"},
		says: slices.Concat(of("page-outcome-", "seen", "not-seen", "could-not-tell"), of("page-level-of-", "note", "warning", "doubt", "breach"), of("page-looked-by-", "label", "uploader", "metadata"), of("page-generated-", "1", "2", "3"),
			[]string{"page-upload-reasons", "page-upload-reasons-lead", "page-upload-reasons-none", "page-upload-findings", "page-upload-findings-none", "page-upload-label", "page-upload-shown", "page-upload-shown-not", "page-upload-warning", "page-upload-recalls", "page-upload-recalls-lead", "page-upload-recalls-none", "page-download", "page-sidecar"}, recallWords()),
	}
}

// uploadView is what the page of an upload shows besides facts and parts.
type uploadView struct {
	ID, Sentence, Lang string
	Notice             map[string]string // what has to be shown around the content
	Warning            map[string]string // the same, because it was refuted
	Kept, Sidecar      bool
}

func intakeParts(i client.Intake) []part {
	parts := []part{
		{Title: "page-upload-reasons", Lead: "page-upload-reasons-lead", Empty: "page-upload-reasons-none", Table: tableOf("page-upload-reasons", []column[client.IntakeReason]{
			{name: "looked-by", cell: func(r client.IntakeReason) cell { return word("page-looked-by-", r.By) }},
			{name: "outcome", cell: func(r client.IntakeReason) cell {
				return state("page-outcome-", r.Outcome, map[string]tone{"seen": good, "could-not-tell": wait})
			}},
			{name: "what-it-says", cell: func(r client.IntakeReason) cell { return text(capital(r.Sentence)) }},
		}, i.Reasons)},
		{Title: "page-upload-findings", Empty: "page-upload-findings-none", Table: tableOf("page-upload-findings", findingColumns(), i.Findings)},
	}
	if len(i.Label) > 0 {
		parts = append(parts, part{Title: "page-upload-label", Facts: slices.DeleteFunc([]fact{
			{"generated", word("page-generated-", i.Label["Label"])}, {"producer", text(i.Label["ContentProducer"])}, {"content-number", ident(i.Label["ProduceID"])},
			{"platform", text(i.Label["ContentPropagator"])}, {"platform-number", ident(i.Label["PropagateID"])},
		}, func(f fact) bool { return f.Cell.Empty() })})
	}
	return parts
}

func downloadUpload(v *visit) error {
	id := v.r.PathValue("id")
	i, err := v.api().Intake(v.r.Context(), id)
	if err != nil {
		return err
	}
	c, err := v.api().IntakeContent(v.r.Context(), id)
	if err != nil {
		return err
	}
	defer c.Close()
	out := &handing{v: v, kind: c.Type, name: fileName(id) + extension(i.Format)}
	_, err = io.Copy(out, c)
	return out.end(err)
}

func downloadUploadLabel(v *visit) error {
	id := v.r.PathValue("id")
	label, err := v.api().IntakeSidecar(v.r.Context(), id)
	if err != nil {
		return err
	}
	out := &handing{v: v, kind: "application/json", name: fileName(id) + ".aigc.json"}
	_, err = out.Write(label)
	return out.end(err)
}

func scanPages() []page {
	return slices.Concat(scanList().rows(), start("/scans/new", "/scans", beginScan()), scanSheet().rows(),
		[]page{{method: get, path: "/scans/{id}/events", action: staff.IntakeRead, back: "/scans/{id}", do: followScan}})
}

func scanState(s client.BucketScan) cell {
	return state("page-scan-state-", s.State, map[string]tone{"running": wait, "done": good})
}

func scanList() list[client.BucketScan] {
	return list[client.BucketScan]{
		name: "scans", path: "/scans", title: "page-scans", action: staff.IntakeRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.BucketScan, string, error) {
			return c.Scans(ctx, l)
		},
		columns: []column[client.BucketScan]{
			{name: "scan", cell: func(s client.BucketScan) cell { return ident(s.ID).to("/scans/" + escaped(s.ID)) }},
			{name: "state", cell: scanState},
			{name: "bucket", cell: func(s client.BucketScan) cell { return text(s.Bucket) }},
			{name: "files", cell: func(s client.BucketScan) cell { return count(s.Files) }},
			{name: "troubles", cell: func(s client.BucketScan) cell { return count(int64(s.Troubles)) }},
			{name: "begun", cell: func(s client.BucketScan) cell { return moment(s.Created) }},
		},
		filters: []filter{{name: "state", kind: "choice", words: "page-scan-state-", options: []string{"running", "done", "stopped"}}},
		deeds:   []lead{{"/scans/new", "page-deed-scan-begin", staff.IntakeUse}},
		says:    of("page-scan-state-", "running", "done", "stopped"),
	}
}

func beginScan() deed[none] {
	return deed[none]{
		name: "scan-begin", action: staff.IntakeUse, record: "intake.scan",
		fields: []field[none]{
			{name: "bucket", kind: "text", required: true, hint: true}, {name: "prefix", kind: "text", hint: true}, {name: "write-to", kind: "text", hint: true}, {name: "tag", kind: "yes", hint: true},
			{name: "declaration", kind: "choice", words: "page-declaration-", options: declarations(), required: true}, {name: "asked", kind: "yes"},
		},
		do: func(v *visit, _ none) (string, error) {
			s, err := v.api().BeginScan(v.r.Context(), client.BucketScan{Bucket: v.sent("bucket"), Prefix: v.sent("prefix"), To: v.sent("write-to"), Tag: v.sent("tag") == "yes", Declaration: v.sent("declaration"), Asked: v.sent("asked") == "yes"})
			if err != nil {
				return "", err
			}
			return "/scans/" + escaped(s.ID), nil
		},
	}
}

func scanSheet() sheet[client.BucketScan] {
	return sheet[client.BucketScan]{
		path: "/scans/{id}", title: "page-scan", action: staff.IntakeRead, template: "scan", more: scanLive,
		fetch: func(v *visit, id string) (client.BucketScan, error) { return v.api().Scan(v.r.Context(), id) },
		facts: func(s client.BucketScan) []fact {
			return []fact{{"state", scanState(s)}, {"bucket", text(s.Bucket)}, {"prefix", ident(s.Prefix)}, {"write-to", ident(s.To)}, {"tag", yes(s.Tag)}, {"declaration", word("page-declaration-", s.Declaration)}, {"asked", yes(s.Asked)},
				{"files", count(s.Files)}, {"bytes", count(s.Bytes)}, {"troubles", count(int64(s.Troubles))}, {"recalled", count(int64(s.Recalled)).to("/intake?scan=" + escaped(s.ID) + "&recall=seen")}, {"alike", count(int64(s.Alike)).to("/intake?scan=" + escaped(s.ID) + "&recall=could-not-tell")}, {"begun", moment(s.Created)}, {"changed", moment(s.Changed)}, {"ended", sometime(s.Ended)}}
		},
		parts: func(_ *visit, s client.BucketScan) ([]part, error) {
			rows := tableOf("page-scan-states", []column[string]{
				{name: "state", cell: func(name string) cell { return word("page-intake-state-", name) }},
				{name: "files", cell: func(name string) cell { return count(int64(s.States[name])) }},
			}, slices.Sorted(maps.Keys(s.States)))
			return []part{{Title: "page-scan-states", Empty: "page-scan-states-none", Table: rows, Ways: []lead{{to: "/intake?" + query("scan", s.ID), title: "page-scan-uploads"}}}}, nil
		},
		labels: []string{"ended", "prefix", "write-to", "tag", "files", "bytes", "begun", "changed", "recalled", "alike"},
		says:   append(intakeWords(), "page-scan-far", "page-scan-states", "page-scan-states-none", "page-scan-uploads"),
		deeds: []deed[client.BucketScan]{{
			name: "scan-stop", step: "stop", action: staff.IntakeUse, record: "intake.scan", danger: true, may: func(s client.BucketScan) bool { return s.State == "running" },
			do: func(v *visit, s client.BucketScan) (string, error) {
				_, err := v.api().StopScan(v.r.Context(), s.ID)
				return "", err
			},
		}},
	}
}
