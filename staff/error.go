package staff

import (
	"errors"
	"fmt"

	"github.com/colophon-project/colophon"
)

// Codes of errors. None of them, and none of their arguments, tells who is meant.
const (
	CodeSettingInvalid colophon.Code = "staff-setting-invalid" // arg "setting"
	CodeIDInvalid      colophon.Code = "staff-id-invalid"
	CodeForbidden      colophon.Code = "staff-forbidden" // arg "action"
	CodeAccountUnknown colophon.Code = "staff-account-unknown"
	CodeChanged        colophon.Code = "staff-changed" // somebody else changed it at the same time
	CodeBusy           colophon.Code = "staff-busy"

	CodeSignInRefused colophon.Code = "sign-in-refused"    // whatever the reason
	CodeThrottled     colophon.Code = "sign-in-throttled"  // arg "seconds"
	CodeSessionEnded  colophon.Code = "session-ended"      // also a session that never was
	CodeProveAgain    colophon.Code = "session-not-fresh"  // sign in again before this
	CodeForgedRequest colophon.Code = "csrf-token-refused" // the form was not ours, or is of another session

	CodeLoginInvalid   colophon.Code = "login-invalid"
	CodeTaken          colophon.Code = "staff-taken"  // the login name, passkey or identity belongs to an account already
	CodeRoleInvalid    colophon.Code = "role-invalid" // none, twice, or unknown
	CodeLastOfficer    colophon.Code = "last-officer"
	CodeSelf           colophon.Code = "staff-not-self" // nobody does this to their own account
	CodeTicketRefused  colophon.Code = "ticket-refused" // used, ended, or never made
	CodeSetUpDone      colophon.Code = "set-up-done"
	CodePasskeyRefused colophon.Code = "passkey-refused"
	CodePasskeysOff    colophon.Code = "passkeys-off"
	CodePasskeyMany    colophon.Code = "passkeys-too-many" // arg "most"
	CodePasskeyUnknown colophon.Code = "passkey-unknown"
	CodeLastMeans      colophon.Code = "last-means-of-sign-in"

	CodePasswordShort      colophon.Code = "password-too-short" // arg "least"
	CodePasswordLong       colophon.Code = "password-too-long"  // arg "most"
	CodePasswordCharacters colophon.Code = "password-characters"
	CodePasswordCommon     colophon.Code = "password-too-common"
	CodePasswordWrong      colophon.Code = "password-wrong" // told only to somebody who has signed in

	CodeKeyMalformed colophon.Code = "api-key-malformed"
	CodeKeyUnknown   colophon.Code = "api-key-unknown"
	CodeKeyRevoked   colophon.Code = "api-key-revoked"
	CodeKeyEnded     colophon.Code = "api-key-ended"
	CodeKeyScope     colophon.Code = "api-key-scope"         // the key does not reach this
	CodeKeyInvalid   colophon.Code = "api-key-invalid"       // arg "field"; what was asked for can't be a key
	CodeKeyReplaced  colophon.Code = "api-key-replaced"      // it has a successor already
	CodeKeyOverlap   colophon.Code = "api-key-still-rotated" // its predecessor is still good
)

// Errors of a Store that this package acts on.
var (
	// ErrMissing says that what was asked for is not there.
	ErrMissing = errors.New("staff: missing")
	// ErrConflict says that a version differs, or that a session to end or a ticket to spend is not there.
	ErrConflict = errors.New("staff: changed at the same time")
	// ErrTaken says that a login name, a passkey or an identity belongs to another account, or that there is an account
	// already where the first was to be made.
	ErrTaken = errors.New("staff: taken")
	// ErrLastOfficer says that no enabled officer would remain.
	ErrLastOfficer = errors.New("staff: no officer would remain")
	// ErrUnproven says that a change came without the proof it needs.
	ErrUnproven = errors.New("staff: change without proof")
)

func refuse(kind colophon.Kind, code colophon.Code, args colophon.Args) error {
	return &colophon.Error{Kind: kind, Code: code, Args: args}
}

func invalidSetting(name string) error {
	return refuse(colophon.Invalid, CodeSettingInvalid, colophon.Args{"setting": name})
}

// storeError says what a store's refusal means to a person; everything else stays a fault of ours.
func storeError(doing string, err error) error {
	switch {
	case errors.Is(err, ErrConflict):
		return refuse(colophon.Conflict, CodeChanged, nil)
	case errors.Is(err, ErrTaken):
		return refuse(colophon.Conflict, CodeTaken, nil)
	case errors.Is(err, ErrLastOfficer):
		return refuse(colophon.Refused, CodeLastOfficer, nil)
	case errors.Is(err, ErrMissing):
		return refuse(colophon.Missing, CodeAccountUnknown, nil)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// hasCode reports whether an error has a code.
func hasCode(err error, code colophon.Code) bool {
	var e *colophon.Error
	return errors.As(err, &e) && e.Code == code
}
