package filing

import (
	"context"
	"slices"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// maxFiles is how many files a filing has at most.
const maxFiles = maxList + 1

// File is a file of a filing. Its bytes lie elsewhere, sealed.
type File struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Type   string `json:"type"` // media type, as its bytes say
	Blob   string `json:"blob"` // where they lie
}

// Keyed is a file that was put where it lies, with the key that opens it.
type Keyed struct {
	File
	Key []byte
}

// sealed is what only some may read: people, and the keys of files by their digests.
type sealed struct {
	People
	Files map[string][]byte `json:"files,omitempty"`
}

// reseal changes what is sealed in a filing, and forgets the keys of files that it has no more.
func (k *Keeper) reseal(e *Entry, fn func(in *sealed)) error {
	var in sealed
	if _, err := k.book.Open(*e, &in); err != nil {
		return err
	}
	fn(&in)
	files := map[string][]byte{}
	for _, f := range e.Value.Files {
		if key := in.Files[f.SHA256]; key != nil {
			files[f.SHA256] = key
		}
	}
	in.Files = files
	return k.book.Secret(e, in)
}

// keep adds files to a filing. One that it has already stays as it is.
func (k *Keeper) keep(e *Entry, files ...Keyed) error {
	if len(files) == 0 {
		return nil
	}
	e.Value.Files = slices.Clone(e.Value.Files)
	added := map[string][]byte{}
	for _, f := range files {
		if !slices.ContainsFunc(e.Value.Files, func(have File) bool { return have.SHA256 == f.SHA256 }) {
			e.Value.Files, added[f.SHA256] = append(e.Value.Files, f.File), f.Key
		}
	}
	if len(e.Value.Files) > maxFiles {
		return invalid("annexes")
	}
	return k.reseal(e, func(in *sealed) {
		all := map[string][]byte{}
		for sum, key := range in.Files {
			all[sum] = key
		}
		for sum, key := range added {
			all[sum] = key
		}
		in.Files = all
	})
}

// Places are where a picture of a screen can stand, by their names as JSON: the sections of the report, and the lists of the
// label materials.
func Places() []string {
	return []string{"report.flow", "report.data", "report.model", "report.intervention", "report.marking", "report.abuse", "report.loophole", "report.malice", "report.other_risks",
		"report.mechanism", "report.rights", "report.ecology", "report.model_safety", "report.data_safety", "labels.places", "labels.reading"}
}

// shotsAt is the list of pictures at a place; nil where there is none.
func (k *Kit) shotsAt(place string) *[]Shot {
	r := &k.Report
	sections := map[string]*Section{"report.flow": &r.Flow, "report.data": &r.Data, "report.model": &r.Model, "report.intervention": &r.Intervention, "report.marking": &r.Marking, "report.abuse": &r.Abuse,
		"report.loophole": &r.Loophole, "report.malice": &r.Malice, "report.other_risks": &r.OtherRisks, "report.mechanism": &r.Mechanism, "report.rights": &r.Rights, "report.ecology": &r.Ecology,
		"report.model_safety": &r.ModelSafety, "report.data_safety": &r.DataSafety}
	switch place {
	case "labels.places":
		return &k.Labels.Places
	case "labels.reading":
		return &k.Labels.Reading
	}
	if s := sections[place]; s != nil {
		return &s.Shots
	}
	return nil
}

// has reports whether a file is among the annexes.
func (k Kit) has(sha256 string) bool {
	return slices.ContainsFunc(k.Annexes, func(a Annex) bool { return a.SHA256 == sha256 })
}

// Attachment is a file that somebody adds to a draft, and where it is shown.
type Attachment struct {
	Keyed
	Kind    string // of the annex
	Name    string
	Place   string // one of [Places]; empty for nowhere
	Caption string // of a picture that is shown somewhere
}

