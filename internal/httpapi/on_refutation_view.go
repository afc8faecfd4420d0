package httpapi

import (
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/near"
	"github.com/colophon-project/colophon/screen/phash"
)

// Words is the same in two languages.
type Words struct {
	ZH string `json:"zh" maxLength:"16000" doc:"Chinese, at most 4,000 signs."`
	EN string `json:"en" maxLength:"16000" doc:"English, at most 4,000 signs."`
}

// RefutationSource is where something stands that shows it.
type RefutationSource struct {
	Title string `json:"title" minLength:"1" maxLength:"512" doc:"Title."`
	URL   string `json:"url" minLength:"1" maxLength:"2048" doc:"Address on the web."`
	Date  string `json:"date" pattern:"^[0-9]{4}-[0-9]{2}-[0-9]{2}$" patternDescription:"a date" doc:"Date of what stands there." example:"2026-11-22"`
}

// FileDigest is the digest of a file.
type FileDigest struct {
	Alg   string `json:"alg" enum:"sha256,sm3" doc:"Algorithm."`
	Value string `json:"value" pattern:"^[0-9a-f]{64}$" patternDescription:"64 hexadecimal digits" doc:"Digest in lower-case hexadecimal digits."`
}

// Refutation is a claim and what is wrong with it, as the staff sees it.
type Refutation struct {
	PublicRefutation
	State    refutation.State `json:"state" enum:"draft,proposed,published,corrected,withdrawn" doc:"Where it is."`
	Version  int64            `json:"version" doc:"Version; whoever publishes names the one that they read."`
	Near     []near.Signature `json:"signatures" nullable:"false" doc:"Signatures of texts that it is about."`
	Writers  []string         `json:"writers" nullable:"false" doc:"Staff accounts that wrote it."`
	Approver string           `json:"approver,omitempty" doc:"Staff account that published it."`
	Cases    []string         `json:"cases" nullable:"false" doc:"Cases that it comes from."`
	Reports  []string         `json:"reports" nullable:"false" doc:"Reports to authorities."`
	Reach    *RefutationReach `json:"reach,omitempty" doc:"Of lists and changes absent."`
}

// PublicRefutation is a claim and what is wrong with it, for everybody.
type PublicRefutation struct {
	ID          string             `json:"id" doc:"Identifier."`
	State       refutation.State   `json:"state" enum:"published,corrected,withdrawn" doc:"Corrected: another one stands instead of it. Withdrawn: it does not hold."`
	URL         string             `json:"url,omitempty" doc:"Its page; once it was published."`
	Claim       Words              `json:"claim" doc:"What is said and is not so."`
	Verdict     feed.Verdict       `json:"verdict" enum:"false,altered,out-of-context,unproven" doc:"What is wrong with it."`
	Reason      Words              `json:"reason" doc:"Why."`
	Sources     []RefutationSource `json:"sources" nullable:"false" doc:"Where that stands."`
	Numbers     []string           `json:"numbers" nullable:"false" doc:"Content numbers that it is about."`
	Digests     []FileDigest       `json:"digests" nullable:"false" doc:"Digests of files that it is about."`
	Hashes      []phash.Hash       `json:"hashes" nullable:"false" doc:"PDQ hashes of pictures that it is about."`
	FirstSeen   *time.Time         `json:"first_seen,omitempty" doc:"When the claim was seen first."`
	Published   *time.Time         `json:"published,omitempty" doc:"When it was published."`
	Corrects    string             `json:"corrects,omitempty" doc:"Refutation that it stands instead of."`
	CorrectedBy string             `json:"corrected_by,omitempty" doc:"Refutation that stands instead of it."`
	Ended       *time.Time         `json:"ended,omitempty" doc:"When it was corrected or withdrawn."`
	Why         *Words             `json:"why,omitempty" doc:"Why it was withdrawn."`
}

// viewPublic leaves out who wrote it, where it comes from and whom it reached.
func (s *server) viewPublic(r refutation.Refutation) PublicRefutation {
	v := PublicRefutation{ID: r.ID, State: r.State, Claim: Words(r.Claim), Verdict: r.Verdict, Reason: Words(r.Reason), Sources: []RefutationSource{}, Numbers: append([]string{}, r.Numbers...), Digests: []FileDigest{},
		Hashes: append([]phash.Hash{}, r.Likeness...), FirstSeen: set(r.FirstSeen), Published: set(r.Published), Corrects: r.Corrects, CorrectedBy: r.CorrectedBy, Ended: set(r.Ended)}
	if !r.Published.IsZero() {
		v.URL = s.refutationPage(r.ID)
	}
	for _, one := range r.Sources {
		v.Sources = append(v.Sources, RefutationSource(one))
	}
	for _, one := range r.Digests {
		v.Digests = append(v.Digests, FileDigest(one))
	}
	if r.Why != (feed.Words{}) {
		why := Words(r.Why)
		v.Why = &why
	}
	return v
}

