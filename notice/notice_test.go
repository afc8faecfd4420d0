package notice_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/notice"
)

// TestTwoElements: GB 45438-2025 5.1 to 5.4, Labelling Measures Art. 4.
func TestTwoElements(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"人工智能生成": true, "AI生成": true, "本片由AI合成": true, "人工智能生成合成内容": true,
		"AI播客": false, "虚拟主播": false, "生成": false, "人工智能": false, "AI-generated": false, "": false,
	} {
		err := notice.CheckWords(text)
		if (err == nil) != want {
			t.Errorf("CheckWords(%q) = %v", text, err)
		}
		var e *colophon.Error
		if err != nil && (!errors.As(err, &e) || !slices.Contains(e.Clauses, colophon.ClauseGB5) || !slices.Contains(e.Clauses, colophon.ClauseLM4)) {
			t.Errorf("CheckWords(%q): %v cites no clause", text, err)
		}
	}
}

func TestWordsOfEachLanguage(t *testing.T) {
	t.Parallel()
	for _, lang := range []notice.Language{"", notice.Chinese, notice.Both} {
		words, findings, err := notice.Options{Language: lang}.Words()
		if err != nil || len(findings) > 0 || notice.CheckWords(words) != nil {
			t.Errorf("%q: %q %v %v", lang, words, findings, err)
		}
	}
	_, findings, err := notice.Options{Language: notice.English}.Words()
	if err != nil || len(findings) != 1 || findings[0].Code != notice.CodeWordsEnglish {
		t.Errorf("English alone is not reported: %v %v", findings, err)
	}
}
