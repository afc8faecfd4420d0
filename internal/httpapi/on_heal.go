package httpapi

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

func healRoutes() []route {
	return []route{
		{post, "/v1/artefacts:heal", "heal", staff.ArtefactHeal, "artefacts", 0, 200, do((*server).heal), "Say what item a file is a copy of, by its bytes, watermark, label and likeness", upload},
		{post, "/v1/artefacts:restore", "restore", staff.ArtefactHeal, "artefacts", 0, 200, do((*server).restore), "Hand out a file with the label of the item that it is a copy of; the act is recorded. 409 says why nothing can be restored", upload},
	}
}

// Healing is what is known of a file that came back.
type Healing struct {
	Size        int64        `json:"size" doc:"Bytes."`
	Digest      string       `json:"digest" doc:"SHA-256 in hexadecimal."`
	Format      string       `json:"format,omitempty" doc:"File format."`
	Attribution *Attribution `json:"attribution,omitempty" doc:"The item that the file is a copy of; absent where nothing decides."`
	Restorable  string       `json:"restorable" enum:"passed,failed,could-not-tell" doc:"Passed: the label can be restored. Failed: there is nothing to restore. Could not tell: the reason says why."`
	Reason      *Sentence    `json:"reason,omitempty" doc:"Why it is not passed."`
	Candidates  []Candidate  `json:"candidates" nullable:"false" doc:"Items that the file may be a copy of, the surest first."`
	Looks       []HealLook   `json:"looks" nullable:"false" doc:"What came of each way of looking."`
}

// Attribution says whose copy a file is.
type Attribution struct {
	Number   artefact.Number `json:"number" doc:"Content number."`
	How      string          `json:"how" enum:"digest,watermark,label,likeness" doc:"By what it is known."`
	Sure     string          `json:"sure" enum:"certain,strong,likely" doc:"certain: the very bytes. strong: a watermark, or a sealed label that the likeness agrees with. likely: its likeness, or a label alone; somebody may have carried a label over."`
	Producer string          `json:"producer" doc:"Code or name of the provider, as its label says."`
	Function string          `json:"function" doc:"The function that made it."`
	Model    string          `json:"model,omitempty" doc:"The model that made it."`
	Made     time.Time       `json:"made" doc:"When it was made."`
}

// Candidate is an item that a file may be a copy of.
type Candidate struct {
	Number   artefact.Number  `json:"number" doc:"Content number."`
	State    artefact.State   `json:"state" enum:"received,held,marked,delivered,failed,erased" doc:"State of the item."`
	Function string           `json:"function" doc:"The function that made it."`
	Made     time.Time        `json:"made" doc:"When it was made."`
	How      []production.How `json:"how" nullable:"false" enum:"digest,watermark,label,likeness" doc:"By what it is known, the surest first."`
	Bits     *int             `json:"bits,omitempty" doc:"In how many of 256 bits the nearest perceptual hashes differ; absent where likeness found nothing."`
}

// HealLook is what came of one way of looking.
type HealLook struct {
	How     string    `json:"how" enum:"digest,watermark,label,likeness" doc:"The way."`
	Verdict string    `json:"verdict" enum:"passed,failed,could-not-tell" doc:"Passed: it found items. Failed: it found none."`
	Reason  *Sentence `json:"reason,omitempty" doc:"Why it could not be told."`
	Score   float64   `json:"score,omitempty" doc:"How far a watermark stands above chance, in deviations."`
}

type healOutput struct{ Body Healing }

// heal tells what a file is.
func (s *server) heal(ctx context.Context, in *verifyInput) (*healOutput, error) {
	h, seen, err := s.healed(ctx, in, false)
	if err != nil {
		return nil, err
	}
	return &healOutput{viewHealing(printer(askerOf(ctx).language), h, seen)}, nil
}

// restore hands out a file with its label.
func (s *server) restore(ctx context.Context, in *verifyInput) (*stream, error) {
	h, _, err := s.healed(ctx, in, true)
	if err != nil {
		return nil, err
	}
	if h.File == nil {
		return nil, &colophon.Error{Kind: colophon.Conflict, Code: h.Reason, Args: h.Args}
	}
	return streamed(func(w http.ResponseWriter, _ *http.Request) {
		defer h.File.Close()
		a := *h.Item
		a.After, a.Format = h.After, h.Report.Format
		describe(w.Header(), a)
		w.Header().Set("Colophon-Restored", string(h.How)+"; sure="+string(h.Sure))
		src := h.File.Source()
		w.Header().Set("Content-Length", strconv.FormatInt(src.Size(), 10))
		w.WriteHeader(http.StatusOK)
		if _, err := io.Copy(w, io.NewSectionReader(src, 0, src.Size())); err != nil {
			panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
		}
	}), nil
}

// healed has a file looked at. Whoever may not know of an item is told nothing of it.
func (s *server) healed(ctx context.Context, in *verifyInput, give bool) (*production.Healing, func(artefact.Artefact) bool, error) {
	who := askerOf(ctx)
	body, err := in.file()
	if err != nil {
		return nil, nil, err
	}
	seen := func(a artefact.Artefact) bool { return who.may(staff.ArtefactHeal, a.Function) == nil }
	h, err := s.Line.Heal(ctx, who.by, in.Name, body, give, seen)
	return h, seen, err
}

func viewHealing(say *locale.Printer, h *production.Healing, seen func(artefact.Artefact) bool) Healing {
	v := Healing{Size: h.Size, Digest: hex.EncodeToString(h.Digest[:]), Format: string(h.Report.Format), Restorable: h.Restored.String(), Candidates: []Candidate{}, Looks: []HealLook{}}
	if h.Restored != colophon.Passed {
		v.Reason = sentence(say, h.Reason, h.Args)
	}
	if a := h.Item; a != nil {
		v.Attribution = &Attribution{Number: a.Number, How: string(h.How), Sure: string(h.Sure), Producer: h.Producer, Function: a.Function, Model: a.Model, Made: a.Created}
	}
	for _, c := range h.Found {
		if !seen(c.Item) {
			continue
		}
		one := Candidate{Number: c.Item.Number, State: c.Item.State, Function: c.Item.Function, Made: c.Item.Created, How: c.How}
		if c.Bits >= 0 {
			one.Bits = &c.Bits
		}
		v.Candidates = append(v.Candidates, one)
	}
	for _, l := range h.Looks {
		v.Looks = append(v.Looks, HealLook{string(l.How), l.Told.String(), sentence(say, l.Reason, nil), l.Score})
	}
	return v
}
