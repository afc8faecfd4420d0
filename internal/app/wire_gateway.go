package app

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/v2"

	"github.com/colophon-project/colophon/gateway"
	"github.com/colophon-project/colophon/gateway/companion"
	"github.com/colophon-project/colophon/gateway/mark"
	"github.com/colophon-project/colophon/gateway/media"
	"github.com/colophon-project/colophon/gateway/shape"
	"github.com/colophon-project/colophon/gateway/upstream"
	"github.com/colophon-project/colophon/internal/sample"
	"github.com/colophon-project/colophon/screen"
	"github.com/colophon-project/colophon/stamp"
)

// GatewaySettings is what a person may set about the models behind the server. It is set in the file alone. Of a field that is 0
// or empty the default holds.
type GatewaySettings struct {
	Models []GatewayModel `koanf:"models"`
	Doors  []media.Door   `koanf:"doors"`

	// FetchAllow names hosts of internal stores that reference media may come from: minio.internal, minio.internal:9000.
	FetchAllow []string `koanf:"fetch-allow"`
	FetchMost  int      `koanf:"fetch-most"` // MiB of a file; 64

	MaxBody   int `koanf:"max-body"`   // MiB of a request with what was fetched for it; 32
	MaxAnswer int `koanf:"max-answer"` // MiB of an answer; 32
	Streams   int `koanf:"streams"`    // calls of text at once; 10,000
	AtOnce    int `koanf:"media"`      // calls for pictures, sounds and video at once; 256
	Memory    int `koanf:"memory"`     // MiB of text that all streams of this node keep; 512
	Tries     int `koanf:"tries"`      // how often a call is sent to models at most; 3

	Time      time.Duration `koanf:"time"`      // of a call; 10 m
	Idle      time.Duration `koanf:"idle"`      // of a stream without anything from its model; 2 m
	Heartbeat time.Duration `koanf:"heartbeat"` // after so long without anything to send; 10 s
	Hosted    time.Duration `koanf:"hosted"`    // for how long addresses of results are good; 1 h

	Unsealed bool `koanf:"unsealed"` // labels of answers in text get no seal, which costs more than all else of them
}

// GatewayModel is a model as clients ask for it.
type GatewayModel struct {
	Name      string           `koanf:"name"`
	Service   string           `koanf:"service"`   // of the register
	Function  string           `koanf:"function"`  // of the register
	Class     stamp.Function   `koanf:"class"`     // of Deep Synthesis Provisions Art. 17: dialogue, voice, person, scene, other, assist
	Notice    mark.Place       `koanf:"notice"`    // start, end, both, interface
	Screening *screen.Mode     `koanf:"screening"` // of streams: strict, live, full; live by default
	Endpoints []shape.Endpoint `koanf:"endpoints"` // all by default
	Companion *GatewayPolicy   `koanf:"companion"`
	Targets   []GatewayTarget  `koanf:"targets"`
}

// GatewayTarget is a place at which a model is served.
type GatewayTarget struct {
	Name      string           `koanf:"name"`
	URL       string           `koanf:"url"`     // https://HOST/v1
	Model     string           `koanf:"model"`   // its own name there
	Dialect   upstream.Dialect `koanf:"dialect"` // openai, anthropic, plain
	Key       string           `koanf:"key"`     // name of its key in the key store
	KeyHeader string           `koanf:"key-header"`
	Weight    int              `koanf:"weight"`
	Timeout   time.Duration    `koanf:"timeout"`
	FirstByte time.Duration    `koanf:"first-byte"`
	Idle      time.Duration    `koanf:"idle"`
}

// GatewayPolicy is the policy of a service that keeps company.
type GatewayPolicy struct {
	Relation  companion.Relation `koanf:"relation"`  // other, kin, partner
	Statement map[string]string  `koanf:"statement"` // by language
	Remind    time.Duration      `koanf:"remind"`
	Break     time.Duration      `koanf:"break"`
	Exit      []string           `koanf:"exit"`
	Minors    struct {
		Refuse bool          `koanf:"refuse"`
		Remind time.Duration `koanf:"remind"`
		Daily  time.Duration `koanf:"daily"`
		From   time.Duration `koanf:"from"`
		To     time.Duration `koanf:"to"`
	} `koanf:"minors"`
	Crisis struct {
		Categories []string          `koanf:"categories"`
		Words      map[string]string `koanf:"words"`
	} `koanf:"crisis"`
}

// readGateway reads the part of the file about models. A name that is not known is an error there, too.
func readGateway(k *koanf.Koanf) (v GatewaySettings, err error) {
	err = k.UnmarshalWithConf("gateway", &v, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		DecodeHook:       mapstructure.ComposeDecodeHookFunc(mapstructure.StringToTimeDurationHookFunc(), mapstructure.TextUnmarshallerHookFunc()),
		WeaklyTypedInput: true, ErrorUnused: true, Result: &v}})
	if err != nil {
		said := strings.TrimSpace(err.Error())
		return v, wrongSetting("gateway", strings.TrimSpace(said[strings.LastIndexByte(said, '\n')+1:]), err)
	}
	return v, v.complete()
}

