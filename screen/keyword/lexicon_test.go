package keyword_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/screen/keyword"
)

func TestCSV(t *testing.T) {
	t.Parallel()
	text := "\ufeffKeyword,category,level,id,from,until,anywhere\n赌博,gambling,block,k1,2026-01-01,2026-12-31,\n旧词,gambling,block,k2,,2026-10-31,\n\"a,b\",x,review,,,,yes\n"
	m, err := keyword.CompileCSV(strings.NewReader(text), keyword.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hits := m.NewScanner(day).Scan(nil, "赌博旧词xabx", day)
	if len(hits) != 2 || m.Entry(hits[0].Entry).ID != "k1" || m.Entry(hits[0].Entry).Category != "gambling" || m.Entry(hits[1].Entry).Keyword != "a,b" {
		t.Errorf("%+v", hits)
	}
	if e := m.Entry(0); e.From.Format("2006-01-02") != "2026-01-01" || e.Until.Format("2006-01-02") != "2026-12-31" {
		t.Errorf("%+v", e)
	}
}

func TestHostileCSV(t *testing.T) {
	t.Parallel()
	head := "keyword,category,level\n好词语,a,block\n"
	for text, want := range map[string]string{
		"":                                             "lexicon-header 1",
		"keyword,level\n":                              "lexicon-header 1",
		"keyword,category,level,colour\n":              "lexicon-header 1",
		"keyword,category,level,level\n":               "lexicon-header 1",
		head + "词语,a,kill\n":                           "lexicon-level 3",
		head + "词语,a\n":                                "lexicon-line 3",
		head + "\"词语,a,block\n":                        "lexicon-line 3",
		head + "\n\n，。,a,block\n":                      "keyword-empty 5",
		head + "a,a,block\n":                           "keyword-empty 3",
		head + "\u200b,a,block\n":                      "keyword-empty 3",
		head + "词\x00语,a,block\n":                      "keyword-long 3",
		head + "\xff\xfe,a,block\n":                    "keyword-long 3",
		head + strings.Repeat("词语", 40) + ",a,block\n": "keyword-long 3",
		"keyword,category,level,from,until\n词语,a,block,2026-02-30,\n":           "lexicon-date 2",
		"keyword,category,level,from,until\n词语,a,block,2026-03-01,2026-02-01\n": "lexicon-date 2",
	} {
		_, err := keyword.CompileCSV(strings.NewReader(text), keyword.Options{})
		var e *colophon.Error
		if !errors.As(err, &e) || string(e.Code)+" "+e.Args["line"] != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func FuzzCSV(f *testing.F) {
	f.Add("keyword,category,level\n赌博,a,block\n", "赌 博")
	f.Add("keyword,category,level\nab,a,allow\nb,\"\n\",note\n强奸犯,a,block\n", "弓虽奸犯")
	f.Fuzz(func(t *testing.T, lexicon, text string) {
		m, err := keyword.CompileCSV(strings.NewReader(lexicon), keyword.Options{})
		if err != nil {
			return
		}
		for _, h := range m.NewScanner(day).Scan(nil, text, day) {
			if h.Start >= h.End || h.End > int64(len(text)) || m.Entry(h.Entry).Level == keyword.Allow {
				t.Errorf("%+v", h)
			}
		}
	})
}

func TestRules(t *testing.T) {
	t.Parallel()
	for rule, texts := range map[string]map[string]string{
		"代开 & 发票 ! 税务局": {"代开各种发票": "代开各种发票", "发票，代开": "发票，代开", "代开": "", "税务局代开发票": ""},
		"出售~6枪支":        {"出售各种枪支": "出售各种枪支", "出售，我说的是各种枪支": "", "出售过，后来又出售枪支": "出售枪支"},
	} {
		r, err := keyword.ParseRule(rule)
		if err != nil {
			t.Fatal(err)
		}
		m := compile(t, entries(keyword.Note, append(r.Words, r.Not...)...), keyword.Options{})
		for text, want := range texts {
			got := ""
			if h, ok := r.Match(m, m.NewScanner(day).Scan(nil, text, day)); ok {
				got = text[h.Start:h.End]
			}
			if got != want {
				t.Errorf("%s over %q: got %q, want %q", rule, text, got, want)
			}
		}
	}
	for _, rule := range []string{"", "a", "a&", "&a", "a~b", "a~0b", "a~2b~3c", "a!b&c", "a!"} {
		if r, err := keyword.ParseRule(rule); err == nil {
			t.Errorf("%q is read as %+v", rule, r)
		}
	}
}
