package standing

import (
	"context"
	"slices"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// ruleBarred stands as the rule of a measure that followed a barred person to another account.
const ruleBarred = "barred-person"

// Barred returns the measures in force that bar the person with one of some digests from registering again.
func (k *Keeper) Barred(ctx context.Context, digests []string) ([]Measure, error) {
	var list []Measure
	for _, d := range digests {
		found, err := k.config.Measures.Find(ctx, ledger.Query{States: []string{string(Active)}, Keys: []ledger.Key{{Name: keyPerson, Value: d}}})
		if err != nil {
			return nil, err
		}
		for _, e := range found {
			m := measure(e)
			if k.InForce(m) && !slices.ContainsFunc(list, func(other Measure) bool { return other.ID == m.ID }) {
				list = append(list, m)
			}
		}
	}
	return list, nil
}

// Meet is called when an account was verified. Where the person behind it is barred, the account is barred too, by the
// decision that two people took about the person, and ends with it. It returns the measures that bar the account. To call it
// again changes nothing.
func (k *Keeper) Meet(ctx context.Context, account evidence.Subject) ([]Measure, error) {
	who, err := k.config.People.Person(ctx, account)
	if err != nil {
		return nil, err
	}
	found, err := k.Barred(ctx, append(slices.Clone(who.Numbers), who.Phones...))
	if err != nil {
		return nil, err
	}
	var list []Measure
	for _, m := range found {
		if m.Subject != account {
			if m, err = k.extend(ctx, m, account); err != nil {
				return nil, err
			}
		}
		if k.InForce(m) {
			list = append(list, m)
		}
	}
	return list, nil
}

// extend has a measure that bars a person bar another account of that person.
func (k *Keeper) extend(ctx context.Context, bar Measure, account evidence.Subject) (Measure, error) {
	origin := bar.ID + "/" + string(account)
	m := Measure{By: ledger.By{Role: system}, Step: Bar, Ground: bar.Ground, Fact: bar.Fact, Findings: []string{bar.ID}, Rule: ruleBarred, Origin: origin, Deciders: bar.Deciders,
		Start: k.Now(), Until: bar.Until, Appeal: bar.Appeal}
	id, err := k.config.Recorder.NewID()
	if err != nil {
		return Measure{}, err
	}
	m.ID, m.State = id, Active
	p := m.payload(m.By, "")
	p.Ground, p.Fact, p.Findings, p.Rule, p.Origin = &m.Ground, m.Fact, m.Findings, m.Rule, m.Origin
	e, err := k.measures.Add(ctx, ledger.Entry[Measure]{ID: id, Subject: account, State: string(Active), Due: m.Until, Value: m,
		Keys: []ledger.Key{{Name: keyStep, Value: string(Bar)}, {Name: keyOrigin, Value: origin, Unique: true}, {Name: keyBarred, Value: bar.ID}}}, nil,
		ledger.Act{Type: RecordTaken, Role: system, Clauses: m.Ground.cited(), Payload: p})
	if existed(err) {
		e, err = k.measures.One(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyOrigin, Value: origin}}})
	}
	return measure(e), err
}

// release ends what followed a barred person to other accounts, where the measure against the person ends.
func (k *Keeper) release(ctx context.Context, by ledger.By, bar Measure, to State, typ evidence.Type, why colophon.Code) error {
	found, err := k.config.Measures.Find(ctx, ledger.Query{States: []string{string(Active)}, Keys: []ledger.Key{{Name: keyBarred, Value: bar.ID}}})
	for _, e := range found {
		if _, err := k.shut(ctx, by, e.ID, to, typ, why, ""); err != nil && code(err) != CodeStep {
			return err
		}
	}
	return err
}
