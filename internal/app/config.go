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
	// Version is that of the program.
	Version string
}

// Setting is one line of the configuration's documentation.
type Setting struct {
	Key, Env, Value string
	Secret          bool   // the value is not shown
	Origin          string // default, file, environment or flag; empty where nobody asked
}

// FromEnvironment reads the configuration from environment variables.
func FromEnvironment(getenv func(string) string) Config {
	jobs, err := strconv.Atoi(getenv("COLOPHON_JOBS"))
	if err != nil || jobs < 0 {
		jobs = 0
	}
	return Config{Producer: getenv("COLOPHON_PRODUCER"), Language: getenv("COLOPHON_LANG"), Jobs: jobs, FFmpeg: getenv("COLOPHON_FFMPEG")}
}

// Settings lists every setting with its value, those of the server with what the environment says of them.
func (c Config) Settings(getenv func(string) string) []Setting {
	list := c.base()
	for _, s := range defaults() {
		if v := getenv(s.Env); v != "" {
			s.Value = v
		}
		if s.Secret && s.Value != "" {
			s.Value = "***"
		}
		list = append(list, s)
	}
	return list
}

// base are the settings of every command.
func (c Config) base() []Setting {
	return []Setting{
		{Key: "producer", Env: "COLOPHON_PRODUCER", Value: c.Producer},
		{Key: "language", Env: "COLOPHON_LANG", Value: c.Language},
		{Key: "jobs", Env: "COLOPHON_JOBS", Value: strconv.Itoa(c.Jobs)},
		{Key: "ffmpeg", Env: "COLOPHON_FFMPEG", Value: c.FFmpeg},
	}
}
