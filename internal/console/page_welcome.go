package console

import (
	"net/mail"
	"strings"
)

const welcomePath = "/welcome"

func welcomePages() []page {
	return []page{{method: get, path: welcomePath, who: anybody, title: "page-welcome", about: "page-welcome-about", menu: true, do: showWelcome}}
}

// aboutPages come last, as on most sites.
func aboutPages() []page {
	return []page{{method: get, path: "/about", who: anybody, title: "page-here", about: "page-here-about", menu: true, do: showAbout}}
}

type welcomePage struct {
	Provider, Contact string
	To                string   // where the contact leads; empty for nowhere
	Pages             []choice // public pages, this one excepted; Lang is the key of what they are about
}

// reach is the address behind a contact: of a page or of mail; empty for other words, such as a telephone number.
func reach(contact string) string {
	if a, err := mail.ParseAddress(contact); err == nil && a.Address == contact {
		return "mailto:" + contact
	}
	if strings.ContainsAny(contact, " \t") {
		return ""
	}
	return web(contact)
}

func (v *visit) welcome() welcomePage {
	data := welcomePage{Provider: v.ProviderName, Contact: v.Contact, To: reach(v.Contact)}
	for _, p := range v.pages {
		if p.who == anybody && p.menu && p.path != v.page.path {
			data.Pages = append(data.Pages, choice{To: p.path, Name: p.title, Lang: p.about})
		}
	}
	return data
}

func showWelcome(v *visit) error { return v.show("welcome", v.welcome()) }

func showAbout(v *visit) error { return v.show("about", v.welcome()) }
