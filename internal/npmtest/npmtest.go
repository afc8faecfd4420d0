// Package npmtest gives tests the npm packages that read our work back: an OpenID provider, an accessibility checker, a
// validator of OpenAPI. They are pinned by a lock file beside the test and installed once for each state of it.
//
// What not to do here: no scripts of packages are run, and nothing is installed into the tree.
package npmtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// patience is how long an installation may take.
const patience = 3 * time.Minute

// Install puts files of a folder, among them package.json and package-lock.json, and the packages that they name into a
// folder of the user's cache, and returns it. A folder that is there already is used as it is.
func Install(name, folder string, files ...string) (dir string, err error) {
	sum, texts := sha256.New(), map[string][]byte{}
	for _, file := range append([]string{"package.json", "package-lock.json"}, files...) {
		if texts[file], err = os.ReadFile(filepath.Join(folder, file)); err != nil {
			return "", err
		}
		sum.Write(texts[file])
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(cache, "colophon-tests")
	dir = filepath.Join(parent, name+"-"+hex.EncodeToString(sum.Sum(nil)[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(parent, "installing-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	for file, text := range texts {
		if err := os.WriteFile(filepath.Join(fresh, file), text, 0o644); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir, npm.Stdout, npm.Stderr = fresh, os.Stderr, os.Stderr
	if err := npm.Run(); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, there := os.Stat(dir); there != nil { // unless another test run was faster
			return "", err
		}
	}
	return dir, nil
}
