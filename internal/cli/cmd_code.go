package cli

import (
	"fmt"
	"strconv"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
	"github.com/colophon-project/colophon/label"
)

type codeCommand struct {
	Make    codeMakeCommand    `cmd:""`
	Check   codeCheckCommand   `cmd:""`
	Explain codeExplainCommand `cmd:""`
}

type codeMakeCommand struct {
	USCC    string `arg:"" name:"uscc"`
	Service string `default:"generation" placeholder:"generation|propagation|none"`
	Model   string `default:"0000" placeholder:"CODE"`
}

// Run prints the provider code of an organisation.
func (c *codeMakeCommand) Run(s *session) error {
	services := map[string]byte{"generation": label.ServiceGeneration, "propagation": label.ServicePropagation, "none": label.ServiceNone}
	service, ok := services[c.Service]
	if !ok {
		return invalid(codeService, "value", c.Service)
	}
	model := c.Model
	if service == label.ServiceNone {
		model = ""
	}
	code, err := label.MakeCode(c.USCC, service, model)
	if err != nil {
		return err
	}
	if s.json {
		s.printJSON(map[string]any{"code": code})
		return nil
	}
	fmt.Fprintln(s.Stdout, code)
	return nil
}

// codeService is the error of an unknown service name. Arg "value".
const codeService colophon.Code = "usage-service"

type codeCheckCommand struct {
	Codes []string `arg:"" name:"code"`
}

type jsonCode struct {
	Code  string     `json:"code"`
	Valid bool       `json:"valid"`
	Error *jsonError `json:"error,omitempty"`
}

// Run checks provider codes, and exits 4 when one is not valid.
func (c *codeCheckCommand) Run(s *session) error {
	for _, text := range c.Codes {
		_, err := label.ParseCode(text)
		if err != nil {
			s.exit = exitNotConforming
		}
		if s.json {
			s.printJSON(jsonCode{Code: text, Valid: err == nil, Error: s.errorJSON(err)})
			continue
		}
		verdict := s.say.Say("code-valid")
		if err != nil {
			verdict = s.say.Error(err)
		}
		fmt.Fprintf(s.Stdout, "%s: %s\n", locale.Visible(text), verdict)
	}
	return nil
}

type codeExplainCommand struct {
	Code string `arg:"" name:"code"`
}

type jsonPart struct {
	First   int              `json:"first"`
	Last    int              `json:"last"`
	Value   string           `json:"value"`
	Meaning string           `json:"meaning"`
	Verdict colophon.Verdict `json:"verdict"`
	Inner   []jsonPart       `json:"inner,omitempty"`
}

type jsonExplained struct {
	Code  string     `json:"code"`
	Valid bool       `json:"valid"`
	Parts []jsonPart `json:"parts"`
	Error *jsonError `json:"error,omitempty"`
}

// Run prints what each position of a provider code means.
func (c *codeExplainCommand) Run(s *session) error {
	parts := label.Code(c.Code).Explain()
	_, err := label.ParseCode(c.Code)
	if err != nil {
		s.exit = exitNotConforming
	}
	if s.json {
		s.printJSON(jsonExplained{Code: c.Code, Valid: err == nil, Parts: s.partsJSON(parts), Error: s.errorJSON(err)})
		return nil
	}
	s.printParts("", parts)
	if err != nil {
		fmt.Fprintln(s.Stdout, s.say.Error(err))
	}
	return nil
}

func (s *session) partsJSON(parts []label.Part) []jsonPart {
	out := make([]jsonPart, 0, len(parts))
	for _, p := range parts {
		out = append(out, jsonPart{p.First, p.Last, p.Value, s.say.Say(string(p.Meaning)), p.Verdict, s.partsJSON(p.Inner)})
	}
	return out
}

func (s *session) printParts(indent string, parts []label.Part) {
	for _, p := range parts {
		at := strconv.Itoa(p.First)
		if p.Last != p.First {
			at += "-" + strconv.Itoa(p.Last)
		}
		value := p.Value
		if value == "" {
			value = "…"
		}
		fmt.Fprintf(s.Stdout, "%-8s %-22s %s %s\n", indent+at, indent+locale.Visible(value), s.say.Say("mark-"+p.Verdict.String()), s.say.Say(string(p.Meaning)))
		s.printParts(indent+"  ", p.Inner)
	}
}
