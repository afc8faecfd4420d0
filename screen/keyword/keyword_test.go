package keyword_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/colophon-project/colophon/screen/keyword"
)

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func entries(level keyword.Level, words ...string) []keyword.Entry {
	var list []keyword.Entry
	for i, w := range words {
		list = append(list, keyword.Entry{ID: fmt.Sprint(i), Keyword: w, Level: level})
	}
	return list
}

func compile(t testing.TB, list []keyword.Entry, o keyword.Options) *keyword.Matcher {
	t.Helper()
	m, err := keyword.Compile(list, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// found scans a text and returns keyword and passage of each hit.
func found(m *keyword.Matcher, text string) []string {
	var list []string
	for _, h := range m.NewScanner(day).Scan(nil, text, day) {
		list = append(list, fmt.Sprintf("%s=%s", m.Entry(h.Entry).Keyword, text[h.Start:h.End]))
	}
	return list
}

func TestPlain(t *testing.T) {
	t.Parallel()
	list := entries(keyword.Block, "赌博网站", "博网", "網站", "sex", "buy drugs", "爸爸", "xxx", "K粉", "89号", "坏", "一夜情", "good")
	list = append(list, entries(keyword.Allow, "公路网站点", "sex education")...)
	list = append(list, keyword.Entry{Keyword: "porn", Level: keyword.Block, Anywhere: true})
	m := compile(t, list, keyword.Options{})
	for text, want := range map[string][]string{
		"去赌博网站看":            {"博网=博网", "赌博网站=赌博网站", "網站=网站"},
		"賭，博。網 站":           {"博网=博。網", "赌博网站=賭，博。網 站", "網站=網 站"},
		"赌\u200b博😀网\u0301站": {"博网=博😀网", "赌博网站=赌\u200b博😀网\u0301站", "網站=网\u0301站"},
		"赌赌博博网网站站":          {"博网=博博网", "赌博网站=赌赌博博网网站", "網站=网网站"},
		"公路网站点":             nil,
		"公路网站":              {"網站=网站"},
		"Sex":               {"sex=Sex"},
		"sussex sexy":       nil,
		"ｓｅｘ":               {"sex=ｓｅｘ"},
		"s.e.x, ok":         {"sex=s.e.x"},
		"s e x":             {"sex=s e x"},
		"se x":              nil,
		"ssseeexxx":         {"sex=ssseeexxx"},
		"ѕех":               {"sex=ѕех"},
		"ⓢⓔⓧ":               {"sex=ⓢⓔⓧ"},
		"sex education":     nil,
		"buydrugs":          {"buy drugs=buydrugs"},
		"爸":                 nil,
		"爸爸":                {"爸爸=爸爸"},
		"xx":                nil,
		"a xxx b":           {"xxx=xxx"},
		"k粉":                {"K粉=k粉"},
		"⑧九号":               {"89号=⑧九号"},
		"好坏好":               {"坏=坏"},
		"十一夜情":              {"一夜情=一夜情"},
		"god goood good":    {"good=goood", "good=good"},
		"xpornx":            {"porn=porn"},
		"赌.........博网站":     {"博网=博网", "網站=网站"},
	} {
		if diff := cmp.Diff(want, found(m, text)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestSoundAndLoose(t *testing.T) {
	t.Parallel()
	m := compile(t, entries(keyword.Block, "赌博网站", "强奸犯", "毒品"), keyword.Options{Sound: true, Loose: true, Syllables: 2})
	for text, want := range map[string]string{
		"去读博王战玩":       "sound block 读博王战",
		"去du博wang站玩":   "sound block du博wang站",
		"dubowangzhan": "sound block dubowangzhan",
		"赌1博xx网站":      "loose review 赌1博xx网站",
		"弓虽女干犯":        "loose review 弓虽女干犯",
		"睹搏网站":         "loose review 睹搏网站",
		"墙间饭":          "sound review 墙间饭",
		"读品":           "sound note 读品",
		"赌博网站":         "plain block 赌博网站",
		"强盗的女朋友，干不了犯傻的事。": "",
	} {
		got := ""
		for _, h := range m.NewScanner(day).Scan(nil, text, day) {
			if h.Level > keyword.Note || text == "读品" {
				got = fmt.Sprintf("%s %s %s", h.How, h.Level, text[h.Start:h.End])
			}
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
