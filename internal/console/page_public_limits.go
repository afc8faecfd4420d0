package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/internal/workday"
)

const publicLimitsPath = deskPath + "/limits"

func publicLimitsPages() []page {
	words := slices.Concat(limitsWords(), of("page-case-kind-", caseKinds()...), of("desk-wait-", "reporter", "authority", "other"))
	return []page{{method: get, path: publicLimitsPath, who: anybody, title: "page-public-limits", about: "page-public-limits-about", words: words, do: showPublicLimits}}
}

// publicVersion is a version of the limits as everybody sees it.
type publicVersion struct {
	client.LimitsVersion
	Now, Later bool
	Table      *tableView // nil where it is the one above
}

type publicLimitsPage struct {
	Version  client.LimitsVersion
	Table    *tableView
	Versions []publicVersion // the newest first
	Years    string          // of which the program knows the holidays
}

func showPublicLimits(v *visit) error {
	now, all, err := v.api().PublicLimits(v.r.Context())
	if err != nil {
		return err
	}
	data := publicLimitsPage{Version: now, Table: limitsTable(v, "page-public-limits", now.Limits), Years: v.knownYears()}
	for _, one := range slices.Backward(all) {
		version := publicVersion{LimitsVersion: one, Now: one.Number == now.Number, Later: one.Effective != nil && one.Effective.After(v.Now())}
		if !version.Now {
			version.Table = limitsTable(v, "page-public-limits", one.Limits)
		}
		data.Versions = append(data.Versions, version)
	}
	return v.show("publiclimits", data)
}

// knownYears are the years of which the calendar that comes with the program knows the holidays; the provider may know more.
func (v *visit) knownYears() string {
	known, err := workday.Known()
	if err != nil {
		v.Log.ErrorContext(v.r.Context(), "no calendar to name", "error", err)
		return ""
	}
	var years []string
	for year, last := v.Now().Year()-1, v.Now().Year()+1; year <= last; year++ {
		if _, ok := known.Is(time.Date(year, 1, 1, 0, 0, 0, 0, workday.Beijing())); ok {
			years = append(years, strconv.Itoa(year))
		}
	}
	return strings.Join(years, v.speakers[v.lang].Say("page-comma"))
}
