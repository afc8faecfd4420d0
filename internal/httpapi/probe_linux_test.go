package httpapi_test

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/httpapi"
	"github.com/colophon-project/colophon/production"
)

// tried keeps which probes were to be run.
type tried struct{ names []string }

func (p *tried) Run(_ context.Context, _ production.By, names []string) (string, []string, error) {
	if len(names) == 1 && names[0] == "unknown" {
		return "", nil, &colophon.Error{Kind: colophon.Invalid, Code: "probe-unknown", Args: colophon.Args{"name": names[0]}}
	}
	p.names = append(p.names, names...)
	return jobID, names, nil
}

// probeExample makes the request of [world.example] for the route of probes.
func (w *world) probeExample(row httpapi.Row) (call, bool) {
	w.Helper()
	return w.ask(row.Method, row.Path, map[string]any{"probes": []string{"publish-unverified"}}), row.ID == "run-probes"
}
