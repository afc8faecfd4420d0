package httpapi

import (
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon/staff"
)

// routeKey is where an operation of huma keeps its row of the table.
const routeKey = "route"

// version is the version of the API. The path begins with its first number.
const version = "1.0.0"

const about = `Colophon marks what deep synthesis services produce, keeps proof of it, and hands both out.

Send an API key as ` + "`Authorization: Bearer clp_…`" + `. People use the session of the console, and send its X-CSRF-Token with whatever changes something.
Errors are problems (RFC 9457) with a code for programs and a title for people, in English or Chinese as Accept-Language asks.
Requests that create take an Idempotency-Key.`

// OpenAPI returns the description of the API, as YAML. The file api/openapi.yaml is this.
func OpenAPI() ([]byte, error) {
	s, err := newServer(Config{})
	if err != nil {
		return nil, err
	}
	return s.register(newMux(s)).YAML()
}

// register registers the table and returns its description.
func (s *server) register(m *API) *huma.OpenAPI {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: strict}
	api := huma.NewAPI(huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{Title: "Colophon", Version: version, Description: about,
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}},
			Servers: []*huma.Server{{URL: "/", Description: "The server that this description comes from."}},
			Tags:    tags(),
			Components: &huma.Components{Schemas: registry, SecuritySchemes: map[string]*huma.SecurityScheme{
				"key":     {Type: "http", Scheme: "bearer", Description: "API key, or the token of a session that a program opened (POST /v1/sessions)."},
				"session": {Type: "apiKey", In: "cookie", Name: "__Host-colophon", Description: "Session of the staff. Whatever changes something needs the X-CSRF-Token of the session, too."},
			}},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{s.translate},
	}, m)
	problem := registry.Schema(reflect.TypeFor[Problem](), true, "")
	for _, rt := range routes() {
		if rt.is(upload) {
			rt.body = s.MaxUpload + framing
		}
		if rt.is(proxied) && rt.body > 0 {
			rt.body = s.Models.MaxBody
		}
		rt.add(s, api, operation(rt, registry, problem))
		if rt.is(upload) {
			api.OpenAPI().Paths[rt.template()].Post.RequestBody = uploadBody(rt.tag == "intake")
			if rt.tag == "desk" {
				api.OpenAPI().Paths[rt.template()].Post.RequestBody = caseBody(rt.id)
			}
			if rt.id == "prove-removal" {
				api.OpenAPI().Paths[rt.template()].Post.RequestBody = removalBody()
			}
			if rt.tag == "filings" {
				api.OpenAPI().Paths[rt.template()].Post.RequestBody = filingBody(rt.id)
			}
			if rt.tag == "incidents" {
				api.OpenAPI().Paths[rt.template()].Post.RequestBody = packBody(strings.Replace(rt.id, "-incident-report", "-pack", 1))
			}
			if rt.tag == "packs" {
				api.OpenAPI().Paths[rt.template()].Post.RequestBody = packBody(rt.id)
			}
		}
		if rt.is(foreign) {
			api.OpenAPI().Paths[rt.template()].Post.RequestBody = &huma.RequestBody{Required: true, Description: "As its author describes it; fields that are not known are passed over.",
				Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}}}
		}
	}
	// huma describes its own errors, too, which translate replaces.
	delete(registry.Map(), "ErrorModel")
	delete(registry.Map(), "ErrorDetail")
	return api.OpenAPI()
}

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "artefacts", Description: "What was produced: marked, found, handed out, verified."},
		{Name: "evidence", Description: "Records, proofs and bundles."},
		{Name: "log", Description: "The Merkle log. Anybody may read it."},
		{Name: "custody", Description: "What is kept about people, and what is erased."},
		{Name: "screening", Description: "What goes in and what comes out is judged before it passes."},
		{Name: "library", Description: "The features by which content is known, and how they are kept."},
		{Name: "policy", Description: "The decision table."},
		{Name: "moderation", Description: "What waits for a person, and what has to be reported."},
		{Name: "consents", Description: "Consents of depicted people, their tokens, and what follows when they end."},
		{Name: "identity", Description: "Whom accounts belong to, as far as somebody verified it."},
		{Name: "links", Description: "One-time links to pages for people without an account."},
		{Name: "standing", Description: "Measures against accounts, signals of risk, and the rules of both."},
		{Name: "assessments", Description: "What comes before faces and voices are processed: the prompt to users, impact assessments, the filing of stored faces."},
		{Name: "agreements", Description: "Rules, convention, agreement and label methods: their versions, and who accepted them."},
		{Name: "register", Description: "Services and functions, and what keeps a function from being live."},
		{Name: "cards", Description: "Conformance cards of services: what an app store verifies before it lists an app."},
		{Name: "listings", Description: "Apps of a store: asked, verified, listed, refused, warned, suspended, delisted."},
		{Name: "orders", Description: "Control orders: what must not be used, published or handed out."},
		{Name: "admission", Description: "Whether an account may do something now, and why."},
		{Name: "gateway", Description: "Models behind Colophon, in the shapes of OpenAI and Anthropic. What their clients send besides is described by their authors."},
		{Name: "intake", Description: "What platforms and app stores hand in: what the law asks for it, and the file with the platform's elements."},
		{Name: "webhooks", Description: "Programs that are told what happens, by Standard Webhooks."},
		{Name: "filings", Description: "Filings of algorithms: one model of the facts, held against itself, drawn as the documents of the form."},
		{Name: "filing-lists", Description: "The published lists of filed algorithms, as somebody imported them."},
		{Name: "packs", Description: "Packs for authorities: drafted of what is known, filed by a person with the proof, amended in a chain."},
		{Name: "algorithms", Description: "Algorithms with their versions, and what serves each of them now."},
		{Name: "datasets", Description: "What models are trained on: datasets, samples of them, removals, and annotation."},
		{Name: "runs", Description: "Banks of test questions, assessment runs of models, and samples that people judge."},
		{Name: "incidents", Description: "What happened and may have to be reported: grade with its reasons, clocks, reports, playbooks."},
		{Name: "drills", Description: "Exercises of the playbooks, with their results."},
		{Name: "corrections", Description: "After illegal output: stopping, deleting, correcting the model, reporting; each with what shows it."},
		{Name: "calendar", Description: "What is due when."},
		{Name: "copies", Description: "Copies without the visible notice, for accounts that take the duty of labelling upon themselves."},
		{Name: "desk", Description: "Where anybody is heard: complaints, reports, rights, appeals, and the time limits for them."},
		{Name: "refutations", Description: "What was found to be false, whom that reaches, and the notices to them."},
		{Name: "recall", Description: "The feed of what this provider says is false, and the feeds of others."},
		{Name: "duties", Description: "Obligations, what shows that they are met, facts, waivers, and the provider's own rules."},
		{Name: "reviews", Description: "What the provider looks at in itself: how algorithms work, ethics, and security."},
		{Name: "inspections", Description: "Mock inspections: pages looked at as an inspector of labelling does, with what shows what was found."},
		{Name: "overview", Description: "How everything stands, at a glance."},
		{Name: "jobs", Description: "What is worked while nobody waits."},
		{Name: "sessions", Description: "How a program acts for a person of the staff."},
		{Name: "api-keys", Description: "Keys of applications."},
		{Name: "system", Description: "The server itself."},
	}
}

