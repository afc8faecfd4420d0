//go:build !linux

package store

import (
	"os"

	"github.com/colophon-project/colophon/internal/durable"
)

// refuseNetworkDisk can't tell on this system; it makes sure that the folder is there.
func refuseNetworkDisk(dir string) error {
	_, err := os.Stat(dir)
	return durable.Fault(dir, err)
}
