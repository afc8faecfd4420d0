package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"html"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// prosePackages hold real Chinese prose; proseBytes of it are used.
var prosePackages = []string{"debian-handbook", "libreoffice-help-zh-cn", "debian-reference-zh-cn", "maint-guide-zh-cn", "debian-faq-zh-cn",
	"fortunes-zh", "libreoffice-help-zh-tw", "manpages-zh"}

const proseBytes = 10_000_000

// kept is where packages are kept from run to run; make clean deletes it.
const kept = "../out/packages"

// debian calls each with every file of a Debian package. The package is downloaded and not installed.
func debian(name string, each func(path string, data []byte) error) error {
	if err := os.MkdirAll(kept, 0o777); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(kept, name+"_*.deb"))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		download := exec.Command("apt-get", "download", "-q", name)
		download.Dir = kept
		if out, err := download.CombinedOutput(); err != nil {
			return fmt.Errorf("downloading %s: %w: %s", name, err, out)
		}
		if found, err = filepath.Glob(filepath.Join(kept, name+"_*.deb")); err != nil || len(found) == 0 {
			return errors.Join(fmt.Errorf("%s is not there", name), err)
		}
	}
	unpack := exec.Command("dpkg-deb", "--fsys-tarfile", found[len(found)-1])
	out, err := unpack.StdoutPipe()
	if err != nil {
		return err
	}
	if err := unpack.Start(); err != nil {
		return err
	}
	for in := tar.NewReader(out); ; {
		h, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeReg {
			data, err := io.ReadAll(in)
			if err != nil {
				return err
			}
			if err := each(strings.TrimPrefix(h.Name, "./"), data); err != nil {
				return err
			}
		}
	}
	return unpack.Wait()
}

var (
	inChinese = regexp.MustCompile(`(?i)\bzh-CN\b.*\.html$|/zh_(CN|TW)/man.*\.gz$|/zh-TW/text/.*\.html$|/fortunes/[a-z0-9]+$`)
	unseen    = regexp.MustCompile(`(?s)<(script|style|head)\b.*?</(script|style|head)>|<!--.*?-->|<[^>]*>`)
	request   = regexp.MustCompile(`(?m)^[.'][A-Za-z\\"]*|\\f.|\\[-&]|\x1b\[\d*m`)
	blanks    = regexp.MustCompile(`[ \t]*\n\s*`)
	ideograph = regexp.MustCompile(`\p{Han}`)
)

// prose returns real Chinese prose: manual pages, handbooks and sayings, without their markup, without lines in other
// languages and without lines that came before.
func prose() (string, error) {
	var text strings.Builder
	seen := map[string]bool{}
	for _, name := range prosePackages {
		err := debian(name, func(path string, data []byte) error {
			page, err := page(path, data)
			for line := range strings.Lines(page) {
				if !seen[line] && ideograph.MatchString(line) {
					seen[line] = true
					text.WriteString(line)
				}
			}
			return err
		})
		if err != nil {
			return "", err
		}
	}
	if text.Len() < proseBytes {
		return "", fmt.Errorf("there are only %d bytes of prose", text.Len())
	}
	all := text.String()
	end := proseBytes
	for !utf8.RuneStart(all[end]) {
		end--
	}
	return all[:end], nil
}

// page returns the words of a file in Chinese, and nothing of others.
func page(path string, data []byte) (string, error) {
	if !inChinese.MatchString(path) {
		return "", nil
	}
	if strings.HasSuffix(path, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return "", err
		}
		if data, err = io.ReadAll(z); err != nil {
			return "", err
		}
	}
	text := string(data)
	if strings.HasSuffix(path, ".html") {
		text = html.UnescapeString(unseen.ReplaceAllString(text, ""))
	} else {
		text = request.ReplaceAllString(text, "")
	}
	if !utf8.ValidString(text) {
		return "", nil
	}
	return blanks.ReplaceAllString(text, "\n"), nil
}
