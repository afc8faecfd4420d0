package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/colophon-project/colophon/artefact"
	"github.com/colophon-project/colophon/gateway/export"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/notice"
	"github.com/colophon-project/colophon/production"
	"github.com/colophon-project/colophon/staff"
)

// maxExport is the largest body of an export, in bytes.
const maxExport = 2 << 20

// Exporter turns answers into files. An *export.Exporter does.
type Exporter interface {
	Export(ctx context.Context, by production.By, o export.Order) (artefact.Artefact, error)
}

// exportRoutes are those of answers as files.
func exportRoutes() []route {
	return []route{
		{post, "/v1/exports", "export", staff.ArtefactCreate, "artefacts", maxExport, 201, do((*server).export), "Turn an answer into a file with notice and label inside", 0},
	}
}

type answerFileInput struct {
	Keyed
	Account accountName `header:"Colophon-Account" required:"true" minLength:"1" maxLength:"768" doc:"Your own identifier of the account that the answer was made for, percent-encoded." example:"user-8731"`
	Return  string      `query:"return" enum:"artefact,content" doc:"content brings the file in place of the artefact, as an Accept header without JSON does."`
	Accept  string      `header:"Accept" hidden:"true"`
	Body    struct {
		Number   artefact.Number `json:"number" minLength:"1" maxLength:"256" doc:"Content number of the answer." example:"019aab3c-5d1e-7c00-8000-3f6c9f6a1b2d"`
		Format   string          `json:"format" enum:"md,docx,pdf,html,png" doc:"What to make of it. A picture holds as much as fits into 16,384 pixels of height."`
		Text     string          `json:"text,omitempty" doc:"The text of one choice, to the last byte as it was handed out, notice and all. Either this or answer."`
		Answer   json.RawMessage `json:"answer,omitempty" doc:"The answer as the endpoint gave it: of chat, completions, responses or messages."`
		Title    string          `json:"title,omitempty" maxLength:"200" doc:"A heading."`
		Language notice.Language `json:"notice_lang,omitempty" enum:"zh,en,both" doc:"Language of the notice, zh by itself."`
	}
}

// export makes a file of an answer, and answers as produce does.
func (s *server) export(ctx context.Context, in *answerFileInput) (*stream, error) {
	who := askerOf(ctx)
	a, err := s.Artefacts.Artefact(ctx, in.Body.Number)
	if err != nil {
		return nil, err
	}
	if err := who.may(staff.ArtefactCreate, a.Function); err != nil {
		return nil, err
	}
	account, err := in.Account.plain()
	if err != nil {
		return nil, err
	}
	made, replayed, err := keyed(s, ctx, "export", in.Key, in, func() (*Artefact, error) {
		o := export.Order{Number: in.Body.Number, Account: account, Format: exportFormat(in.Body.Format), Text: in.Body.Text, Answer: in.Body.Answer, Title: in.Body.Title, Language: in.Body.Language}
		if in.Key != "" {
			if o.As, err = numberOf(who.by.ID, in.Key, in); err != nil {
				return nil, err
			}
		}
		a, err := s.Exporter.Export(ctx, who.by, o)
		if err != nil {
			return nil, err
		}
		v, err := viewArtefact(printer(who.language), a)
		return &v, err
	})
	if err != nil {
		return nil, err
	}
	return streamed(func(w http.ResponseWriter, r *http.Request) {
		if replayed {
			w.Header().Set("Idempotency-Replayed", "true")
		}
		s.sendProduced(w, r, &produceInput{Return: in.Return, Accept: in.Accept}, made)
	}), nil
}

func exportFormat(name string) media.Format {
	if name == "md" {
		return media.Markdown
	}
	return media.Format(name)
}
