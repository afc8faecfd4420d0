// Package shape reads the bodies of the model interfaces that services speak: which strings in a request or an answer are
// texts that somebody wrote or a model made, which are media, and which are neither. Whatever is a string is a text unless
// the table of its endpoint says what else it is. So every choice, reasoning text, argument of a tool, item and block is
// covered, and so is a field that nobody knows yet.
//
// A body is read once, by offsets, and never written anew: what is changed is spliced in, and everything else stays as it
// is, byte for byte. What two parsers may read in two ways is refused: a member that stands twice, invalid UTF-8, half of a
// surrogate pair, nesting deeper than [MaxDepth], a known member in another case. So is what can't be read here, such as
// the number of a file that lies with the model, or a list of tokens.
//
// What says a text again is treated as that text: events of /responses that repeat one are set to what was released of it.
// Probabilities of tokens, and numbers of bytes and tokens, are taken out where they could tell of a text that is held
// back: in streams all of them, in answers in one piece the numbers alone, for the tokens are texts there. Media in the
// middle of a text of an answer, and sound in pieces, are refused: nobody could mark them. Arguments are JSON inside JSON;
// their escapes of characters are read, and in streams written as the characters that they stand for.
//
// What not to do here: do not judge a text, fetch a medium or talk to anybody. This package has no state but that of the
// one body or stream it reads. Do not cut a text that is too long. Do not name a member that a caller or a model chose in
// a path: paths stand in records.
package shape

import "github.com/colophon-project/colophon"

// Codes of errors.
const (
	CodeJSON      colophon.Code = "gateway-shape-json"      // arg "offset": no JSON object in UTF-8 that all parsers read alike
	CodeDepth     colophon.Code = "gateway-shape-depth"     // arg "limit"
	CodeTwice     colophon.Code = "gateway-shape-twice"     // arg "path" of the object: a member stands twice, or a known one in another case
	CodeField     colophon.Code = "gateway-shape-field"     // arg "path": not what the interface asks for there
	CodeReference colophon.Code = "gateway-shape-reference" // arg "path": it names content that lies elsewhere and can't be read here
	CodeTokens    colophon.Code = "gateway-shape-tokens"    // arg "path": tokens in place of text
	CodeMedia     colophon.Code = "gateway-shape-media"     // arg "path": no base64, no data URI and no http address
	CodePieces    colophon.Code = "gateway-shape-pieces"    // arg "path": content that comes in pieces and can be judged only when it is whole
	CodeLong      colophon.Code = "gateway-shape-long"      // arg "limit": an event of a stream is too long
	CodeMany      colophon.Code = "gateway-shape-many"      // arg "limit": so many texts and names has no honest body
	CodeEndpoint  colophon.Code = "gateway-shape-endpoint"  // arg "endpoint": it has no body of this kind
)

// MaxDepth is how many levels of objects and arrays a body may have.
const MaxDepth = 64

// Endpoint names an interface; both dialects have their own names for the same thing.
type Endpoint string

// Endpoints.
const (
	Chat              Endpoint = "chat"
	Completions       Endpoint = "completions"
	Responses         Endpoint = "responses"
	Messages          Endpoint = "messages" // of Anthropic's dialect; all others are OpenAI's
	Embeddings        Endpoint = "embeddings"
	ImagesGenerations Endpoint = "images-generations"
	ImagesEdits       Endpoint = "images-edits"
	ImagesVariations  Endpoint = "images-variations"
	Speech            Endpoint = "speech"
	Transcriptions    Endpoint = "transcriptions"
	Translations      Endpoint = "translations"
	Videos            Endpoint = "videos"
)

// Kind says what a text is for.
type Kind uint8

// Kinds of texts.
const (
	// Content is what one says to the other.
	Content Kind = iota
	// Reasoning is what a model thinks before it answers.
	Reasoning
	// Arguments are those of calls of tools.
	Arguments
	// Instruction is what the model is told to be.
	Instruction
	// Other is everything else: names, descriptions, fields that are not known.
	Other
)

// Text is a string that somebody wrote or a model made.
type Text struct {
	Path   string // such as messages.3.content.0.text; members that the table does not know are ~0, ~1 …, by their position
	Role   string // who speaks: system, user, assistant, tool; empty where nobody does
	Choice int    // of an answer
	Kind   Kind
	Value  string // decoded; of arguments, the escapes of the JSON in it, too
}

// Media is a picture, a sound, a film or a file.
type Media struct {
	Path, Role string
	Type       string // as the body says; may be empty or wrong
	Data       []byte // inline, decoded
	URL        string // or where it lies: http or https
}

// Event is one of server-sent events.
type Event struct {
	Name string // empty where it has none
	Data []byte // without "data: "; empty for an event without
}

// Lane is one text of an answer that comes in pieces: the content of a choice, its reasoning, the arguments of one call.
type Lane string

// Delta is a piece of a lane's text, or all of it.
type Delta struct {
	Lane   Lane
	Kind   Kind
	Choice int
	Text   string
	// Whole says that the text is complete and that nothing is put before or after it: it is judged as it is, and nothing
	// of it is held back. A lane has one such text; names of functions and fields that are not known are such lanes.
	Whole bool
	// JSON says that the text is a piece of JSON, in which escapes of control characters are left as they are.
	JSON bool
}
