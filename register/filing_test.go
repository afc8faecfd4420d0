package register_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/colophon-project/colophon/register"
)

func lines(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was read
	var list []string
	for s := bufio.NewScanner(f); s.Scan(); {
		if line := s.Text(); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}

func TestFilingNumbers(t *testing.T) {
	t.Parallel()
	for _, s := range lines(t, "number_valid.txt") {
		n, err := register.CheckFiling(s)
		if err != nil || !n.Checked || n.Division+n.Entity+n.Class+n.Year+n.Serial+n.Digits[20:] != n.Digits {
			t.Errorf("%s: %+v %v", s, n, err)
		}
		// A neighbouring last digit, and any other first digit but the one five away, do not follow.
		for _, wrong := range []string{n.Digits[:20] + string('0'+(n.Digits[20]-'0'+1)%10), string('0'+(n.Digits[0]-'0'+1)%10) + n.Digits[1:]} {
			if n, err := register.CheckFiling(wrong); n.Checked || err != nil {
				t.Errorf("%s passes: %v", wrong, err)
			}
		}
	}
	for _, s := range lines(t, "number_doubt.txt") {
		if n, err := register.CheckFiling(s); err != nil || n.Fits() {
			t.Errorf("%s: %+v %v", s, n, err)
		}
	}
	for _, s := range lines(t, "number_invalid.txt") {
		_, err := register.CheckFiling(s)
		want(t, err, register.CodeNumber, "ds-19")
	}
}

func FuzzFilingNumber(f *testing.F) {
	for _, name := range []string{"number_valid.txt", "number_doubt.txt", "number_invalid.txt"} {
		for _, s := range lines(f, name) {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := register.CheckFiling(s)
		if err != nil {
			return
		}
		if again, err := register.CheckFiling(n.Digits); again != n || err != nil || len(n.Digits) != 21 {
			t.Errorf("%q: %+v, then %+v %v", s, n, again, err)
		}
	})
}
