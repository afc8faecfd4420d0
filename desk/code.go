package desk

import (
	"io"
	"strings"
)

// alphabet is that of lookup codes: what a person can't take for another sign when reading (Crockford).
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	codeLength = 10 // signs of five bits; the last one checks the others
	pinLength  = 8  // digits
)

// drawCode draws a lookup code.
func drawCode(random io.Reader) (string, error) {
	raw := make([]byte, codeLength-1)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", err
	}
	for i := range raw {
		raw[i] = alphabet[raw[i]%32]
	}
	return string(raw) + string(alphabet[double(checksum(string(raw)))]), nil
}

// drawPIN draws a PIN. Bytes that would favour some digits are passed over.
func drawPIN(random io.Reader) (string, error) {
	var b strings.Builder
	for one := make([]byte, 1); b.Len() < pinLength; {
		if _, err := io.ReadFull(random, one); err != nil {
			return "", err
		}
		if one[0] < 250 {
			b.WriteByte('0' + one[0]%10)
		}
	}
	return b.String(), nil
}

// checksum reads signs as a polynomial over GF(32) at its generator. That of a whole code is 0. One wrong sign, or two that
// changed places, give another one.
func checksum(code string) int {
	sum := 0
	for _, r := range code {
		sum = double(sum) ^ strings.IndexRune(alphabet, r)
	}
	return sum
}

// double multiplies by the generator, modulo x^5 + x^2 + 1.
func double(n int) int {
	if n <<= 1; n >= 32 {
		n ^= 0b100101
	}
	return n
}

// TidyCode reads a lookup code as a person types it. It reports whether it can be one, which needs no look into the store.
func TidyCode(s string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	s = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	return s, len(s) == codeLength && strings.Trim(s, alphabet) == "" && checksum(s) == 0
}

// ShowCode writes a lookup code as people read it.
func ShowCode(code string) string {
	if len(code) != codeLength {
		return code
	}
	return code[:5] + "-" + code[5:]
}
