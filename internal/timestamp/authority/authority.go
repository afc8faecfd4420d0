// Package authority asks an authority for time stamps over HTTP (RFC 3161, 3.4). It is apart from package timestamp so
// that the offline verifier has no network in it.
//
// What not to do here: never return an answer that was not verified, for nobody would look at it again before an
// inspector does. Never send anything but a digest.
package authority

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/timestamp"
)

// Codes of errors about asking.
const (
	CodeNoAnswer colophon.Code = "timestamp-no-answer" // not reached, or no time stamp in the answer
	CodeClock    colophon.Code = "timestamp-clock"     // the authority's time and ours differ
)

const (
	patience  = 15 * time.Second
	tolerance = 5 * time.Minute
)

// Client asks one authority.
type Client struct {
	URL     string
	HTTP    *http.Client
	Trusted *timestamp.Authorities // which answers are accepted
	Now     func() time.Time
}

// Stamp asks for a time stamp over data, of which the authority sees the digest alone. It returns the response, verified,
// as an inspector will read it.
func (c *Client) Stamp(ctx context.Context, data []byte) ([]byte, timestamp.Stamp, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, timestamp.Stamp{}, err
	}
	query, err := timestamp.NewQuery(data, nonce)
	if err != nil {
		return nil, timestamp.Stamp{}, err
	}
	response, err := c.post(ctx, query)
	if err != nil {
		return nil, timestamp.Stamp{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeNoAnswer, Err: err}
	}
	stamp, err := c.Trusted.Verify(response, data, nonce)
	if err != nil {
		return nil, timestamp.Stamp{}, err
	}
	if off := c.Now().Sub(stamp.Time).Abs(); off > tolerance {
		return nil, timestamp.Stamp{}, &colophon.Error{Kind: colophon.Conflict, Code: CodeClock}
	}
	return response, stamp, nil
}

func (c *Client) post(ctx context.Context, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/timestamp-query")
	answer, err := c.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, errors.New("the authority answered " + answer.Status)
	}
	if kind := answer.Header.Get("Content-Type"); kind != "application/timestamp-reply" {
		return nil, errors.New("the authority answered with another type of content")
	}
	response, err := io.ReadAll(io.LimitReader(answer.Body, timestamp.MaxResponse+1))
	if err == nil && len(response) > timestamp.MaxResponse {
		err = errors.New("the answer is too long")
	}
	return response, err
}
