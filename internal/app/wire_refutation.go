package app

import (
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/desk"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/evidence/ledger"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/internal/store/people"
	"github.com/colophon-project/colophon/refutation"
	"github.com/colophon-project/colophon/refutation/feed"
	"github.com/colophon-project/colophon/refutation/recall"
	"github.com/colophon-project/colophon/staff"
)

const (
	// refutationPath is before the identifier in the address of the page of a refutation.
	refutationPath = "/refutations/"
	// maxFamily is how many items are followed from one to what it was made from and what was made from it.
	maxFamily = 1000
)

// refutations are what this provider said is false, and what others did.
type refutations struct {
	keeper   *refutation.Keeper
	recalled *recall.Keeper
	fetcher  *fetch.Client
	handed   handed
	key      string // that verifies the recall feed, in the form of note verifiers
}

func (s *Server) openRefutations(context.Context) error {
	seed, err := hkdf.Key(sha256.New, s.keys.Accounts, nil, "colophon recall feed", ed25519.SeedSize)
	if err != nil {
		return err
	}
	key := ed25519.NewKeyFromSeed(seed)
	name := feedName(s.set.LogName)
	signer, err := evidence.NewNoteSigner(name, key, rand.Reader)
	if err != nil {
		return err
	}
	if s.refuted.key, err = note.NewEd25519VerifierKey(name, key.Public().(ed25519.PublicKey)); err != nil {
		return err
	}
	s.refuted.handed = handed{s, people.New(s.store, prover{s.recorder})}
	changes := ledgers.Feed(s.store)
	if s.refuted.fetcher, err = fetch.New(fetch.Config{Allow: strings.FieldsFunc(s.set.RecallHosts, func(r rune) bool { return r == ',' || r == ' ' }), Most: feed.MaxRead, Timeout: 2 * time.Minute}); err != nil {
		return wrongSetting("recall-hosts", s.set.RecallHosts, err)
	}
	s.refuted.recalled = recall.New(ledgers.Of[recall.Source](s.store, recall.LedgerSources), ledgers.Joined(s.store, recall.Ledger, s.tellRecalled), changes, s.recorder)
	s.refuted.keeper, err = refutation.New(refutation.Config{Refutations: ledgers.Joined(s.store, refutation.Ledger, s.tellRefuted), Notices: ledgers.Of[refutation.Notice](s.store, refutation.LedgerNotices),
		Lines: ledgers.Of[refutation.Line](s.store, refutation.LedgerLines), Changes: changes, Recorder: s.recorder, Handed: s.refuted.handed, Reports: s.cases.desk, Cases: suspicions{s},
		Signer: signer, Contact: s.feedContact(), Page: s.set.PublicURL + refutationPath})
	return err
}

// feedName is the name under which the recall feed is signed. It begins as that of the log does, which stays when the address
// changes, because whoever follows the feed knows it by this name. It is never the name of the log.
func feedName(logName string) string {
	host, _, _ := strings.Cut(logName, "/")
	if name := host + "/recall"; name != logName {
		return name
	}
	return host + "/recall-feed"
}

// feedContact is where readers of the feed reach the provider, in one line.
func (s *Server) feedContact() string {
	if c := strings.Join(strings.Fields(s.set.Contact), " "); c != "" && len(c) <= 256 {
		return c
	}
	return s.set.PublicURL
}

// sweepRefutations spreads what was published or withdrawn, and looks again for those who received it since.
func (s *Server) sweepRefutations(ctx context.Context) error {
	_, err := s.refuted.keeper.Sweep(ctx)
	return err
}

// handed knows who received what by the register.
type handed struct {
	*Server
	staff *people.People
}

