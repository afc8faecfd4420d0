package label

import (
	"strconv"
	"strings"

	"github.com/colophon-project/colophon"
)

// Code is a provider code of TC260-PG-20252A: 27 digits and upper-case letters that name an organisation, whether it
// generates or spreads, and which of its models or applications. [ParseCode] and [MakeCode] return none but valid ones.
//
// Only organisations are handled. What an individual's code looks like is not confirmed, and a number that identifies a
// person has no place in the metadata of a public file: none is made, and none is repeated in an error or explanation.
type Code string

// Values of position 23 of a provider code. ServiceNone stands for the extension 00000, which names no service.
const (
	ServiceNone        byte = 0
	ServiceGeneration  byte = '1'
	ServicePropagation byte = '2'
)

// Codes of errors about provider codes. Args: "position" is where the rule is broken, counted from 1 in the text that
// was given, as "3" or "5-22"; "field" the part that stands there; "rule" the standard that says so; "expected" what it
// asks for. No arg repeats the text itself.
const (
	CodeProviderLength    colophon.Code = "provider-code-length"     // also "have"
	CodeProviderCharacter colophon.Code = "provider-code-character"  // neither digit nor upper-case letter
	CodeProviderLowerCase colophon.Code = "provider-code-lower-case" // a lower-case letter
	CodeProviderFormat    colophon.Code = "provider-code-format"
	CodeProviderSubject   colophon.Code = "provider-code-subject" // not an organisation: unsupported
	CodeProviderBinding   colophon.Code = "provider-code-binding" // bound by something else than a USCC: unsupported
	CodeProviderService   colophon.Code = "provider-code-service"
	CodeProviderModel     colophon.Code = "provider-code-model"
	CodeUSCCLength        colophon.Code = "uscc-length"       // also "have"
	CodeUSCCCharacter     colophon.Code = "uscc-character"    // a character that GB 32100 does not use
	CodeUSCCDivision      colophon.Code = "uscc-division"     // a division code that is no number
	CodeUSCCOrganisation  colophon.Code = "uscc-organisation" // the check character of GB 11714 differs
	CodeUSCCCheck         colophon.Code = "uscc-check"        // the check character of GB 32100 differs
	CodeUSCCPerson        colophon.Code = "uscc-person"       // a citizen's identity number
)

// Meanings of a [Part].
const (
	MeaningFormat             colophon.Code = "code-format"
	MeaningOrganisation       colophon.Code = "code-subject-organisation"
	MeaningSubjectUnconfirmed colophon.Code = "code-subject-unconfirmed"
	MeaningByUSCC             colophon.Code = "code-binding-uscc"
	MeaningBindingUnconfirmed colophon.Code = "code-binding-unconfirmed"
	MeaningUSCC               colophon.Code = "code-uscc"
	MeaningHidden             colophon.Code = "code-hidden" // the value may identify a person and is not shown
	MeaningNoService          colophon.Code = "code-service-none"
	MeaningGeneration         colophon.Code = "code-service-generation"
	MeaningPropagation        colophon.Code = "code-service-propagation"
	MeaningServiceUnknown     colophon.Code = "code-service-unknown"
	MeaningModel              colophon.Code = "code-model"
	MeaningDivision           colophon.Code = "uscc-part-division"           // GB/T 2260 administrative division
	MeaningOrganisationCode   colophon.Code = "uscc-part-organisation"       // GB 11714 organisation code, 8 characters
	MeaningOrganisationCheck  colophon.Code = "uscc-part-organisation-check" // its check character
	MeaningUSCCCheck          colophon.Code = "uscc-part-check"              // GB 32100 check character
)

// Meanings of the first character of a USCC, the registration authority (GB 32100-2015 with amendment 1).
const (
	AuthorityStaffing  colophon.Code = "uscc-authority-staffing"         // 1 机构编制
	AuthorityForeign   colophon.Code = "uscc-authority-foreign-affairs"  // 2 外交
	AuthorityJustice   colophon.Code = "uscc-authority-justice"          // 3 司法行政
	AuthorityCulture   colophon.Code = "uscc-authority-culture"          // 4 文化
	AuthorityCivil     colophon.Code = "uscc-authority-civil-affairs"    // 5 民政
	AuthorityTourism   colophon.Code = "uscc-authority-tourism"          // 6 旅游
	AuthorityReligion  colophon.Code = "uscc-authority-religion"         // 7 宗教
	AuthorityUnions    colophon.Code = "uscc-authority-trade-unions"     // 8 工会
	AuthorityMarket    colophon.Code = "uscc-authority-market"           // 9 工商
	AuthorityMilitary  colophon.Code = "uscc-authority-central-military" // A 中央军委改革和编制办公室
	AuthorityFarming   colophon.Code = "uscc-authority-agriculture"      // N 农业
	AuthorityOther     colophon.Code = "uscc-authority-other"            // Y 其他
	AuthorityNotListed colophon.Code = "uscc-authority-unlisted"         // a later amendment may list it
)

