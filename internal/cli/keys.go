package cli

import (
	"io"
	"os"

	"github.com/colophon-project/colophon"
	"github.com/colophon-project/colophon/internal/durable"
	"github.com/colophon-project/colophon/label"
)

// maxKeyFile is the largest key file that is read, in bytes.
const maxKeyFile = 1 << 20

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, keyError(path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, keyError(path, err)
	}
	return b, nil
}

func readSigningKey(path string) (*label.SigningKey, error) {
	b, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	key, err := label.ParseSigningKey(b)
	if err != nil {
		return nil, keyError(path, err)
	}
	return key, nil
}

func readPublicKeys(paths []string) ([]label.PublicKey, error) {
	var keys []label.PublicKey
	for _, path := range paths {
		b, err := readKeyFile(path)
		if err != nil {
			return nil, err
		}
		some, err := label.ParsePublicKeys(b)
		if err != nil {
			return nil, keyError(path, err)
		}
		keys = append(keys, some...)
	}
	return keys, nil
}

// keyError names the file of a key, and keeps the cause, which the sentence tells.
func keyError(path string, err error) error {
	return &colophon.Error{Kind: colophon.Invalid, Code: codeKeyUnusable, Args: colophon.Args{"file": path}, Err: durable.Fault(path, err)}
}
