package staff

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
)

// Rate is the size of a token bucket and how fast it fills.
type Rate struct {
	Burst int           // tokens in a full bucket
	Every time.Duration // one token comes back after this
}

func (r Rate) sane() bool {
	return r.Burst >= 1 && r.Burst <= 1e6 && r.Every >= time.Millisecond && r.Every <= 24*time.Hour
}

// Take takes one token. A bucket is one time: when it will be full. It returns that time as it is afterwards, and 0 or
// how long until there is a token. A store keeps that time and calls this; it does no sums of its own.
func (r Rate) Take(full, now time.Time) (after time.Time, wait time.Duration) {
	if full.Before(now) {
		full = now
	}
	after = full.Add(r.Every)
	if room := now.Add(time.Duration(r.Burst) * r.Every); after.After(room) {
		return full, after.Sub(room)
	}
	return after, 0
}

// Throttle says how often anybody may try to sign in.
type Throttle struct {
	Account Rate // by the login name that is tried, whether anybody has it or not; zero for 10, one per minute
	Source  Rate // by the address, of IPv6 the /64; zero for 30, one per two seconds
}

func (t Throttle) orDefault() Throttle {
	if t.Account == (Rate{}) {
		t.Account = Rate{Burst: 10, Every: time.Minute}
	}
	if t.Source == (Rate{}) {
		t.Source = Rate{Burst: 30, Every: 2 * time.Second}
	}
	return t
}

// Attempt says where an attempt to sign in comes from.
type Attempt struct {
	Source   netip.Addr // the client's address, from a proxy only when that is trusted
	Replaces string     // the session token that the browser sent, if any: that session ends when this one opens
}

// sourceName is the part of an address that one subscriber of a network has.
func sourceName(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// bucketName hides what a bucket stands for: neither a login name nor an address is in the table of buckets.
func (r *Roster) bucketName(kind, of string) string {
	m := hmac.New(sha256.New, r.bucket)
	m.Write([]byte(kind + "\x00" + of))
	return kind + ":" + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func (r *Roster) spend(ctx context.Context, bucket string, rate Rate) error {
	wait, err := r.store.Spend(ctx, bucket, rate, r.now())
	if err != nil {
		return fmt.Errorf("counting an attempt: %w", err)
	}
	if wait > 0 {
		seconds := int64((wait + time.Second - 1) / time.Second)
		return refuse(colophon.Refused, CodeThrottled, colophon.Args{"seconds": strconv.FormatInt(seconds, 10)})
	}
	return nil
}

// admitSource counts an attempt of a source.
func (r *Roster) admitSource(ctx context.Context, a Attempt) error {
	return r.spend(ctx, r.bucketName("source", sourceName(a.Source)), r.rates.Source)
}

// Guess counts an attempt at something else that could be guessed, such as a code that a page asks for.
func (r *Roster) Guess(ctx context.Context, a Attempt) error { return r.admitSource(ctx, a) }

// admitLogin counts an attempt at a login name.
func (r *Roster) admitLogin(ctx context.Context, login string) error {
	return r.spend(ctx, r.bucketName("login", login), r.rates.Account)
}
