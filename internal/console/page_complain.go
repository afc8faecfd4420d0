package console

import (
	"crypto/rand"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
)

const (
	deskPath = "/desk"
	// mostSaid is how many signs a person may write at once, as the desk takes them.
	mostSaid = 5000
	mostAsks = 20 // content numbers
	// mostRead is how much of a form is read to its end so that its page can say that it was too much. Of that, mostUpload is taken.
	mostRead = 4 * mostUpload
)

// complaint is the form for one kind of case. Few fields: whoever comes has a phone in the hand and two minutes.
type complaint struct {
	kind    string
	parties []string // of whom one comes; empty for the public
	grounds []string // of which at least one is named; a single one is not asked for
	either  bool     // one ground alone
	rights  bool     // asks which right
	name    bool     // asks for the name of an authority
	number  bool     // asks for content
	content bool     // needs something to look at: a number, words or a file
	text    bool     // needs words
	contact bool     // needs a contact: nobody may stay unknown
}

func complaints() []complaint {
	return []complaint{
		{kind: "report", grounds: []string{"illegal", "minor", "intimate", "insult", "privacy", "copyright", "other"}, number: true, content: true},
		{kind: "likeness", parties: []string{"subject", "kin", "agent"}, grounds: []string{"likeness", "voice", "intimate", "minor"}, number: true, content: true, contact: true},
		{kind: "rumour", grounds: []string{"rumour"}, number: true, text: true},
		{kind: "fraud", grounds: []string{"fraud"}, number: true, text: true},
		{kind: "label", grounds: []string{"label-missing", "label-wrong"}, either: true, number: true, content: true},
		{kind: "complaint", grounds: []string{"service", "measure", "privacy", "other"}, text: true},
		{kind: "rights", parties: []string{"user", "subject", "kin", "agent"}, rights: true, text: true, contact: true},
		{kind: "authority", parties: []string{"authority"}, name: true, number: true, text: true, contact: true},
	}
}

func (c complaint) path() string { return deskPath + "/" + c.kind }

func complainPages() []page {
	rows := []page{
		{method: get, path: deskPath, who: anybody, title: "page-complain", about: "page-complain-about", menu: true, words: of("page-complain-", "about-unlabelled"), do: showComplain},
		{method: get, path: deskPath + "/unlabelled", who: anybody, title: "page-complain-unlabelled", about: "page-complain-about-unlabelled", do: showUnlabelled},
	}
	words := slices.Concat(of("page-complain-right-", caseRights()...), of("page-complain-party-", "user", "subject", "kin", "agent"),
		of("page-complain-wrong-", "right", "party", "number", "ground", "name", "text", "contact", "file", "large", "content"), of("page-complain-sought-", soughtResults()...), of("page-term-", "day", "days", "hour", "hours"))
	for _, c := range complaints() {
		title, about := "page-complain-"+c.kind, "page-complain-about-"+c.kind
		words := append(slices.Clone(words), "page-complain-lead-"+c.kind, "page-complain-text-"+c.kind)
		for _, g := range c.grounds {
			words = append(words, "desk-ground-"+g)
		}
		rows = append(rows,
			page{method: get, path: c.path(), who: stranger, title: title, about: about, words: words, do: c.show},
			page{method: post, path: c.path(), who: stranger, title: "page-complain-slip", back: c.path(), upload: mostRead, stream: true, do: c.send})
	}
	return rows
}

// complainPage is what leads to the forms.
type complainPage struct {
	Kinds                 []string
	Provider, Contact, To string
}

func showComplain(v *visit) error {
	data := complainPage{Provider: v.ProviderName, Contact: v.Contact, To: reach(v.Contact)}
	for _, c := range complaints() {
		data.Kinds = append(data.Kinds, c.kind)
	}
	if v.ProviderName != "" {
		v.things = v.contactPoint()
	}
	return v.show("complain", data)
}

// contactPoint is where people are heard, in the words of schema.org.
func (v *visit) contactPoint() map[string]any {
	return map[string]any{"@context": "https://schema.org", "@type": "Organization", "name": v.ProviderName, "url": v.tongue(welcomePath, ""), "contactPoint": map[string]any{"@type": "ContactPoint",
		"contactType": "complaints", "url": v.tongue(deskPath, ""), "availableLanguage": []string{"zh", "en"}}}
}

func showUnlabelled(v *visit) error {
	return v.show("unlabelled", complainPage{Provider: v.ProviderName, Contact: v.Contact, To: reach(v.Contact)})
}

// formPage is a form as it is shown.
type formPage struct {
	Kind, Once                                   string
	Rights, Parties, Grounds                     []string
	Either, Name, Number, Content, Text, Contact bool
	Given                                        url.Values        // what was entered, or named in the address
	Wrong                                        map[string]string // sentences, by the field that they stand at
	Limits                                       []string
	Most                                         int
}

func (c complaint) page(v *visit) formPage {
	f := formPage{Kind: c.kind, Once: rand.Text(), Parties: c.parties, Grounds: c.grounds, Either: c.either, Name: c.name, Number: c.number, Content: c.content, Text: c.text, Contact: c.contact,
		Given: url.Values{}, Limits: v.limitsOf(c.kind), Most: mostUpload >> 20}
	if c.rights {
		f.Rights = caseRights()
	}
	if len(f.Grounds) == 1 {
		f.Grounds = nil
	}
	if len(f.Parties) == 1 {
		f.Parties = nil
	}
	return f
}

