package media

import (
	"context"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/stamp"
)

// speech answers a call for speech. Voices of models are made ones (Deep Synthesis Provisions Art. 17 ¶1 (2)).
func (s *Studio) speech(ctx context.Context, c gateway.Call, to gateway.Sink, o *gateway.Observation) error {
	w, doc, err := s.open(c, stamp.Voice, o)
	if err != nil {
		return err
	}
	defer w.end()
	wish, err := wishes(c)
	switch {
	case err != nil:
		return err
	case wish.Stream != "" && wish.Stream != "audio":
		return noStream(c.Endpoint)
	case wish.Format == "pcm":
		return &colophon.Error{Kind: colophon.Unsupported, Code: CodePCM, Clauses: []colophon.Clause{colophon.ClauseLM4, colophon.ClauseLM5}}
	}
	bring, err := brought(doc)
	if err != nil {
		return err
	}
	if err := w.begin(ctx, bring); err != nil {
		return err
	}
	body, _, err := w.ask(w.post("/audio/speech", doc))
	if err != nil {
		return err
	}
	return w.whole(body, media.ModalityAudio, to)
}
