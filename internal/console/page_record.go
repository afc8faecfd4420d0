package console

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/staff"
)

func recordPages() []page {
	return slices.Concat(
		recordList("records", "/records", "page-records", staffRoles(), nil).rows(),
		recordList("audit", "/audit", "page-audit", staffRoles()[2:], map[string]string{"by": "staff"}).rows(),
		recordSheet().rows(),
		[]page{{method: get, path: "/records/{id}/proof", action: staff.EvidenceRead, back: "/records/{id}", do: handRecordProof}},
	)
}

// staffRoles are the roles in which something is recorded; people's come last.
func staffRoles() []string {
	return []string{"application", "system", "officer", "reviewer", "engineer", "auditor", "subject"}
}

// recordTypes are the types of records, by the word before their dot.
func recordTypes() map[string]string {
	return map[string]string{
		"account": "met", "admission": "decided", "agreement": "accepted drafted published superseded withdrawn", "apikey": "created rotated revoked",
		"algorithm": "added bound changed retired serving version", "annotation": "checked", "annotation-rule": "approved drafted replaced withdrawn", "annotator": "entered left trained",
		"dataset": "added changed manifest retired sampled used", "dataset-removal": "dismissed failed opened overdue proven", "training": "begun cancelled drawn finished forgotten kept",
		"artefact":   "answered bytes-deleted cleared delivered erased failed held marked original-ended received restored",
		"assessment": "approved lapsed proposed rejected superseded", "bank": "approved imported rejected retired", "card": "issued superseded withdrawn", "companion": "crisis exit",
		"consent": "cascade-step certificate challenged disputed expired given invalidated looked-up matched narrowed read receipt recorded reference refused relation relation-decided renewed requested settled shown " +
			"token-ended token-minted token-spent token-unspent uses-returned uses-taken verified withdrawn",
		"probe": "asked", "copy": "discarded ended granted handed read refused requested withdrawn",
		"desk":       "acknowledged acted answered asked breached decided ended extended joined parted paused read received resumed returned reversed reviewed sought taken told undone withdrawn",
		"duty":       "changed fact-confirmed fact-proposed fact-rejected observed policy-approved policy-drafted policy-reviewed policy-withdrawn voided waiver-approved waiver-ended waiver-proposed waiver-rejected",
		"correction": "breached closed dismissed opened read reopened retracted stepped", "drill": "cancelled finding-mended held missed planned read", "evidence": "bundled purged sampled", "faces": "level", "filing": "amended approved cancelled changed decided drafted proposed read returned submitted withdrawn", "filing-list": "imported superseded withdrawn", "filing-duty": "dismissed filed opened", "function": "added changed condition-waived lapsed live retired suspended",
		"gateway": "ended key-removed key-set lost opened progress video-asked video-begun video-deleted video-failed video-received", "hold": "lifted placed",
		"identity": "decided import-approved import-over import-proposed import-rejected over read recheck requested superseded tried", "inspection": "begun broken ended", "intake": "delivered file-ended materials scan taken",
		"incident": "breached closed closing-proposed correction-proposed correction-refused dismissed graded kept-open known-earlier learned noted opened read reopened settled stepped", "incident-report": "drafted dropped filed filled proven",
		"job": "discarded retried", "key": "rotated", "limits": "drafted published withdrawn", "listing": "answered asked checked delisted listed refused restored suspended warned", "library": "activated proposed rejected replayed retired reviewed sample-removed sampled", "link": "expired minted opened revoked used", "log": "checked", "parcel": "ended handed made",
		"moderation": "acted confirmed content-ended decided escalated expired held proposed read returned taken", "network-log": "read",
		"order": "acknowledged expired in-force issued kept release-proposed released", "pack": "dismissed drafted filed filled proven read", "policy": "compared proposed released", "prompt": "acknowledged shown", "record": "read",
		"mechanism": "approved condition-met lapsed proposed rejected superseded", "ethics": "accepted amended applied confirmed decided ended expert-answered expert-reviewed extended followed met name-read paused recused registered resumed returned seated unseated voted",
		"security":    "answered approved asked dismissed drafted due filed proposed rejected stated triggered withdrawn",
		"recall":      "ended entered failed followed read retracted superseded taken",
		"refutation":  "corrected drafted notice notice-dropped notice-read notice-told notice-unreachable proposed published returned revised spread withdrawn",
		"report-duty": "dismissed filed opened", "run": "answered asked begun cancelled finished halted judged paused planned sampled started worked", "sample": "drawn judged taken withdrawn", "screen": "judged opened", "service": "added changed retired",
		"staff": "account-created account-disabled account-enabled account-invited identity-linked identity-unlinked passkey-added passkey-removed passkey-suspected passkey-used password-changed password-upgraded " +
			"roles-changed session-ended session-opened session-rotated set-up-opened signed-out-everywhere",
		"standing": "confirmed ended lifted notified proposed rejected restored signal signal-settled table-proposed table-released taken", "subject": "erased",
		"webhook": "added attempt changed queued replay",
	}
}