// Family implements [refutation.Handed]: what an item was made from, and from that, and what was made from it. An erased item
// still names both.
func (h handed) Family(ctx context.Context, number string) ([]string, bool, error) {
	a, err := h.register.Artefact(ctx, artefact.Number(number))
	if isUnknown(err) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	list := []artefact.Number{a.Number}
	add := func(n artefact.Number) {
		if !slices.Contains(list, n) {
			list = append(list, n)
		}
	}
	for at := 0; at < len(list) && len(list) < maxFamily; at++ { // up; of the first its parents are known
		if at > 0 {
			if a, err = h.register.Artefact(ctx, list[at]); err != nil {
				return nil, false, err
			}
		}
		for _, p := range a.Parents {
			add(p)
		}
	}
	down := []artefact.Number{artefact.Number(number)}
	for at := 0; at < len(down) && len(list) < maxFamily; at++ {
		for after := artefact.Cursor(""); ; {
			page, next, err := h.register.Find(ctx, artefact.Query{Parent: down[at]}, after, artefact.MaxPage)
			if err != nil {
				return nil, false, err
			}
			for _, child := range page {
				add(child.Number)
				if !slices.Contains(down, child.Number) {
					down = append(down, child.Number)
				}
			}
			if after = next; next == "" || len(list) >= maxFamily {
				break
			}
		}
	}
	numbers := make([]string, 0, maxFamily)
	for _, n := range list[:min(len(list), maxFamily)] {
		numbers = append(numbers, string(n))
	}
	return numbers, len(list) < maxFamily, nil
}

// Deliveries implements [refutation.Handed]. An application got an item for the account that it was made for, and may have
// handed it on; who opens an address that it was given nobody sees, so that such an opening is one of the application's.
func (h handed) Deliveries(ctx context.Context, number string, fn func(refutation.Delivery) error) error {
	a, err := h.register.Artefact(ctx, artefact.Number(number))
	if err != nil {
		return err
	}
	party, out := map[string]refutation.Party{string(a.Account): refutation.Account}, false
	for after := artefact.Cursor(""); ; {
		page, next, err := h.register.Deliveries(ctx, artefact.DeliveryQuery{Number: a.Number}, after, artefact.MaxPage)
		if err != nil {
			return err
		}
		for _, d := range page {
			if _, known := party[d.To]; !known {
				if party[d.To], err = h.party(ctx, d.To); err != nil {
					return err
				}
			}
			if d.How == artefact.Console || party[d.To] == "" {
				continue
			}
			out = true
			if d.To != "" && party[d.To] == refutation.Account {
				continue // told of below, once
			}
			if err := fn(refutation.Delivery{To: d.To, Party: refutation.Application, Onward: true}); err != nil {
				return err
			}
		}
		if after = next; next == "" {
			break
		}
	}
	if !out {
		return nil
	}
	return fn(refutation.Delivery{To: string(a.Account), Party: refutation.Account})
}

// party is what somebody is who is not the account that an item was made for; empty for a person of the staff, whose looks are
// no deliveries.
func (h handed) party(ctx context.Context, to string) (refutation.Party, error) {
	if to == "" {
		return refutation.Application, nil // somebody who isn't known any more
	}
	_, err := h.staff.Account(ctx, staff.AccountQuery{ID: staff.ID(to)})
	switch {
	case errors.Is(err, staff.ErrMissing):
		return refutation.Application, nil
	case err != nil:
		return "", err
	}
	return "", nil
}

// suspicions opens cases for what a program noticed.
type suspicions struct{ *Server }

// Open implements [refutation.Cases].
func (p suspicions) Open(ctx context.Context, u refutation.Suspicion) (string, error) {
	var text []string
	for _, l := range []locale.Language{locale.Chinese, locale.English} {
		say, err := locale.For(l)
		if err != nil {
			return "", err
		}
		text = append(text, say.Say(string(u.Why)))
	}
	o, err := p.cases.desk.Open(ctx, ledger.By{Role: system}, desk.Draft{Kind: desk.Rumour, Party: desk.PartyPublic, Grounds: []colophon.Code{desk.GroundRumour}, Source: desk.FromDetection, Language: "zh",
		About: desk.About{Numbers: []string{u.Number}, Refutation: u.Refutation}, Text: strings.Join(text, "\n"), Once: u.Key})
	return o.ID, err
}
