package app

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"net"
	"net/url"
	"time"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/fetch"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/internal/store/ledgers"
	"github.com/colophon-project/colophon/moderation"
	"github.com/colophon-project/colophon/production"
)

// hostedPath is where results are handed out by address.
const hostedPath = "/v1/content/"

// openStudio makes what stands before models that make pictures, sound and video, and has the gateway use it.
func (s *Server) openStudio(c *gateway.Config, all []GatewayModel) error {
	secret, err := hkdf.Key(sha256.New, s.keys.Accounts, nil, "colophon hosted content", 32)
	if err != nil {
		return err
	}
	set := s.set.Gateway
	allow := append(modelHosts(all), set.FetchAllow...)
	results, err := fetch.New(fetch.Config{Allow: allow, Most: int64(s.set.MaxUpload) << 20})
	if err != nil {
		return err
	}
	s.models.hosted = media.NewHosted(limited{s}, secret, s.set.PublicURL+hostedPath, set.Hosted, time.Now)
	reserve := s.reserve
	if s.set.Admission == "off" {
		reserve = nil
	}
	s.models.studio, err = media.New(media.Config{Model: c.Model, Gate: c.Gate, Court: c.Court, Journal: c.Journal, Upstreams: c.Upstreams, Fetch: c.Fetcher, Results: results,
		Line: s.line, Artefacts: s.register, Hosted: s.models.hosted, Videos: ledgers.Of[media.Job](s.store, media.VideoLedger), Usage: c.Usage, Network: c.Network,
		Recorder: s.recorder, Keys: s.keys.Envelopes, Reserve: reserve, Held: s.heldItem, Doors: set.Doors, Now: c.Now, Wait: wait, Report: c.Report, Observe: c.Observe, Film: int64(s.set.MaxUpload) << 20})
	if err != nil {
		return err
	}
	c.Studio, c.Maker = s.models.studio, &media.Maker{Line: s.line, Hosted: s.models.hosted, Held: s.heldItem}
	return nil
}

// modelHosts are the hosts of models, wherever they lie: what these made may be fetched from them.
func modelHosts(all []GatewayModel) (list []string) {
	for _, m := range all {
		for _, t := range m.Targets {
			u, err := url.Parse(t.URL)
			if err != nil || u.Hostname() == "" { // which the pool refuses
				continue
			}
			port := u.Port()
			if port == "" {
				port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
			}
			list = append(list, net.JoinHostPort(u.Hostname(), port))
		}
	}
	return list
}

// reserve implements media.Config.Reserve: consents are spent for a number as they are when its content is published.
func (s *Server) reserve(ctx context.Context, a production.Asked) error {
	_, release, err := s.admitItem(ctx, a)
	if err == nil {
		release()
	}
	return err
}

// heldItem names what waits for a person of an item.
func (s *Server) heldItem(ctx context.Context, n artefact.Number) (string, error) {
	items, _, err := s.screens.docket.Items(ctx, moderation.Query{About: string(n)})
	if err != nil || len(items) == 0 {
		return "", err
	}
	return items[0].ID, nil
}
