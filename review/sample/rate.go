package sample

import (
	"math"

	"github.com/colophon-project/colophon"
)

// Million is the whole in which shares are told: parts per million, as whole numbers, so that the same figures are the same
// bytes on every machine.
const Million = 1_000_000

// z is the quantile of the normal distribution for an interval that covers 95 of 100.
const z = 1.959963984540054

// Rate is a share with all that it is made of.
type Rate struct {
	Hits    int `json:"hits"`    // numerator
	Known   int `json:"known"`   // denominator
	Unknown int `json:"unknown"` // of which nobody could tell; not in the denominator
	Share   int `json:"share"`   // hits of known, in parts per million; 0 where nothing is known
	Low     int `json:"low"`     // of the Wilson interval that covers 95 of 100, in parts per million
	High    int `json:"high"`
}

// RateOf makes a rate. Where nothing is known the interval is everything.
func RateOf(hits, known, unknown int) Rate {
	r := Rate{Hits: hits, Known: known, Unknown: unknown, High: Million}
	if known <= 0 {
		return r
	}
	n, p := float64(known), float64(hits)/float64(known)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	r.Share = int(math.Round(p * Million))
	r.Low, r.High = max(0, int(math.Round((middle-half)*Million))), min(Million, int(math.Round((middle+half)*Million)))
	return r
}

// AtLeast says whether a rate reaches a figure, given in parts per million, when so many must have been judged. What nobody
// could tell may have gone either way: only where that makes no difference is there an answer.
func (r Rate) AtLeast(share, least int) colophon.Verdict {
	all := r.Known + r.Unknown
	switch {
	case r.Known < least || r.Known == 0:
		return colophon.Unknown
	case reaches(r.Hits, all, share):
		return colophon.Passed
	case !reaches(r.Hits+r.Unknown, all, share):
		return colophon.Failed
	}
	return colophon.Unknown
}

// AtMost says whether a rate stays within a figure, in the same way.
func (r Rate) AtMost(share, least int) colophon.Verdict {
	all := r.Known + r.Unknown
	switch {
	case r.Known < least || r.Known == 0:
		return colophon.Unknown
	case !exceeds(r.Hits+r.Unknown, all, share):
		return colophon.Passed
	case exceeds(r.Hits, all, share):
		return colophon.Failed
	}
	return colophon.Unknown
}

func reaches(hits, of, share int) bool { return int64(hits)*Million >= int64(share)*int64(of) }
func exceeds(hits, of, share int) bool { return int64(hits)*Million > int64(share)*int64(of) }

// Kappa is Cohen's kappa: how much two judgements of the same items agree beyond what chance would give.
type Kappa struct {
	Pairs   int  `json:"pairs"`
	Agreed  int  `json:"agreed"`
	Defined bool `json:"defined"` // false where there are no pairs, or chance alone would give full agreement
	Value   int  `json:"value"`   // in parts per million, from -1,000,000; 0 where it is not defined
}

// Cohen computes kappa over pairs of judgements, each the first person's and the second's. What a person could not tell is a
// judgement of its own. Where all judgements of all items are the same it is not defined: chance explains everything then.
func Cohen(pairs [][2]colophon.Verdict) Kappa {
	k := Kappa{Pairs: len(pairs)}
	var first, second [3]int64
	for _, p := range pairs {
		first[p[0]]++
		second[p[1]]++
		if p[0] == p[1] {
			k.Agreed++
		}
	}
	n := int64(len(pairs))
	var chance int64 // times n², so that nothing is rounded before the end
	for i := range first {
		chance += first[i] * second[i]
	}
	if n == 0 || chance == n*n {
		return k
	}
	k.Defined = true
	k.Value = int(math.Round(float64(int64(k.Agreed)*n-chance) / float64(n*n-chance) * Million))
	return k
}
