package form_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/identity/form"
)

// now is the afternoon of a day in China.
var now = time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)

var kinds = map[string]func(string) (form.Number, error){
	"resident":  func(s string) (form.Number, error) { return form.ResidentID(s, now) },
	"hk-macau":  func(s string) (form.Number, error) { return form.HKMacauPermit(s, now) },
	"taiwan":    func(s string) (form.Number, error) { return form.TaiwanPermit(s, now) },
	"permanent": func(s string) (form.Number, error) { return form.PermanentCard(s, now) },
	"passport":  form.Passport,
	"uscc":      form.USCC,
}

func lines(t testing.TB, file string) (list [][]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "#") {
			list = append(list, strings.Split(line, "|"))
		}
	}
	return list
}

// codeOf is the code of an error, which must not hold what was given.
func codeOf(t testing.TB, err error, given string) string {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error %v has no code", err)
	}
	for _, value := range e.Args {
		if len(given) > 4 && (strings.Contains(value, given) || strings.Contains(given, value) && len(value) > 6) {
			t.Errorf("the error repeats what was given: %q", e.Args)
		}
	}
	return string(e.Code)
}

func TestNumbers(t *testing.T) {
	for _, f := range lines(t, "testdata/valid.txt") {
		n, err := kinds[f[0]](f[1])
		if err != nil {
			t.Errorf("%s %s: %v", f[0], f[1], err)
			continue
		}
		born := ""
		if !n.Born.IsZero() {
			born = n.Born.Format(time.DateOnly)
		}
		if n.Person != f[2] || born != f[3] || !strings.HasPrefix(n.Text, n.Person) {
			t.Errorf("%s %s: person %s born %s", f[0], f[1], n.Person, born)
		}
	}
	for _, f := range lines(t, "testdata/invalid.txt") {
		if _, err := kinds[f[0]](f[1]); err == nil {
			t.Errorf("%s %s passes", f[0], f[1])
		} else if code := codeOf(t, err, f[1]); code != f[2] {
			t.Errorf("%s %s: %s, want %s", f[0], f[1], code, f[2])
		}
	}
}

// TestCheckDigit changes every digit of a number, and swaps neighbours: the check digit finds each.
func TestCheckDigit(t *testing.T) {
	const good = "11010519491231002X"
	for i := range 17 {
		for c := byte('0'); c <= '9'; c++ {
			bad := good[:i] + string(c) + good[i+1:]
			if _, err := form.ResidentID(bad, now); bad != good && err == nil {
				t.Errorf("%s passes", bad)
			}
		}
		if i < 16 {
			bad := good[:i] + good[i+1:i+2] + good[i:i+1] + good[i+2:]
			if _, err := form.ResidentID(bad, now); bad != good && err == nil {
				t.Errorf("%s passes", bad)
			}
		}
	}
}

// TestDay has somebody born today in China while it is still yesterday in Greenwich.
func TestDay(t *testing.T) {
	late := time.Date(2026, 11, 21, 17, 0, 0, 0, time.UTC)
	if _, err := form.ResidentID("11010520261122001X", late); err != nil {
		t.Error(err)
	}
	if _, err := form.ResidentID("11010520261122001X", late.Add(-2*time.Hour)); err == nil {
		t.Error("somebody is born tomorrow")
	}
}

var escaped = regexp.MustCompile(`U\+[0-9A-F]{4,6}`)

func unescape(s string) string {
	return escaped.ReplaceAllStringFunc(s, func(code string) string {
		n, err := strconv.ParseInt(code[2:], 16, 32)
		if err != nil {
			panic(err)
		}
		return string(rune(n))
	})
}

func TestNames(t *testing.T) {
	for _, f := range lines(t, "testdata/names.txt") {
		got, err := form.Name(unescape(f[0]))
		if err != nil {
			got = codeOf(t, err, f[0])
		}
		if got != unescape(f[1]) {
			t.Errorf("%s: %+q, want %s", f[0], got, f[1])
		}
	}
	for _, s := range []string{strings.Repeat("王", 101), strings.Repeat("王", 1<<20), "王\xff"} {
		if _, err := form.Name(s); err == nil {
			t.Errorf("a name of %d bytes passes", len(s))
		}
	}
}

