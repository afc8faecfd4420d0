package identity

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Propose checks a file wholly and keeps it, sealed, until it is decided about. Where something is wrong nothing is kept, and
// the error is a [LinesError] with all of it.
func (r *Registrar) Propose(ctx context.Context, by ledger.By, file io.Reader) (ImportEntry, error) {
	raw, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return ImportEntry{}, err
	}
	lines, err := r.read(raw)
	if err == nil {
		_, err = r.examine(ctx, by, lines, r.config.Accounts.Find)
	}
	if err != nil {
		return ImportEntry{}, err
	}
	subject, err := r.config.Recorder.NewID() // what is sealed for it has a data key of its own
	if err != nil {
		return ImportEntry{}, err
	}
	v := Import{Lines: len(lines), Digest: r.digest("file", string(raw)), Proposer: by}
	e := ImportEntry{Subject: evidence.Subject(subject), State: string(ImportProposed), Due: r.book.Now().Add(undecided), Value: v}
	return r.imports.Add(ctx, e, raw, importAct(RecordProposed, by, e))
}

// read reads a file of at most so many lines and bytes.
func (r *Registrar) read(raw []byte) ([]line, error) {
	lines, wrong := readLines(raw)
	switch {
	case len(raw) > MaxBytes || len(lines) > MaxLines || len(lines) == 0 && len(wrong.Lines) > MaxLines:
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeImportLarge, Args: colophon.Args{"lines": strconv.Itoa(MaxLines), "bytes": strconv.Itoa(MaxBytes)}}
	case len(wrong.Lines) > 0:
		return nil, wrong
	case len(lines) == 0:
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeImportEmpty}
	}
	return lines, nil
}

// examine checks every line by itself, against the others and against what is there, and makes the entries of them.
func (r *Registrar) examine(ctx context.Context, by ledger.By, lines []line, find func(context.Context, string) (evidence.Subject, error)) ([]Entry, error) {
	wrong := &LinesError{}
	accounts, transactions := map[string]int{}, map[string]int{}
	people := map[string][]evidence.Subject{}
	var list []Entry
	for _, l := range lines {
		if before := accounts[l.account]; before > 0 {
			wrong.add(l.number, twice("account", before))
			continue
		}
		accounts[l.account] = l.number
		subject, err := find(ctx, l.account)
		if err != nil {
			return nil, err
		}
		e, k, err := r.attested(by, subject, l.Attestation)
		if err == nil {
			err = r.single(ctx, e, l, transactions)
		}
		if err == nil && subject != "" {
			err = r.fresh(ctx, &e)
		}
		if err == nil {
			err = r.room(ctx, e, people)
		}
		var known *colophon.Error
		if errors.As(err, &known) && known.Kind != colophon.Internal {
			wrong.add(l.number, err)
			continue
		}
		if err == nil && subject != "" {
			err = r.prepare(&e, k)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	if len(wrong.Lines) > 0 {
		return nil, wrong
	}
	return list, nil
}

func twice(column string, before int) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeLineTwice, Args: colophon.Args{"column": column, "line": strconv.Itoa(before)}}
}

// single refuses a transaction that vouches for a verification already, in the file or in the ledger.
func (r *Registrar) single(ctx context.Context, e Entry, l line, seen map[string]int) error {
	i := slices.IndexFunc(e.Keys, func(k ledger.Key) bool { return k.Name == keyTransaction })
	if before := seen[e.Keys[i].Value]; before > 0 {
		return twice("transaction", before)
	}
	seen[e.Keys[i].Value] = l.number
	n, err := r.config.Verifications.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyTransaction, Value: e.Keys[i].Value}}})
	if err == nil && n > 0 {
		err = usedTransaction(nil)
	}
	return err
}

func usedTransaction(cause error) error {
	return &colophon.Error{Kind: colophon.Conflict, Code: CodeTransaction, Clauses: clauses(), Err: cause}
}

// room refuses one account more of a person than are allowed, with those that come before it in the file.
func (r *Registrar) room(ctx context.Context, e Entry, people map[string][]evidence.Subject) error {
	key, ok := personKey(e.Keys)
	if !ok || r.config.MostAccounts == 0 || e.Value.Method == USCC {
		return nil
	}
	if people[key.Value] == nil {
		others, err := r.others(ctx, "", e.Keys, true)
		if err != nil {
			return err
		}
		people[key.Value] = others
	}
	if e.Subject != "" && slices.Contains(people[key.Value], e.Subject) {
		return nil
	}
	if len(people[key.Value]) >= r.config.MostAccounts {
		return refuse(CodeAccounts, number("limit", r.config.MostAccounts), colophon.ClauseDS9, colophon.ClauseAF22)
	}
	people[key.Value] = append(people[key.Value], e.Subject) // accounts without a pseudonym yet count one each
	return nil
}

// prepare makes an entry valid by an import.
func (r *Registrar) prepare(e *Entry, k known) error {
	id, err := r.config.Recorder.NewID()
	if err != nil {
		return err
	}
	now := r.book.Now()
	e.ID, e.Made, e.Changed = id, now, now
	e.State, e.Due = string(StateValid), e.Value.Until
	e.Value.Vouched, e.Value.Result, e.Value.Decided = Imported, Match, now
	return r.book.Secret(e, sealed{Masked: k.mask()})
}

