package console

import (
	"github.com/colophon-project/colophon/staff"
)

type startPage struct {
	Session staff.Session
	Figures []Figure
	Failed  bool // the figures could not be told
	Actions []staff.Action
}

func showStart(v *visit) error {
	data := startPage{Session: v.opened.Session}
	for _, a := range staff.Actions() {
		if v.actor().May(a) {
			data.Actions = append(data.Actions, a)
		}
	}
	if v.Overview == nil {
		return v.show("start", data)
	}
	list, err := v.Overview.Overview(v.r.Context())
	if err != nil { // the page is of use without them
		data.Failed = true
		v.Log.ErrorContext(v.r.Context(), "overview failed", "error", err)
	}
	for _, f := range list {
		if f.Action == "" || v.actor().May(f.Action) {
			data.Figures = append(data.Figures, f)
		}
	}
	return v.show("start", data)
}
