package inspect

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/internal/locale"
)

// World is what the program may use of the process around it.
type World struct {
	Stdout, Stderr io.Writer
	Getenv         func(string) string
}

// Codes of usage errors.
const (
	codeArguments colophon.Code = "inspect-arguments" // arg "text"
	codeOneFile   colophon.Code = "inspect-one-file"
	codeNeeds     colophon.Code = "inspect-needs" // arg "flag"
)

// arguments are what a person typed.
type arguments struct {
	keys, authorities list
	json, sample      bool
	lang              string
	of                Sample
	files             []string
}

// list is a flag that may stand several times.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

// Set adds a value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// Main is the program colophon-verify. It returns the exit code.
func Main(args []string, w World) int {
	a, err := parse(args)
	say, wrong := locale.For(language(a.lang, w.Getenv))
	if wrong != nil {
		fmt.Fprintln(w.Stderr, wrong)
		return ExitError
	}
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(w.Stdout, say.Say("inspect-usage"))
		return ExitPassed
	}
	if err != nil {
		fmt.Fprintln(w.Stderr, "colophon-verify: "+say.Error(err))
		fmt.Fprintln(w.Stderr, say.Say("inspect-usage"))
		return ExitUsage
	}
	exit := ExitError
	var trust evidence.Trust
	if trust, err = ReadTrust(a.keys, a.authorities); err == nil {
		report := Report{w.Stdout, say, a.json}
		if a.sample {
			a.of.Exhibits = a.files[0]
			exit, err = report.Sample(a.of, trust)
		} else {
			exit, err = report.Bundle(a.files[0], trust)
		}
	}
	if err != nil {
		complain(w, say, a.json, err)
	}
	return exit
}

// complain prints an error, where JSON is asked for as JSON.
func complain(w World, say *locale.Printer, asJSON bool, err error) {
	if !asJSON {
		fmt.Fprintln(w.Stderr, "colophon-verify: "+say.Error(err))
		return
	}
	var out struct {
		Error struct {
			Code    colophon.Code `json:"code"`
			Message string        `json:"message"`
		} `json:"error"`
	}
	var e *colophon.Error
	if errors.As(err, &e) {
		out.Error.Code = e.Code
	}
	out.Error.Message = say.Error(err)
	if err := json.NewEncoder(w.Stdout).Encode(out); err != nil {
		fmt.Fprintln(w.Stderr, "colophon-verify: "+err.Error())
	}
}

// parse reads flags before, between and behind the files.
func parse(args []string) (arguments, error) {
	var a arguments
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Var(&a.keys, "key", "")
	flags.Var(&a.authorities, "tsa-ca", "")
	flags.BoolVar(&a.json, "json", false, "")
	flags.StringVar(&a.lang, "lang", "", "")
	flags.StringVar(&a.of.Seed, "seed", "", "")
	flags.IntVar(&a.of.Count, "count", 0, "")
	flags.StringVar(&a.of.Checkpoint, "checkpoint", "", "")
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return a, usage(codeArguments, "text", err)
		}
		rest := flags.Args()
		if read := len(args) - len(rest); read > 0 && args[read-1] == "--" {
			a.files = append(a.files, rest...)
			break
		}
		if len(rest) == 0 {
			break
		}
		if len(a.files) == 0 && rest[0] == "sample" && !a.sample {
			a.sample = true
		} else {
			a.files = append(a.files, rest[0])
		}
		args = rest[1:]
	}
	return a, a.check()
}

// check finds what is missing or too much.
func (a *arguments) check() error {
	if _, ok := locale.Parse(a.lang); a.lang != "" && !ok {
		return usage(codeArguments, "text", errors.New("--lang "+a.lang))
	}
	if len(a.files) != 1 {
		return usage(codeOneFile, "", nil)
	}
	given := map[string]bool{"--seed": a.of.Seed != "", "--count": a.of.Count > 0, "--checkpoint": a.of.Checkpoint != ""}
	for _, name := range []string{"--seed", "--count", "--checkpoint"} {
		switch {
		case a.sample && !given[name]:
			return usage(codeNeeds, "flag", errors.New(name))
		case !a.sample && given[name]:
			return usage(codeArguments, "text", errors.New(name))
		}
	}
	if a.sample && len(a.keys) == 0 {
		return usage(codeNeeds, "flag", errors.New("--key"))
	}
	return nil
}

func usage(code colophon.Code, arg string, err error) error {
	e := &colophon.Error{Kind: colophon.Invalid, Code: code, Err: err}
	if err != nil {
		e.Args = colophon.Args{arg: err.Error()}
	}
	return e
}

func language(flag string, getenv func(string) string) locale.Language {
	for _, name := range []string{flag, getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG")} {
		if name != "" {
			lang, _ := locale.Parse(name)
			return lang
		}
	}
	return locale.English
}