// Meanings of the second character of a USCC, the type of entity. The types of GB 32100-2015 itself have names; those
// that amendments added are reported as not listed.
const (
	EntityOrgan       colophon.Code = "uscc-entity-organ"               // 11 机关
	EntityInstitution colophon.Code = "uscc-entity-institution"         // 12 事业单位
	EntityMass        colophon.Code = "uscc-entity-mass-organisation"   // 13 群众团体
	EntityAssociation colophon.Code = "uscc-entity-association"         // 51 社会团体
	EntityPrivateUnit colophon.Code = "uscc-entity-private-unit"        // 52 民办非企业单位
	EntityFoundation  colophon.Code = "uscc-entity-foundation"          // 53 基金会
	EntityEnterprise  colophon.Code = "uscc-entity-enterprise"          // 91 企业
	EntityBusiness    colophon.Code = "uscc-entity-individual-business" // 92 个体工商户
	EntityCooperative colophon.Code = "uscc-entity-cooperative"         // 93 农民专业合作社
	EntityOther       colophon.Code = "uscc-entity-other"               // 19, 59, Y1 其他
	EntityNotListed   colophon.Code = "uscc-entity-unlisted"
)

// Standards that the arg "rule" names.
const (
	ruleProvider     = "TC260-PG-20252A"
	ruleUSCC         = "GB 32100-2015"
	ruleOrganisation = "GB 11714-1997"
	ruleDivision     = "GB/T 2260"
	rulePerson       = "GB 11643-1999"
)

const (
	codeLength = 27
	usccLength = 18
	// usccChars are the characters of a USCC in the order of their values: no I, O, S, V, Z.
	usccChars = "0123456789ABCDEFGHJKLMNPQRTUWXY"
)

// ParseCode checks a provider code by every rule that is known. The error says which position breaks which; a subject
// that is no organisation, or one bound by something else than its USCC, is unsupported rather than wrong.
func ParseCode(s string) (Code, error) {
	if len(s) != codeLength {
		e := codeError(CodeProviderLength, 1, len(s), "code", ruleProvider, strconv.Itoa(codeLength))
		e.Args["have"] = strconv.Itoa(len(s))
		return "", e
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z':
			return "", codeError(CodeProviderLowerCase, i+1, i+1, "code", ruleProvider, "0-9 A-Z")
		case !isDigit(c) && !isUpper(c):
			return "", codeError(CodeProviderCharacter, i+1, i+1, "code", ruleProvider, "0-9 A-Z")
		}
	}
	switch {
	case s[:2] != "00":
		return "", codeError(CodeProviderFormat, 1, 2, "format", ruleProvider, "00")
	case s[2] != '1':
		return "", unsupportedCode(CodeProviderSubject, 3, "subject")
	case s[3] != '1':
		return "", unsupportedCode(CodeProviderBinding, 4, "binding")
	}
	if e := checkUSCC(s[4:22], 4); e != nil {
		return "", e
	}
	if e := checkExtension(s[22:], 22); e != nil {
		return "", e
	}
	return Code(s), nil
}

// MakeCode builds a provider code from an organisation's USCC, a service and the four characters that the provider
// chose for its model or application. With [ServiceNone] the model MUST be empty.
func MakeCode(uscc string, service byte, model string) (Code, error) {
	if err := CheckUSCC(uscc); err != nil {
		return "", err
	}
	extension := "00000"
	if service != ServiceNone || model != "" {
		extension = string(rune(service)) + model
	}
	if len(extension) != 5 {
		return "", codeError(CodeProviderModel, 24, 27, "model", ruleProvider, "4 × 0-9 A-Z")
	}
	return ParseCode("0011" + uscc + extension)
}

// CheckUSCC checks an organisation's unified social credit code: its characters, its division, the check character of
// the organisation code inside it (GB 11714) and its own (GB 32100). Authorities and types of entity are not held
// against the tables, which amendments extend.
func CheckUSCC(s string) error {
	if len(s) != usccLength {
		e := codeError(CodeUSCCLength, 1, len(s), "uscc", ruleUSCC, strconv.Itoa(usccLength))
		e.Args["have"] = strconv.Itoa(len(s))
		return e
	}
	if e := checkUSCC(s, 0); e != nil {
		return e
	}
	return nil
}

// checkUSCC checks 18 characters that stand behind before others. A citizen's identity number is told as such, so that
// nobody mends it until it passes.
func checkUSCC(s string, before int) *colophon.Error {
	e := brokenUSCC(s, before)
	if e != nil && isIdentityNumber(s) {
		return codeError(CodeUSCCPerson, before+1, before+usccLength, "uscc", rulePerson, ruleUSCC)
	}
	return e
}

