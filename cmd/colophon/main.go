// Command colophon labels, reads and verifies AI-generated content.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/colophon-project/colophon/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], cli.Process())
	stop()
	os.Exit(code)
}
