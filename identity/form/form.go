// Package form checks whether numbers and names have the form that they must have: before somebody is asked about them, so
// that what was mistyped costs nothing, and is told to the person in front of the screen.
//
// A number of the right form may belong to nobody. Nothing here says that it exists, nor whose it is.
//
// What not to do here: never put what was given, or a part of it, into an error. Never refuse a name for a character that is
// rare. Never refuse a number for a list that may be behind the times, as the list of mobile ranges.
package form

import (
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/label"
)

// Codes of errors. Their arguments say what was expected, never what was given.
const (
	CodeLength        colophon.Code = "form-length"         // arg "expected", in characters
	CodeCharacter     colophon.Code = "form-character"      // arg "position", from 1
	CodeCheck         colophon.Code = "form-check"          // the check digit differs
	CodeDate          colophon.Code = "form-date"           // the date of birth is none, or too long ago
	CodeFuture        colophon.Code = "form-future"         // the date of birth is yet to come
	CodeDivision      colophon.Code = "form-division"       // no prefecture has or had this code
	CodeDivisionEnded colophon.Code = "form-division-ended" // the division had ended when the person was born
	CodeRegion        colophon.Code = "form-region"         // arg "expected": the beginning is another one's
	CodeOld           colophon.Code = "form-old"            // a number of the first generation, with 15 digits
	CodeOldCard       colophon.Code = "form-old-card"       // a permanent residence card of before 2023, with 15 characters
	CodePhone         colophon.Code = "form-phone"          // not 11 digits of a mobile number in mainland China
	CodeForeignPhone  colophon.Code = "form-phone-foreign"
	CodeCard          colophon.Code = "form-card" // not 12 to 19 digits
	CodeNameEmpty     colophon.Code = "form-name-empty"
	CodeNameLong      colophon.Code = "form-name-long"      // arg "limit", in characters
	CodeNameCharacter colophon.Code = "form-name-character" // arg "position", from 1
	CodeNamePrivate   colophon.Code = "form-name-private"   // arg "position": a private character, which means another one elsewhere
)

// Number is a number in its usual form.
type Number struct {
	Text string
	// Person is the part of Text that stays with the person for life, where a part changes with each new card.
	Person string
	Born   time.Time // midnight UTC; zero where the number does not say
}

// String hides the number.
func (Number) String() string { return "form.Number{hidden}" }

// GoString hides the number.
func (Number) GoString() string { return "form.Number{hidden}" }

// oldest is for how many years somebody may have lived.
const oldest = 130

// ResidentID checks the number of a resident by GB 11643-1999: 18 digits, the last of which may be X. The division must be one
// that is or was there, and must not have ended before the birth. Numbers of the first generation are told apart; whoever has
// one has another by now.
func ResidentID(s string, now time.Time) (Number, error) {
	n, err := checked(s, now, 6)
	if err != nil {
		return n, err
	}
	if strings.ContainsRune("89", rune(n.Text[0])) {
		return n, wrong(CodeRegion, "expected", "11-65")
	}
	return n, plausible(n)
}

// Residence permits begin with the code of the region.
const (
	hongKong = "810000"
	macau    = "820000"
	taiwan   = "830000"
)

// HKMacauPermit checks the number of a residence permit of a resident of Hong Kong or Macau (18 digits), or of a mainland
// travel permit of one (H or M, the eight digits that stay for life, and the two that count the cards, which may be left out).
func HKMacauPermit(s string, now time.Time) (Number, error) {
	t := tidy(s)
	if t != "" && (t[0] == 'H' || t[0] == 'M') {
		return travel(t, 1)
	}
	return permit(t, now, hongKong, macau)
}

// TaiwanPermit checks the number of a residence permit of a resident of Taiwan (18 digits), or of a mainland travel permit of
// one (the eight digits that stay for life; on older ones two more).
func TaiwanPermit(s string, now time.Time) (Number, error) {
	t := tidy(s)
	if len(t) == 8 || len(t) == 10 {
		return travel(t, 0)
	}
	return permit(t, now, taiwan)
}

func permit(s string, now time.Time, regions ...string) (Number, error) {
	n, err := checked(s, now, 6)
	if err != nil {
		return n, err
	}
	for _, region := range regions {
		if n.Text[:6] == region {
			return n, nil
		}
	}
	return n, wrong(CodeRegion, "expected", strings.Join(regions, ", "))
}

// travel checks a travel permit: letters at the beginning, eight digits, and two that may be left out.
func travel(t string, letters int) (Number, error) {
	if len(t) != letters+8 && len(t) != letters+10 {
		return Number{}, wrong(CodeLength, "expected", strconv.Itoa(letters+8)+", "+strconv.Itoa(letters+10))
	}
	if i := firstOther(t[letters:]); i >= 0 {
		return Number{}, wrong(CodeCharacter, "position", strconv.Itoa(letters+i+1))
	}
	return Number{Text: t, Person: t[:letters+8]}, nil
}

