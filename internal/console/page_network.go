package console

import (
	"bytes"
	"encoding/csv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/client"
	"github.com/colophon-project/colophon/staff"
)

const (
	networkLines = 1000  // on a page
	networkFile  = 10000 // in a file
)

func networkPages() []page {
	words := []string{"page-label-own-account", "page-hint-network-account", "page-label-from", "page-label-to", "page-label-reason", "page-label-at", "page-label-subject", "page-label-operation", "page-label-came-from", "page-label-client-features"}
	return []page{
		{method: get, path: "/network-log", action: staff.NetworkLogRead, title: "page-network", menu: true, group: groupEvidence, words: words, do: showNetwork},
		{method: post, path: "/network-log", action: staff.NetworkLogRead, title: "page-network", back: "/network-log", do: readNetwork},
	}
}

// networkPage is the statutory log of who did what from where. What was read stands on the answer to a form alone, so that
// whoever loads it anew reads again, and is recorded again.
type networkPage struct {
	Account, From, To, Reason string
	Table                     *tableView // nil before anything was read
	Full                      bool       // there may be more
}

func networkColumns() []column[client.NetworkLine] {
	return []column[client.NetworkLine]{
		{name: "at", cell: func(l client.NetworkLine) cell { return moment(l.At) }},
		{name: "subject", cell: func(l client.NetworkLine) cell { return account(l.Subject) }},
		{name: "operation", cell: func(l client.NetworkLine) cell { return ident(l.Operation) }},
		{name: "came-from", cell: func(l client.NetworkLine) cell { return ident(l.Source) }},
		{name: "client-features", side: true, cell: func(l client.NetworkLine) cell { return text(l.Client) }},
	}
}

func (v *visit) networkForm() networkPage {
	data := networkPage{Account: v.r.PostFormValue("own-account"), From: v.r.PostFormValue("from"), To: v.r.PostFormValue("to"), Reason: v.r.PostFormValue("reason")}
	if now := v.Now().In(v.Zone); data.From == "" && data.To == "" {
		data.From, data.To = now.Add(-24*time.Hour).Format("2006-01-02T15:04"), now.Add(time.Minute).Format("2006-01-02T15:04")
	}
	return data
}

func showNetwork(v *visit) error { return v.show("network", v.networkForm()) }

func readNetwork(v *visit) error {
	data := v.networkForm()
	from, err := v.sentMoment("from")
	to, err2 := v.sentMoment("to")
	if err != nil || err2 != nil || from.IsZero() || to.IsZero() || data.Reason == "" {
		return &colophon.Error{Kind: colophon.Invalid, Code: CodeFormInvalid}
	}
	q := client.NetworkQuestion{Account: data.Account, Reason: data.Reason, From: from, To: to, Limit: networkLines}
	if v.sent("as") == "file" {
		q.Limit = networkFile
	}
	lines, err := v.api().NetworkLog(v.r.Context(), q)
	if err != nil {
		return err
	}
	if v.sent("as") == "file" {
		return v.handLines(lines)
	}
	data.Full = len(lines) == q.Limit
	data.Table = tableOf("page-network", networkColumns(), lines)
	return v.show("network", data)
}

func (v *visit) handLines(lines []client.NetworkLine) error {
	b := bytes.NewBufferString("\ufeff")
	w := csv.NewWriter(b)
	w.UseCRLF = true
	var names []string
	for _, c := range networkColumns() {
		names = append(names, c.name)
	}
	err := w.Write(names)
	for _, l := range lines {
		var values []string
		for _, c := range networkColumns() {
			values = append(values, harmless(c.cell(l).raw()))
		}
		if err == nil {
			err = w.Write(values)
		}
	}
	if w.Flush(); err != nil {
		return err
	}
	return v.hand("text/csv; charset=utf-8", "network-log.csv", b.Bytes())
}
