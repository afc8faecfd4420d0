package verify

import "github.com/colophon-project/colophon/identity"

// ReadAliyun reads an answer of Aliyun's.
func ReadAliyun(text []byte) (identity.Answer, error) { return readAliyun(text) }

// ReadTencent reads an answer of Tencent's.
func ReadTencent(text []byte) (identity.Answer, error) { return readTencent(text) }

// ReadReply reads a reply of a server of the provider's, which can give the level and all below it.
func ReadReply(text []byte, level identity.Level) (identity.Answer, error) {
	p := peer{facts: identity.Facts{Level: level}}
	a, err := p.read(text)
	if err != nil {
		return identity.Answer{}, err
	}
	return p.judge(a)
}

// The signatures of the clouds.
var (
	ACS3 = acs3
	TC3  = tc3
)
