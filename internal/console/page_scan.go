package console

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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

// followScan tells a browser how far a scan is (server-sent events), on whatever node it runs.
func followScan(v *visit) error {
	ctx, stop := context.WithTimeout(v.r.Context(), orderFollowed)
	defer stop()
	out := http.NewResponseController(v.w)
	beat := time.NewTicker(scanBeat)
	defer beat.Stop()
	told := ""
	for {
		s, err := v.api().Scan(ctx, v.r.PathValue("id"))
		if err != nil {
			if told == "" {
				return err
			}
			return nil // the browser asks anew, and is told why
		}
		now := v.scanNow(s)
		text, err := json.Marshal(now)
		if err != nil {
			return err
		}
		if told == "" {
			v.w.Header().Set("Content-Type", "text/event-stream")
		}
		if string(text) != told {
			told = string(text)
			if _, err := fmt.Fprintf(v.w, "data: %s\n\n", text); err != nil || out.Flush() != nil || now.To != "" {
				return nil // the browser went away, or knows all
			}
		}
		select {
		case <-beat.C:
		case <-ctx.Done():
			return nil
		}
	}
}
