//go:build race

package unecho_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"unecho"
)

// In a process of its own, which the race detector ends.
func TestTheRaceDetectorFindsCallsThatOverlap(t *testing.T) {
	if os.Getenv("UNECHO_OVERLAP") != "" {
		overlap(t)
		return
	}
	command := exec.Command(os.Args[0], "-test.run=^TestTheRaceDetectorFindsCallsThatOverlap$")
	command.Env = append(os.Environ(), "UNECHO_OVERLAP=1")
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "DATA RACE") {
		t.Errorf("%v: %s", err, out)
	}
}

// overlap makes two calls that nothing orders; that both compute at once is not needed.
func overlap(t *testing.T) {
	canceller := open(t, unecho.NewConfig(rate))
	begun := make(chan struct{})
	done := make(chan struct{})
	go func() {
		close(begun)
		canceller.Stats()
		close(done)
	}()
	<-begun
	canceller.Stats()
	<-done
}
