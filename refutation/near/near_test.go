package near_test

import (
	"strings"
	"testing"

	"github.com/colophon-project/colophon/refutation/near"
)

const rumour = "据可靠消息，市中心的自来水厂昨夜发生严重泄漏，专家建议全市居民三天之内不要饮用自来水，超市里的瓶装水已经被抢购一空，请大家转告亲友。"

func sign(t *testing.T, text string) near.Signature {
	t.Helper()
	s, ok := near.Of(text)
	if !ok {
		t.Fatalf("%q is too short", text)
	}
	return s
}

func TestShare(t *testing.T) {
	t.Parallel()
	english := "Reliable sources say that the water works in the centre had a leak last night and that nobody should drink tap water for three days, tell your friends"
	for _, c := range []struct {
		name, a, b string
		least      float64
		most       float64
	}{
		{"the same", rumour, rumour, 1, 1},
		{"punctuation, width and invisible signs", rumour, strings.NewReplacer("，", " , ", "。", "！！", "自来水", "自\u200b来水").Replace(rumour), 1, 1},
		{"some words changed", rumour, strings.NewReplacer("昨夜", "今晨", "三天", "五天").Replace(rumour), near.Alike, 0.95},
		{"other news", rumour, "市气象台今天上午发布预报，未来一周以晴到多云天气为主，早晚温差较大，请市民外出时注意增减衣物，谨防感冒。", 0, 0.1},
		{"English in another case", english, strings.ToUpper(english), 1, 1},
		{"English with one word changed", english, strings.Replace(english, "three", "five", 1), near.Alike, 0.95},
		{"other English", english, "The weather office expects sun and some clouds for the week to come, with cold mornings, so people should dress for that when they leave home", 0, 0.1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, b := sign(t, c.a), sign(t, c.b)
			if share := a.Share(b); share < c.least || share > c.most || share != b.Share(a) {
				t.Errorf("got %v, want %v to %v", share, c.least, c.most)
			}
		})
	}
}

// TestEstimate holds the estimate against the true share of two texts whose shingles are known.
func TestEstimate(t *testing.T) {
	t.Parallel()
	text := func(from, to int) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			b.WriteRune(rune('一' + i))
		}
		return b.String()
	}
	for _, shared := range []int{50, 100, 200, 300} {
		a, b := text(0, 402), text(400-shared, 802-shared) // 400 shingles each, of which these are in both
		truth := float64(shared) / float64(800-shared)
		sa, sb := sign(t, a), sign(t, b)
		if got := sa.Share(sb); got < truth-0.15 || got > truth+0.15 {
			t.Errorf("%d shared shingles: got %v, want %v", shared, got, truth)
		}
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "自来水", strings.Repeat("哈", 500), "\xff\xfe", "，。！"} {
		if r := near.Read(text); len(r.Signatures) != 0 || r.Cut {
			t.Errorf("%q: %d signatures, cut %v", text, len(r.Signatures), r.Cut)
		}
	}
	within := near.Read("市气象台今天上午发布预报，未来一周以晴到多云天气为主。早晚温差较大，请市民外出时注意增减衣物，谨防感冒。以下内容来自网友投稿。\n\n" + rumour + "\n短")
	if len(within.Signatures) != 3 || within.Cut {
		t.Fatal("the whole and two paragraphs are wanted", len(within.Signatures))
	}
	whole := sign(t, rumour)
	if within.Signatures[2].Share(whole) != 1 || within.Signatures[0].Share(whole) == 1 {
		t.Error("the paragraph is not found")
	}
	if r := near.Read(strings.Repeat(rumour, near.MaxBytes/len(rumour)+1)); !r.Cut || len(r.Signatures) != 1 {
		t.Error("a long text is not said to be cut")
	}
	if r := near.Read(strings.Repeat(rumour+"\n", near.MaxParts+1)); !r.Cut || len(r.Signatures) != near.MaxParts+1 {
		t.Error("a text of many paragraphs is not said to be cut")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(rumour)
	f.Add("one\ntwo")
	f.Add("\xff\u200b\ufdfa")
	f.Fuzz(func(t *testing.T, text string) {
		r := near.Read(text)
		if len(r.Signatures) > near.MaxParts+1 {
			t.Fatal(len(r.Signatures))
		}
		for _, s := range r.Signatures {
			raw, err := s.MarshalText()
			var back near.Signature
			if err != nil || back.UnmarshalText(raw) != nil || back != s {
				t.Fatal("it does not come back")
			}
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	s, _ := near.Of(rumour)
	raw, _ := s.MarshalText()
	f.Add(raw)
	f.Add([]byte("AAAA"))
	f.Add(append(raw, '\n'))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var s near.Signature
		if s.UnmarshalText(raw) != nil {
			return
		}
		if back, err := s.MarshalText(); err != nil || string(back) != string(raw) {
			t.Fatalf("%q came back as %q", raw, back)
		}
	})
}
