// Package sample draws samples and has people judge them: answers of a model in an assessment, items of training data.
//
// [Draw] takes units by a seed, so many of each stratum and so many in all; the same units and seed give the same sample on
// every machine, and nobody can choose afterwards. A [Panel] puts a sample before reviewers: two people judge each item, on
// leases, neither knowing what the other did; a third decides where they differ; nobody judges an item twice.
// [Cohen] says how much two judgements agree beyond chance, and [Rate] what share passed, how sure that is, and whether it
// reaches a figure.
//
// What is judged lies with whoever drew the sample. The panel knows identifiers, and nothing of a content.
//
// What not to do here: never show an opinion to somebody who is to judge ([Item.Blind]). Never count what nobody could tell
// as passed, and never leave it out without saying how many there were. Never take a rate of a sample that is drawn by
// stratum for the rate of all without saying so.
package sample

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
)

// Codes of errors.
const (
	CodeInvalid colophon.Code = "sample-invalid"      // arg "field"
	CodeMissing colophon.Code = "sample-item-missing" // there is no such item
	CodePerson  colophon.Code = "sample-person"       // a person of the staff has to do it
	CodeLease   colophon.Code = "sample-lease"        // you don't have the item, or not any more
	CodeTwice   colophon.Code = "sample-twice"        // you judged it already
	CodeClosed  colophon.Code = "sample-closed"       // it needs no judgement any more
	CodeThere   colophon.Code = "sample-there"        // the sheet has a sample already
)

// MaxUnits is how many units a sample is drawn from at most.
const MaxUnits = 5_000_000

// Unit is one thing that may be drawn. Its identifier is of whoever draws, and no personal data.
type Unit struct {
	ID      string
	Stratum string // such as a risk or a source; may be empty
}

// Quota says how many units are drawn.
type Quota struct {
	Least int `json:"least"` // in all
	Each  int `json:"each"`  // of each stratum
}

// Drawn is a sample.
type Drawn struct {
	Units []Unit         // in the order in which people see them, which is by chance
	Short map[string]int // strata with fewer units than the quota asks for, and how many those are
	Of    int            // units that it was drawn from
}

// Draw draws a sample: from each stratum the quota's number, or all there are, and then from all others by chance up to the
// number in all. Chance is SHA-256 over the seed and the unit's identifier, so that anybody can draw it again.
func Draw(units []Unit, q Quota, seed uint32) (Drawn, error) {
	if len(units) == 0 || len(units) > MaxUnits {
		return Drawn{}, invalid("units")
	}
	if q.Least < 0 || q.Each < 0 || q.Least+q.Each == 0 {
		return Drawn{}, invalid("quota")
	}
	type lot struct {
		Unit
		ticket [sha256.Size]byte
	}
	lots := make([]lot, len(units))
	for i, u := range units {
		lots[i] = lot{u, ticket(seed, u.ID)}
	}
	slices.SortFunc(lots, func(a, b lot) int {
		if c := slices.Compare(a.ticket[:], b.ticket[:]); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	for i := range lots[1:] {
		if lots[i].ID == lots[i+1].ID {
			return Drawn{}, invalid("units")
		}
	}
	d := Drawn{Short: map[string]int{}, Of: len(units)}
	took, got := make([]bool, len(lots)), map[string]int{}
	n := 0
	for i, l := range lots {
		if _, ok := got[l.Stratum]; !ok {
			got[l.Stratum] = 0
		}
		if got[l.Stratum] < q.Each {
			took[i] = true
			got[l.Stratum]++
			n++
		}
	}
	for i := range lots {
		if !took[i] && n < q.Least {
			took[i] = true
			n++
		}
		if took[i] {
			d.Units = append(d.Units, lots[i].Unit)
		}
	}
	for stratum, n := range got {
		if n < q.Each {
			d.Short[stratum] = n
		}
	}
	return d, nil
}

func ticket(seed uint32, id string) [sha256.Size]byte {
	text := binary.BigEndian.AppendUint32([]byte("colophon/sample/v1\x00"), seed)
	return sha256.Sum256(append(text, id...))
}

// Part is how many units a share of a whole is, in hundredths, rounded up: 10 % of a corpus.
func Part(of, hundredths int) int { return (of*hundredths + 99) / 100 }

func invalid(field string) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: CodeInvalid, Args: colophon.Args{"field": field}}
}