// operation is a row of the table as huma takes it.
func operation(rt route, registry huma.Registry, problem *huma.Schema) huma.Operation {
	op := huma.Operation{OperationID: rt.id, Method: rt.method, Path: rt.template(), Summary: rt.summary, Tags: []string{rt.tag}, DefaultStatus: rt.status,
		Metadata: map[string]any{routeKey: rt}, MaxBodyBytes: rt.body + 1, Responses: map[string]*huma.Response{}, Security: []map[string][]string{}}
	if rt.need != "" {
		op.Description = "Needs the action `" + string(rt.need) + "`."
		op.Security = append(op.Security, map[string][]string{"session": {}})
		if staff.AllowedToKeys(rt.need) {
			op.Security = append([]map[string][]string{{"key": {}}}, op.Security...)
		}
	}
	for _, status := range rt.errors() {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status),
			Content: map[string]*huma.MediaType{"application/problem+json": {Schema: problem}}}
	}
	detail(&op, registry)
	return op
}

// template is the path as OpenAPI writes it, which has no word for the rest of a path.
func (rt route) template() string { return strings.ReplaceAll(rt.path, "...}", "}") }

// errors are the statuses of failure that a route may answer with.
func (rt route) errors() []int {
	list := []int{http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	if rt.need != "" {
		list = append(list, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound)
	}
	if rt.is(upload) || rt.body > 0 {
		list = append(list, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if rt.id == "call-back" {
		list = append(list, http.StatusForbidden, http.StatusNotFound)
	}
	if rt.id == "tile" || rt.id == "checkpoint" {
		list = append(list, http.StatusNotFound)
	}
	if rt.method == post || rt.id == "content" || rt.id == "sidecar" || rt.id == "proof" || rt.id == "artefact-bundle" || rt.id == "consent-bundle" {
		list = append(list, http.StatusConflict)
	}
	if rt.id == "produce" {
		list = append(list, http.StatusUnavailableForLegalReasons)
	}
	if rt.is(proxied) {
		list = append(list, http.StatusUnavailableForLegalReasons, http.StatusBadGateway, http.StatusGatewayTimeout)
	}
	if rt.id == "content" {
		list = append(list, http.StatusRequestedRangeNotSatisfiable)
	}
	return list
}

// detail says of an operation what huma can't see: what a streamed answer or an upload looks like.
func detail(op *huma.Operation, registry huma.Registry) {
	object := func(v any) *huma.MediaType {
		return &huma.MediaType{Schema: registry.Schema(reflect.TypeOf(v), true, "")}
	}
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	header := func(name, about string) map[string]*huma.Header {
		return map[string]*huma.Header{name: {Description: about, Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	answer := func(status int, about string, content map[string]*huma.MediaType) *huma.Response {
		r := &huma.Response{Description: about, Content: content}
		op.Responses[strconv.Itoa(status)] = r
		return r
	}
	switch op.OperationID {
	case "produce":
		location := header("Location", "Where the artefact is, or the job.")
		answer(201, "The artefact, or the marked bytes.", map[string]*huma.MediaType{"application/json": object(Artefact{}), "application/octet-stream": binary}).Headers = location
		answer(202, "The artefact, which a job will mark.", map[string]*huma.MediaType{"application/json": object(Artefact{})}).Headers = location
	case "content":
		answer(200, "The marked bytes.", map[string]*huma.MediaType{"application/octet-stream": binary}).Headers = header("Repr-Digest", "SHA-256 of the bytes (RFC 9530).")
		answer(206, "The ranges that were asked for.", map[string]*huma.MediaType{"application/octet-stream": binary})
		answer(304, "You have them already.", nil)
	case "moderations", "guardrail":
		answer(200, "The answer, as its author describes it.", map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}})
	case "public-figures":
		answer(200, "The figures.", map[string]*huma.MediaType{"application/json": object(MonthFigures{}), "text/csv": text})
	case "case-file":
		answer(200, "The file.", map[string]*huma.MediaType{"application/octet-stream": binary})
	case "take-in":
		answer(201, "The report, or the file.", map[string]*huma.MediaType{"application/json": object(Intake{}), "application/octet-stream": binary}).Headers =
			header("Location", "Where the report is.")
	case "intake-content":
		answer(200, "The file with the platform's elements.", map[string]*huma.MediaType{"application/octet-stream": binary}).Headers = header("Repr-Digest", "SHA-256 of the bytes (RFC 9530).")
	case "intake-sidecar":
		answer(200, "The label file.", map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}})
	case "held-content":
		answer(200, "Text as it was sent, parts as JSON, or a file.", map[string]*huma.MediaType{"text/plain": text, "application/octet-stream": binary}).Headers =
			header("Colophon-Held-Format", "parts, file or artefact.")
	case "oscal-catalog", "oscal-results":
		answer(200, "A document of OSCAL 1.2.", map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}})
	case "restore":
		answer(200, "The file with its label.", map[string]*huma.MediaType{"application/octet-stream": binary}).Headers = header("Colophon-Restored", "By what the file was known, and how sure that is.")
	case "observation-artefact":
		answer(200, "The bytes.", map[string]*huma.MediaType{"application/octet-stream": binary})
	case "consent-evidence":
		answer(200, "The bytes.", map[string]*huma.MediaType{"application/octet-stream": binary})
	case "consent-receipt":
		answer(200, "The receipt.", map[string]*huma.MediaType{"text/plain": text, "application/ld+json": text})
	case "consent-certificate":
		answer(200, "The certificate, a signed note.", map[string]*huma.MediaType{"text/plain": text})
	case "assessment-document":
		answer(200, "A page that loads nothing.", map[string]*huma.MediaType{"text/html": text})
	case "export-library":
		answer(200, "The features.", map[string]*huma.MediaType{"application/jsonl": text, "text/csv": text})
	case "sidecar":
		answer(200, "The label file.", map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject}}})
	case "proof":
		answer(200, "The records with their proofs; as text the proof of one (C2SP tlog-proof).", map[string]*huma.MediaType{"application/json": object(proofList{}), "text/plain": text})
	case "artefact-bundle", "bundle", "consent-bundle":
		answer(200, "The bundle.", map[string]*huma.MediaType{"application/zip": binary})
	case "export-policy":
		answer(200, "The table as a signed note (C2SP signed-note).", map[string]*huma.MediaType{"text/plain": text})
	case "checkpoint", "log-key", "metrics", "public-card":
		answer(200, "Text.", map[string]*huma.MediaType{"text/plain": text})
	case "tile":
		answer(200, "The tile.", map[string]*huma.MediaType{"application/octet-stream": binary})
	case "openapi-json":
		answer(200, "OpenAPI 3.1.", map[string]*huma.MediaType{"application/openapi+json": {Schema: &huma.Schema{Type: huma.TypeObject}}})
	case "openapi-yaml":
		answer(200, "OpenAPI 3.1.", map[string]*huma.MediaType{"application/openapi+yaml": text})
	case "docs":
		answer(200, "A page.", map[string]*huma.MediaType{"text/html": text})
	case "ready":
		answer(503, "Not ready.", map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(reflect.TypeFor[readiness](), true, "")}})
	}
}