func brokenUSCC(s string, before int) *colophon.Error {
	for i := range len(s) {
		if strings.IndexByte(usccChars, s[i]) < 0 {
			return codeError(CodeUSCCCharacter, before+i+1, before+i+1, "uscc", ruleUSCC, "0-9 A-H J-N P-R T U W X Y")
		}
	}
	for i := 2; i < 8; i++ {
		if !isDigit(s[i]) {
			return codeError(CodeUSCCDivision, before+i+1, before+i+1, "division", ruleDivision, "0-9")
		}
	}
	if want := organisationCheck(s[8:16]); s[16] != want {
		return codeError(CodeUSCCOrganisation, before+17, before+17, "organisation", ruleOrganisation, string(rune(want)))
	}
	if want := usccCheck(s[:17]); s[17] != want {
		return codeError(CodeUSCCCheck, before+18, before+18, "uscc", ruleUSCC, string(rune(want)))
	}
	return nil
}

// checkExtension checks the service type and the model code, which stand behind before others.
func checkExtension(s string, before int) *colophon.Error {
	switch {
	case s == "00000", s[0] == ServiceGeneration, s[0] == ServicePropagation:
		return nil
	case s[0] == '0':
		return codeError(CodeProviderModel, before+2, before+5, "model", ruleProvider, "0000")
	}
	return codeError(CodeProviderService, before+1, before+1, "service", ruleProvider, "0 1 2")
}

// organisationCheck computes the check character of the 8 characters of an organisation code: a weighted sum modulo 11,
// with letters counting from A = 10, where 10 is written X and 11 is written 0 (GB 11714-1997).
func organisationCheck(body string) byte {
	weights := [8]int{3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		v := int(body[i] - '0')
		if isUpper(body[i]) {
			v = int(body[i]-'A') + 10
		}
		sum += w * v
	}
	return "0123456789X0"[11-sum%11]
}

// usccCheck computes the check character of the first 17 characters of a USCC: a sum weighted with powers of 3, modulo
// 31, over the 31 characters in use (GB 32100-2015).
func usccCheck(body string) byte {
	sum, weight := 0, 1
	for i := range len(body) {
		sum += weight * strings.IndexByte(usccChars, body[i])
		weight = weight * 3 % 31
	}
	return usccChars[(31-sum%31)%31]
}

