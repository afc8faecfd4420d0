// Command colophon-sample-model serves a model server that needs no network and understands nothing, so that what stands in
// front of models can be tried. The package internal/sample says what its models answer and how a request turns faults on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/colophon-project/colophon/internal/ffmpeg"
	"github.com/colophon-project/colophon/internal/sample"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "colophon-sample-model:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	flags := flag.NewFlagSet("colophon-sample-model", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8090", "the address to listen at")
	key := flags.String("key", "", "what requests must carry as a bearer or x-api-key; empty: nothing")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return err
	}
	tools, err := ffmpeg.Find("")
	if err != nil {
		fmt.Fprintln(os.Stderr, "ffmpeg is not there: no films, and sound as WAV and PCM alone")
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/v1\n", listener.Addr())
	server := &http.Server{Handler: sample.New(sample.Config{Tools: tools, Key: *key}), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