// Approve takes over all verifications of an import, or none. Who proposed it can't.
func (r *Registrar) Approve(ctx context.Context, by ledger.By, id string) (ImportEntry, error) {
	e, err := r.open(ctx, by, id)
	if err != nil {
		return e, err
	}
	there, err := r.config.Verifications.Count(ctx, ledger.Query{Keys: []ledger.Key{{Name: keyImport, Value: id}}})
	if err == nil && there == 0 { // else they were taken over, and what was left to do is to say so
		err = r.takeOver(ctx, by, e)
	}
	if err != nil {
		return e, err
	}
	return r.decide(ctx, by, id, ImportApproved, RecordApproved, "")
}

// open returns an import that waits for somebody else than who proposed it.
func (r *Registrar) open(ctx context.Context, by ledger.By, id string) (ImportEntry, error) {
	e, err := r.imports.Get(ctx, id)
	switch {
	case err != nil:
		return e, err
	case ImportState(e.State) != ImportProposed || !r.book.Now().Before(e.Due):
		return e, &colophon.Error{Kind: colophon.Conflict, Code: CodeImportStep, Args: colophon.Args{"state": e.State}}
	case by.ID == "" || by.ID == e.Value.Proposer.ID:
		return e, refuse(CodeImportOwn, nil, clauses()...)
	}
	return e, nil
}

// takeOver adds the verifications of a file in one step.
func (r *Registrar) takeOver(ctx context.Context, by ledger.By, e ImportEntry) error {
	var raw []byte
	if ok, err := r.imports.Open(e, &raw); err != nil || !ok {
		return errors.Join(&colophon.Error{Kind: colophon.Missing, Code: CodeUnreadable}, err)
	}
	lines, err := r.read(raw)
	if err != nil {
		return err
	}
	for again := true; ; again = false {
		list, err := r.examine(ctx, by, lines, r.config.Accounts.Subject)
		if err != nil {
			return err
		}
		ids := []string{}
		for i := range list {
			list[i].Value.Import = e.ID
			list[i].Keys = append(list[i].Keys, ledger.Key{Name: keyImport, Value: e.ID})
			ids = append(ids, list[i].ID)
		}
		rec, err := r.config.Recorder.New(RecordDecided, evidence.System, by.Role, clauses(), map[string]any{"import": e.ID, "digest": e.Value.Digest, "verifications": ids, "by": by, "proposer": e.Value.Proposer})
		if err != nil {
			return err
		}
		err = r.config.Verifications.Add(ctx, rec, list...)
		switch {
		case err == nil:
			return r.displace(ctx, by, list)
		case errors.Is(err, ledger.ErrExists):
			return usedTransaction(err)
		case errors.Is(err, ledger.ErrForgotten) && again:
			for _, e := range list {
				r.config.Recorder.Forget(e.Subject)
			}
		default:
			return err
		}
	}
}

// displace ends what the verifications of an import take the place of, and itself those of a person who had too many accounts by
// the time that they counted.
func (r *Registrar) displace(ctx context.Context, by ledger.By, list []Entry) error {
	for _, e := range list {
		if err := r.crowded(ctx, e); why(err) == CodeAccounts {
			_, err = r.book.Change(ctx, e.ID, func(e *Entry) (ledger.Act, error) {
				e.Value.Reason = string(CodeAccounts)
				free(e)
				return r.ended(e, StateOver, e.Value.Result, RecordDecided, by)
			})
			if err != nil {
				return err
			}
			continue
		} else if err != nil {
			return err
		}
		older, err := r.standing(ctx, e.Subject)
		if err != nil {
			return err
		}
		older = slices.DeleteFunc(older, func(o Entry) bool { return o.ID == e.ID || !covers(e.Value, o) })
		if err := r.supersede(ctx, by, e.Value, older); err != nil {
			return err
		}
	}
	return nil
}

// Reject ends an import. The reason is a word. Who proposed it may take it back in this way.
func (r *Registrar) Reject(ctx context.Context, by ledger.By, id, reason string) (ImportEntry, error) {
	if !word(reason) {
		return ImportEntry{}, invalid("reason")
	}
	return r.decide(ctx, by, id, ImportRejected, RecordRejected, reason)
}

// decide ends an import; the file goes.
func (r *Registrar) decide(ctx context.Context, by ledger.By, id string, to ImportState, typ evidence.Type, reason string) (ImportEntry, error) {
	return r.imports.Change(ctx, id, func(e *ImportEntry) (ledger.Act, error) {
		if !ImportState(e.State).May(to) {
			return ledger.Act{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeImportStep, Args: colophon.Args{"state": e.State}}
		}
		e.State, e.Sealed, e.Due = string(to), nil, time.Time{}
		e.Value.Decider, e.Value.Decided, e.Value.Reason = by, r.book.Now(), reason
		return importAct(typ, by, *e), nil
	})
}

// Import returns one import.
func (r *Registrar) Import(ctx context.Context, id string) (ImportEntry, error) {
	return r.imports.Get(ctx, id)
}

// Imports returns a page of imports, the newest first, and the identifier after which the next page begins.
func (r *Registrar) Imports(ctx context.Context, q ledger.Query) ([]ImportEntry, string, error) {
	q.Newest = true
	return r.imports.Page(ctx, q)
}

// sweepImports ends the imports that nobody decided about.
func (r *Registrar) sweepImports(ctx context.Context, now time.Time) error {
	return r.imports.All(ctx, ledger.Query{Due: now, States: []string{string(ImportProposed)}}, func(e ImportEntry) error {
		_, err := r.decide(ctx, ledger.By{Role: system}, e.ID, ImportOver, RecordImportOver, "")
		return err
	})
}

func importAct(typ evidence.Type, by ledger.By, e ImportEntry) ledger.Act {
	return ledger.Act{Type: typ, Role: by.Role, Clauses: clauses(), Payload: map[string]any{"id": e.ID, "state": e.State, "import": e.Value, "by": by}}
}
