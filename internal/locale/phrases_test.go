package locale_test

import (
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/locale"
)

// TestPhrasesAreSaidInChinese: words that arrive as an argument are translated with the sentence around them. What a file
// or a person wrote is not, and neither is the argument itself.
func TestPhrasesAreSaidInChinese(t *testing.T) {
	t.Parallel()
	zh, err := locale.For(locale.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	en, err := locale.For(locale.English)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		code     colophon.Code
		args     colophon.Args
		zh, en   string
		why      string
		original string
	}{
		{
			"media-malformed", colophon.Args{"what": "SVG document", "offset": "5", "rule": "element g is not closed"},
			"SVG 文档（偏移 5）格式有误：元素 g 未结束", "SVG document at byte 5 is malformed: element g is not closed", "a gap", "element g is not closed",
		},
		{
			"media-malformed", colophon.Args{"what": "SVG document", "offset": "5", "rule": "element \x1b{what} is not closed"},
			`SVG 文档（偏移 5）格式有误：元素 \x1b{what} 未结束`, `SVG document at byte 5 is malformed: element \x1b{what} is not closed`, "hostile names", "element \x1b{what} is not closed",
		},
		{
			"structure-damaged", colophon.Args{"what": "tEXt chunk", "rule": "checksum of the chunk"},
			"tEXt 块已损坏：块的校验不符", "tEXt chunk is damaged: checksum of the chunk", "no space between Chinese words", "checksum of the chunk",
		},
		{
			"structure-damaged", colophon.Args{"what": "moov", "rule": "something new"},
			"moov 已损坏：something new", "moov is damaged: something new", "what has no Chinese stays", "something new",
		},
		{
			"usage-unexpected", colophon.Args{"what": "label", "rule": ""},
			"多余的参数 label", "unexpected argument label", "what was typed stays", "",
		},
	} {
		if got := zh.Code(c.code, c.args); got != c.zh {
			t.Errorf("%s: %q, want %q", c.why, got, c.zh)
		}
		if got := en.Code(c.code, c.args); got != c.en {
			t.Errorf("%s: %q, want %q", c.why, got, c.en)
		}
		if c.args["rule"] != c.original {
			t.Errorf("%s: the argument became %q", c.why, c.args["rule"])
		}
	}
}

func TestPhrase(t *testing.T) {
	t.Parallel()
	zh, err := locale.For(locale.Chinese)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ arg, value, said, key string }{
		{"rule", "end tag b matches no start tag", "结束标签 b 没有对应的开始标签", "end tag {} matches no start tag"},
		{"rule", "element  is not closed", "元素  未结束", "element {} is not closed"},
		{"rule", "element is not closed", "element is not closed", ""},
		{"what", "chunk of metadata", "元数据块", "chunk of metadata"},
		{"what", "chunk ABCD", "块 ABCD", "chunk {}"},
		{"what", "IHDR chunk", "IHDR 块", "{} chunk"},
		{"file", "IHDR chunk", "IHDR chunk", ""},
	} {
		if said, key := zh.Phrase(c.arg, c.value); said != c.said || key != c.key {
			t.Errorf("%s %q: %q by %q", c.arg, c.value, said, key)
		}
	}
}