func (s *server) viewRefutation(r refutation.Refutation) Refutation {
	return Refutation{PublicRefutation: s.viewPublic(r), State: r.State, Version: r.Version, Near: append([]near.Signature{}, r.Near...), Writers: append([]string{}, r.Writers...), Approver: r.Approver,
		Cases: append([]string{}, r.Cases...), Reports: append([]string{}, r.Reports...)}
}

// refutationPage is the address of the public page of a refutation.
func (s *server) refutationPage(id string) string { return s.PublicURL + "/refutations/" + id }

// addSignature adds a signature of a text to prints.
func addSignature(p *feed.Prints, text string) error {
	var n near.Signature
	err := n.UnmarshalText([]byte(text))
	p.Near = append(p.Near, n)
	return err
}

// RefutationUnknown is one reason why it isn't known whom content reached.
type RefutationUnknown struct {
	Sentence
	Count int `json:"count,omitempty" doc:"Deliveries or content numbers; absent where not even that is known."`
}

// RefutationReach counts whom a refutation reached of those who received the content.
type RefutationReach struct {
	Reached     int                 `json:"reached" doc:"Recipients that were told."`
	Read        int                 `json:"read" doc:"Of them, those that read it."`
	Deliverable int                 `json:"deliverable" doc:"Recipients that are not told yet."`
	Unreachable int                 `json:"unreachable" doc:"Recipients that can't be told, and deliveries whose recipient isn't known any more."`
	Dropped     int                 `json:"dropped" doc:"Recipients that were not told before it was corrected or withdrawn."`
	Unknown     []RefutationUnknown `json:"unknown" nullable:"false" doc:"Why it isn't known whom else the content reached. Never empty: copies can't be counted."`
	Sought      *time.Time          `json:"sought,omitempty" doc:"When recipients were looked for last."`
	Numbers     int                 `json:"numbers" doc:"Content numbers that were looked at, those of what it was made from and of what was made from it too."`
	Deliveries  int                 `json:"deliveries" doc:"Deliveries of them."`
}

func viewReach(say *locale.Printer, r refutation.Reached) RefutationReach {
	v := RefutationReach{Reached: r.Reached, Read: r.Read, Deliverable: r.Deliverable, Unreachable: r.Unreachable, Dropped: r.Dropped, Unknown: []RefutationUnknown{}, Sought: set(r.Sought.At), Numbers: r.Sought.Numbers, Deliveries: r.Sought.Deliveries}
	for _, u := range r.Unknown {
		v.Unknown = append(v.Unknown, RefutationUnknown{Sentence{u.Code, say.Code(u.Code, colophon.Args{"count": strconv.Itoa(u.Count)})}, u.Count})
	}
	return v
}

// RefutationNotice tells one recipient of content that it was refuted, or that the refutation was withdrawn.
type RefutationNotice struct {
	ID           string                 `json:"id" doc:"Identifier."`
	State        refutation.NoticeState `json:"state" enum:"waiting,told,read,unreachable,dropped" doc:"Dropped: what it says was corrected or withdrawn before it was told."`
	Kind         feed.Kind              `json:"kind" enum:"publish,withdraw" doc:"What it tells: the refutation, or that it was withdrawn."`
	Refutation   string                 `json:"refutation" doc:"The refutation."`
	Party        refutation.Party       `json:"party" enum:"account,application" doc:"What the recipient is."`
	Subject      evidence.Subject       `json:"subject,omitempty" doc:"Pseudonym of the account."`
	Application  string                 `json:"application,omitempty" doc:"Identifier of the application."`
	Numbers      []string               `json:"numbers" nullable:"false" doc:"What it received, at most a few content numbers."`
	Made         time.Time              `json:"made" doc:"When the notice was made."`
	Told         *time.Time             `json:"told,omitempty" doc:"When the recipient was told first."`
	Read         *time.Time             `json:"read,omitempty" doc:"When the recipient read it first."`
	Failed       *time.Time             `json:"failed,omitempty" doc:"When it was found that the recipient can't be reached."`
	Acknowledged string                 `json:"via,omitempty" doc:"Application that acknowledged it."`
	Says         *PublicRefutation      `json:"says,omitempty" doc:"The refutation, to be shown; where notices are fetched to be delivered."`
}

func viewNotice(n refutation.Notice) RefutationNotice {
	v := RefutationNotice{ID: n.ID, State: n.State, Kind: n.Kind, Refutation: n.Refutation, Party: n.Party, Numbers: append([]string{}, n.Numbers...), Made: n.Made, Told: set(n.Told), Read: set(n.Read), Failed: set(n.Failed), Acknowledged: n.Via}
	if n.Party == refutation.Account {
		v.Subject = evidence.Subject(n.To)
	} else {
		v.Application = n.To
	}
	return v
}
