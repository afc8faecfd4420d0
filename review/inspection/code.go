package inspection

import "github.com/colophon-project/colophon"

// Codes of errors.
const (
	CodeReport  colophon.Code = "inspection-report"  // it is no report of an inspection
	CodeList    colophon.Code = "inspection-list"    // args "line", "field": a line of a list is out of form
	CodeInvalid colophon.Code = "inspection-invalid" // arg "field"
	CodeMissing colophon.Code = "inspection-missing" // there is no such inspection
	CodeOpen    colophon.Code = "inspection-open"    // it has not ended, so there is no report yet
	CodeNothing colophon.Code = "inspection-nothing" // there is nothing to look at
)

// Codes of what was found in a file.
const (
	SawNotice       colophon.Code = "inspection-notice"         // args "words", "place"
	SawNoNotice     colophon.Code = "inspection-notice-unseen"  // no notice that this program can read; one of others may be there
	SawNoWords      colophon.Code = "inspection-notice-none"    // the whole text has no such words
	SawWords        colophon.Code = "inspection-notice-maybe"   // arg "text": words like those of a notice, which may be part of the text
	NoticeUnread    colophon.Code = "inspection-notice-unread"  // nobody could look
	NotGenerated    colophon.Code = "inspection-unmarked"       // no mark, and nobody said that it was generated
	WordsGood       colophon.Code = "inspection-words"          // arg "words"
	WordsLack       colophon.Code = "inspection-words-lack"     // arg "words": an element is missing
	PlaceGood       colophon.Code = "inspection-place"          // arg "place"
	SizeGood        colophon.Code = "inspection-size"           // arg "percent"
	SizeSmall       colophon.Code = "inspection-size-small"     // arg "percent"
	DurationGood    colophon.Code = "inspection-duration"       // it stands from the first frame to the end of the second second
	ContrastGood    colophon.Code = "inspection-contrast"       // arg "contrast"
	ContrastFaint   colophon.Code = "inspection-contrast-faint" // arg "contrast"
	Unmeasured      colophon.Code = "inspection-unmeasured"     // no notice was found that could be measured
	LabelThere      colophon.Code = "inspection-label"          // args "place", "number"
	LabelNone       colophon.Code = "inspection-label-none"     // the whole file was read and has no label
	LabelNoPlace    colophon.Code = "inspection-label-no-place" // arg "format": it has no metadata
	LabelUnread     colophon.Code = "inspection-label-unread"   // the file could not be read to its end
	LabelOne        colophon.Code = "inspection-label-one"
	ElementsGood    colophon.Code = "inspection-elements"
	ElementsLack    colophon.Code = "inspection-elements-lack" // arg "field"
	FormatGood      colophon.Code = "inspection-format"
	CodeGood        colophon.Code = "inspection-provider"         // arg "field"
	CodeName        colophon.Code = "inspection-provider-name"    // arg "field": a name stands there and no code, which is allowed
	PlaceStandard   colophon.Code = "inspection-position"         // arg "place"
	PlaceOther      colophon.Code = "inspection-position-other"   // arg "place": not one of the format's places
	SealFits        colophon.Code = "inspection-seal"             // arg "field"
	SealUntold      colophon.Code = "inspection-seal-untold"      // arg "field"
	PropagatorThere colophon.Code = "inspection-propagator"       // args "propagator", "number"
	PropagatorNone  colophon.Code = "inspection-propagator-none"  // fields 5 and 6 are empty
	PropagatorOther colophon.Code = "inspection-propagator-other" // args "propagator", "platform"
)

// Codes of what was found on a page.
const (
	PageUnread     colophon.Code = "inspection-page-unread"      // it could not be opened; the error stands beside it
	PageStatus     colophon.Code = "inspection-page-status"      // arg "status": it answers with an error
	PageNotice     colophon.Code = "inspection-page-notice"      // arg "text"
	PageNoticeGone colophon.Code = "inspection-page-notice-gone" // arg "text": it is in the page and does not show
	PageNoticeNone colophon.Code = "inspection-page-notice-none" // no text of the page is a notice
	NumberRight    colophon.Code = "inspection-number"           // arg "number"
	NumberNone     colophon.Code = "inspection-number-none"      // no text of the page is a filing number
	NumberPicture  colophon.Code = "inspection-number-picture"   // no text is; a picture that leads to the public information may be
	NumberBlind    colophon.Code = "inspection-number-blind"     // no text is; the page has frames or drawings that were not read
	NumberOther    colophon.Code = "inspection-number-other"     // args "number", "expected"
	NumberCheck    colophon.Code = "inspection-number-check"     // arg "number": it does not pass the check
	NumberUnknown  colophon.Code = "inspection-number-unknown"   // arg "number": it passes the check, and nobody said which is right
	ShownWell      colophon.Code = "inspection-shown"            // args "ink", "contrast", "where"
	ShownNot       colophon.Code = "inspection-shown-not"        // arg "why"
	ShownSmall     colophon.Code = "inspection-shown-small"      // args "ink", "least"
	ShownFaint     colophon.Code = "inspection-shown-faint"      // args "contrast", "least"
	ShownDeep      colophon.Code = "inspection-shown-deep"       // neither in the first screen nor at the foot
	ShownUntold    colophon.Code = "inspection-shown-untold"     // it could not be measured
	LinkWorks      colophon.Code = "inspection-link"             // arg "address"
	LinkNone       colophon.Code = "inspection-link-none"
	LinkOther      colophon.Code = "inspection-link-other"     // arg "address": it leads elsewhere
	LinkDead       colophon.Code = "inspection-link-dead"      // args "address", "status"
	LinkUntold     colophon.Code = "inspection-link-untold"    // arg "address": it could not be opened from here
	DeclareThere   colophon.Code = "inspection-declare"        // arg "text"
	DeclareNone    colophon.Code = "inspection-declare-none"   // nothing on the page says so; it may need somebody to sign in
	DeclareAPI     colophon.Code = "inspection-declare-api"    // arg "operation": the service's own description has it
	ServiceUnread  colophon.Code = "inspection-service-unread" // it could not be asked
	FetchFailed    colophon.Code = "inspection-fetch"          // a file of the page could not be fetched
)

// Codes of what a person should look at.
const (
	LookPicture colophon.Code = "inspection-look-picture" // the edges and corners of the picture
	LookVideo   colophon.Code = "inspection-look-video"   // the first two seconds, and what the player shows around
	LookSound   colophon.Code = "inspection-look-sound"   // the first and the last seconds
	LookText    colophon.Code = "inspection-look-text"    // whether the words are a notice of their own
	LookPage    colophon.Code = "inspection-look-page"    // the photograph of the page
	LookSignIn  colophon.Code = "inspection-look-sign-in" // the page where users publish, signed in
	LookSource  colophon.Code = "inspection-look-source"  // whether the content was generated
	LookAround  colophon.Code = "inspection-look-around"  // what stands around the content where it is shown
)

// found begins a check with its code and arguments.
func found(code colophon.Code, args ...string) Check {
	c := Check{Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if c.Args == nil {
			c.Args = colophon.Args{}
		}
		c.Args[args[i]] = args[i+1]
	}
	return c
}
