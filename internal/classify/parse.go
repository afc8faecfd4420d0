package classify

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/colophon-project/colophon/screen/keyword"
)

// label is what a model said of one thing, by its own word.
type label struct {
	word  string
	level keyword.Level
	score float64 // 0 where the model gives none
}

// completion is the answer of a chat model.
type completion struct {
	text   string
	cut    bool    // it was cut off at its longest
	tokens []token // the first ones, where they were asked for and given
}

// token is one token of an answer with those that nearly stood there.
type token struct {
	Token        string  `json:"token"`
	Logprob      float64 `json:"logprob"`
	Alternatives []token `json:"top_logprobs"`
}

// chatParser reads a completion. word is that of the question, if the model has questions.
type chatParser func(c completion, word string) ([]label, error)

func chatParsers(name string) chatParser {
	switch name {
	case "qwen3guard":
		return parseQwen3Guard
	case "llamaguard":
		return parseLlamaGuard
	case "shieldgemma":
		return parseShieldGemma
	}
	return nil
}

var (
	errCut      = errors.New("the answer is cut short")
	errVerdict  = errors.New("no verdict where it belongs")
	errNoReason = unreadable{errors.New("the verdict and what it rests on contradict each other")}
)

// parseQwen3Guard reads the answer of Qwen3Guard-Gen: lines "Safety: Safe|Unsafe|Controversial" and "Categories: A, B" or
// "Categories: None", and about an answer "Refusal: Yes|No", which small models leave out. As the repository
// QwenLM/Qwen3Guard describes it. A server that does not apply the model's template leaves an empty <think> in front.
func parseQwen3Guard(c completion, _ string) ([]label, error) {
	if c.cut {
		return nil, errCut
	}
	text := strings.TrimSpace(c.text)
	if rest, ok := strings.CutPrefix(text, "<think>"); ok {
		thought, rest, ok := strings.Cut(rest, "</think>")
		if !ok || strings.TrimSpace(thought) != "" {
			return nil, errVerdict
		}
		text = strings.TrimSpace(rest)
	}
	said := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		_, twice := said[key]
		if !ok || twice || key != "Safety" && len(said) == 0 {
			return nil, errVerdict
		}
		said[key] = strings.TrimSpace(value)
	}
	level, ok := map[string]keyword.Level{"Safe": keyword.Allow, "Controversial": keyword.Review, "Unsafe": keyword.Block}[said["Safety"]]
	refusal, judged := said["Refusal"]
	if !ok || judged && refusal != "Yes" && refusal != "No" {
		return nil, errVerdict
	}
	for key := range said {
		if key != "Safety" && key != "Categories" && key != "Refusal" {
			return nil, errVerdict
		}
	}
	words, err := qwenCategories(said["Categories"])
	if err != nil {
		return nil, err
	}
	if (len(words) > 0) != (level > keyword.Allow) {
		return nil, errNoReason
	}
	var labels []label
	for _, word := range words {
		labels = append(labels, label{word: word, level: level})
	}
	return labels, nil
}

// qwenCategories reads the list of categories, which is never empty.
func qwenCategories(list string) ([]string, error) {
	if list == "None" {
		return nil, nil
	}
	var words []string
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word == "" || word == "None" {
			return nil, errVerdict
		}
		words = append(words, word)
	}
	return words, nil
}

var hazard = regexp.MustCompile(`^[A-Z][0-9]{1,2}$`)

// parseLlamaGuard reads the answer of Llama Guard 3 and 4: "safe", or "unsafe" and the codes of the violated categories,
// parted by commas, on the next line. As Meta's model cards describe it. The models vary the white space between these. The
// probability of the word unsafe is the score, where the server gives it.
func parseLlamaGuard(c completion, _ string) ([]label, error) {
	if c.cut {
		return nil, errCut
	}
	words := strings.FieldsFunc(c.text, func(r rune) bool { return strings.ContainsRune(" \t\r\n,", r) })
	if len(words) == 1 && words[0] == "safe" {
		return nil, nil
	}
	if len(words) == 0 || words[0] != "unsafe" {
		return nil, errVerdict
	}
	if len(words) == 1 {
		return nil, errNoReason
	}
	score := 0.0
	for _, t := range c.tokens {
		if strings.TrimSpace(t.Token) == "" {
			continue
		}
		p, ok, err := share(t, "unsafe", "safe")
		if err != nil {
			return nil, err
		}
		if ok {
			score = p
		}
		break
	}
	var labels []label
	for _, word := range words[1:] {
		if !hazard.MatchString(word) {
			return nil, fmt.Errorf("no code of a category after the verdict")
		}
		labels = append(labels, label{word, keyword.Block, score})
	}
	return labels, nil
}

// parseShieldGemma reads the answer of ShieldGemma to one guideline: it begins with "Yes", the content violates it, or
// "No". The score is the probability of Yes among the two, where the server gives it. As Google's model card describes it.
// What follows the first word does not count, so the answer may be cut off.
func parseShieldGemma(c completion, word string) ([]label, error) {
	first := strings.TrimSpace(c.text)
	if end := strings.IndexFunc(first, func(r rune) bool { return r < 'A' || r > 'z' }); end >= 0 {
		first = first[:end]
	}
	if first != "Yes" && first != "No" {
		return nil, errVerdict
	}
	score := 0.0
	if len(c.tokens) > 0 {
		p, ok, err := share(c.tokens[0], "Yes", "No")
		if err != nil {
			return nil, err
		}
		if ok && first == "Yes" && p < 0.5 || ok && first == "No" && p > 0.5 {
			return nil, errNoReason
		}
		if ok {
			score = p
		}
	}
	level := keyword.Allow
	if first == "Yes" {
		level = keyword.Block
	}
	return []label{{word, level, score}}, nil
}

// share is the probability of a token among two, from the alternatives of the place. ok is false where neither stands there.
func share(t token, yes, no string) (p float64, ok bool, err error) {
	if len(t.Alternatives) > 64 {
		return 0, false, errors.New("more alternatives of a token than were asked for")
	}
	var weight [2]float64
	for _, a := range append(t.Alternatives[:len(t.Alternatives):len(t.Alternatives)], t) {
		if a.Logprob > 1e-3 {
			return 0, false, errors.New("a probability above 1")
		}
		for i, name := range [2]string{yes, no} {
			if strings.TrimSpace(a.Token) == name {
				weight[i] = max(weight[i], math.Exp(a.Logprob))
			}
		}
	}
	sum := weight[0] + weight[1]
	if sum == 0 {
		return 0, false, nil
	}
	return weight[0] / sum, true, nil
}
