package label_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/label"
)

// lines returns the lines of a list in testdata that are neither empty nor comments.
func lines(t testing.TB, name string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSuffix(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}

// problem returns the project's error in err and fails the test when there is none.
func problem(t testing.TB, err error) *colophon.Error {
	t.Helper()
	var e *colophon.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, not a *colophon.Error", err)
	}
	return e
}

func TestParseCodeValid(t *testing.T) {
	t.Parallel()
	for _, s := range lines(t, "code_valid.txt") {
		code, err := label.ParseCode(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if string(code) != s {
			t.Errorf("%s became %s", s, code)
		}
		again, err := label.MakeCode(s[4:22], service(s[22]), strings.TrimPrefix(s[23:], "0000"[:4*b2i(s[22] == '0')]))
		if err != nil || again != code {
			t.Errorf("MakeCode of the parts of %s: %s, %v", s, again, err)
		}
		for _, p := range flat(code.Explain()) {
			if p.Verdict == colophon.Failed {
				t.Errorf("%s: positions %d-%d are explained as broken: %s", s, p.First, p.Last, p.Meaning)
			}
		}
	}
}

func service(c byte) byte {
	if c == '0' {
		return label.ServiceNone
	}
	return c
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestParseCodeInvalid(t *testing.T) {
	t.Parallel()
	for _, line := range lines(t, "code_invalid.txt") {
		f := strings.Split(line, "\t")
		_, err := label.ParseCode(f[0])
		if err == nil {
			t.Errorf("%s passes", f[0])
			continue
		}
		e := problem(t, err)
		if string(e.Code) != f[1] || e.Args["position"] != f[2] {
			t.Errorf("%s: %s at %s, want %s at %s", f[0], e.Code, e.Args["position"], f[1], f[2])
		}
		if !slices.Equal(e.Clauses, []colophon.Clause{colophon.ClausePGCode}) {
			t.Errorf("%s: clauses %v", f[0], e.Clauses)
		}
		for _, arg := range []string{"field", "rule", "expected"} {
			if e.Args[arg] == "" {
				t.Errorf("%s: arg %s is missing", f[0], arg)
			}
		}
		want := colophon.Invalid
		if e.Code == label.CodeProviderSubject || e.Code == label.CodeProviderBinding {
			want = colophon.Unsupported
		}
		if e.Kind != want {
			t.Errorf("%s: kind %s, want %s", f[0], e.Kind, want)
		}
	}
}

func TestCheckUSCC(t *testing.T) {
	t.Parallel()
	// Codes that large companies publish on their own pages.
	for _, s := range []string{"91330100799655058B", "9144030071526726XG", "91110000802100433B", "914403001922038216", "91110108551385082Q"} {
		if err := label.CheckUSCC(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, test := range []struct {
		s        string
		code     colophon.Code
		position string
		expected string
	}{
		{"", label.CodeUSCCLength, "1", "18"},
		{"91330100799655058", label.CodeUSCCLength, "1-17", "18"},
		{"91330100799655058b", label.CodeUSCCCharacter, "18", "0-9 A-H J-N P-R T U W X Y"},
		{"9133010079965505ZB", label.CodeUSCCCharacter, "17", "0-9 A-H J-N P-R T U W X Y"},
		{"91330100799655057B", label.CodeUSCCOrganisation, "17", "8"},
		{"91330100799655058A", label.CodeUSCCCheck, "18", "B"},
		{"11010519491231002X", label.CodeUSCCPerson, "1-18", "GB 32100-2015"},
	} {
		e := problem(t, label.CheckUSCC(test.s))
		if e.Code != test.code || e.Args["position"] != test.position || e.Args["expected"] != test.expected {
			t.Errorf("%q: %v, want %s at %s, expected %s", test.s, e, test.code, test.position, test.expected)
		}
	}
}

func TestCheckUSCCEveryMistypedCharacter(t *testing.T) {
	t.Parallel()
	const good = "91110102MACQD9K640"
	for i := range len(good) {
		for c := byte(0); c < 0x7f; c++ {
			if c == good[i] {
				continue
			}
			s := good[:i] + string(rune(c)) + good[i+1:]
			if label.CheckUSCC(s) == nil {
				t.Errorf("%s passes with %q at position %d", s, c, i+1)
			}
		}
	}
}

func TestMakeCode(t *testing.T) {
	t.Parallel()
	const uscc = "91110102MACQD9K640"
	for _, test := range []struct {
		service byte
		model   string
		want    label.Code
		code    colophon.Code
	}{
		{label.ServiceNone, "", "001191110102MACQD9K64000000", ""},
		{label.ServiceGeneration, "0000", "001191110102MACQD9K64010000", ""},
		{label.ServicePropagation, "A1B2", "001191110102MACQD9K6402A1B2", ""},
		{label.ServiceGeneration, "", "", label.CodeProviderModel},
		{label.ServiceGeneration, "00001", "", label.CodeProviderModel},
		{label.ServiceGeneration, "a1b2", "", label.CodeProviderLowerCase},
		{label.ServiceGeneration, "模型", "", label.CodeProviderModel},
		{label.ServiceNone, "0001", "", label.CodeProviderCharacter},
		{'3', "0001", "", label.CodeProviderService},
		{0xff, "000", "", label.CodeProviderCharacter},
	} {
		code, err := label.MakeCode(uscc, test.service, test.model)
		if code != test.want {
			t.Errorf("MakeCode(%q, %q) = %q, %v; want %q", test.service, test.model, code, err, test.want)
		}
		if test.code != "" && problem(t, err).Code != test.code {
			t.Errorf("MakeCode(%q, %q): %v, want %s", test.service, test.model, err, test.code)
		}
	}
	_, err := label.MakeCode("11010519491231002X", label.ServiceGeneration, "0000")
	if e := problem(t, err); e.Code != label.CodeUSCCPerson || strings.Contains(e.Error(), "1949") {
		t.Errorf("an identity number: %v", e)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	type row struct {
		first, last int
		value       string
		meaning     colophon.Code
		verdict     colophon.Verdict
	}
	for _, test := range []struct {
		code label.Code
		want []row
	}{
		{"00119144030008867405X220001", []row{
			{1, 2, "00", label.MeaningFormat, colophon.Passed},
			{3, 3, "1", label.MeaningOrganisation, colophon.Passed},
			{4, 4, "1", label.MeaningByUSCC, colophon.Passed},
			{5, 22, "9144030008867405X2", label.MeaningUSCC, colophon.Passed},
			{5, 5, "9", label.AuthorityMarket, colophon.Passed},
			{6, 6, "1", label.EntityEnterprise, colophon.Passed},
			{7, 12, "440300", label.MeaningDivision, colophon.Passed},
			{13, 20, "08867405", label.MeaningOrganisationCode, colophon.Passed},
			{21, 21, "X", label.MeaningOrganisationCheck, colophon.Passed},
			{22, 22, "2", label.MeaningUSCCCheck, colophon.Passed},
			{23, 23, "2", label.MeaningPropagation, colophon.Passed},
			{24, 27, "0001", label.MeaningModel, colophon.Passed},
		}},
		{"102311010519491231002X30000", []row{
			{1, 2, "10", label.MeaningFormat, colophon.Failed},
			{3, 3, "2", label.MeaningSubjectUnconfirmed, colophon.Unknown},
			{4, 4, "3", label.MeaningBindingUnconfirmed, colophon.Unknown},
			{5, 22, "", label.MeaningHidden, colophon.Unknown},
			{23, 23, "3", label.MeaningServiceUnknown, colophon.Failed},
			{24, 27, "0000", label.MeaningModel, colophon.Passed},
		}},
		{"001111010519491231002X00001", []row{
			{1, 2, "00", label.MeaningFormat, colophon.Passed},
			{3, 3, "1", label.MeaningOrganisation, colophon.Passed},
			{4, 4, "1", label.MeaningByUSCC, colophon.Passed},
			{5, 22, "", label.MeaningHidden, colophon.Unknown},
			{23, 23, "0", label.MeaningNoService, colophon.Passed},
			{24, 27, "0001", label.MeaningModel, colophon.Failed},
		}},
		{"0011", []row{
			{1, 2, "00", label.MeaningFormat, colophon.Passed},
			{3, 3, "1", label.MeaningOrganisation, colophon.Passed},
			{4, 4, "1", label.MeaningByUSCC, colophon.Passed},
		}},
		{"0011ZZ1101a2MACQD9K65010000", []row{
			{1, 2, "00", label.MeaningFormat, colophon.Passed},
			{3, 3, "1", label.MeaningOrganisation, colophon.Passed},
			{4, 4, "1", label.MeaningByUSCC, colophon.Passed},
			{5, 22, "ZZ1101a2MACQD9K650", label.MeaningUSCC, colophon.Failed},
			{5, 5, "Z", label.AuthorityNotListed, colophon.Unknown},
			{6, 6, "Z", label.EntityNotListed, colophon.Unknown},
			{7, 12, "1101a2", label.MeaningDivision, colophon.Failed},
			{13, 20, "MACQD9K6", label.MeaningOrganisationCode, colophon.Passed},
			{21, 21, "5", label.MeaningOrganisationCheck, colophon.Failed},
			{22, 22, "0", label.MeaningUSCCCheck, colophon.Unknown},
			{23, 23, "1", label.MeaningGeneration, colophon.Passed},
			{24, 27, "0000", label.MeaningModel, colophon.Passed},
		}},
	} {
		var got []row
		for _, p := range flat(test.code.Explain()) {
			got = append(got, row{p.First, p.Last, p.Value, p.Meaning, p.Verdict})
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %v\nwant %v", test.code, got, test.want)
		}
	}
}

func TestExplainAuthorities(t *testing.T) {
	t.Parallel()
	seen := map[colophon.Code]string{}
	for _, c := range "123456789ANY" {
		s := "0011" + string(c) + "1110102MACQD9K64010000"
		meaning := label.Code(s).Explain()[3].Inner[0].Meaning
		if other, twice := seen[meaning]; twice || meaning == label.AuthorityNotListed {
			t.Errorf("authority %c is explained as %s, like %q", c, meaning, other)
		}
		seen[meaning] = string(c)
	}
	for _, pair := range []string{"11", "12", "13", "51", "52", "53", "91", "92", "93", "19", "59", "Y1"} {
		if label.Code("0011" + pair + "110102MACQD9K64010000").Explain()[3].Inner[1].Meaning == label.EntityNotListed {
			t.Errorf("entity %s is not listed", pair)
		}
	}
}

// flat lists parts with the inner ones behind the one that holds them.
func flat(parts []label.Part) []label.Part {
	var list []label.Part
	for _, p := range parts {
		list = append(append(list, p), flat(p.Inner)...)
	}
	return list
}

func FuzzParseCode(f *testing.F) {
	for _, s := range lines(f, "code_valid.txt") {
		f.Add(s)
	}
	for _, line := range lines(f, "code_invalid.txt") {
		f.Add(strings.Split(line, "\t")[0])
	}
	f.Fuzz(func(t *testing.T, s string) {
		parts := label.Code(s).Explain()
		code, err := label.ParseCode(s)
		if err != nil {
			e := problem(t, err)
			if len(s) == 27 && strings.Contains(e.Error(), s[4:22]) {
				t.Errorf("the error repeats the subject: %v", e)
			}
			if len(s) == 27 && s[2] != '1' {
				for _, p := range flat(parts) {
					if p.First > 4 && p.Last < 23 && p.Value != "" {
						t.Errorf("positions %d-%d of a subject that may be a person are shown", p.First, p.Last)
					}
				}
			}
			return
		}
		if err := label.CheckUSCC(s[4:22]); err != nil {
			t.Errorf("%s passes with a broken USCC: %v", s, err)
		}
		joined := ""
		for _, p := range parts {
			joined += p.Value
		}
		if joined != string(code) {
			t.Errorf("the parts of %s make %s", code, joined)
		}
	})
}