// complete fills in defaults, and refuses what can't be.
func (v *GatewaySettings) complete() error {
	for _, n := range []struct {
		key   string
		at    *int
		usual int
	}{{"max-body", &v.MaxBody, 32}, {"max-answer", &v.MaxAnswer, 32}, {"streams", &v.Streams, 10_000}, {"media", &v.AtOnce, 256}, {"memory", &v.Memory, 512}, {"tries", &v.Tries, 3}, {"fetch-most", &v.FetchMost, 64}} {
		if *n.at == 0 {
			*n.at = n.usual
		}
		if *n.at < 0 {
			return wrongSetting("gateway."+n.key, strconv.Itoa(*n.at), nil)
		}
	}
	names := map[string]bool{}
	for i, m := range v.Models {
		at := "gateway.models." + strconv.Itoa(i) + "."
		switch {
		case m.Name == "" || names[m.Name]:
			return wrongSetting(at+"name", m.Name, nil)
		case m.Class != "" && !slices.ContainsFunc(stamp.Policies(), func(p stamp.Policy) bool { return p.Function == m.Class }):
			return wrongSetting(at+"class", string(m.Class), nil)
		case len(m.Targets) == 0:
			return wrongSetting(at+"targets", "", nil)
		}
		if _, err := mark.ParsePlace(string(m.Notice)); err != nil {
			return wrongSetting(at+"notice", string(m.Notice), err)
		}
		for _, e := range m.Endpoints {
			if !slices.Contains(endpoints(), e) {
				return wrongSetting(at+"endpoints", string(e), nil)
			}
		}
		if p := m.model().Companion; p != nil {
			if err := p.Check(); err != nil {
				return wrongSetting(at+"companion", "", err)
			}
		}
		if d := m.Targets[0].Dialect; slices.ContainsFunc(m.Targets, func(t GatewayTarget) bool { return t.Dialect != d }) {
			return wrongSetting(at+"targets", string(d), nil)
		}
		names[m.Name] = true
	}
	return nil
}

// endpoints are all that a model may be for.
func endpoints() []shape.Endpoint {
	return []shape.Endpoint{shape.Chat, shape.Completions, shape.Responses, shape.Messages, shape.Embeddings, shape.ImagesGenerations, shape.ImagesEdits, shape.ImagesVariations,
		shape.Speech, shape.Transcriptions, shape.Translations, shape.Videos}
}

// model is a model as the gateway has it.
func (m GatewayModel) model() gateway.Model {
	g := gateway.Model{Name: m.Name, Service: m.Service, Function: m.Function, Class: m.Class, Notice: m.Notice, Mode: screen.Live, Dialect: m.Targets[0].Dialect, Endpoints: m.Endpoints}
	if m.Screening != nil {
		g.Mode = *m.Screening
	}
	if p := m.Companion; p != nil {
		g.Companion = &companion.Policy{Relation: p.Relation, Statement: p.Statement, Remind: p.Remind, Break: p.Break, Exit: p.Exit,
			Minors: companion.Minors(p.Minors), Crisis: companion.Crisis(p.Crisis)}
	}
	return g
}

// upstreams are the places at which a model is served.
func (m GatewayModel) upstreams() []upstream.Target {
	var list []upstream.Target
	for _, t := range m.Targets {
		list = append(list, upstream.Target{Name: t.Name, URL: t.URL, Model: t.Model, Dialect: t.Dialect, Key: t.Key, KeyHeader: t.KeyHeader, Weight: t.Weight, Timeout: t.Timeout, FirstByte: t.FirstByte, Idle: t.Idle})
	}
	return list
}

// sampleModels are the models to try things out with, served at an address.
func sampleModels(base string) []GatewayModel {
	text := []shape.Endpoint{shape.Chat, shape.Completions, shape.Responses, shape.Messages}
	var list []GatewayModel
	for _, m := range []GatewayModel{
		{Name: sample.Text, Class: stamp.Dialogue, Endpoints: text},
		{Name: sample.Embedding, Class: stamp.Assist, Endpoints: []shape.Endpoint{shape.Embeddings}},
		{Name: sample.Image, Class: stamp.Other, Endpoints: []shape.Endpoint{shape.ImagesGenerations, shape.ImagesEdits, shape.ImagesVariations}},
		{Name: sample.Sound, Class: stamp.Other, Endpoints: []shape.Endpoint{shape.Speech, shape.Transcriptions, shape.Translations}},
		{Name: sample.Video, Class: stamp.Other, Endpoints: []shape.Endpoint{shape.Videos}},
	} {
		m.Targets = []GatewayTarget{{URL: base}}
		list = append(list, m)
	}
	return list
}
