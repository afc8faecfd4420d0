package console_test

import (
	"fmt"

	"github.com/colophon-project/colophon/agreement"
	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/identity"
)

// guestWords are the words of pages for people without an account that are made of what the capabilities say.
func guestWords() (keys []string) {
	add(&keys, consent.States(), "page-likeness-state-")
	add(&keys, []consent.State{consent.Given, consent.Refused, consent.Disputed}, "page-consent-did-")
	add(&keys, []consent.Level{consent.Claimed, consent.Recorded, consent.Matched, consent.Verified}, "page-consent-proof-", "page-consent-level-")
	add(&keys, consent.Modalities(), "page-modality-")
	add(&keys, []string{"modality", "functions", "scenes", "channels", "languages", "territory", "for-minor", "for-deceased"}, "page-consent-")
	add(&keys, []consent.Kinship{consent.Parent, consent.OtherGuardian, consent.Spouse, consent.Child, consent.OtherKin}, "page-kinship-")
	add(&keys, []string{"requested", "shown", "given", "narrowed", "claimed", "refused", "renewed", "recorded", "matched", "verified", "withdrawn", "expired", "disputed", "settled",
		"invalidated", "reference", "relation", "relation-decided"}, "page-consent-event-")
	add(&keys, []string{consent.StepBlock, consent.StepTokens, consent.StepOutputs, consent.StepReferences, consent.StepDerived, consent.StepNotify, consent.StepCertificate}, "page-deletion-")
	add(&keys, []consent.StepState{consent.StepPending, consent.StepDone, consent.StepFailed}, "page-deletion-state-")
	add(&keys, []string{"phone", "number", "oidc", "network-id", "other", "face"}, "page-way-", "page-way-about-", "page-way-do-")
	add(&keys, []identity.Method{identity.ResidentID, identity.HKMacauPermit, identity.TaiwanPermit, identity.PermanentCard, identity.Passport, identity.USCC}, "page-document-")
	add(&keys, identity.Levels(), "page-level-")
	add(&keys, agreement.Kinds(), "page-agreement-kind-")
	return keys
}

func add[T any](keys *[]string, values []T, prefixes ...string) {
	for _, v := range values {
		for _, p := range prefixes {
			*keys = append(*keys, p+fmt.Sprint(v))
		}
	}
}
