package screen

import (
	"cmp"
	"context"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/evidence"
	"github.com/colophon-project/colophon/screen/library"
	"github.com/colophon-project/colophon/screen/policy"
)

// Names of the checks of this package. A classifier's is classifier:NAME.
const (
	CheckText    = "keyword"      // text against the keywords, rules, patterns and persons of the library
	CheckDigest  = "digest"       // a file against the digests of the library
	CheckPicture = "picture"      // pictures against those of the library
	CheckLook    = "look"         // whether a file could be looked into, all of it
	CheckRead    = "picture-text" // the text in pictures
	CheckHear    = "speech"       // what is said
	CheckAny     = "any"          // stands for all checks where none looked at a part
)

// Codes of errors.
const (
	CodeItem     colophon.Code = "screen-item"      // arg "field": the item is out of form
	CodeNoPolicy colophon.Code = "screen-no-policy" // there is none in force
	CodeJournal  colophon.Code = "screen-journal"   // the judgement could not be kept, so there is none
)

// Codes of why a check did not run.
const (
	CodeNoFeatures    colophon.Code = "screen-no-features"    // the library has none
	CodeNotConfigured colophon.Code = "screen-not-configured" // nobody set up what the check needs
	CodeNothing       colophon.Code = "screen-nothing-to-read"
	CodeTooLarge      colophon.Code = "screen-too-large"
	CodeUnseen        colophon.Code = "screen-unseen"        // no check looked at the part
	CodeSurface       colophon.Code = "screen-other-surface" // the classifier is not for the surface
	CodeCut           colophon.Code = "screen-cut"           // the stream was cut before
	CodeDeadline      colophon.Code = "screen-deadline"
	CodeCancelled     colophon.Code = "screen-cancelled"
	CodeFailed        colophon.Code = "screen-check-failed"
	CodeAnswer        colophon.Code = "screen-answer" // the answer of a classifier is out of form
)

// Limits of an item.
const (
	// MaxParts is how many parts it may have.
	MaxParts = 1024
	// MaxFiles is how many of them may be files.
	MaxFiles = 64
	// MaxName is the longest name of a part, a conversation, or what the item is about, in bytes.
	MaxName = 256
)

// Config says what an engine works with. Library, Policy, Journal, Recorder, Now and Rand must be given.
type Config struct {
	Library  func() *library.Set   // in force, asked at each judgement; nil for none
	Policy   func() *policy.Policy // in force, asked at each judgement
	Journal  Journal
	Recorder *evidence.Recorder
	Now      func() time.Time
	Rand     io.Reader // cryptographic, for salts; safe for concurrent use

	Eye         Eye         // nil: no file can be looked into
	Reader      TextReader  // nil for none
	Transcriber Transcriber // nil for none
	Classifiers []Classifier
	// PictureText and Speech are the categories for which text in pictures must have been read, and what is said written
	// down. Where that was not done they are unknown.
	PictureText []library.Category
	Speech      []library.Category

	Deadline time.Duration // of a classifier for one question; 10 s
	Reading  time.Duration // of reading, or writing down, all that is in one file; 2 min
	MaxFile  int64         // the largest file that is read for its digest, in bytes; 4 GiB
	Excerpt  int           // runes of text around a finding in the sealed payload, at most MaxExcerpt; 0 for none

	Conversations int           // how many of them are kept in memory; 10,000
	Remember      time.Duration // for how long; an hour
	Stream        StreamLimits
}

// Engine judges. It is safe for use by many goroutines.
type Engine struct {
	config        Config
	conversations *conversations
	warm          atomic.Pointer[words]
}

// New makes an engine.
func New(c Config) *Engine {
	c.Deadline = cmp.Or(c.Deadline, 10*time.Second)
	c.Reading = cmp.Or(c.Reading, 2*time.Minute)
	c.MaxFile = cmp.Or(c.MaxFile, 4<<30)
	c.Stream = c.Stream.filled()
	return &Engine{config: c, conversations: newConversations(cmp.Or(c.Conversations, 10_000), cmp.Or(c.Remember, time.Hour))}
}

// Judge judges an item as a whole: it collects what all checks find, decides once, and returns when the journal has the
// judgement. Where there is an error nothing may pass.
//
// A check that fails is no error: the judgement tells it, and what the policy says about the unknown.
func (e *Engine) Judge(ctx context.Context, item Item) (Judgement, error) {
	j, err := e.begin(item)
	if err != nil {
		return Judgement{}, err
	}
	j.look(ctx)
	answers := j.askAll(ctx)
	j.read()
	answers()
	out := j.decide()
	err = j.commit(ctx, &out)
	return out, err
}

// Forget drops what is kept in memory of the conversations of an account.
func (e *Engine) Forget(subject evidence.Subject) { e.conversations.forget(subject) }

func (e *Engine) begin(item Item) (*judging, error) {
	if field := item.wrong(); field != "" {
		return nil, &colophon.Error{Kind: colophon.Invalid, Code: CodeItem, Args: colophon.Args{"field": field}}
	}
	pol := e.config.Policy()
	if pol == nil {
		return nil, &colophon.Error{Kind: colophon.Internal, Code: CodeNoPolicy, Clauses: []colophon.Clause{colophon.ClauseDS10}}
	}
	return &judging{
		e: e, item: item, at: e.config.Now(), words: e.words(), pol: pol, parts: slices.Clone(item.Parts),
	}, nil
}

// wrong names what of an item is out of form.
func (i *Item) wrong() string {
	switch {
	case i.Subject == "":
		return "subject"
	case i.Surface != Input && i.Surface != Output && i.Surface != Upload:
		return "surface"
	case len(i.Parts) == 0 || len(i.Parts) > MaxParts:
		return "parts"
	}
	for field, name := range map[string]string{"service": i.Service, "conversation": i.Conversation, "about": i.About} {
		if len(name) > MaxName {
			return field
		}
	}
	names, files := make(map[string]bool, len(i.Parts)), 0
	for _, p := range i.Parts {
		if p.Name == "" || len(p.Name) > MaxName || len(p.By) > MaxName || names[p.Name] {
			return "parts.name"
		}
		names[p.Name] = true
		if p.Media == nil {
			continue
		}
		if files++; p.Media.Source == nil || p.Text != "" || files > MaxFiles {
			return "parts.media"
		}
	}
	return ""
}
