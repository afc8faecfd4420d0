// Package console is the browser's side of Colophon: pages that the server writes, and the few files that they need.
//
// Every page stands in one table ([page], func table) with who may see it; what is done for all of them is done in one
// place: security headers, language, session, the token that ties a form to its browser, and the mapping of errors to
// pages. A handler does its own work with the staff.Roster, then shows a template or sends the browser on; it returns its
// error.
//
// A capability adds its pages as a file page_x.go, a template and its rows in the table. Tests walk the table, so a new
// page is held to the same rules: nobody without a session sees it, no role that lacks the action, and no form is taken
// that is not ours.
//
// People without an account come by a one-time link to pages of their own: a person who is to be depicted consents, an
// account's holder is verified or accepts agreements. Their pages belong to a holder of the link, whose browser has a cookie;
// /receipt is for whoever has the code of a receipt.
//
// What people are handed to begin with (the set-up token, an invitation, a link) stands behind the # of an address. Browsers send
// that part to nobody, so it gets into no log and no Referer; a script moves it into the form, and without the script
// people paste it. Passkeys need a script; everything else works without.
//
// What not to do here: no rule about who may do what, those are in package staff. No inline script or style, nothing from
// another host, no JSON API: programs use /v1. Never put a secret into an address. Never log what a form holds.
package console

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/staff"
)

// Codes of errors.
const (
	CodeSettingInvalid  colophon.Code = "page-setting-invalid"  // arg "setting"
	CodeUnknown         colophon.Code = "page-unknown"          // no such page
	CodeFormInvalid     colophon.Code = "page-form-invalid"     // not a form, or too long
	CodePasswordsDiffer colophon.Code = "page-passwords-differ" // the two entries of a new password
	CodeNoLink          colophon.Code = "page-no-link"          // the browser holds no link to the page
	CodeWorkMuch        colophon.Code = "page-work-much"        // too much that takes long is going on
	CodeWorkUnknown     colophon.Code = "page-work-unknown"     // forgotten, or somebody else began it
	CodeNothingTried    colophon.Code = "page-nothing-tried"    // neither a prompt nor a file
	CodeNothingMade     colophon.Code = "page-nothing-made"     // the model answered without a result
)

// Paths that other parts of the program hand out.
const (
	// SetUpPath is where the first officer is made: Origin + SetUpPath + "#" + token.
	SetUpPath = "/set-up"
	// ReturnPath is where OpenID providers send browsers back to.
	ReturnPath = "/oidc"
	// LinkPath is where one-time links lead: Origin + LinkPath + "#" + token.
	LinkPath = "/link"
	// ConsentPath is where people answer; what is sent there may be as large as [MaxRecording].
	ConsentPath = "/consent"
	// ReceiptPath is where people come back to with the code of a receipt: Origin + ReceiptPath + "#" + code.
	ReceiptPath = "/receipt"
	// VerificationReturnPath is where whoever verifies people sends their browsers back to.
	VerificationReturnPath = verificationPath + "/return"
	verificationPath       = "/verification"
	agreementPath          = "/agreement"
)

// Printer says sentences in one language; *locale.Printer does.
type Printer interface {
	Say(key string, args ...string) string
	Error(err error) string
}

// OIDC signs people in at OpenID providers.
type OIDC interface {
	// Begin returns the address of the provider's sign-in page and the state that Finish needs.
	Begin(ctx context.Context, issuer string) (address string, state []byte, err error)
	// Finish verifies what the provider sent back with the browser.
	Finish(ctx context.Context, state []byte, sent url.Values) (staff.Claims, error)
}

// Provider is an OpenID provider that people may sign in at.
type Provider struct {
	Issuer string
	Name   string // as people know it
}

// Config is what the pages need.
type Config struct {
	Roster    *staff.Roster                          // required
	Say       func(locale.Language) (Printer, error) // required
	Client    func(*http.Request) netip.Addr         // required; the address a request comes from, as far as proxies are trusted
	Now       func() time.Time                       // required
	Log       *slog.Logger                           // required
	Origin    string                                 // required; scheme, host and port of the pages, for links that people pass on
	RequestID func(*http.Request) string             // required; what a person quotes and the log knows
	OIDC      OIDC                                   // nil without providers
	Providers []Provider
	API       http.Handler // what pages of the staff and public pages ask and do; nil: they fail
	Links     Links        // nil: nobody comes by a one-time link
	Consents  Consents     // nil: nobody consents on a page; Answers and Receipts come with it
	Answers   Answers
	Receipts  Receipts
	Tools     *ffmpeg.Tools  // nil: no recording is taken
	Texts     Texts          // nil: there are no agreements to accept
	Registrar Registrar      // nil: nobody is verified on a page
	Passkeys  bool           // the Roster has them
	Secure    bool           // pages are reached by HTTPS
	Zone      *time.Location // of the times on pages; nil for UTC
	// Public pages name the provider: as people know it, how they reach it, its code in labels, and the public keys (PEM) that
	// its labels are sealed with. What is empty is not said.
	ProviderName, Contact, ProviderCode string
	Seals                               []byte
}

