// Command colophon-verify checks evidence bundles and samples of a log, offline. It is one file that an inspector can
// carry: the program colophon does the same and much more, and this one holds nothing of a server.
package main

import (
	"os"

	"github.com/colophon-project/colophon/internal/inspect"
)

func main() {
	os.Exit(inspect.Main(os.Args[1:], inspect.World{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}))
}
