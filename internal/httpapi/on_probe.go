package httpapi

import (
	"context"

	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// Probes has the program try what must not work.
type Probes interface {
	// Run has probes run, all that there are where none is named, and returns the job that does it. A record MUST say who asked.
	Run(ctx context.Context, by production.By, names []string) (job string, probes []string, err error)
}

func probeRoutes() []route {
	return []route{
		{post, "/v1/probes:run", "run-probes", staff.DutyRun, "duties", small, 202, once((*server).runProbes), "Have the program try what must not work, by a job", 0},
	}
}

type runProbesInput struct {
	Keyed
	Body struct {
		Probes []string `json:"probes,omitempty" nullable:"false" maxItems:"64" doc:"Names of negative probes; all of them where none is named."`
	}
}

type runProbesOutput struct {
	Replayed
	Location string `header:"Location" doc:"Where the job is."`
	Body     struct {
		Job    string   `json:"job" doc:"Job that runs them. What each saw stands among the observations once it is done."`
		Probes []string `json:"probes" nullable:"false" doc:"Probes that it runs, in their order."`
	}
}

func (s *server) runProbes(ctx context.Context, in *runProbesInput) (*runProbesOutput, error) {
	id, names, err := s.Probes.Run(ctx, askerOf(ctx).by, in.Body.Probes)
	if err != nil {
		return nil, err
	}
	out := &runProbesOutput{Location: "/v1/jobs/" + id}
	out.Body.Job, out.Body.Probes = id, names
	return out, nil
}
