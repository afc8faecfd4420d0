package filing

import (
	"context"
	"slices"
)

// Known is what the register and the running system know of a function. What they do not know is empty.
type Known struct {
	Facts    string // digest of what the function is
	Entity   string // the provider's name
	Code     string // its unified social credit code
	Provider string // its provider code
	Role     string // provider or supporter
	Name     string // of the algorithm, in Chinese
	Purpose  string // in Chinese
	Version  string
	Online   string // day on which it went live, YYYY-MM-DD
	Number   string // filing number
	Models   []Model
	Products []Product
	Formats  []string // that it gives out
	Explicit string   // how content is labelled for people, in Chinese
	Implicit string
	Input    string // how what is asked is reviewed, in Chinese
	Output   string // how what is given out is
	Lookup   string // how an item is found by its content number
	Rights   string // how users are heard
}

// Source tells what is known of a function. A function that it does not have is an error of kind Missing.
type Source interface {
	Known(ctx context.Context, function string) (Known, error)
}

// Fill returns the kit with what is known in the fields that are empty. What somebody entered stays, and is held against
// what is known by [Lint]. Formats are filled under their modality, as far as it follows from them.
func (k Kit) Fill(known Known) (Kit, error) {
	words, err := lintData()
	if err != nil {
		return Kit{}, err
	}
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	for _, f := range []struct {
		fields []*string
		value  string
	}{
		{[]*string{&k.Subject.Name, &k.Responsibility.Entity, &k.Report.Entity}, known.Entity},
		{[]*string{&k.Subject.Code}, known.Code},
		{[]*string{&k.Labels.Code}, known.Provider},
		{[]*string{&k.Algorithm.Role}, known.Role},
		{[]*string{&k.Algorithm.Name, &k.Report.Name, &k.Public.Name}, known.Name},
		{[]*string{&k.Public.Purpose}, known.Purpose},
		{[]*string{&k.Algorithm.Version}, known.Version},
		{[]*string{&k.Algorithm.Online, &k.Report.Online}, known.Online},
		{[]*string{&k.Algorithm.Number}, known.Number},
		{[]*string{&k.Detail.Explicit, &k.Labels.Explicit}, known.Explicit},
		{[]*string{&k.Detail.Implicit, &k.Labels.Implicit}, known.Implicit},
		{[]*string{&k.Detail.InputReview.Method}, known.Input},
		{[]*string{&k.Detail.OutputReview.Method}, known.Output},
		{[]*string{&k.Labels.Lookup}, known.Lookup},
		{[]*string{&k.Report.Rights.Text}, known.Rights},
	} {
		for _, field := range f.fields {
			set(field, f.value)
		}
	}
	if len(k.Detail.Models) == 0 {
		k.Detail.Models = slices.Clone(known.Models)
	}
	if len(k.Products) == 0 && k.Algorithm.Role != "supporter" {
		k.Products = slices.Clone(known.Products)
	}
	if len(k.Detail.Output) == 0 {
		k.Detail.Output = words.modalities(known.Formats)
	}
	return k, nil
}

// modalities sorts formats by what kind of data they hold; what is in no table is of another kind.
func (w lintWords) modalities(formats []string) []Modality {
	var list []Modality
	for _, f := range formats {
		of := "other"
		for _, m := range []string{"text", "image", "audio", "video"} {
			if slices.Contains(w.Formats[m], format(f)) {
				of = m
				break
			}
		}
		at := slices.IndexFunc(list, func(m Modality) bool { return m.Modality == of })
		if at < 0 {
			at, list = len(list), append(list, Modality{Modality: of})
		}
		list[at].Formats = append(list[at].Formats, f)
	}
	return list
}
