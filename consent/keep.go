package consent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"strconv"

	"github.com/colophon-project/colophon"
)

// keep seals bytes under a key of their own and returns what leads to them.
func (l *Ledger) keep(ctx context.Context, body io.Reader) (k Kept, ref string, size int64, err error) {
	k.Key = make([]byte, 32)
	if _, err := io.ReadFull(l.Random, k.Key); err != nil {
		return k, "", 0, err
	}
	sum := sha256.New()
	counted := &counter{r: io.TeeReader(io.LimitReader(body, l.MaxMedia+1), sum)}
	ref, err = l.Media.PutSealed(ctx, counted, k.Key)
	if err != nil {
		return k, "", 0, err
	}
	if counted.n == 0 || counted.n > l.MaxMedia {
		err := invalid("body")
		if counted.n > 0 {
			err = &colophon.Error{Kind: colophon.Invalid, Code: CodeTooLarge, Args: colophon.Args{"limit": strconv.FormatInt(l.MaxMedia, 10)}}
		}
		return k, "", 0, errors.Join(err, l.Media.Delete(ctx, ref))
	}
	k.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return k, ref, counted.n, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// hexOf reports whether a text is so many bytes in lower-case hexadecimal digits.
func hexOf(s string, size int) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == size && hex.EncodeToString(raw) == s
}

// cloned returns a map that may be changed.
func cloned[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return maps.Clone(m)
}
