package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/colophon-project/colophon/internal/link"
	"github.com/colophon-project/colophon/staff"
)

// access says who may see a page. The zero value shuts it to whoever has not signed in.
type access int

const (
	signedIn access = iota
	stranger        // somebody who need not have signed in; forms are bound to a cookie of their own
	holder          // a browser that opened a one-time link
	anybody         // has no form
)

// page is one row of the table.
type page struct {
	method string
	path   string // as http.ServeMux takes it
	who    access
	action staff.Action      // what somebody who has signed in must be allowed; empty for nothing in particular
	title  string            // key of its name, for pages that are shown
	about  string            // key of what search engines say of it; empty for pages that they leave out
	menu   bool              // stands in the menu of those who may see it
	group  string            // key of the part of the menu that it stands in; empty for the top
	above  string            // path of the page that it is below, where the address does not tell
	words  []string          // keys of sentences that it says and that do not stand in the sources
	makes  []string          // types of the records that its form may make, where the form says so
	back   string            // path of the page to show when this fails; of a form, the page that it is on
	script bool              // our script asks for it and gets JSON
	link   link.Purpose      // of a holder's page: the purpose of the link
	film   bool              // may use camera and microphone; of a form, brings a recording
	upload int64             // of a form that brings a file, its largest size in bytes
	stream bool              // of such a form: its files come last and are passed on as they come, since nobody knows who sends them
	allow  func(http.Header) // changes the headers of its answers
	do     func(*visit) error
}

// The parts of the menu, in their order.
const (
	groupContent    = "page-group-content"
	groupReview     = "page-group-review"
	groupPeople     = "page-group-people"
	groupServices   = "page-group-services"
	groupGovernance = "page-group-governance"
	groupEvidence   = "page-group-evidence"
	groupSystem     = "page-group-system"
)

func groups() []string {
	return []string{"", groupContent, groupReview, groupPeople, groupServices, groupGovernance, groupEvidence, groupSystem}
}

const (
	get  = http.MethodGet
	post = http.MethodPost
)

// table returns all pages. A capability adds the rows of its own.
func table() []page {
	return slices.Concat(
		firstPages(),
		accountPages(),
		staffPages(),
		keyPages(),
		workPages(),
		designPages(),
		modelPages(),
		usagePages(),
		orderPages(),
		reviewPages(),
		heldPages(),
		judgementPages(),
		dutyPages(),
		obligationPages(),
		systemPages(),
		packPages(),
		filingPages(),
		listPages(),
		incidentPages(),
		drillPages(),
		calendarPages(),
		bankPages(),
		runPages(),
		inspectionPages(),
		oversightPages(),
		judgePages(),
		featurePages(),
		policyPages(),
		evidencePages(),
		recordPages(),
		holdPages(),
		networkPages(),
		jobPages(),
		checkPages(),
		welcomePages(),
		complainPages(),
		trackPages(),
		publicLimitsPages(),
		publicFiguresPages(),
		contentPages(),
		intakePages(),
		webhookPages(),
		publicPages(),
		registerPages(),
		rulesPages(),
		logPages(),
		aboutPages(),
		servicePages(),
		functionPages(),
		agreementPages(),
		assessmentPages(),
		promptPages(),
		peoplePages(),
		proofPages(),
		likenessPages(),
		linksPages(),
		measurePages(),
		standingPages(),
		facesPages(),
		admissionPages(),
		playgroundPages(),
		guidePages(),
		casePages(),
		copyPages(),
		cardPages(),
		listingPages(),
		refutationPages(),
		recallPages(),
		publicRefutationPages(),
		correctionPages(),
		limitsPages(),
		figuresPages(),
		algorithmPages(),
		datasetPages(),
		annotationPages(),
	)
}

// maxBody is the largest body of a page's form, in bytes.
func (p page) maxBody() int64 {
	if p.film {
		return MaxRecording + maxForm
	}
	if p.upload > 0 {
		return p.upload + maxForm
	}
	return maxForm
}