// Attach adds a file to the annexes of a draft. The licence stands with the subject, too.
func (k *Keeper) Attach(ctx context.Context, by ledger.By, id string, a Attachment) (Draft, error) {
	switch {
	case a.Kind == "":
		return Draft{}, invalid("kind")
	case a.Name == "":
		return Draft{}, invalid("name")
	case a.Place != "" && !strings.HasPrefix(a.Type, "image/"):
		return Draft{}, invalid("place")
	case a.Place != "" && a.Caption == "":
		return Draft{}, invalid("caption")
	}
	return k.rewrite(ctx, by, id, func(kit *Kit) error {
		if kit.has(a.SHA256) {
			return invalid("file")
		}
		kit.Annexes = append(slices.Clone(kit.Annexes), Annex{a.Kind, a.Name, a.Type, a.SHA256})
		if a.Kind == "licence" {
			kit.Subject.Licence = a.SHA256
		}
		if a.Place == "" {
			return nil
		}
		list := kit.shotsAt(a.Place)
		if list == nil {
			return invalid("place")
		}
		*list = append(slices.Clone(*list), Shot{a.SHA256, a.Caption})
		return nil
	}, a.Keyed)
}

// Detach takes a file from the annexes of a draft, and from wherever it was shown.
func (k *Keeper) Detach(ctx context.Context, by ledger.By, id, sha256 string) (Draft, error) {
	return k.rewrite(ctx, by, id, func(kit *Kit) error {
		if !kit.has(sha256) {
			return refuse(colophon.Missing, CodeFile, nil)
		}
		kit.Annexes = slices.DeleteFunc(slices.Clone(kit.Annexes), func(a Annex) bool { return a.SHA256 == sha256 })
		if kit.Subject.Licence == sha256 {
			kit.Subject.Licence = ""
		}
		for _, place := range Places() {
			list := kit.shotsAt(place)
			*list = slices.DeleteFunc(slices.Clone(*list), func(s Shot) bool { return s.SHA256 == sha256 })
		}
		kit.Detail.Models = slices.Clone(kit.Detail.Models)
		for i := range kit.Detail.Models {
			if m := &kit.Detail.Models[i]; m.Proof == sha256 {
				m.Proof = ""
			}
		}
		return nil
	})
}

// rewrite changes the kit of a draft as it is stored.
func (k *Keeper) rewrite(ctx context.Context, by ledger.By, id string, fn func(kit *Kit) error, files ...Keyed) (Draft, error) {
	return k.change(ctx, by, id, Drafted, RecordChanged, func(e *Entry) error {
		kit := e.Value.Kit
		if err := fn(&kit); err != nil {
			return err
		}
		if err := kit.Check(); err != nil {
			return err
		}
		digest, err := kit.Digest()
		if err != nil {
			return err
		}
		e.Value.written(by, kit, digest)
		if len(files) == 0 {
			return k.reseal(e, func(*sealed) {})
		}
		return k.keep(e, files...)
	})
}

// File finds a file of a filing, with the key that opens it.
func (k *Keeper) File(ctx context.Context, id, sha256 string) (Keyed, error) {
	e, err := k.book.Get(ctx, id)
	if err != nil {
		return Keyed{}, err
	}
	at := slices.IndexFunc(e.Value.Files, func(f File) bool { return f.SHA256 == sha256 })
	if at < 0 {
		return Keyed{}, refuse(colophon.Missing, CodeFile, nil)
	}
	var in sealed
	if ok, err := k.book.Open(e, &in); err != nil {
		return Keyed{}, err
	} else if !ok || in.Files[sha256] == nil {
		return Keyed{}, refuse(colophon.Missing, CodeFile, nil)
	}
	return Keyed{e.Value.Files[at], in.Files[sha256]}, nil
}

// Needs reports whether a filing has a file whose bytes lie there.
func (k *Keeper) Needs(ctx context.Context, blob string) (bool, error) {
	n, err := k.book.Store.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyBlob, Value: blob}}})
	return n > 0, err
}

// Published is the newest filing of a function that the authority filed: what is made public of it is in force until the next
// one is filed, also while that one lies with the authority, or the service ended.
func (k *Keeper) Published(ctx context.Context, function string) (Draft, bool, error) {
	var found Draft
	after := ""
	for {
		list, next, err := k.Filings(ctx, Query{Function: function, States: []State{Filed, Amended, Cancelled}, After: after})
		if err != nil {
			return found, false, err
		}
		for _, d := range list {
			if d.State == Cancelled {
				return found, false, nil
			}
			if d.Decision != nil && d.Decision.Filed {
				return d, true, nil
			}
		}
		if after = next; next == "" {
			return found, false, nil
		}
	}
}
