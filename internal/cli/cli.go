// Package cli is the command line: one file for each command. It parses what a person typed, calls the composition root,
// and prints, in Chinese or English or as JSON. It decides nothing about labels.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/app"
	"github.com/colophon-project/colophon/internal/locale"
)

// Exit codes.
const (
	exitDone          = 0
	exitError         = 1
	exitUsage         = 2
	exitNoMark        = 3
	exitNotConforming = 4
	exitCouldNotTell  = 5
	exitMend          = 78  // EX_CONFIG of sysexits.h: a person must mend something first
	exitInterrupted   = 130 // as shells tell of SIGINT
)

// World is what the command line may use of the process around it.
type World struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	// Terminal says that Stderr is a terminal, so that progress may be drawn there.
	Terminal bool
	Version  string
}

// commands is the whole surface of the program.
type commands struct {
	Lang string `placeholder:"zh|en"`
	JSON bool   `name:"json"`

	Label      labelCommand      `cmd:""`
	Read       readCommand       `cmd:""`
	Verify     verifyCommand     `cmd:""`
	Credential credentialCommand `cmd:""`
	PKI        pkiCommand        `cmd:"" name:"pki"`
	Code       codeCommand       `cmd:""`
	Watermark  watermarkCommand  `cmd:""`
	Try        tryCommand        `cmd:""`
	Screen     screenCommand     `cmd:""`
	Serve      serveCommand      `cmd:""`
	Health     healthCommand     `cmd:""`
	Overview   overviewCommand   `cmd:""`
	LookUp     lookUpCommand     `cmd:""`
	Heal       healCommand       `cmd:""`
	Content    contentCommand    `cmd:""`
	Evidence   evidenceCommand   `cmd:""`
	SignIn     signInCommand     `cmd:""`
	SignOut    signOutCommand    `cmd:""`
	Account    accountCommand    `cmd:""`
	Consent    consentCommand    `cmd:""`
	Assessment assessmentCommand `cmd:""`
	Measure    measureCommand    `cmd:""`
	Desk       deskCommand       `cmd:""`
	Duty       dutyCommand       `cmd:""`
	System     systemCommand     `cmd:""`
	Agreement  agreementCommand  `cmd:""`
	Bank       bankCommand       `cmd:""`
	Run        runCommand        `cmd:""`
	Filing     filingCommand     `cmd:""`
	List       listCommand       `cmd:""`
	Pack       packCommand       `cmd:""`
	Incident   incidentCommand   `cmd:""`
	Drill      drillCommand      `cmd:""`
	Correction correctionCommand `cmd:""`
	Calendar   calendarCommand   `cmd:""`
	Copies     copiesCommand     `cmd:""`
	Algorithm  algorithmCommand  `cmd:""`
	Dataset    datasetCommand    `cmd:""`
	Annotation annotationCommand `cmd:""`
	Review     reviewCommand     `cmd:""`
	Service    serviceCommand    `cmd:""`
	Card       cardCommand       `cmd:""`
	Listing    listingCommand    `cmd:""`
	Order      orderCommand      `cmd:""`
	Probe      probeCommand      `cmd:""`
	Refutation refutationCommand `cmd:""`
	Recall     recallCommand     `cmd:""`
	Admission  admissionCommand  `cmd:""`
	Intake     intakeCommand     `cmd:""`
	Inspect    inspectCommand    `cmd:""`
	Webhook    webhookCommand    `cmd:""`
	Gateway    gatewayCommand    `cmd:""`
	Export     exportCommand     `cmd:""`
	Job        jobCommand        `cmd:""`
	Keys       keysCommand       `cmd:""`
	Backup     backupCommand     `cmd:""`
	Restore    restoreCommand    `cmd:""`
	Doctor     doctorCommand     `cmd:""`
	Help       helpCommand       `cmd:""`
	Version    versionCommand    `cmd:""`
}

// session is one run of the program: what commands are given.
type session struct {
	World
	ctx    context.Context // ends when the person interrupts
	say    *locale.Printer
	json   bool
	config app.Config
	parse  func(args []string) int // runs the program again, for help
	exit   int
}

// Main runs the program and returns its exit code. Cancelling the context ends long work; what was finished stays.
func Main(ctx context.Context, args []string, w World) int {
	config := app.FromEnvironment(w.Getenv)
	say, err := locale.For(language(args, config, w.Getenv))
	if err != nil {
		fmt.Fprintln(w.Stderr, err)
		return exitError
	}
	s := &session{World: w, ctx: ctx, say: say, config: config}
	s.parse = func(args []string) int { return s.run(args) }
	return s.run(args)
}

