// Package identity knows to whom an account belongs, as far as somebody verified it: on which level, by which method, who
// says so, when, and until when (Deep Synthesis Provisions Art. 9).
//
// A [Registrar] has a claim checked by a [Source] now, or by a [Later] that first asks a person for something, or takes down
// what the provider's own backend attests with its transaction, or what two people of the staff took over from a file. What
// came of each is a [Verification], an entry of a ledger that is changed together with the record that proves it. What an
// account is worth now is computed from its entries: [Registrar.Account].
//
// A number, a name and a telephone number live in a [Claim], which is in memory only. What is kept of them are digests under
// a secret of the deployment, as keys that go when the account is erased, and their masked forms, sealed for the account.
//
// What not to do here: never keep, log, return or put into an error what a claim holds. Never take silence, an error or an
// answer that was not understood for a match, nor for a mismatch: it is [SourceError], and changes what an account is worth
// in no direction. Never let a mismatch end an earlier verification, unless the account is to be verified anew.
package identity

import (
	"time"

	"github.com/colophon-project/colophon/evidence/ledger"
)

// Method says what was verified.
type Method string

// The methods. All but the last four name the kind of number in [Claim].
const (
	ResidentID      Method = "resident-id"             // 居民身份证, GB 11643
	HKMacauPermit   Method = "hk-macau-permit"         // residence or travel permit of a resident of Hong Kong or Macau
	TaiwanPermit    Method = "taiwan-permit"           // the same of a resident of Taiwan
	PermanentCard   Method = "permanent-resident-card" // 外国人永久居留身份证
	Passport        Method = "passport"                // of a foreigner; only its outer form is checked
	USCC            Method = "uscc"                    // 统一社会信用代码
	NetworkIdentity Method = "network-id"              // 国家网络身份认证公共服务: 网号, 网证
	Phone           Method = "phone"                   // a telephone number alone
	OIDC            Method = "oidc"                    // what an OpenID provider says
	Other           Method = "other"                   // what the provider's backend attests without saying how
)

// methods returns all methods.
func methods() []Method {
	return []Method{ResidentID, HKMacauPermit, TaiwanPermit, PermanentCard, Passport, USCC, NetworkIdentity, Phone, OIDC, Other}
}

// Result is what came of a verification.
type Result string

// The results.
const (
	Waiting     Result = "pending"      // nobody answered yet
	Match       Result = "match"        // the source says that it is so
	Mismatch    Result = "mismatch"     // the source says that it is not so
	NoRecord    Result = "no-record"    // the source knows no such number, which is no mismatch
	SourceError Result = "source-error" // no answer, or none that was understood
	Expired     Result = "expired"      // nobody completed it in time
)

// Minor is the band of age that counts in law.
type Minor string

// The bands.
const (
	AgeUnknown Minor = ""
	Under14    Minor = "under-14"
	Under18    Minor = "14-17"
	Adult      Minor = "adult"
)

func minors() []Minor { return []Minor{AgeUnknown, Under14, Under18, Adult} }

// Vouched says on whose word a verification rests.
type Vouched string

// Who vouches.
const (
	Checked  Vouched = "checked"  // a source answered this deployment
	Attested Vouched = "attested" // the provider's backend says so, with its transaction
	Imported Vouched = "imported" // from a file that one person proposed and another approved
)

// Assurance says how far a verification by telephone can be relied on.
type Assurance string

// The assurances.
const (
	Normal Assurance = ""
	Low    Assurance = "low" // a number from a range for data cards or of a reseller
)

// Verification is what came of one verification. It holds nothing that leads to a person.
type Verification struct {
	Level       Level     `json:"level"` // what a match is worth
	Method      Method    `json:"method"`
	Vouched     Vouched   `json:"vouched"`
	Source      string    `json:"source"`                // name of the source, or the provider that the backend names
	Transaction string    `json:"transaction,omitempty"` // identifier that the source gave
	Result      Result    `json:"result"`
	Reason      string    `json:"reason,omitempty"` // code of why the result does not count, or why there was no answer
	CodeRaw     string    `json:"code_raw,omitempty"`
	Assurance   Assurance `json:"assurance,omitempty"`
	Minor       Minor     `json:"minor,omitempty"` // at the time of Decided; later it can only be too strict
	Requested   time.Time `json:"requested"`
	Decided     time.Time `json:"decided,omitzero"`
	Until       time.Time `json:"until,omitzero"`    // zero for no end
	Recalled    time.Time `json:"recalled,omitzero"` // when the account was to be verified anew
	Supersedes  string    `json:"supersedes,omitempty"`
	Consent     string    `json:"consent,omitempty"` // reference of the separate consent, where a face was compared
	Import      string    `json:"import,omitempty"`  // the import that it came with
	Tries       int       `json:"tries,omitempty"`
	By          ledger.By `json:"by"`
}

// Entry is a verification in the ledger.
type Entry = ledger.Entry[Verification]
