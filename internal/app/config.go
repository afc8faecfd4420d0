// Package app is the composition root: it reads the configuration, makes the parts and joins them. It decides nothing
// that a capability could decide.
package app

import "strconv"

// Config is what a person may set. Each field is documented under config.<Key> in internal/locale, and
// `colophon help config` prints all of them with their values in force.
type Config struct {
	// Producer is the provider's code or name that goes into new labels. COLOPHON_PRODUCER.
	Producer string
	// Language is the language of what Colophon says: zh or en; empty follows the system. COLOPHON_LANG.
	Language string
	// Jobs is how many files are worked on at once; 0 means one for each processor. COLOPHON_JOBS.
	Jobs int
	// FFmpeg is the ffmpeg program, or the folder that holds it and ffprobe; empty means the system's search path.
	// COLOPHON_FFMPEG.
	FFmpeg string
}

// Setting is one line of the configuration's documentation.
type Setting struct {
	Key, Env, Value string
}

// FromEnvironment reads the configuration from environment variables.
func FromEnvironment(getenv func(string) string) Config {
	jobs, err := strconv.Atoi(getenv("COLOPHON_JOBS"))
	if err != nil || jobs < 0 {
		jobs = 0
	}
	return Config{Producer: getenv("COLOPHON_PRODUCER"), Language: getenv("COLOPHON_LANG"), Jobs: jobs, FFmpeg: getenv("COLOPHON_FFMPEG")}
}

// Settings lists every setting with its value.
func (c Config) Settings() []Setting {
	return []Setting{
		{"producer", "COLOPHON_PRODUCER", c.Producer},
		{"language", "COLOPHON_LANG", c.Language},
		{"jobs", "COLOPHON_JOBS", strconv.Itoa(c.Jobs)},
		{"ffmpeg", "COLOPHON_FFMPEG", c.FFmpeg},
	}
}
