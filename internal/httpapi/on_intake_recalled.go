package httpapi

import (
	"time"

	"github.com/colophon-project/colophon/intake"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/refutation/feed"
)

// IntakeRecall is what somebody said is false about an upload, or about content that it is like.
type IntakeRecall struct {
	Refutation string       `json:"refutation" doc:"Identifier, as its provider knows it."`
	Source     string       `json:"source,omitempty" doc:"The recall feed that it came from, by the name it has here; absent for a refutation of this service. What others say is no verdict of this service."`
	Claim      Words        `json:"claim" doc:"What is said and is not so."`
	Verdict    feed.Verdict `json:"verdict" enum:"false,altered,out-of-context,unproven" doc:"What is wrong with it."`
	Reason     Words        `json:"reason" doc:"Why."`
	URL        string       `json:"url,omitempty" doc:"Its page."`
	Since      *time.Time   `json:"since,omitempty" doc:"Since when it stands."`
	Likeness
}

// Likeness says how a refutation fits to content.
type Likeness struct {
	How     string  `json:"how" enum:"number,digest,likeness,text" doc:"By what it was found."`
	Certain bool    `json:"certain" doc:"It is the same content. False: it is only like it, and people have to look."`
	Bits    int     `json:"bits,omitempty" doc:"In how many of 256 bits the hashes of the pictures differ."`
	Share   float64 `json:"share,omitempty" doc:"How much the texts have in common, from 0 to 1."`
}

// recalled adds what was refuted about an upload, and what has to be shown around it.
func (v *Intake) recalled(say *locale.Printer, rule intake.Rule, list []intake.Recall) {
	for _, r := range list {
		v.Recalls = append(v.Recalls, IntakeRecall{r.Refutation, r.Source, Words(r.Claim), r.Verdict, Words(r.Reason), r.URL, set(r.Since), Likeness{r.How, r.Certain, r.Bits, r.Share}})
	}
	if rule != intake.RuleLabel || len(list) == 0 {
		return
	}
	first := list[0]
	in := func(l locale.Language) string {
		p, err := locale.For(l)
		if err != nil {
			p = say
		}
		return p.Say("intake-warning", "verdict", p.Say("refutation-verdict-"+string(first.Verdict)), "claim", first.Claim.In(string(l)))
	}
	v.Warning = &IntakeWords{in(locale.Chinese), in(locale.English)}
}
