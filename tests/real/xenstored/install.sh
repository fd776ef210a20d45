#!/usr/bin/env bash
# Unpacks Debian's C xenstored (package xen-utils-4.17) to where the tests and the benchmarks look for it. It is not installed:
# that would bring an init system with it. Its libraries come with libxen-dev, which the tests' shim is compiled with.
set -euo pipefail

root=${PVSIM_XEN_ROOT:-$HOME/.cache/pvsim/xen-4.17}
[ ! -x "$root/usr/lib/xen-4.17/bin/xenstored" ] || exit 0

download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
chmod 755 "$download"
cd "$download"
apt-get download -qq xen-utils-4.17 2> /dev/null || { apt-get update -qq; apt-get download -qq xen-utils-4.17; }
mkdir -p "$root"
dpkg -x "$download"/xen-utils-4.17_*.deb "$root"