// isIdentityNumber reports whether 18 characters are a citizen's identity number: digits, a date of birth where one
// stands, and the check character of GB 11643.
func isIdentityNumber(s string) bool {
	if len(s) != usccLength {
		return false
	}
	sum, weight := 0, 1
	for i := 16; i >= 0; i-- {
		if !isDigit(s[i]) {
			return false
		}
		weight = weight * 2 % 11
		sum += weight * int(s[i]-'0')
	}
	century, month, day := s[6:8], s[10:12], s[12:14]
	if (century != "19" && century != "20") || month < "01" || month > "12" || day < "01" || day > "31" {
		return false
	}
	return s[17] == "10X98765432"[sum%11]
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func codeError(code colophon.Code, first, last int, field, rule, expected string) *colophon.Error {
	position := strconv.Itoa(first)
	if last > first {
		position += "-" + strconv.Itoa(last)
	}
	return &colophon.Error{
		Kind: colophon.Invalid, Code: code, Clauses: []colophon.Clause{colophon.ClausePGCode},
		Args: colophon.Args{"position": position, "field": field, "rule": rule, "expected": expected},
	}
}

func unsupportedCode(code colophon.Code, position int, field string) *colophon.Error {
	e := codeError(code, position, position, field, ruleProvider, "1")
	e.Kind = colophon.Unsupported
	return e
}

// Part is a run of characters of a provider code and what it says.
type Part struct {
	First, Last int    // positions in the provider code, counted from 1
	Value       string // the characters; empty where they may identify a person
	Meaning     colophon.Code
	// Verdict says whether the part keeps its rule; Unknown where no rule is known.
	Verdict colophon.Verdict
	Inner   []Part // the parts that this one consists of, in order
}

// Explain takes a provider code apart. It explains a string that is no valid code as far as its positions go.
func (c Code) Explain() []Part {
	s := string(c)
	var parts []Part
	add := func(first, last int, meaning colophon.Code, verdict colophon.Verdict) *Part {
		parts = append(parts, part(s, first, last, meaning, verdict))
		return &parts[len(parts)-1]
	}
	if len(s) >= 2 {
		add(1, 2, MeaningFormat, holds(s[:2] == "00"))
	}
	organisation := len(s) >= 4 && s[2] == '1' && s[3] == '1'
	if len(s) >= 3 {
		explainSwitch(add, 3, s[2], MeaningOrganisation, MeaningSubjectUnconfirmed)
	}
	if len(s) >= 4 {
		explainSwitch(add, 4, s[3], MeaningByUSCC, MeaningBindingUnconfirmed)
	}
	if len(s) >= 22 {
		uscc := s[4:22]
		broken := checkUSCC(uscc, 4)
		if !organisation || broken != nil && broken.Code == CodeUSCCPerson {
			add(5, 22, MeaningHidden, colophon.Unknown).Value = ""
		} else {
			add(5, 22, MeaningUSCC, holds(broken == nil)).Inner = explainUSCC(s)
		}
	}
	if len(s) >= codeLength {
		explainExtension(add, s[22:codeLength])
	}
	return parts
}

type partAdder func(first, last int, meaning colophon.Code, verdict colophon.Verdict) *Part

// explainSwitch explains a position of which only the value 1 is confirmed.
func explainSwitch(add partAdder, position int, value byte, known, unconfirmed colophon.Code) {
	if value == '1' {
		add(position, position, known, colophon.Passed)
		return
	}
	add(position, position, unconfirmed, colophon.Unknown)
}

func explainExtension(add partAdder, s string) {
	meaning, verdict := MeaningServiceUnknown, colophon.Failed
	switch s[0] {
	case '0':
		meaning, verdict = MeaningNoService, colophon.Passed
	case ServiceGeneration:
		meaning, verdict = MeaningGeneration, colophon.Passed
	case ServicePropagation:
		meaning, verdict = MeaningPropagation, colophon.Passed
	}
	add(23, 23, meaning, verdict)
	legal := s[0] != '0' || s == "00000"
	for i := 1; i < len(s); i++ {
		legal = legal && (isDigit(s[i]) || isUpper(s[i]))
	}
	add(24, 27, MeaningModel, holds(legal))
}

// explainUSCC takes positions 5 to 22 of a code apart.
func explainUSCC(s string) []Part {
	uscc := s[4:22]
	authority := authorityMeaning(uscc[0])
	entity := entityMeaning(uscc[:2])
	digits := strings.Trim(uscc[2:8], "0123456789") == ""
	body := strings.Trim(uscc[8:16], usccChars) == ""
	organisation, check := colophon.Unknown, colophon.Unknown
	if body {
		organisation = holds(uscc[16] == organisationCheck(uscc[8:16]))
	}
	if strings.Trim(uscc, usccChars) == "" {
		check = holds(uscc[17] == usccCheck(uscc[:17]))
	}
	return []Part{
		part(s, 5, 5, authority, listed(authority != AuthorityNotListed)),
		part(s, 6, 6, entity, listed(entity != EntityNotListed)),
		part(s, 7, 12, MeaningDivision, holds(digits)),
		part(s, 13, 20, MeaningOrganisationCode, holds(body)),
		part(s, 21, 21, MeaningOrganisationCheck, organisation),
		part(s, 22, 22, MeaningUSCCCheck, check),
	}
}

func part(s string, first, last int, meaning colophon.Code, verdict colophon.Verdict) Part {
	return Part{First: first, Last: last, Value: strings.ToValidUTF8(s[first-1:last], "?"), Meaning: meaning, Verdict: verdict}
}

func holds(ok bool) colophon.Verdict {
	if ok {
		return colophon.Passed
	}
	return colophon.Failed
}

// listed is the verdict of a value that a table has, or that a later table may have.
func listed(ok bool) colophon.Verdict {
	if ok {
		return colophon.Passed
	}
	return colophon.Unknown
}

func authorityMeaning(c byte) colophon.Code {
	switch c {
	case '1':
		return AuthorityStaffing
	case '2':
		return AuthorityForeign
	case '3':
		return AuthorityJustice
	case '4':
		return AuthorityCulture
	case '5':
		return AuthorityCivil
	case '6':
		return AuthorityTourism
	case '7':
		return AuthorityReligion
	case '8':
		return AuthorityUnions
	case '9':
		return AuthorityMarket
	case 'A':
		return AuthorityMilitary
	case 'N':
		return AuthorityFarming
	case 'Y':
		return AuthorityOther
	}
	return AuthorityNotListed
}

func entityMeaning(s string) colophon.Code {
	switch s {
	case "11":
		return EntityOrgan
	case "12":
		return EntityInstitution
	case "13":
		return EntityMass
	case "51":
		return EntityAssociation
	case "52":
		return EntityPrivateUnit
	case "53":
		return EntityFoundation
	case "91":
		return EntityEnterprise
	case "92":
		return EntityBusiness
	case "93":
		return EntityCooperative
	case "19", "59", "Y1":
		return EntityOther
	}
	return EntityNotListed
}
