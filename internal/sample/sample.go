// Package sample is a model server that needs no network, no weights and no luck: for the same request it gives the same
// answer. It speaks the dialects of OpenAI and of Anthropic, so that everything in front of a model (a gateway, a client, a
// script in a README) can be tried on one machine. Its models say what they are: colophon-sample-text repeats what it was
// told, colophon-sample-image draws bands of colour, colophon-sample-sound plays a tone for each half of a byte and reads
// such tones back, colophon-sample-video shows moving bars, colophon-sample-embedding counts pairs of letters.
//
// A request turns switches on with a word in the last text of its user, [sample?say=Hello&slow=20ms], or with the header
// Colophon-Sample: say=Hello&slow=20ms. The switches are url-encoded:
//
//	say, say.N         the text of every answer, or of choice N (from 0); say64 takes base64url
//	think, think64     reasoning text before the answer
//	call, args         calls that tool, with those arguments as JSON; args64 takes base64url
//	extra              a text in a field that no dialect has; extra64 takes base64url
//	paint              a picture in the answer of a chat
//	finish             the reason for which the answer ended
//	repeat=N           the text N times
//	wait, slow         a duration before the answer, before each event of a stream
//	break=N            the connection breaks after N events (one-shot: in the middle of the body)
//	hang=N             nothing more comes after N events (one-shot: at all), and the connection stays open
//	frame=N            an error event after N events
//	nodone             a stream ends without its last event
//	garbage            the answer is no JSON
//	twice              the answer has a key twice
//	nousage            the answer does not say what it used
//	error=STATUS       an error with that HTTP status; message, message64 is its text, retry its Retry-After
//	fail=N, id         the first N requests with that id get error (503 without one)
//	redirect=URL       a redirect to that address
//
// What not to do here: nothing of this may be mistaken for a real model, and nothing else of the program may rely on how
// its answers read. It keeps results in memory and is for trying out, not for the open network.
package sample

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon/internal/ffmpeg"
)

// The models.
const (
	Text      = "colophon-sample-text"      // chats
	Image     = "colophon-sample-image"     // draws pictures
	Sound     = "colophon-sample-sound"     // speaks in tones, and reads them
	Video     = "colophon-sample-video"     // makes films
	Embedding = "colophon-sample-embedding" // measures texts
)

// Models returns the names of all models.
func Models() []string { return []string{Text, Image, Sound, Video, Embedding} }

// mostBody is the longest request that is read.
const mostBody = 64 << 20

// Config is what a model server needs.
type Config struct {
	Tools *ffmpeg.Tools    // for films and coded sound; nil: requests for them are refused
	Now   func() time.Time // nil: the clock
	Key   string           // what requests must carry as a bearer or x-api-key; empty: nothing
	Base  string           // address in front of the paths of results by URL; empty: the address that the request came to
}

// Model is the server of the models. It is safe for concurrent use.
type Model struct {
	config Config
	routes *http.ServeMux
	asked  atomic.Int64

	mu     sync.Mutex
	failed map[string]int   // how often a request with that id failed
	films  map[string]*film // by id
	made   int              // films so far
	filmed []string         // ids of films, oldest first
	files  map[string]file  // results by URL, by name
	kept   []string         // names of files, oldest first
}

// New returns a server.
func New(c Config) *Model {
	if c.Now == nil {
		c.Now = time.Now
	}
	m := &Model{config: c, routes: http.NewServeMux(), failed: map[string]int{}, films: map[string]*film{}, files: map[string]file{}}
	for pattern, handle := range map[string]func(*exchange){
		"GET /v1/models":                 m.models,
		"GET /v1/models/{id}":            m.oneModel,
		"POST /v1/chat/completions":      m.chat,
		"POST /v1/completions":           m.completions,
		"POST /v1/responses":             m.responses,
		"POST /v1/messages":              m.messages,
		"POST /v1/messages/count_tokens": m.countTokens,
		"POST /v1/embeddings":            m.embeddings,
		"POST /v1/images/generations":    m.generate,
		"POST /v1/images/edits":          m.edit,
		"POST /v1/images/variations":     m.vary,
		"GET /sample/files/{name}":       m.file,
		"POST /v1/audio/speech":          m.speech,
		"POST /v1/audio/transcriptions":  m.transcribe,
		"POST /v1/audio/translations":    m.transcribe,
		"POST /v1/videos":                m.film,
		"GET /v1/videos/{id}":            m.filmState,
		"DELETE /v1/videos/{id}":         m.dropFilm,
		"GET /v1/videos/{id}/content":    m.filmContent,
	} {
		m.routes.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { handle(m.exchange(w, r)) })
	}
	m.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		m.exchange(w, r).refuse(fault{Status: http.StatusNotFound, Message: "there is nothing at " + r.URL.Path})
	})
	return m
}

// Asked is how many requests came.
func (m *Model) Asked() int64 { return m.asked.Load() }

// ServeHTTP answers.
func (m *Model) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.asked.Add(1)
	r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	open := strings.HasPrefix(r.URL.Path, "/sample/files/") // its name is not to be guessed
	if key := m.config.Key; key != "" && !open && r.Header.Get("X-Api-Key") != key && r.Header.Get("Authorization") != "Bearer "+key {
		m.exchange(w, r).refuse(fault{Status: http.StatusUnauthorized, Message: "the key is not the one that this server takes", Code: "invalid_api_key"})
		return
	}
	defer func() {
		if thrown := recover(); thrown != nil && thrown != (ended{}) {
			panic(thrown)
		}
	}()
	m.routes.ServeHTTP(w, r)
}

func (m *Model) models(x *exchange) {
	if x.anthropic {
		x.json(http.StatusOK, object{"data": []object{x.describe(Text)}, "has_more": false, "first_id": Text, "last_id": Text})
		return
	}
	list := []object{}
	for _, name := range Models() {
		list = append(list, x.describe(name))
	}
	x.json(http.StatusOK, object{"object": "list", "data": list})
}

func (m *Model) oneModel(x *exchange) {
	name := x.request.PathValue("id")
	if !slices.Contains(Models(), name) {
		x.refuse(noModel(name))
		return
	}
	x.json(http.StatusOK, x.describe(name))
}

// describe is a model as the caller's dialect describes it.
func (x *exchange) describe(name string) object {
	born := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	if x.anthropic {
		return object{"type": "model", "id": name, "display_name": strings.ReplaceAll(name, "-", " "), "created_at": born.Format(time.RFC3339)}
	}
	return object{"id": name, "object": "model", "created": born.Unix(), "owned_by": "colophon"}
}
