package policy

import (
	"bytes"
	"context"
	"embed"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/colophon-project/colophon"
)

// fileFormat is the first line of an exported table. The second is the table as canonical JSON; signatures follow.
const fileFormat = "colophon-policy/1\n"

//go:embed data/*
var data embed.FS

// Default is the table that Colophon comes with.
func Default() (Table, error) {
	head, err := data.ReadFile("data/table.json")
	if err != nil {
		return Table{}, err
	}
	t, err := ReadTable(bytes.NewReader(head))
	if err != nil {
		return t, err
	}
	rows, err := data.Open("data/rows.csv")
	if err != nil {
		return t, err
	}
	defer rows.Close()
	if t.Rows, err = ReadRows(rows); err != nil {
		return t, err
	}
	cases, err := data.Open("data/cases.csv")
	if err != nil {
		return t, err
	}
	defer cases.Close()
	t.Cases, err = ReadCases(cases)
	return t, err
}

// Export writes a table as a signed note (C2SP signed-note).
func Export(t Table, signer note.Signer) ([]byte, error) {
	_, raw, err := digest(t)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: fileFormat + string(raw) + "\n"}, signer)
}

// Import proposes a table that was exported elsewhere, when one of the trusted keys signed it. Who made it and when stays.
func (k *Keeper) Import(ctx context.Context, who Actor, file []byte, reason string, trusted ...note.Verifier) (Version, error) {
	if len(file) > MaxTable {
		return Version{}, badTable("size")
	}
	n, err := note.Open(file, note.VerifierList(trusted...))
	if err != nil {
		return Version{}, &colophon.Error{Kind: colophon.Refused, Code: CodeUntrusted, Err: err}
	}
	text, ok := strings.CutPrefix(n.Text, fileFormat)
	if !ok {
		return Version{}, badFile(nil)
	}
	t, err := ReadTable(strings.NewReader(text))
	if err != nil {
		return Version{}, err
	}
	return k.propose(ctx, who, t, n.Sigs[0].Name, reason)
}
