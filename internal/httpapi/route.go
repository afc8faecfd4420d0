package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon/staff"
)

const (
	get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete
	// small is the largest body of a request that is no upload, in bytes.
	small = 64 << 10
	// framing is what a form adds to the file in it, in bytes.
	framing = 64 << 10
)

// trait is what is special about a route.
type trait int

const (
	upload trait = 1 << iota // the body is a file, as large as the configuration lets it be, and is streamed
	local                    // whoever asks from this machine needs no permission
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

		{get, "/v1/jobs", "jobs", staff.JobRead, "jobs", 0, 200, do((*server).jobs), "List the jobs that failed too often", 0},
		{get, "/v1/jobs/{id}", "job", staff.ArtefactRead, "jobs", 0, 200, do((*server).job), "Show how far a job is", 0},
		{post, "/v1/jobs/{id}:retry", "retry", staff.JobRetry, "jobs", 0, 204, once((*server).retry), "Have a dead job worked again", 0},
		{post, "/v1/jobs/{id}:discard", "discard", staff.JobRetry, "jobs", 0, 204, once((*server).discard), "Throw a dead job away", 0},

		{get, "/v1/api-keys", "api-keys", staff.APIKeyRead, "api-keys", 0, 200, do((*server).keys), "List API keys", 0},
		{post, "/v1/api-keys", "create-api-key", staff.APIKeyManage, "api-keys", small, 201, once((*server).createKey), "Make an API key; its text is shown this once", 0},
		{post, "/v1/api-keys/{id}:rotate", "rotate-api-key", staff.APIKeyManage, "api-keys", small, 201, once((*server).rotateKey), "Make a successor of an API key", 0},
		{del, "/v1/api-keys/{id}", "revoke-api-key", staff.APIKeyManage, "api-keys", 0, 204, do((*server).revokeKey), "End an API key at once and for ever", 0},
	}
}