// RecordTypes lists the types of records that pages know by name.
func RecordTypes() []string {
	var list []string
	types := recordTypes()
	for _, family := range slices.Sorted(maps.Keys(types)) {
		for _, act := range strings.Fields(types[family]) {
			list = append(list, family+"."+act)
		}
	}
	return list
}

// recordList lists records, the newest first; those that a question narrows where it has one.
func recordList(name, path, title string, roles []string, question map[string]string) list[client.ProvenRecord] {
	return list[client.ProvenRecord]{
		name: name, path: path, title: title, group: groupEvidence, action: staff.EvidenceRead,
		fetch: func(ctx context.Context, c *client.Client, l client.Listing) ([]client.ProvenRecord, string, error) {
			l.Filter.Set("order", "newest")
			for key, value := range question {
				l.Filter.Set(key, value)
			}
			return c.Records(ctx, l)
		},
		columns: []column[client.ProvenRecord]{
			{name: "record-number", cell: func(r client.ProvenRecord) cell { return count(int64(r.Sequence)).to("/records/" + escaped(r.ID)) }},
			{name: "record-type", cell: func(r client.ProvenRecord) cell { return word("page-record-", r.Type) }},
			{name: "at", cell: func(r client.ProvenRecord) cell { return moment(r.At) }},
			{name: "role", cell: func(r client.ProvenRecord) cell { return word("page-acted-", r.Role) }},
			{name: "record-subject", cell: func(r client.ProvenRecord) cell { return account(r.Subject) }},
			{name: "clauses", side: true, cell: func(r client.ProvenRecord) cell { return lawful(r.Clauses) }},
			{name: "log-index", side: true, cell: logIndex},
		},
		filters: []filter{
			{name: "type", kind: "choice", words: "page-record-", options: RecordTypes()},
			{name: "role", kind: "choice", words: "page-acted-", options: roles},
			{name: "subject", kind: "text"},
			{name: "from", kind: "from"}, {name: "to", kind: "until"},
		},
		says: []string{"page-record-pending", "page-acted-subject", "page-subject-system"},
	}
}

func logIndex(r client.ProvenRecord) cell {
	if r.Index == nil {
		return cell{Text: "pending", Key: "page-record-pending", Mark: true, Tone: wait}
	}
	return count(*r.Index).to("/log/" + strconv.FormatInt(*r.Index, 10))
}

// proofView is what came of checking a proof, with the way from the leaf to the root.
type proofView struct {
	Verdict  string // passed, failed or could-not-tell
	Why      string
	Leaf     string
	Hash     string
	Root     string
	Way      *climb // nil where there is no proof, or nothing that it leads to
	Sequence uint64
}

// proved checks a proof as somebody outside would: the checkpoint's signature by the key of the log, the leaf against the root.
func (v *visit) proved(p client.Proven) proofView {
	hash := evidence.HashLeaf([]byte(p.Leaf))
	view := proofView{Verdict: "could-not-tell", Leaf: indented(p.Leaf), Hash: hex.EncodeToString(hash[:]), Sequence: p.Record.Sequence}
	if p.Proof == nil {
		view.Why = v.speakers[v.lang].Say("page-record-pending-why")
		return view
	}
	keys, _, err := v.logKeys()
	if err != nil {
		view.Why = v.speakers[v.lang].Say("page-record-key-unread")
		return view
	}
	c, hashes, err := readProof(p.Proof, keys)
	if err == nil {
		err = evidence.VerifyInclusion(c, p.Proof.Index, []byte(p.Leaf), hashes)
	}
	if view.Verdict = "passed"; err != nil {
		view.Verdict, view.Why = "failed", v.speakers[v.lang].Error(err)
		return view
	}
	view.Root, view.Way = hex.EncodeToString(c.Root[:]), climbOf(c, p.Proof.Index, hash, hashes)
	return view
}

