package console

import (
	"net/http"
	"strings"
)

// handing hands out bytes as a file, of which a browser runs nothing. What fails before the first byte is told on a page; after
// it the connection breaks, so that nobody takes a part for the whole.
type handing struct {
	v          *visit
	kind, name string // without a name it has that of its address
	inline     bool   // browsers may show it
	begun      bool
}

// Write implements io.Writer.
func (h *handing) Write(p []byte) (int, error) {
	if !h.begun {
		h.begun = true
		way := "attachment"
		if h.inline {
			way = "inline"
		}
		if h.name != "" {
			way += `; filename="` + h.name + `"`
		}
		header := h.v.w.Header()
		header.Set("Content-Type", h.kind)
		header.Set("Content-Disposition", way)
		header.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox")
	}
	return h.v.w.Write(p)
}

func (h *handing) end(err error) error {
	if err == nil && !h.begun { // an empty file is one too
		_, err = h.Write(nil)
	}
	if err == nil || !h.begun {
		return err
	}
	h.v.Log.WarnContext(h.v.r.Context(), "file broke off", "route", h.v.page.path, "error", err)
	panic(http.ErrAbortHandler)
}

// hand answers with bytes; a name makes browsers keep them as a file.
func (v *visit) hand(kind, name string, body []byte) error {
	v.w.Header().Set("Content-Type", kind)
	if name != "" {
		v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	_, _ = v.w.Write(body) // a browser that went away is nobody's error
	return nil
}

// fileName is an identifier as a file name that no system understands otherwise.
func fileName(s string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
			return r
		}
		return '_'
	}, s)
	return safe[:min(len(safe), 100)]
}