// show shows the form. The page that led here may have named the content.
func (c complaint) show(v *visit) error {
	f := c.page(v)
	if n := v.r.URL.Query().Get("number"); c.number && numbered.MatchString(n) {
		f.Given.Set("number", n)
	}
	return v.show("complaint", f)
}

// again shows the form once more with all that was entered, and says what is wrong where it is wrong. Files are not kept.
func (c complaint) again(v *visit, r rebuff) error {
	v.forgo(&r)
	f := c.page(v)
	f.Given, f.Wrong = v.r.PostForm, r.wrong
	if once := v.sent("once"); once != "" {
		f.Once = once
	}
	v.status, v.problem = r.status, r.problem
	v.page.title = "page-complain-" + c.kind
	return v.show("complaint", f)
}

// numbered is what content numbers look like, as the desk takes them.
var numbered = regexp.MustCompile(`^[0-9A-Za-z_.:/-]{1,128}$`)

// entries are content numbers and addresses that somebody entered into one field.
func entries(text string) (numbers, addresses []string) {
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,，、;；", r) }) {
		if strings.HasPrefix(one, "https://") || strings.HasPrefix(one, "http://") {
			addresses = append(addresses, one)
			continue
		}
		numbers = append(numbers, one)
	}
	return numbers, addresses
}

// written is what somebody wrote, with line ends as everybody but forms has them.
func (v *visit) written(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(v.sent(name), "\r\n", "\n"))
}

// draft reads the form, and says what is wrong with it.
func (c complaint) draft(v *visit) (d client.CaseDraft, wrong map[string]string) {
	wrong = map[string]string{}
	mark := func(when bool, field string) {
		if when && wrong[field] == "" {
			wrong[field] = v.speakers[v.lang].Say("page-complain-wrong-" + field)
		}
	}
	d = client.CaseDraft{Kind: c.kind, Party: v.sent("party"), Right: v.sent("right"), Name: v.written("name"), Contact: v.written("contact"), Text: v.written("text"), Language: string(v.lang), Key: v.sent("once")}
	if len(c.parties) == 1 {
		d.Party = c.parties[0]
	}
	mark(len(c.parties) > 0 && !slices.Contains(c.parties, d.Party), "party")
	mark(c.rights && !slices.Contains(caseRights(), d.Right), "right")
	named := v.r.PostForm["ground"]
	if len(c.grounds) == 1 {
		named = c.grounds
	}
	for _, g := range named {
		mark(!slices.Contains(c.grounds, g), "ground")
		d.Grounds = append(d.Grounds, colophon.Code("desk-ground-"+g))
	}
	mark(len(c.grounds) > 0 && len(named) == 0 || c.either && len(named) > 1, "ground")
	numbers, addresses := entries(v.sent("number"))
	mark(len(numbers) > mostAsks || slices.ContainsFunc(numbers, func(n string) bool { return !numbered.MatchString(n) }), "number")
	d.About.Numbers = numbers
	if c.content && len(numbers)+len(addresses) == 0 && d.Text == "" && v.files == nil {
		wrong["number"] = v.speakers[v.lang].Say("page-complain-wrong-content")
	}
	mark(c.name && d.Name == "", "name")
	mark(c.contact && d.Contact == "" || len(d.Contact) > 256, "contact")
	mark(c.text && d.Text == "", "text")
	for _, a := range addresses {
		d.Text = strings.TrimSpace(d.Text + "\n\n" + a)
	}
	mark(utf8.RuneCountInString(d.Text) > mostSaid, "text")
	return d, wrong
}

// send brings the case, and shows what whoever brought it needs from now on.
func (c complaint) send(v *visit) error {
	d, wrong := c.draft(v)
	if len(wrong) > 0 {
		return c.again(v, rebuff{422, v.speakers[v.lang].Say("page-complain-mend"), wrong})
	}
	r, err := v.api().SubmitCaseFrom(v.r.Context(), d, v.files.each)
	if err != nil {
		return c.again(v, v.refused(err))
	}
	return v.showSlip(r)
}

// limitsOf says the published limits of a kind in words: what counts for most, and what counts where it is urgent. Where they
// can't be read nothing is said, and the form is there all the same.
func (v *visit) limitsOf(kind string) (said []string) {
	now, _, err := v.api().PublicLimits(v.r.Context())
	if err != nil {
		v.Log.WarnContext(v.r.Context(), "no limits to say", "error", err)
		return nil
	}
	for _, row := range now.Limits {
		if row.Kind == kind {
			said = append(said, v.limitsSaid(row)...)
		}
	}
	return said
}

// limitsSaid says one row of limits.
func (v *visit) limitsSaid(row client.CaseLimits) []string {
	say := v.speakers[v.lang]
	key := "page-complain-limits"
	if row.Urgent {
		key = "page-complain-limits-urgent"
	}
	said := []string{say.Say(key, "confirm", v.length(row.Acknowledge), "decide", v.length(row.Decide), "tell", v.length(row.Feedback))}
	switch {
	case row.Urgent:
	case row.Appeal == nil:
		said = append(said, say.Say("page-complain-limits-last"))
	default:
		said = append(said, say.Say("page-complain-limits-appeal", "appeal", v.length(*row.Appeal)))
	}
	return said
}

// length says a length of time.
func (v *visit) length(t client.CaseTerm) string { return v.termOf(t).Text }
