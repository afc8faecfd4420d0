module github.com/colophon-project/colophon/bench

go 1.26.0

require golang.org/x/sys v0.49.0

require github.com/colophon-project/colophon v0.0.0

require (
	github.com/ebitengine/purego v0.10.1 // indirect
	github.com/gen2brain/avif v0.5.3 // indirect
	github.com/gen2brain/webp v0.6.4 // indirect
	github.com/tetratelabs/wazero v1.12.0 // indirect
	golang.org/x/image v0.47.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/colophon-project/colophon => ../