func TestTitles(t *testing.T) {
	for in, want := range map[string]string{
		"深圳市某某科技有限公司": "深圳市某某科技有限公司", " A&B（Shenzhen）  Co., Ltd. ": "A&B（Shenzhen） Co., Ltd.", "3+1 公司": "3+1 公司",
		"": "form-name-empty", "公司\x00": "form-name-character", "公司\U0001F600": "form-name-character", "公司\ue000": "form-name-private", strings.Repeat("司", 201): "form-name-long",
	} {
		got, err := form.Title(in)
		if err != nil {
			got = codeOf(t, err, in)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMobiles(t *testing.T) {
	for in, want := range map[string]string{
		"13812345678": "13812345678 public", "+86 138-1234-5678": "13812345678 public", "8613812345678": "13812345678 public", "0086 13812345678": "13812345678 public",
		"１３８１２３４５６７８": "13812345678 public", "19212345678": "19212345678 public", "13412345678": "13412345678 public",
		"17012345678": "17012345678 resale", "16212345678": "16212345678 resale", "16512345678": "16512345678 resale", "16712345678": "16712345678 resale", "17112345678": "17112345678 resale",
		"14712345678": "14712345678 data", "14912345678": "14912345678 data", "13491234567": "13491234567 satellite", "17401234567": "17401234567 satellite", "16191234567": "16191234567 satellite",
		"15412345678": "15412345678 unlisted", "19412345678": "19412345678 unlisted", "17451234567": "17451234567 unlisted",
		"12812345678": "form-phone", "1381234567": "form-phone", "138123456789": "form-phone", "1381234567a": "form-phone", "": "form-phone", "02012345678": "form-phone",
		"+85261234567": "form-phone-foreign", "00447700900000": "form-phone-foreign",
	} {
		m, err := form.ParseMobile(in)
		got := m.Text + " " + m.Use
		if err != nil {
			got = codeOf(t, err, in)
		}
		if got != want || err == nil && m.Low() != (m.Use != "public") {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestCards(t *testing.T) {
	for in, ok := range map[string]bool{"6222020000000000000": true, "6222 0200 0000": true, "62220200000": false, "62220200000000000000": false, "62220200000x": false} {
		if _, err := form.BankCard(in); (err == nil) != ok {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestPersonal(t *testing.T) {
	for in, want := range map[string]bool{"13812345678": true, "11010519491231002X": true, "810000199408230021": true, "202611220000000001": false, "txn-13812345678": false, "": false} {
		if form.Personal(in) != want {
			t.Errorf("%s: %v", in, !want)
		}
	}
}

// TestHidden prints numbers in every way that a log does.
func TestHidden(t *testing.T) {
	n, err := form.ResidentID("11010519491231002X", now)
	if err != nil {
		t.Fatal(err)
	}
	m, err := form.ParseMobile("13812345678")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, n) + fmt.Sprintf(verb, m) + fmt.Sprintf(verb, &n); strings.Contains(text, "1949") || strings.Contains(text, "138") {
			t.Errorf("%s shows %s", verb, text)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, file := range []string{"testdata/valid.txt", "testdata/invalid.txt"} {
		for _, l := range lines(f, file) {
			f.Add(l[1])
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for kind, parse := range kinds {
			n, err := parse(s)
			if err != nil {
				codeOf(t, err, s)
				continue
			}
			again, err := parse(n.Text)
			if err != nil || again != n {
				t.Fatalf("%s: %q does not come back", kind, n.Text)
			}
			if n.Born.After(form.Day(now)) || !strings.HasPrefix(n.Text, n.Person) || n.Person == "" {
				t.Fatalf("%s: %q was born on %s", kind, n.Text, n.Born)
			}
		}
		if m, err := form.ParseMobile(s); err == nil && (len(m.Text) != 11 || m.Text[0] != '1') {
			t.Fatalf("%q is a telephone", m.Text)
		}
	})
}

func FuzzName(f *testing.F) {
	for _, l := range lines(f, "testdata/names.txt") {
		f.Add(unescape(l[0]))
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, parse := range []func(string) (string, error){form.Name, form.Title} {
			name, err := parse(s)
			if err != nil {
				codeOf(t, err, s)
				continue
			}
			if again, err := parse(name); err != nil || again != name {
				t.Fatalf("%+q does not come back: %+q, %v", name, again, err)
			}
			if !utf8.ValidString(name) || !norm.NFC.IsNormalString(name) || strings.ContainsAny(name, "\x00\n\r\t") || name != strings.TrimSpace(name) {
				t.Fatalf("%+q passes", name)
			}
		}
	})
}
