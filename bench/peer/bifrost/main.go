// Command bifrost is a thin OpenAI-compatible server over Bifrost's core, which is published as a module without its own HTTP
// transport: one route, no plugins, nothing logged. Usage: bifrost ADDRESS UPSTREAM.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"

	bifrost "github.com/maximhq/bifrost/core"
	"github.com/maximhq/bifrost/core/schemas"
)

type account struct{ upstream string }

func (account) GetConfiguredProviders() ([]schemas.ModelProvider, error) {
	return []schemas.ModelProvider{schemas.OpenAI}, nil
}

func (account) GetKeysForProvider(*context.Context, schemas.ModelProvider) ([]schemas.Key, error) {
	return []schemas.Key{{ID: "stub", Value: "stub", Weight: 1, Models: []string{"stub"}}}, nil
}

func (a account) GetConfigForProvider(schemas.ModelProvider) (*schemas.ProviderConfig, error) {
	return &schemas.ProviderConfig{NetworkConfig: schemas.NetworkConfig{BaseURL: a.upstream, DefaultRequestTimeoutInSeconds: 30},
		ConcurrencyAndBufferSize: schemas.ConcurrencyAndBufferSize{Concurrency: 2000, BufferSize: 10000}}, nil
}

type request struct {
	Model    string                `json:"model"`
	Stream   bool                  `json:"stream"`
	Messages []schemas.ChatMessage `json:"messages"`
}

func main() {
	ctx := context.Background()
	core, err := bifrost.Init(ctx, schemas.BifrostConfig{Account: account{os.Args[2]}, InitialPoolSize: 2000, Logger: bifrost.NewDefaultLogger(schemas.LogLevelError)})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	http.HandleFunc("POST /v1/chat/completions", func(w http.ResponseWriter, r *http.Request) {
		var in request
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		ask := &schemas.BifrostChatRequest{Provider: schemas.OpenAI, Model: in.Model, Input: in.Messages}
		if in.Stream {
			stream(w, core, ask)
			return
		}
		out, fault := core.ChatCompletionRequest(r.Context(), ask)
		if fault != nil {
			http.Error(w, fault.Error.Message, http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(out)
	})
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}

func stream(w http.ResponseWriter, core *bifrost.Bifrost, ask *schemas.BifrostChatRequest) {
	pieces, fault := core.ChatCompletionStreamRequest(context.Background(), ask)
	if fault != nil {
		http.Error(w, fault.Error.Message, http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for p := range pieces {
		var b bytes.Buffer
		b.WriteString("data: ")
		if p.BifrostResponse != nil {
			_ = json.NewEncoder(&b).Encode(p.BifrostResponse)
		}
		b.WriteString("\n")
		_, _ = w.Write(b.Bytes())
		_ = out.Flush()
	}
	_, _ = w.Write([]byte("data: [DONE]\n\n"))
}