// readProof reads a proof: the checkpoint that it leads to, by the keys of the log, and its hashes.
func readProof(p *client.LeafProof, keys []note.Verifier) (c evidence.Checkpoint, hashes [][32]byte, err error) {
	for _, h := range p.Hashes {
		if len(h) != len(c.Root) {
			return c, nil, errors.New("a hash is not 32 bytes")
		}
		hashes = append(hashes, [32]byte(h))
	}
	c, err = evidence.ParseCheckpoint([]byte(p.Checkpoint), keys...)
	return c, hashes, err
}

// indented is JSON for people; what is no JSON stays as it is.
func indented(text string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(text), "", "  ") != nil {
		return text
	}
	return b.String()
}

func recordSheet() sheet[client.Proven] {
	return sheet[client.Proven]{
		path: "/records/{id}", title: "page-record", action: staff.EvidenceRead, template: "record",
		fetch:   func(v *visit, id string) (client.Proven, error) { return v.api().RecordProof(v.r.Context(), id) },
		heading: func(p client.Proven) cell { return word("page-record-", p.Record.Type) },
		facts: func(p client.Proven) []fact {
			r := p.Record
			return []fact{
				{"record-type", ident(r.Type)}, {"at", moment(r.At)}, {"role", word("page-acted-", r.Role)}, {"record-subject", account(r.Subject)}, {"clauses", lawful(r.Clauses)},
				{"kept-as", word("page-class-", r.Class)}, {"record-number", count(int64(r.Sequence))}, {"log-index", logIndex(r)}, {"commitment", ident(r.Commitment)}, {"identifier", ident(r.ID)},
			}
		},
		more:   func(v *visit, p client.Proven) (any, error) { return v.proved(p), nil },
		labels: []string{"kept-as", "identifier", "commitment"},
		says:   []string{"page-opened-passed", "page-opened-failed", "page-class-log", "page-class-assessment", "page-proof-passed", "page-proof-failed", "page-proof-could-not-tell"},
		deeds: []deed[client.Proven]{
			{name: "record-open", step: "open", action: staff.EvidenceRead, record: "record.read", do: openRecord},
			{name: "record-hold", step: "hold", action: staff.EvidenceHold, record: "hold.placed", do: func(v *visit, p client.Proven) (string, error) {
				id, err := v.api().PlaceHold(v.r.Context(), "", p.Record.ID)
				return "/holds/" + escaped(id), err
			}},
		},
	}
}

// openedPage is a record's payload, held against its commitment.
type openedPage struct {
	Record        client.ProvenRecord
	Payload, Salt string
	Verdict       string
}

// openRecord shows the payload on the answer to a form, so that it stands in no address, and looking again is recorded again.
func openRecord(v *visit, p client.Proven) (string, error) {
	o, err := v.api().OpenRecord(v.r.Context(), p.Record.ID)
	if err != nil {
		return "", err
	}
	data := openedPage{Record: p.Record, Payload: indented(o.Payload), Salt: hex.EncodeToString(o.Salt), Verdict: "failed"}
	open := evidence.Opening{Payload: []byte(o.Payload)}
	if copy(open.Salt[:], o.Salt) == len(open.Salt) {
		if sum := open.Commitment(); hex.EncodeToString(sum[:]) == p.Record.Commitment {
			data.Verdict = "passed"
		}
	}
	return "-", v.show("opened", data)
}

// handRecordProof hands out the proof that other people's tools verify (C2SP tlog-proof).
func handRecordProof(v *visit) error {
	id := v.r.PathValue("id")
	text, err := v.api().RecordProofText(v.r.Context(), id)
	if err != nil {
		return err
	}
	return v.hand("text/plain; charset=utf-8", "record-"+fileName(id)+".tlog-proof", text)
}
