package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/colophon-project/colophon/credential"
	"github.com/colophon-project/colophon/credential/pki"
	"github.com/colophon-project/colophon/internal/media"
	"github.com/colophon-project/colophon/internal/npmtest"
)

// signedMegabytes is the size of the movie that is signed, in MiB: 277 MB.
const signedMegabytes = 264

// credential signs a large MP4 file, and has @contentauth/c2pa-node do the same. Each takes the time of the call itself, in a process of
// its own, without the start of that.
func (b *bench) credential() error {
	dir, err := npmtest.Install("credential", "../credential/testdata", "readers.mjs")
	if err != nil {
		return err
	}
	in, out := b.path("unsigned.mp4"), b.path("signed.mp4")
	small := *b
	small.megabytes = signedMegabytes
	if err := small.movie(in, "0"); err != nil {
		return err
	}
	defer os.Remove(in)
	defer os.Remove(out)
	request, err := signing(in, out)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	warm := func() error {
		if err := os.RemoveAll(out); err != nil {
			return err
		}
		f, err := os.Open(in)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(io.Discard, f)
		return err
	}
	ours := &contender{name: "credential.Signer", prepare: warm}
	ours.run = func() (int64, error) {
		cmd := exec.Command(self, "-child", "sign", in, out)
		cmd.Stderr = os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return 0, err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		ours.own = time.Duration(n)
		return peak(cmd.ProcessState), err
	}
	peer := &contender{name: "@contentauth/c2pa-node", prepare: warm}
	peer.run = func() (int64, error) {
		cmd := exec.Command("node", filepath.Join(dir, "readers.mjs"))
		cmd.Stdin, cmd.Stderr = strings.NewReader(request+"\n"), os.Stderr
		text, err := cmd.Output()
		if err != nil {
			return 0, err
		}
		var answer struct {
			State       string
			Notes       []string
			Nanoseconds int64
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return 0, err
		}
		if answer.State != "signed" {
			return 0, fmt.Errorf("it says %s: %v", answer.State, answer.Notes)
		}
		peer.own = time.Duration(answer.Nanoseconds)
		return peak(cmd.ProcessState), nil
	}
	if err := b.race(ours, peer); err != nil {
		return err
	}
	info, err := os.Stat(in)
	if err != nil {
		return err
	}
	fmt.Printf("## Sign an MP4 of %d MB\n\n", info.Size()/1000000)
	table(ours, peer)
	fmt.Printf("%.2f× the time of c2pa-node (target ≤ 0.5); %d MiB at most (target ≤ 64)\n\n", 1/ours.faster(peer), ours.rss>>20)
	return nil
}

// signing is what the peer is asked.
func signing(in, out string) (string, error) {
	set, err := pki.New(rand.Reader, time.Now().Add(-time.Hour), "Bench", "Signer")
	if err != nil {
		return "", err
	}
	key, err := x509.MarshalPKCS8PrivateKey(set.Signer.Key)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]string{
		"reader": "sign", "path": in, "mime": "video/mp4", "out": out, "cert": string(set.Signer.PEM()),
		"key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	})
	return string(text), err
}

// file is a source with the size that it had.
type file struct {
	*os.File
	size int64
}

// Size implements media.Source.
func (f file) Size() int64 { return f.size }

// signMovie is the work of a child: it signs one file and prints how long that took, in nanoseconds.
func signMovie(in, out string) (err error) {
	set, err := pki.New(rand.Reader, time.Now().Add(-time.Hour), "Bench", "Signer")
	if err != nil {
		return err
	}
	begun := time.Now()
	src, err := os.Open(in)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	signer := &credential.Signer{Key: set.Signer.Key, Chain: set.Signer.Chain(), Rand: rand.Reader}
	draft := credential.Draft{Generator: credential.Generator{Name: "bench"}, When: begun, SourceType: credential.TrainedAlgorithmicMedia}
	plan, err := signer.Prepare(context.Background(), file{src, info.Size()}, media.MP4, draft, credential.Options{Now: begun})
	if err != nil {
		return err
	}
	dst, err := os.Create(out)
	if err != nil {
		return err
	}
	if err := errors.Join(plan.Write(context.Background(), dst), dst.Close()); err != nil {
		return err
	}
	_, err = fmt.Println(time.Since(begun).Nanoseconds())
	return err
}
