package httpapi

import (
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon/staff"
)

const (
	get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	// small is the largest body of a request that is no upload, in bytes.
	small = 64 << 10
	// large is the largest body of a request that brings many entries, in bytes.
	large = 4 << 20
	// framing is what a form adds to the file in it, in bytes.
	framing = 64 << 10
)

// trait is what is special about a route.
type trait int

const (
	upload  trait = 1 << iota // the body is a file, as large as the configuration lets it be, and is streamed
	foreign                   // the body has the shape of somebody else
	proxied                   // the body goes on to a model, and errors have the shape of whose clients ask
	slow                      // a model makes media for it
	local                     // whoever asks from this machine needs no permission
)

// route is one row of the table.
type route struct {
	method, path, id string
	need             staff.Action // what the asker must be allowed to do; empty for everybody
	tag              string
	body             int64 // largest body in bytes; 0 for none
	status           int   // of success
	add              func(*server, huma.API, huma.Operation)
	summary          string
	traits           trait
}

func (rt route) is(t trait) bool { return rt.traits&t != 0 }

// routes is the whole API.
func routes() []route {
	return slices.Concat(
		firstRoutes(),
		sessionRoutes(),
		linkRoutes(),
		identityRoutes(),
		assessmentRoutes(),
		standingRoutes(),
		consentRoutes(),
		agreementRoutes(),
		registerRoutes(),
		lookUpRoutes(),
		orderRoutes(),
		custodyRoutes(),
		admissionRoutes(),
		intakeRoutes(),
		webhookRoutes(),
		gatewayRoutes(),
		exportRoutes(),
		upstreamRoutes(),
		mechanismRoutes(),
		ethicsRoutes(),
		securityReviewRoutes(),
		overviewRoutes(),
		deskRoutes(),
		caseRoutes(),
		parcelRoutes(),
		packRoutes(),
		bankRoutes(),
		runRoutes(),
		panelRoutes(),
		algorithmRoutes(),
		datasetRoutes(),
		annotationRoutes(),
		limitsRoutes(),
		incidentRoutes(),
		incidentReportRoutes(),
		drillRoutes(),
		correctionRoutes(),
		calendarRoutes(),
		probeRoutes(),
		refutationRoutes(),
		publicRefutationRoutes(),
		recallRoutes(),
		copyRoutes(),
		inspectionRoutes(),
		filingRoutes(),
		filingListRoutes(),
		obligationRoutes(),
		dutySayRoutes(),
		systemRoutes(),
		cardRoutes(),
		healRoutes(),
		listingRoutes(),
	)
}