func (s *session) run(args []string) int {
	var cmds commands
	helped := false
	parser, err := kong.New(&cmds,
		kong.Name("colophon"),
		kong.Help(s.printHelp),
		kong.Writers(s.Stdout, s.Stderr),
		kong.Exit(func(int) { helped = true }),
		kong.Bind(s),
	)
	if err != nil {
		fmt.Fprintln(s.Stderr, err)
		return exitError
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	ctx, err := parser.Parse(flagsFirst(parser.Model.Node, args))
	if helped {
		return exitDone
	}
	if err != nil {
		return s.usage(err)
	}
	s.json = cmds.JSON
	if cmds.Lang != "" {
		if _, ok := locale.Parse(cmds.Lang); !ok {
			return s.usage(&colophon.Error{Kind: colophon.Invalid, Code: codeLanguage, Args: colophon.Args{"value": cmds.Lang}})
		}
	}
	if err := ctx.Run(); err != nil {
		return s.usage(err)
	}
	return s.exit
}

// language finds the language before the arguments are parsed, because the parser's own messages need it.
func language(args []string, config app.Config, getenv func(string) string) locale.Language {
	names := []string{config.Language, getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG")}
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			names = append([]string{v}, names...)
		} else if a == "--lang" && i+1 < len(args) {
			names = append([]string{args[i+1]}, names...)
		}
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		lang, _ := locale.Parse(name)
		return lang
	}
	return locale.English
}

// Codes of usage errors.
const (
	codeLanguage    colophon.Code = "usage-language" // arg "value"
	codeNoProducer  colophon.Code = "usage-no-producer"
	codeOneID       colophon.Code = "usage-one-id"
	codeOutOrIn     colophon.Code = "usage-out-or-in-place"
	codeNeedState   colophon.Code = "usage-label-value" // arg "value"
	codeNeedPlat    colophon.Code = "usage-propagate-id"
	codeNotPlat     colophon.Code = "usage-not-with-propagator" // arg "flag"
	codeSourceType  colophon.Code = "usage-source-type"         // arg "value"
	codeUsageValue  colophon.Code = "usage-flag-value"          // arg "flag"
	codeUsageWhich  colophon.Code = "usage-command"             // arg "what"
	codeUnknown     colophon.Code = "usage-unknown-producer"    // arg "value"
	codeUsageOther  colophon.Code = "usage-other"               // arg "text"
	codeUsageFlag   colophon.Code = "usage-unknown-flag"        // arg "flag"
	codeUsageNeeds  colophon.Code = "usage-missing"             // arg "what"
	codeUsageExtra  colophon.Code = "usage-unexpected"          // arg "what"
	codeKeyUnusable colophon.Code = "key-unusable"              // arg "file"; the cause says why
)

// usage prints a usage error with a hint and returns the exit code. Errors of a command that are not the person's
// mistake are printed as they are.
func (s *session) usage(err error) int {
	err = translateParse(err)
	if s.json {
		s.printJSON(map[string]any{"error": s.errorJSON(err)})
	} else {
		fmt.Fprintln(s.Stderr, "colophon: "+s.say.Error(err))
	}
	var e *colophon.Error
	if errors.As(err, &e) && e.Kind == colophon.Internal {
		return exitError
	}
	if !s.json {
		fmt.Fprintln(s.Stderr, s.say.Say("usage-hint"))
	}
	return exitUsage
}

// complain prints an error about a file, and names the file where the sentence doesn't.
func (s *session) complain(file string, err error) {
	text := s.say.Error(err)
	var e *colophon.Error
	if !errors.As(err, &e) || e.Args["file"] == "" {
		text = locale.Visible(file) + ": " + text
	}
	fmt.Fprintln(s.Stderr, text)
}

// translateParse gives the parser's errors a code, so that they can be said in the reader's language.
func translateParse(err error) error {
	var e *colophon.Error
	if errors.As(err, &e) {
		return err
	}
	text := err.Error()
	invalid := func(code colophon.Code, name, value string) error {
		return &colophon.Error{Kind: colophon.Invalid, Code: code, Args: colophon.Args{name: value}, Err: err}
	}
	if flag, ok := strings.CutPrefix(text, "unknown flag "); ok {
		return invalid(codeUsageFlag, "flag", flag)
	}
	if what, ok := strings.CutPrefix(text, "unexpected argument "); ok {
		return invalid(codeUsageExtra, "what", what)
	}
	if what, ok := strings.CutPrefix(text, "expected one of "); ok {
		return invalid(codeUsageWhich, "what", strings.ReplaceAll(what, `"`, ""))
	}
	if what, ok := strings.CutPrefix(text, "expected "); ok {
		return invalid(codeUsageNeeds, "what", strings.Trim(what, `"`))
	}
	if what, ok := strings.CutPrefix(text, "missing flags: "); ok {
		return invalid(codeUsageNeeds, "what", what)
	}
	if flag, rest, ok := strings.Cut(text, " must be one of "); ok {
		choices, value, _ := strings.Cut(rest, " but got ")
		choices = strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(choices, `"",`), `"`, ""), ",", ", ")
		return &colophon.Error{Kind: colophon.Invalid, Code: codeChoice, Args: colophon.Args{"flag": flag, "choices": choices, "value": strings.Trim(value, `"`)}, Err: err}
	}
	if flag, _, ok := strings.Cut(text, ": "); ok && strings.HasPrefix(flag, "-") {
		return invalid(codeUsageValue, "flag", flag)
	}
	return invalid(codeUsageOther, "text", text)
}

func (s *session) printJSON(v any) {
	enc := json.NewEncoder(s.Stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		fmt.Fprintln(s.Stderr, "colophon: "+s.say.Say("io-failed", "file", "stdout"))
		s.exit = exitError
	}
}
