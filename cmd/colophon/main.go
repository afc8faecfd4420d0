// Command colophon labels, reads and verifies AI-generated content.
package main

import (
	"os"

	"github.com/colophon-project/colophon/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], cli.Process()))
}
