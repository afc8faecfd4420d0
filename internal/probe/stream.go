package probe

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Model is the name of the model that says what a probe has it say.
const Model = "colophon-probe"

// Script is a model behind the gateway, in the dialect of OpenAI, that says what a probe planted, once it is asked with the
// word that the probe drew; to everybody else it says nothing. It is served on this machine alone.
type Script struct {
	mu    sync.Mutex
	lines map[string][]string
	said  map[string]int
}

// NewScript makes a script.
func NewScript() *Script { return &Script{lines: map[string][]string{}, said: map[string]int{}} }

// plant has pieces said to whoever asks with the word that it returns.
func (s *Script) plant(pieces ...string) string {
	word := rand.Text()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines[word] = pieces
	return word
}

// pull takes away what was planted, and says how many pieces of it were said.
func (s *Script) pull(word string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.said[word]
	delete(s.lines, word)
	delete(s.said, word)
	return n
}

func (s *Script) find(body []byte) (word string, pieces []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for word, pieces = range s.lines {
		if bytes.Contains(body, []byte(word)) {
			return word, pieces
		}
	}
	return "", nil
}

func (s *Script) count(word string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lines[word] != nil {
		s.said[word]++
	}
}

// maxAsked is the longest request that the script reads, in bytes.
const maxAsked = 1 << 20

// ServeHTTP answers a chat.
func (s *Script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"object":"list","data":[]}`) //nolint:errcheck // nobody is left to be told
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAsked))
	word, pieces := s.find(body)
	if err != nil || pieces == nil {
		http.NotFound(w, r)
		return
	}
	var q struct{ Stream bool }
	if json.Unmarshal(body, &q) != nil || !q.Stream {
		s.count(word)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"probe","object":"chat.completion","created":1,"model":%q,"choices":[{"index":0,"message":{"role":"assistant","content":%s},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`, Model, quoted(strings.Join(pieces, "")))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	pause := time.NewTicker(pieceEvery)
	defer pause.Stop()
	for i, piece := range pieces {
		if i > 0 {
			select { // what comes at once would come as one piece
			case <-pause.C:
			case <-r.Context().Done():
				return
			}
		}
		fmt.Fprintf(w, "data: {\"id\":\"probe\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{\"content\":%s},\"finish_reason\":null}]}\n\n", Model, quoted(piece))
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		s.count(word)
	}
	fmt.Fprintf(w, "data: {\"id\":\"probe\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":%q,\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n", Model)
}

// pieceEvery is the time between two pieces.
const pieceEvery = 150 * time.Millisecond

func quoted(s string) []byte {
	raw, _ := json.Marshal(s) //nolint:errcheck // a string always can be
	return raw
}

// chat asks the model of the probes for an account.
func (t *trial) chat(what, account, word string, stream bool) answer {
	return t.askJSON(what, http.MethodPost, "/v1/chat/completions", map[string]any{"model": Model, "stream": stream, "messages": []any{map[string]any{"role": "user", "content": "Probe " + word}}},
		"Colophon-Account", account, "Accept", "*/*")
}

// streamCutWord has a model say a keyword of the library in two pieces (Deep Synthesis Provisions Art. 10).
func (t *trial) streamCutWord() finding {
	if t.Script == nil {
		return untold(CodeModels)
	}
	words, err := t.Words(t.ctx)
	if err != nil {
		return untold(CodeError)
	}
	if len(words) == 0 {
		return untold(CodeWord)
	}
	word := words[0]
	cut := len(word.Text) / 2
	for !utf8.RuneStart(word.Text[cut]) {
		cut++
	}
	pieces := []string{"This is a probe. ", word.Text[:cut], word.Text[cut:], " That was it."}
	nonce := t.Script.plant(pieces...)
	a := t.chat("stream", Verified, nonce, true)
	said := t.Script.pull(nonce)
	t.last().IDs = []string{word.Feature}
	if number := a.header.Get("Colophon-Number"); number != "" {
		t.last().IDs = append(t.last().IDs, number)
	}
	if f := t.verified(a); f != nil {
		return *f
	}
	heard, filtered := spoken(a.body.Bytes())
	switch {
	case strings.Contains(heard, word.Text):
		return t.tells(failed(CodeSpoken))
	case filtered && said >= 3: // both halves came, and the stream ended for what they say
		return t.tells(passed(CodeCut))
	}
	return t.tells(untold(CodeOtherwise, "status", "200", "code", "pieces-"+strconv.Itoa(said)))
}

// spoken puts together what a client of a stream was told, and says whether it ended because of what was said.
func spoken(body []byte) (heard string, filtered bool) {
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, maxReply)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var ev struct {
			Choices []struct {
				Delta  struct{ Content string }
				Finish string `json:"finish_reason"`
			}
			Error *struct{ Code string }
		}
		if json.Unmarshal([]byte(data), &ev) != nil {
			continue
		}
		for _, c := range ev.Choices {
			heard += c.Delta.Content
			filtered = filtered || c.Finish == filter
		}
		filtered = filtered || ev.Error != nil && ev.Error.Code == filter
	}
	return heard, filtered
}

// filter is the word of the dialect for what was refused by its content.
const filter = "content_filter"
