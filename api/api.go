// Package api holds the description of Colophon's HTTP API, for programs that are built with it. The file is made from
// the table of routes in internal/httpapi, whose tests compare the two.
//
// What not to do here: no change by hand.
package api

import _ "embed"

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI returns the description: OpenAPI 3.1 as YAML.
func OpenAPI() []byte { return append([]byte(nil), openAPI...) }
