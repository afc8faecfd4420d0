package inspect

import (
	"io"

	"github.com/colophon-project/colophon/consent"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/durable"
)

// Receipt checks the receipt of a consent, or a certificate of deletion, and prints the report: with nothing but its bytes,
// and against the records of a bundle where one is named. The error is for a file that can't be read.
func (r Report) Receipt(path, bundle string, trust evidence.Trust) (exit int, err error) {
	raw, err := readSmall(path)
	if err != nil {
		return ExitError, err
	}
	var from io.ReaderAt
	var size int64
	if bundle != "" {
		f, err := durable.Open(bundle)
		if err != nil {
			return ExitError, err
		}
		defer f.Close()
		from, size = f, f.Size()
	}
	checks, err := consent.Verify(raw, trust, from, size)
	if err != nil {
		return ExitError, durable.Fault(bundle, err)
	}
	return r.print(result{File: path, Verdict: evidence.Overall(checks)}, checks)
}
