package console

import (
	"context"
	"time"

	"github.com/colophon-project/colophon/client"
)

// scanBeat is how often the page of a scan asks how far it is.
const scanBeat = time.Second

// scanNow is what changes on the page of a scan while people look at it.
type scanNow struct {
	Text string `json:"text"`
	To   string `json:"to,omitempty"` // where its end is shown
}

func (v *visit) scanNow(s client.BucketScan) scanNow {
	now := scanNow{Text: v.speakers[v.lang].Say("page-scan-far", "files", grouped(s.Files), "troubles", grouped(int64(s.Troubles)))}
	if s.State != "running" {
		now.To = "/scans/" + escaped(s.ID)
	}
	return now
}

// scanMore is what the page of a scan that goes on shows besides.
type scanMore struct{ Events, Told string }

func scanLive(v *visit, s client.BucketScan) (any, error) {
	if s.State != "running" {
		return scanMore{}, nil
	}
	return scanMore{"/scans/" + escaped(s.ID) + "/events", v.scanNow(s).Text}, nil
}

// followScan tells a browser how far a scan is, on whatever node it runs.
func followScan(v *visit) error {
	return v.follow(scanBeat, func(ctx context.Context) (any, bool, error) {
		s, err := v.api().Scan(ctx, v.r.PathValue("id"))
		now := v.scanNow(s)
		return now, now.To != "", err
	})
}
