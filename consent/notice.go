package consent

import (
	"context"
	"embed"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence/ledger"
)

// Notice is what a subject reads before anything else: exactly what is asked, why it is needed, what it means, and what the
// person may do (Personal Information Protection Law Art. 30). It is shown as it stands.
type Notice struct {
	Version  string
	Language string
	Text     string
	SHA256   string // of the text
}

//go:embed notice/*.txt
var noticeFiles embed.FS

// version stands in the first line of a notice's file.
var version = regexp.MustCompile(`version ([0-9a-z-]+)`)

// Notice returns the notice of a consent in a language, zh or en. Nothing changes by it; [Ledger.Shown] says that it was seen.
func (l *Ledger) Notice(ctx context.Context, id, language string) (Notice, error) {
	e, err := l.book.Get(ctx, id)
	if err != nil {
		return Notice{}, err
	}
	var p Particulars
	if there, err := l.book.Open(e, &p); err != nil {
		return Notice{}, err
	} else if !there {
		return Notice{}, refuse(colophon.Conflict, CodeErased)
	}
	return l.notice(e, p, language)
}

func (l *Ledger) notice(e ledger.Entry[Likeness], p Particulars, language string) (Notice, error) {
	if language != "zh" && language != "en" {
		return Notice{}, invalid("language")
	}
	raw, err := noticeFiles.ReadFile("notice/" + language + ".txt")
	if err != nil {
		return Notice{}, err
	}
	t, err := template.New(language).Funcs(template.FuncMap{"join": strings.Join}).Parse(string(raw))
	if err != nil {
		return Notice{}, err
	}
	asked := e.Value.Asked
	if s := State(e.State); (s == Given || s == Expired) && !e.Value.Renewal {
		asked = e.Value.Terms
	}
	var b strings.Builder
	err = t.Execute(&b, struct {
		ID, Provider, Contact, Requester, Subject, Why, Person, From, Until string
		Days                                                                int // for which references stay when the time is over
		Terms
	}{e.ID, l.Provider, l.Contact, p.Requester, p.Subject, p.Why, string(e.Value.Person), date(asked.From), date(asked.Until), int((l.Grace + day - 1) / day), asked})
	return Notice{version.FindStringSubmatch(string(raw))[1], language, b.String(), sha(b.String())}, err
}

const day = 24 * time.Hour

func date(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
