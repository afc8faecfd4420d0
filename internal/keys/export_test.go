package keys

// WithStep lets a test act before each file is written, or fail there.
func WithStep(c Config, step func(path string) error) Config {
	c.step = step
	return c
}