// uploadBody describes the body of an upload. It is put in after the operation was registered: of one that it knows of,
// huma would take the body into memory. Fields says that fields may stand in a form before the file.
func uploadBody(fields bool) *huma.RequestBody {
	binary := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	form := &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{
		"file": {Type: huma.TypeString, Format: "binary", Description: "The file."}}}
	about := "The bytes of the file, or a form with the file as its one part."
	if fields {
		about = "The bytes of the file, or a form: fields that are about a file, then the file. Several files stand in forms alone."
		for name, what := range map[string]string{"declaration": "generated, not-generated or silent.", "asked": "true or false.", "number": "Your own content number.", "account": "Your own identifier of the uploader's account.",
			"app": "The store's identifier of an app.", "offers": "Whether the app offers generation."} {
			form.Properties[name] = &huma.Schema{Type: huma.TypeString, Description: what}
		}
		form.Properties["sidecar"] = &huma.Schema{Type: huma.TypeString, Format: "binary", Description: "The label file that came with the file."}
	}
	return &huma.RequestBody{Required: true, Description: about,
		Content: map[string]*huma.MediaType{"application/octet-stream": binary, "multipart/form-data": {Schema: form}}}
}

// caseBody describes the form of a case.
func caseBody(id string) *huma.RequestBody {
	word := &huma.Schema{Type: huma.TypeString}
	list := &huma.Schema{Type: huma.TypeArray, Items: word}
	files := &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"text": word, "file": files}}
	switch id {
	case "answer-case":
		form.Required = []string{"code", "pin"}
	case "answer-own-case":
		form.Required = []string{"id"}
		form.Properties["account"], form.Properties["subject"] = word, word
	default:
		form.Required = []string{"kind"}
		for _, name := range draftFields() {
			form.Properties[name] = word
		}
		form.Properties["ground"], form.Properties["number"] = list, list
		if id == "open-case" {
			form.Properties["account"], form.Properties["subject"] = word, word
		}
	}
	for _, name := range form.Required {
		form.Properties[name] = word
	}
	return &huma.RequestBody{Required: true, Description: "A form with fields, and any number of parts named file: pictures, video, sound, PDF or plain text. What the fields may be, the answer to a wrong one says.",
		Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: form}}}
}