func (c Config) check() error {
	for setting, ok := range map[string]bool{
		"roster": c.Roster != nil, "words": c.Say != nil, "client": c.Client != nil, "clock": c.Now != nil, "log": c.Log != nil,
		"origin": strings.HasPrefix(c.Origin, "http") && !strings.HasSuffix(c.Origin, "/"), "request": c.RequestID != nil,
		"oidc": c.OIDC != nil || len(c.Providers) == 0,
	} {
		if !ok {
			return &colophon.Error{Kind: colophon.Invalid, Code: CodeSettingInvalid, Args: colophon.Args{"setting": setting}}
		}
	}
	return nil
}

// console is what all visits share.
type console struct {
	Config
	pages    []page
	done     map[string]bool   // keys of what a page may say was done
	works    *works            // what takes long
	static   map[string]asset  // by name in an address
	address  map[string]string // of static files, by name
	speakers map[locale.Language]speaker
}

// Pages is the handler of all pages, for the path "/".
type Pages struct {
	http.Handler
	find *http.ServeMux
	most map[string]int64 // the largest body of a form, by pattern
}

// MaxBody is the largest body, in bytes, that a page takes with a request.
func (p *Pages) MaxBody(r *http.Request) int64 {
	_, pattern := p.find.Handler(r)
	return max(p.most[pattern], maxForm)
}

// New returns the pages.
func New(config Config) (*Pages, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	if config.Zone == nil {
		config.Zone = time.UTC
	}
	c := &console{Config: config, pages: table(), done: map[string]bool{}, works: newWorks()}
	for _, p := range c.pages {
		for _, w := range p.words {
			if strings.HasPrefix(w, "page-done-") {
				c.done[w] = true
			}
		}
	}
	for _, d := range deeds {
		c.done["page-done-"+d] = true
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	pages := &Pages{find: mux, most: map[string]int64{}}
	for _, p := range c.pages {
		path := p.path
		if path == "/" {
			path = "/{$}"
		}
		mux.Handle(p.method+" "+path, c.serve(p))
		pages.most[p.method+" "+path] = p.maxBody()
	}
	mux.HandleFunc("GET /static/{name}", c.serveStatic)
	mux.HandleFunc("/", c.lost)
	pages.Handler = c.guard(mux)
	return pages, nil
}

// lost answers at addresses where nothing is.
func (c *console) lost(w http.ResponseWriter, r *http.Request) {
	c.serve(page{method: get, path: r.URL.Path, who: anybody, title: "page-error-404", do: func(*visit) error {
		return &colophon.Error{Kind: colophon.Missing, Code: CodeUnknown}
	}}).ServeHTTP(w, r)
}

// policy says what a page may load and do. A page on which people record themselves plays the recording back, too.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// permissions says what of the device a page may use.
const permissions = "publickey-credentials-create=(self), publickey-credentials-get=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=()"

func allowFilm(h http.Header) {
	h.Set("Content-Security-Policy", policy+"; media-src blob:")
	h.Set("Permissions-Policy", strings.NewReplacer("camera=()", "camera=(self)", "microphone=()", "microphone=(self)").Replace(permissions))
}

// allowLive lets htmx make HTML of what this server answers; its policy is made in live.js and turns nothing into a script.
func allowLive(h http.Header) {
	h.Set("Content-Security-Policy", strings.Replace(policy, "trusted-types 'none'", "trusted-types htmx", 1))
}

// guard sets the headers that every answer has.
func (c *console) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range map[string]string{
			"Content-Security-Policy":      policy,
			"Referrer-Policy":              "no-referrer",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Permissions-Policy":           permissions,
			"Cache-Control":                "no-store",
		} {
			w.Header().Set(name, value)
		}
		if c.Secure {
			w.Header().Set("Strict-Transport-Security", "max-age=63072000")
		}
		next.ServeHTTP(w, r)
	})
}
