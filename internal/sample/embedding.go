package sample

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"hash/fnv"
	"math"
	"strings"
)

// dimensions is the length of a vector where nobody asks for another.
const dimensions = 256

// inputs are texts, or texts as numbers of tokens.
type inputs []string

// UnmarshalJSON reads one text or several, or one list of numbers or several.
func (in *inputs) UnmarshalJSON(b []byte) error {
	var texts words
	if json.Unmarshal(b, &texts) == nil {
		*in = inputs(texts)
		return nil
	}
	var one []int
	if json.Unmarshal(b, &one) == nil {
		*in = inputs{string(b)}
		return nil
	}
	var many [][]int
	if err := json.Unmarshal(b, &many); err != nil {
		return err
	}
	for _, list := range many {
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		*in = append(*in, string(text))
	}
	return nil
}

// embeddings answers POST /v1/embeddings.
func (m *Model) embeddings(x *exchange) {
	var in struct {
		Model      string `json:"model"`
		Input      inputs `json:"input"`
		Dimensions int    `json:"dimensions"`
		Encoding   string `json:"encoding_format"`
	}
	if x.check(x.decode(&in)) {
		return
	}
	if in.Dimensions == 0 {
		in.Dimensions = dimensions
	}
	switch {
	case in.Model != Embedding:
		x.refuse(noModel(in.Model))
		return
	case len(in.Input) == 0 || len(in.Input) > 2048:
		x.refuse(bad("input", "there are from 1 to 2048 inputs"))
		return
	case in.Dimensions < 8 || in.Dimensions > 4096:
		x.refuse(bad("dimensions", "dimensions are from 8 to 4096"))
		return
	}
	if x.begin(in.Input[len(in.Input)-1]) {
		return
	}
	data, consumed := []object{}, 0
	for i, text := range in.Input {
		consumed += len(tokens(text))
		var vector any = embed(plain(text), in.Dimensions)
		if in.Encoding == "base64" {
			packed, err := binary.Append(nil, binary.LittleEndian, vector)
			if x.check(err) {
				return
			}
			vector = base64.StdEncoding.EncodeToString(packed)
		}
		data = append(data, object{"object": "embedding", "index": i, "embedding": vector})
	}
	x.json(200, object{"object": "list", "model": Embedding, "data": data, "usage": object{"prompt_tokens": consumed, "total_tokens": consumed}})
}

// embed counts the pairs of letters of a text, each in the dimension that its hash says, and scales the result to length 1.
func embed(text string, size int) []float32 {
	vector := make([]float32, size)
	letters := []rune(" " + strings.ToLower(text) + " ")
	for i := range len(letters) - 1 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(string(letters[i : i+2]))) // it never fails
		vector[h.Sum32()%uint32(size)]++
	}
	var sum float64
	for _, v := range vector {
		sum += float64(v) * float64(v)
	}
	for i := range vector {
		vector[i] /= float32(math.Sqrt(sum))
	}
	return vector
}
