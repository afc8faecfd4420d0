package policy

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
)

// Types of records.
const (
	RecordProposed evidence.Type = "policy.proposed"
	RecordCompared evidence.Type = "policy.compared"
	RecordReleased evidence.Type = "policy.released"
)

// own is how versions of the tables begin that Colophon comes with. No other may.
const own = "colophon-"

// MaxPage is the longest page.
const MaxPage = 1000

// Actor is who acts: the identifier of a staff account, and the role in which it acts.
type Actor struct {
	ID   string
	Role evidence.Role
}

// Keeper is the worker of this package. It is safe for use by many goroutines.
type Keeper struct {
	store    Store
	recorder *evidence.Recorder
	current  atomic.Pointer[inForce]
}

// inForce is the policy in force and the number of its release; 0 for the one that Colophon comes with.
type inForce struct {
	policy *Policy
	number int64
}

// NewKeeper makes a keeper and puts in force what was released last, or what Colophon comes with where nothing was. Who
// wants that one to stay when Colophon is updated proposes it under another name and has it released. The recorder's clock
// is the keeper's.
func NewKeeper(ctx context.Context, store Store, recorder *evidence.Recorder) (*Keeper, error) {
	start, err := Default()
	if err != nil {
		return nil, err
	}
	p, err := Compile(start)
	if err != nil {
		return nil, err
	}
	k := &Keeper{store: store, recorder: recorder}
	k.current.Store(&inForce{policy: p})
	if err := k.Refresh(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// Current is the policy in force. It costs one atomic load.
func (k *Keeper) Current() *Policy { return k.current.Load().policy }

// Refresh puts in force what another node released. It is called from time to time. When it fails, what is in force
// stays.
func (k *Keeper) Refresh(ctx context.Context) error {
	list, err := k.store.Versions(ctx, VersionQuery{InForce: true, Limit: 1})
	if err != nil || len(list) == 0 {
		return err
	}
	v := list[0]
	number := v.Releases[len(v.Releases)-1].Number
	if number <= k.current.Load().number {
		return nil
	}
	p, err := v.compile()
	if err != nil {
		return err
	}
	k.put(&inForce{p, number})
	return nil
}

// compile makes a policy of a stored table, unless it is another than the one that was proposed.
func (v *Version) compile() (*Policy, error) {
	sum, _, err := digest(v.Table)
	if err != nil {
		return nil, err
	}
	if sum != v.Digest {
		return nil, &colophon.Error{Kind: colophon.Conflict, Code: CodeDamaged, Args: colophon.Args{"version": v.Table.Version}}
	}
	return Compile(v.Table)
}

// put puts a policy in force unless a later one is.
func (k *Keeper) put(next *inForce) {
	for {
		now := k.current.Load()
		if now.number >= next.number || k.current.CompareAndSwap(now, next) {
			return
		}
	}
}

// payload is the payload of the records.
type payload struct {
	Version string      `json:"version"`
	Digest  string      `json:"digest"`
	By      string      `json:"by"`
	Origin  string      `json:"origin,omitempty"`
	Reason  string      `json:"reason,omitempty"`
	Against string      `json:"against,omitempty"`
	Number  int64       `json:"number,omitempty"`
	Rows    int         `json:"rows,omitempty"`
	Cases   int         `json:"cases,omitempty"`
	Seen    *Comparison `json:"comparison,omitempty"`
}

// commit makes a record and hands it to the store, once more where the data key had been erased.
func (k *Keeper) commit(typ evidence.Type, role evidence.Role, p payload, save func(evidence.Record) error) error {
	for again := false; ; again = true {
		rec, err := k.recorder.New(typ, evidence.System, role, []colophon.Clause{colophon.ClauseDS10}, p)
		if err == nil {
			err = save(rec)
		}
		if again || !errors.Is(err, ErrForgotten) {
			return told(err)
		}
		k.recorder.Forget(evidence.System)
	}
}

// Propose enters a table, which then waits for a comparison and a release. The keeper sets when and by whom it was made.
func (k *Keeper) Propose(ctx context.Context, who Actor, t Table, reason string) (Version, error) {
	t.Made, t.By = k.now(), who.ID
	return k.propose(ctx, who, t, "", reason)
}

func (k *Keeper) propose(ctx context.Context, who Actor, t Table, origin, reason string) (Version, error) {
	switch {
	case !word(who.ID):
		return Version{}, badTable("by")
	case strings.TrimSpace(reason) == "" || !prose(reason):
		return Version{}, badTable("reason")
	case strings.HasPrefix(t.Version, own):
		return Version{}, badTable("version")
	}
	if _, err := Compile(t); err != nil {
		return Version{}, err
	}
	sum, raw, err := digest(t)
	if err == nil && len(raw) > MaxTable {
		err = badTable("size")
	}
	if err != nil {
		return Version{}, err
	}
	v := Version{Table: t, Digest: sum, Origin: origin, Reason: reason, By: who.ID, At: k.now()}
	p := payload{Version: t.Version, Digest: hex.EncodeToString(sum[:]), By: who.ID, Origin: origin, Reason: reason, Rows: len(t.Rows), Cases: len(t.Cases)}
	return v, k.commit(RecordProposed, who.Role, p, func(rec evidence.Record) error { return k.store.Add(ctx, rec, v) })
}

// Release puts a version in force. Whoever proposed it can't, and it must have been compared with the table that is in
// force now. A version that was in force before may be released again.
func (k *Keeper) Release(ctx context.Context, who Actor, version, reason string) (Release, error) {
	if err := k.Refresh(ctx); err != nil {
		return Release{}, err
	}
	now := k.current.Load()
	v, err := k.Version(ctx, version)
	if err != nil {
		return Release{}, err
	}
	switch {
	case !word(who.ID):
		return Release{}, badTable("by")
	case strings.TrimSpace(reason) == "" || !prose(reason):
		return Release{}, badTable("reason")
	case who.ID == v.By:
		return Release{}, refused(CodeSamePerson)
	case version == now.policy.Version():
		return Release{}, refused(CodeInForce)
	case v.Comparison == nil || v.Comparison.Against != now.policy.Version():
		return Release{}, refused(CodeNotCompared)
	}
	p, err := v.compile()
	if err != nil {
		return Release{}, err
	}
	r := Release{Number: now.number + 1, Version: version, By: who.ID, At: k.now()}
	err = k.commit(RecordReleased, who.Role, payload{Version: version, Digest: hex.EncodeToString(v.Digest[:]), By: who.ID, Reason: reason,
		Against: now.policy.Version(), Number: r.Number, Seen: v.Comparison}, func(rec evidence.Record) error { return k.store.Release(ctx, rec, r) })
	if err != nil {
		return Release{}, err
	}
	k.put(&inForce{p, r.Number})
	return r, nil
}

// Version returns one version with its history.
func (k *Keeper) Version(ctx context.Context, version string) (Version, error) {
	list, err := k.store.Versions(ctx, VersionQuery{Version: version, Limit: 1})
	if err == nil && len(list) == 0 {
		err = ErrMissing
	}
	if err != nil {
		return Version{}, told(err)
	}
	return list[0], nil
}

// Versions returns a page of the history, the last proposed first. A page has at most [MaxPage] entries.
func (k *Keeper) Versions(ctx context.Context, q VersionQuery) ([]Version, error) {
	q.Limit = page(q.Limit)
	return k.store.Versions(ctx, q)
}

// Past returns a page of past judgements, the newest first. A page has at most [MaxPage] entries.
func (k *Keeper) Past(ctx context.Context, q PastQuery) ([]Judged, error) {
	q.Limit = page(q.Limit)
	return k.store.Past(ctx, q)
}

func page(limit int) int {
	if limit < 1 {
		return MaxPage
	}
	return min(limit, MaxPage)
}

func (k *Keeper) now() time.Time { return time.UnixMilli(k.recorder.Now()).UTC() }

func refused(code colophon.Code) error {
	return &colophon.Error{Kind: colophon.Refused, Code: code, Clauses: []colophon.Clause{colophon.ClauseDS10}}
}

// told makes the error that a person is shown of what a store returned.
func told(err error) error {
	for cause, e := range map[error]colophon.Error{
		ErrExists:  {Kind: colophon.Conflict, Code: CodeVersionExists},
		ErrMissing: {Kind: colophon.Missing, Code: CodeVersionMissing},
		ErrChanged: {Kind: colophon.Conflict, Code: CodeChanged},
	} {
		if errors.Is(err, cause) {
			e.Err = err
			return &e
		}
	}
	return err
}
