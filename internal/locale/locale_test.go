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

func TestVisible(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"photo 题跋.png": "photo 题跋.png",
		"a\nb\tc":      `a\nb\tc`,
		"\x1b[31mred":  `\x1b[31mred`,
		"x\u202egnp":   `x\u202egnp`,
		"\xc4\xe3.txt": `\xc4\xe3.txt`,
		`back\slash`:   `back\slash`,
		"say \"x\"\n":  `say "x"\n`,
	} {
		if got := locale.Visible(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
	say, err := locale.For(locale.English)
	if err != nil {
		t.Fatal(err)
	}
	if got := say.Say("file-missing", "file", "a\x1b[2Jb"); got != `a\x1b[2Jb does not exist` {
		t.Errorf("%q", got)
	}
}

// TestErrorTellsItsCause: a sentence with a place for the cause has the cause's sentence there.
func TestErrorTellsItsCause(t *testing.T) {
	t.Parallel()
	for lang, want := range map[locale.Language]string{
		locale.English: "k.pem: no usable key: no key in PEM form", locale.Chinese: "k.pem：没有可用的密钥：没有 PEM 格式的密钥",
	} {
		say, err := locale.For(lang)
		if err != nil {
			t.Fatal(err)
		}
		cause := &colophon.Error{Kind: colophon.Invalid, Code: "key-none"}
		if got := say.Error(&colophon.Error{Kind: colophon.Invalid, Code: "key-unusable", Args: colophon.Args{"file": "k.pem"}, Err: cause}); got != want {
			t.Errorf("%q", got)
		}
	}
}

// TestWordsOfAFamily: what stands for a state or a level in an argument is said, one by one where there are several.
func TestWordsOfAFamily(t *testing.T) {
	t.Parallel()
	zh, err := locale.For(locale.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code colophon.Code
		args colophon.Args
		want string
	}{
		{"admission-consent-unavailable", colophon.Args{"state": "withdrawn"}, "被使用人脸或人声的人员不予同意，该同意的状态为已撤回"},
		{"admission-agreement-owed", colophon.Args{"kinds": "management-rules, label-methods"}, "尚有规则或协议未接受：管理规则、标识方法"},
		{"admission-function-not-live", colophon.Args{"state": "\x1bnew"}, `该功能未上线，当前状态为 \x1bnew`},
	} {
		if got := zh.Code(c.code, c.args); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
