package sound_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/colophon-project/colophon/internal/media/mediatest"
)

// outputAll runs a program and returns both its outputs.
func outputAll(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(mediatest.Tool(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// packets lists the hashes of the audio packets as ffprobe finds them.
func packets(t *testing.T, name string, b []byte) []string {
	t.Helper()
	var reply struct {
		Packets []struct {
			Hash string `json:"data_hash"`
		}
	}
	out := mediatest.Output(t, "ffprobe", "-v", "error", "-select_streams", "a:0", "-show_packets", "-show_data_hash", "md5", "-of", "json", mediatest.File(t, name, b))
	if err := json.Unmarshal(out, &reply); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range reply.Packets {
		list = append(list, p.Hash)
	}
	return list
}

// sameWithin fails the test unless the packets of before stand in after, in a row and unchanged, and returns how many
// there are on each side.
func sameWithin(t *testing.T, name string, before, after []byte) (front, back int) {
	t.Helper()
	was, is := packets(t, name, before), packets(t, name, after)
	for at := 0; at+len(was) <= len(is); at++ {
		same := true
		for i := range was {
			if was[i] != is[at+i] {
				same = false
				break
			}
		}
		if same {
			return at, len(is) - at - len(was)
		}
	}
	t.Errorf("%s: the %d packets of the programme are not all among the %d", name, len(was), len(is))
	return 0, 0
}

func sum(b []byte) string {
	h := md5.Sum(b)
	return hex.EncodeToString(h[:])
}

// holds fails the test unless whole has part at its end, or beginning, or both sides filled.
func holds(t *testing.T, name string, whole, part []byte) {
	t.Helper()
	if !bytes.Contains(whole, part) {
		t.Errorf("%s: the programme's samples (%s) are not all in the result", name, sum(part))
	}
}
