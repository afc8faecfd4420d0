package app

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon/production"
)

func byOfficer() production.By { return production.By{Role: "officer", ID: "officer-1"} }

func verifiers(t *testing.T, lines string) (list []note.Verifier) {
	t.Helper()
	for line := range strings.Lines(lines) {
		v, err := note.NewVerifier(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
