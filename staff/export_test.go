package staff

import "context"

// ParsePHC reads a stored password.
func ParsePHC(s string) (Hashing, error) {
	p, err := parsePHC(s)
	return p.hashing, err
}

// RewritePHC reads a stored password and writes it again.
func RewritePHC(s string) (string, error) {
	p, err := parsePHC(s)
	return p.String(), err
}

// IsCommon asks the embedded list.
func IsCommon(password, login string) bool { return isCommon(commonest(), password, login) }

// HoldSlots takes all slots for hashing until it is told to let go.
func (r *Roster) HoldSlots() (release func()) {
	for range cap(r.hasher.slots) {
		r.hasher.slots <- struct{}{}
	}
	return func() {
		for range cap(r.hasher.slots) {
			<-r.hasher.slots
		}
	}
}

// Verify compares a password with a stored one.
func (r *Roster) Verify(ctx context.Context, password, stored string) (right, old bool, err error) {
	return r.hasher.verify(ctx, password, stored)
}

// KeyText writes a secret as an API key.
func KeyText(secret [32]byte) string { return keyText(secret) }