func firstRoutes() []route {
	return []route{
		{get, "/healthz", "health", "", "system", 0, 200, do((*server).health), "Whether the process lives", 0},
		{get, "/readyz", "ready", "", "system", 0, 200, do((*server).ready), "Whether requests can be served", 0},
		{get, "/metrics", "metrics", staff.SettingsRead, "system", 0, 200, do((*server).metrics), "Metrics for Prometheus", local},
		{get, "/openapi.json", "openapi-json", "", "system", 0, 200, do((*server).openAPIJSON), "This description as JSON", 0},
		{get, "/openapi.yaml", "openapi-yaml", "", "system", 0, 200, do((*server).openAPIYAML), "This description as YAML", 0},
		{get, "/docs", "docs", "", "system", 0, 200, do((*server).docs), "This description as a page", 0},

		{post, "/v1/artefacts", "produce", staff.ArtefactCreate, "artefacts", 0, 201, do((*server).produce), "Mark what a function produced", upload},
		{post, "/v1/artefacts:verify", "verify", staff.ArtefactVerify, "artefacts", 0, 200, do((*server).verify), "Say what the label of a file says, and what is known of the file here", upload},
		{get, "/v1/artefacts", "list-artefacts", staff.ArtefactRead, "artefacts", 0, 200, do((*server).list), "Find artefacts", 0},
		{get, "/v1/artefacts/{number}", "artefact", staff.ArtefactRead, "artefacts", 0, 200, do((*server).artefact), "Show an artefact", 0},
		{get, "/v1/artefacts/{number}/content", "content", staff.ArtefactRead, "artefacts", 0, 200, do((*server).content), "Hand out the marked bytes; the delivery is recorded first", 0},
		{get, "/v1/artefacts/{number}/sidecar", "sidecar", staff.ArtefactRead, "artefacts", 0, 200, do((*server).sidecar), "Hand out the label file of an item that can't hold its label", 0},
		{get, "/v1/artefacts/{number}/deliveries", "deliveries", staff.ArtefactRead, "artefacts", 0, 200, do((*server).deliveries), "List to whom an artefact was handed out", 0},
		{get, "/v1/artefacts/{number}/proof", "proof", staff.EvidenceRead, "evidence", 0, 200, do((*server).proof), "Prove that what was recorded about an artefact is in the log", 0},
		{get, "/v1/artefacts/{number}/bundle", "artefact-bundle", staff.BundleMake, "evidence", 0, 200, do((*server).bundleOne), "Make the bundle of an artefact, for an inspector", 0},
		{post, "/v1/bundles", "bundle", staff.BundleMake, "evidence", small, 200, do((*server).bundle), "Make a bundle of several artefacts", 0},

		{get, "/v1/log/checkpoint", "checkpoint", "", "log", 0, 200, do((*server).checkpoint), "The last checkpoint (C2SP tlog-checkpoint)", 0},
		{get, "/v1/log/tile/{path...}", "tile", "", "log", 0, 200, do((*server).tile), "A tile of the log (C2SP tlog-tiles)", 0},
		{get, "/v1/log/key", "log-key", "", "log", 0, 200, do((*server).logKey), "The key that checkpoints are verified with", 0},
		{post, "/v1/log/samples", "sample", staff.EvidenceRead, "log", small, 200, do((*server).sample), "Show exactly the records that an inspector's seed selects", 0},

		{get, "/v1/records", "records", staff.EvidenceRead, "evidence", 0, 200, do((*server).records), "List records", 0},
		{get, "/v1/records/{id}", "record", staff.EvidenceRead, "evidence", 0, 200, do((*server).record), "Show a record", 0},
		{get, "/v1/records/{id}/payload", "payload", staff.EvidenceRead, "evidence", 0, 200, do((*server).payload), "Open a record; a record says that you did", 0},
		{post, "/v1/holds", "hold", staff.EvidenceHold, "custody", small, 201, once((*server).hold), "Keep records from being purged", 0},
		{del, "/v1/holds/{id}", "lift", staff.EvidenceHold, "custody", 0, 204, do((*server).lift), "Lift a hold", 0},
		{post, "/v1/accounts:erase", "erase", staff.SubjectErase, "custody", small, 200, once((*server).erase), "Erase what is kept of an account", 0},
		{get, "/v1/network-log", "network-log", staff.NetworkLogRead, "custody", 0, 200, do((*server).networkLog), "Read the network log; a record says that you did", 0},

		{post, "/v1/screen", "screen", staff.ScreenUse, "screening", screened, 200, do((*server).screen), "Judge what somebody asks of a function, or what it made", 0},
		{post, "/v1/screen:file", "screen-file", staff.ScreenUse, "screening", 0, 200, do((*server).screenFile), "Judge a file", upload},
		{post, "/v1/moderations", "moderations", staff.ScreenUse, "screening", screened, 200, do((*server).moderations), "Judge, in the shape of OpenAI's moderations", foreign},
		{post, "/beta/litellm_basic_guardrail_api", "guardrail", staff.ScreenUse, "screening", screened, 200, do((*server).guardrail), "Judge, in the shape of LiteLLM's generic guardrail", foreign},
		{get, "/v1/judgements", "judgements", staff.ScreenRead, "screening", 0, 200, do((*server).judgements), "List what was judged, without any text", 0},

		{get, "/v1/library", "library", staff.FeatureRead, "library", 0, 200, do((*server).coverage), "What the feature library covers", 0},
		{get, "/v1/library/export", "export-library", staff.FeatureRead, "library", 0, 200, do((*server).exportFeatures), "Hand out the active features, signed", 0},
		{get, "/v1/features", "features", staff.FeatureRead, "library", 0, 200, do((*server).features), "Find features", 0},
		{get, "/v1/feature-batches", "feature-batches", staff.FeatureRead, "library", 0, 200, do((*server).batches), "List what was proposed together", 0},
		{post, "/v1/features", "propose-features", staff.FeaturePropose, "library", large, 201, once((*server).proposeFeatures), "Propose features", 0},
		{post, "/v1/features:import", "import-features", staff.FeaturePropose, "library", 0, 201, do((*server).importFeatures), "Propose what stands in a file", upload},
		{post, "/v1/features:review", "review-features", staff.FeatureReview, "library", small, 200, once((*server).reviewFeatures), "Agree to what somebody else proposed", 0},
		{post, "/v1/features:reject", "reject-features", staff.FeatureReview, "library", small, 200, once((*server).rejectFeatures), "Reject what was proposed", 0},
		{post, "/v1/features:replay", "replay-features", staff.FeatureReview, "library", small, 200, once((*server).replayFeatures), "Try proposed features over the stored samples", 0},
		{post, "/v1/features:activate", "activate-features", staff.FeatureManage, "library", small, 200, once((*server).activateFeatures), "Put features in force that were replayed", 0},
		{post, "/v1/features:retire", "retire-features", staff.FeatureManage, "library", small, 200, once((*server).retireFeatures), "Take active features out of force", 0},
		{post, "/v1/features:rehearse", "rehearse-features", staff.FeatureManage, "library", small, 200, do((*server).rehearseFeatures), "Tell what it would change to take features out of force", 0},
		{get, "/v1/samples", "samples", staff.FeatureRead, "library", 0, 200, do((*server).samples), "List the stored samples, without their texts", 0},
		{post, "/v1/samples", "add-samples", staff.FeatureManage, "library", screened, 201, once((*server).addSamples), "Keep texts that changes are tried over", 0},
		{post, "/v1/samples:remove", "remove-samples", staff.FeatureManage, "library", small, 204, once((*server).removeSamples), "Remove samples", 0},

		{get, "/v1/policy", "policy", staff.PolicyRead, "policy", 0, 200, do((*server).policy), "The decision table in force", 0},
		{get, "/v1/policies", "policies", staff.PolicyRead, "policy", 0, 200, do((*server).policies), "List versions of the decision table", 0},
		{get, "/v1/policies/{id}", "policy-version", staff.PolicyRead, "policy", 0, 200, do((*server).policyVersion), "Show a version with its history", 0},
		{post, "/v1/policies", "propose-policy", staff.PolicyPropose, "policy", large, 201, once((*server).proposePolicy), "Propose a decision table", 0},
		{post, "/v1/policies:import", "import-policy", staff.PolicyPropose, "policy", 0, 201, do((*server).importPolicy), "Propose a table that a trusted key signed", upload},
		{get, "/v1/policies/{id}/export", "export-policy", staff.PolicyRead, "policy", 0, 200, do((*server).exportPolicy), "Hand out a version, signed", 0},
		{post, "/v1/policies/{id}:compare", "compare-policy", staff.PolicyPropose, "policy", small, 200, once((*server).comparePolicy), "Decide anew about past judgements (dry run)", 0},
		{post, "/v1/policies/{id}:release", "release-policy", staff.PolicyRelease, "policy", small, 200, once((*server).releasePolicy), "Put in force what somebody else proposed", 0},

		{get, "/v1/held", "held", staff.HeldRead, "moderation", 0, 200, do((*server).heldList), "List what waits for a person, or waited", 0},
		{get, "/v1/held/board", "held-board", staff.HeldDecide, "moderation", 0, 200, do((*server).heldBoard), "List what you may take, the most urgent first", 0},
		{get, "/v1/held/figures", "held-figures", staff.HeldRead, "moderation", 0, 200, do((*server).heldFigures), "How the work stands", 0},
		{post, "/v1/held:next", "held-next", staff.HeldDecide, "moderation", small, 200, once((*server).heldNext), "Take the most urgent item", 0},
		{get, "/v1/held/{id}", "held-item", staff.HeldRead, "moderation", 0, 200, do((*server).heldItem), "Show a held item, without its content", 0},
		{get, "/v1/held/{id}/content", "held-content", staff.HeldDecide, "moderation", 0, 200, do((*server).heldContent), "Read the content; a record says that you did", 0},
		{post, "/v1/held/{id}:take", "held-take", staff.HeldDecide, "moderation", small, 200, once((*server).heldTake), "Take an item", 0},
		{post, "/v1/held/{id}:extend", "held-extend", staff.HeldDecide, "moderation", small, 200, once((*server).heldExtend), "Keep an item longer", 0},
		{post, "/v1/held/{id}:return", "held-return", staff.HeldDecide, "moderation", small, 200, once((*server).heldReturn), "Give an item back", 0},
		{post, "/v1/held/{id}:decide", "held-decide", staff.HeldDecide, "moderation", small, 200, once((*server).heldDecide), "Decide about an item", 0},
		{get, "/v1/report-duties", "report-duties", staff.ReportRead, "moderation", 0, 200, do((*server).duties), "List duties to report illegal content", 0},
		{post, "/v1/report-duties/{id}:file", "file-report", staff.ReportFile, "moderation", small, 200, once((*server).fileDuty), "Say how a report was filed", 0},
		{post, "/v1/report-duties/{id}:dismiss", "dismiss-report", staff.ReportFile, "moderation", small, 200, once((*server).dismissDuty), "Say why nothing is to be filed", 0},

		{get, "/v1/jobs", "jobs", staff.JobRead, "jobs", 0, 200, do((*server).jobs), "List jobs; those that failed too often by themselves", 0},
		{get, "/v1/jobs/{id}", "job", staff.ArtefactRead, "jobs", 0, 200, do((*server).job), "Show how far a job is", 0},
		{post, "/v1/jobs/{id}:retry", "retry", staff.JobRetry, "jobs", 0, 204, once((*server).retry), "Have a dead job worked again", 0},
		{post, "/v1/jobs/{id}:discard", "discard", staff.JobRetry, "jobs", 0, 204, once((*server).discard), "Throw a dead job away", 0},

		{get, "/v1/api-keys", "api-keys", staff.APIKeyRead, "api-keys", 0, 200, do((*server).keys), "List API keys", 0},
		{post, "/v1/api-keys", "create-api-key", staff.APIKeyManage, "api-keys", small, 201, once((*server).createKey), "Make an API key; its text is shown this once", 0},
		{post, "/v1/api-keys/{id}:rotate", "rotate-api-key", staff.APIKeyManage, "api-keys", small, 201, once((*server).rotateKey), "Make a successor of an API key", 0},
		{del, "/v1/api-keys/{id}", "revoke-api-key", staff.APIKeyManage, "api-keys", 0, 204, do((*server).revokeKey), "End an API key at once and for ever", 0},
	}
}