func firstPages() []page {
	return []page{
		{method: get, path: "/", title: "page-start", menu: true, words: overviewWords(), do: showStart},

		{method: get, path: SetUpPath, who: stranger, title: "page-set-up", do: showSetUp},
		{method: post, path: SetUpPath, who: stranger, back: SetUpPath, do: setUp},
		{method: get, path: "/invitation", who: stranger, title: "page-invitation", do: showInvitation},
		{method: post, path: "/invitation", who: stranger, back: "/invitation", do: accept},

		{method: get, path: "/sign-in", who: stranger, title: "page-sign-in", do: showSignIn},
		{method: post, path: "/sign-in", who: stranger, back: "/sign-in", do: signIn},
		{method: post, path: "/sign-in/passkey/begin", who: stranger, back: "/sign-in", script: true, do: beginPasskeySignIn},
		{method: post, path: "/sign-in/passkey", who: stranger, back: "/sign-in", do: finishPasskeySignIn},
		{method: post, path: "/sign-in/provider", who: stranger, title: "page-provider", back: "/sign-in", do: beginProvider},
		{method: get, path: ReturnPath, who: stranger, back: "/sign-in", do: finishProvider},
		{method: post, path: "/sign-out", back: "/", do: signOut},

		{method: get, path: LinkPath, who: stranger, title: "page-link", do: showLink},
		{method: post, path: LinkPath, who: stranger, back: LinkPath, do: openLink},
		{method: get, path: ConsentPath, who: holder, link: link.Consent, title: "page-consent", film: true, do: showConsent},
		{method: post, path: ConsentPath + "/phrase", who: holder, link: link.Consent, title: "page-consent", back: ConsentPath, film: true, do: drawPhrase},
		{method: post, path: ConsentPath, who: holder, link: link.Consent, title: "page-consent-done", back: ConsentPath, film: true, do: decide},
		{method: get, path: ReceiptPath, who: stranger, title: "page-receipt", do: showReceipt},
		{method: post, path: ReceiptPath, who: stranger, title: "page-receipt", back: ReceiptPath, do: lookUpReceipt},
		{method: post, path: ReceiptPath + "/file", who: stranger, back: ReceiptPath, do: downloadReceipt},
		{method: post, path: ReceiptPath + "/certificate", who: stranger, back: ReceiptPath, do: downloadCertificate},
		{method: post, path: ReceiptPath + "/withdraw", who: stranger, title: "page-receipt", back: ReceiptPath, do: withdraw},
		{method: post, path: ReceiptPath + "/dispute", who: stranger, title: "page-receipt", back: ReceiptPath, do: dispute},
		{method: get, path: verificationPath, who: holder, link: link.Verification, title: "page-verification", do: showVerification},
		{method: post, path: verificationPath, who: holder, link: link.Verification, title: "page-verification", back: verificationPath, do: verify},
		{method: post, path: verificationPath + "/code", who: holder, link: link.Verification, title: "page-verification", back: verificationPath, do: verifyCode},
		{method: get, path: VerificationReturnPath, who: holder, link: link.Verification, back: verificationPath, do: verifyReturned},
		{method: get, path: agreementPath, who: holder, link: link.Agreement, title: "page-agreement", do: showAgreement},
		{method: post, path: agreementPath, who: holder, link: link.Agreement, title: "page-agreement", back: agreementPath, do: acceptAgreement},

		{method: get, path: "/account", title: "page-account", menu: true, group: groupSystem, do: showAccount},
		{method: post, path: "/account/password", back: "/account", do: changePassword},
		{method: post, path: "/account/passkey/begin", back: "/account", script: true, do: beginPasskey},
		{method: post, path: "/account/passkey", back: "/account", do: finishPasskey},
	}
}

// reaches reports whether the visitor may see the page at an address of ours.
func (v *visit) reaches(address string) bool {
	path, _, _ := strings.Cut(address, "?")
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	for _, p := range v.pages {
		if p.method == get && strings.HasPrefix(p.path, "/"+first) && fits(p.path, path) {
			return p.action == "" || v.actor().May(p.action)
		}
	}
	return true
}

// showing returns the page that a browser sees at a path.
func (c *console) showing(path string) (page, bool) {
	for _, p := range c.pages {
		if p.method == get && p.path == path && p.title != "" {
			return p, true
		}
	}
	return page{}, false
}
