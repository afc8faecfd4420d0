package client

import "context"

// ProbeRun is a job that runs probes.
type ProbeRun struct {
	Job    string   `json:"job"`
	Probes []string `json:"probes"`
}

// RunProbes has the server try what must not work: the probes that are named, or all of them.
func (c *Client) RunProbes(ctx context.Context, names ...string) (ProbeRun, error) {
	var r ProbeRun
	err := c.change(ctx, "/v1/probes:run", map[string]any{"probes": append([]string{}, names...)}, &r)
	return r, err
}
