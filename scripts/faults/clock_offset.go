// A clock that is off, for tests: scripts/install_cometbft.sh puts this file beside CometBFT's own types/time/time.go, whose Now it
// moves. A Go program asks the kernel itself what time it is, so nothing from outside can lie to it.
package time

import (
	"os"
	"time"
)

var offset = readOffset()

func readOffset() time.Duration {
	text := os.Getenv("COMETBFT_CLOCK_OFFSET")
	if text == "" {
		return 0
	}
	found, err := time.ParseDuration(text)
	if err != nil {
		panic("COMETBFT_CLOCK_OFFSET: " + err.Error())
	}
	return found
}