// PermanentCard checks the number of a foreigner's permanent residence card as issued since 2023-12-01: 9, two digits of the
// province, three of the country, date of birth, three digits, check digit as GB 11643 has it.
func PermanentCard(s string, now time.Time) (Number, error) {
	t := tidy(s)
	if len(t) == 15 && firstOther(t) == 0 {
		return Number{}, &colophon.Error{Kind: colophon.Unsupported, Code: CodeOldCard}
	}
	n, err := checked(t, now, 6)
	if err == nil && n.Text[0] != '9' {
		err = wrong(CodeRegion, "expected", "9")
	}
	return n, err
}

// Passport checks the number of a passport, of which every country has its own form: 5 to 20 letters and digits.
func Passport(s string) (Number, error) {
	t := tidy(s)
	if len(t) < 5 || len(t) > 20 {
		return Number{}, wrong(CodeLength, "expected", "5-20")
	}
	for i := range len(t) {
		if !digit(t[i]) && (t[i] < 'A' || t[i] > 'Z') {
			return Number{}, wrong(CodeCharacter, "position", strconv.Itoa(i+1))
		}
	}
	return Number{Text: t, Person: t}, nil
}

// USCC checks a unified social credit code with both of its check digits.
func USCC(s string) (Number, error) {
	t := tidy(s)
	return Number{Text: t, Person: t}, label.CheckUSCC(t)
}

// BankCard checks the number of a bank card: 12 to 19 digits. Not every bank in China keeps to the check digit of ISO/IEC 7812.
func BankCard(s string) (string, error) {
	t := tidy(s)
	if len(t) < 12 || len(t) > 19 || firstOther(t) >= 0 {
		return "", wrong(CodeCard)
	}
	return t, nil
}

// checked checks 18 digits with a check digit by ISO 7064 MOD 11-2, and a date of birth that begins at a place.
func checked(s string, now time.Time, date int) (Number, error) {
	t := tidy(s)
	if len(t) == 15 && firstOther(t) < 0 {
		return Number{}, wrong(CodeOld)
	}
	if len(t) != 18 {
		return Number{}, wrong(CodeLength, "expected", "18")
	}
	if i := firstOther(t[:17]); i >= 0 {
		return Number{}, wrong(CodeCharacter, "position", strconv.Itoa(i+1))
	}
	if !digit(t[17]) && t[17] != 'X' {
		return Number{}, wrong(CodeCharacter, "position", "18")
	}
	if checkDigit(t) != t[17] {
		return Number{}, wrong(CodeCheck)
	}
	born, err := time.Parse("20060102", t[date:date+8])
	if err != nil || born.AddDate(oldest, 0, 0).Before(now) {
		return Number{}, wrong(CodeDate)
	}
	if born.After(Day(now)) {
		return Number{}, wrong(CodeFuture)
	}
	return Number{Text: t, Person: t, Born: born}, nil
}

// checkDigit is that of 17 digits by ISO 7064 MOD 11-2.
func checkDigit(t string) byte {
	sum := 0
	for i := range 17 {
		sum = (sum + int(t[i]-'0')) * 2 % 11
	}
	return "0123456789X"[(12-sum)%11]
}

// Personal reports whether a text could be the number of a resident or of a mobile telephone, for those who must not keep one.
func Personal(s string) bool {
	if _, err := ParseMobile(s); err == nil {
		return true
	}
	t := tidy(s)
	if len(t) != 18 || firstOther(t[:17]) >= 0 || checkDigit(t) != t[17] {
		return false
	}
	_, err := time.Parse("20060102", t[6:14])
	return err == nil
}

var china = time.FixedZone("", 8*60*60)

// Day is the day that it is in China, as midnight UTC.
func Day(now time.Time) time.Time {
	y, m, d := now.In(china).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// tidy drops spaces, and makes of full-width characters and small letters those that stand on cards.
func tidy(s string) string {
	if len(s) > 256 { // so that nobody makes us copy what is no number anyway
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '\u3000' || r == '\u00a0':
			return -1
		case r >= '\uff01' && r <= '\uff5e':
			r -= '\uff01' - '!'
		}
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, s)
}

// firstOther returns the place of the first byte that is no digit, or -1.
func firstOther(s string) int {
	for i := range len(s) {
		if !digit(s[i]) {
			return i
		}
	}
	return -1
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// wrong makes an error with an argument, or without.
func wrong(code colophon.Code, arg ...string) error {
	e := &colophon.Error{Kind: colophon.Invalid, Code: code}
	if len(arg) == 2 {
		e.Args = colophon.Args{arg[0]: arg[1]}
	}
	return e
}
