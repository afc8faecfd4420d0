package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/colophon-project/colophon"
)

// Idempotency. A request that creates something may carry an Idempotency-Key; bundles, samples and verifications make
// nothing that stays, and take none. The key is claimed for whoever asks, with a digest of the request; the answer is kept
// and given again, with Idempotency-Replayed: true.
//
// The digest covers the operation and everything that its handler sees: parameters, headers that steer it, and the body.
// The one exception is the body of an upload, which is not read before the claim, since it may be large: it stands in the
// digest by its length, type and Content-Digest, and a replay reads it and compares its SHA-256 with that of the artefact
// that the first request made. So a key never answers for other bytes, whether the sender names their digest or not.
//
// A request that ends with an error gives its key back: nothing was handed out, and it may be tried again. One whose
// process died keeps it until the store counts the claim as lost, and answers "in progress" so long. After that it is done
// again, and an upload comes upon the item that it made before: its content number is a digest of owner, key and request.
// Content that bears a label of ours already has its number, and is refused as known.

// Keyed is the input of operations that take an idempotency key.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"255" pattern:"^[!-~]+$" patternDescription:"printable ASCII without spaces" doc:"Drawn by the caller for this request, best a UUID. Sent again with the same request it brings the same answer, for a day."`
}

func (k Keyed) idempotencyKey() string { return k.Key }

// Replayed is in the output of operations that take an idempotency key.
type Replayed struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when the answer is that of an earlier request with the same key." json:"-"`
}

func (r *Replayed) replay() { r.Replayed = "true" }

type handler[I, O any] func(s *server, ctx context.Context, in *I) (*O, error)

// do registers a handler.
func do[I, O any](h handler[I, O]) func(*server, huma.API, huma.Operation) {
	return func(s *server, api huma.API, op huma.Operation) {
		huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
			out, err := h(s, ctx, in)
			if err != nil {
				return nil, s.problem(ctx, askerOf(ctx).language, err)
			}
			return out, nil
		})
	}
}

// once registers a handler that creates something.
func once[I interface{ idempotencyKey() string }, O any](h handler[I, O]) func(*server, huma.API, huma.Operation) {
	return func(s *server, api huma.API, op huma.Operation) {
		do(func(s *server, ctx context.Context, in *I) (*O, error) {
			out, replayed, err := keyed(s, ctx, op.OperationID, (*in).idempotencyKey(), in, func() (*O, error) { return h(s, ctx, in) })
			if r, ok := any(out).(interface{ replay() }); ok && replayed {
				r.replay()
			}
			return out, err
		})(s, api, op)
	}
}

// secret is an output that holds what must not be kept.
type secret[O any] interface{ withoutSecret() O }

// What has the method has it in this form; another would not be called.
var (
	_ secret[newKeyOutput]    = (*newKeyOutput)(nil)
	_ secret[tokenMintOutput] = (*tokenMintOutput)(nil)
	_ secret[ownCopyOutput]   = (*ownCopyOutput)(nil)
	_ secret[receiptOutput]   = (*receiptOutput)(nil)
	_ secret[ownCaseOutput]   = (*ownCaseOutput)(nil)
	_ secret[beginOutput]     = (*beginOutput)(nil)
	_ secret[mintOutput]      = (*mintOutput)(nil)
	_ secret[webhookOutput]   = (*webhookOutput)(nil)
)

// concealed is a request that holds what not even a digest of it may be kept of, since it could be found by trying.
type concealed interface{ conceal(s *server) any }

// keyed does something once for a key, and gives the answer of the first time after that.
func keyed[O any](s *server, ctx context.Context, operation, key string, request any, work func() (*O, error)) (out *O, replayed bool, err error) {
	if key == "" {
		out, err = work()
		return out, false, err
	}
	if r, ok := request.(concealed); ok {
		request = r.conceal(s)
	}
	text, err := json.Marshal(request)
	if err != nil {
		return nil, false, err
	}
	owner := askerOf(ctx).by.ID
	answer, fresh, err := s.Answers.Claim(ctx, owner, key, sha256.Sum256(append([]byte(operation+"\x00"), text...)))
	if err != nil {
		return nil, false, err
	}
	if !fresh {
		out = new(O)
		return out, true, json.Unmarshal(answer, out)
	}
	late := context.WithoutCancel(ctx) // whoever asked may have gone
	if out, err = work(); err != nil {
		return nil, false, errors.Join(err, s.Answers.Release(late, owner, key))
	}
	kept := any(out)
	if o, ok := kept.(secret[O]); ok {
		kept = o.withoutSecret()
	}
	text, err = json.Marshal(kept)
	if err == nil {
		err = s.Answers.Settle(late, owner, key, text)
	}
	if err != nil { // it was done, and that is the answer; the key stays taken
		s.Logger.ErrorContext(ctx, "keeping the answer of an idempotency key", "error", err)
	}
	return out, false, nil
}

// formOnce does what a form asks for once for its key. The form itself is known by its length, its boundary and its announced
// digest.
func formOnce[O any](s *server, ctx context.Context, operation, key string, in any, work func() (*O, error)) (*O, error) {
	out, replayed, err := keyed(s, ctx, operation, key, in, work)
	if r, ok := any(out).(interface{ replay() }); ok && replayed && err == nil {
		r.replay()
	}
	return out, err
}

// formOf reads a form of at most so many bytes: fields, each once, and files, each of which keep reads.
func formOf[F any](s *server, in *Upload, most int64, keep func(*multipart.Part) (F, error), fields ...string) (url.Values, []F, error) {
	var files []F
	values, err := partsOf(in, min(s.MaxUpload+framing, most), fields, func(part *multipart.Part) error {
		f, err := keep(part)
		files = append(files, f)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	for _, said := range values {
		if len(said) > 1 {
			return nil, nil, refuse(colophon.Invalid, CodeForm)
		}
	}
	return values, files, nil
}

// handedIn reads from a form when something was handed in, and whether that is known not to be all that is asked for.
func handedIn(v url.Values) (at time.Time, incomplete bool, err error) {
	if at, err = time.Parse(time.RFC3339, v.Get("at")); err != nil {
		return at, false, invalid("body.at", "expected a time such as 2026-11-23T08:00:00+08:00")
	}
	word := v.Get("incomplete")
	if word != "" && word != "true" && word != "false" {
		return at, false, invalid("body.incomplete", "expected true or false")
	}
	return at, word == "true", nil
}

// attached hands out a file that somebody brought as a download: nobody's browser runs it.
func (s *server) attached(kind string, open func(ctx context.Context) (io.ReadCloser, error)) *stream {
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		file, err := open(r.Context())
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer file.Close()
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Content-Disposition", "attachment")
		copyOut(w, file)
	})
}
