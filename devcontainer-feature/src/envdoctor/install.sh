#!/bin/sh
# Installs envdoctor into an environment of its own; run as root while the container is built.
# https://containers.dev/implementors/features/
set -eu

prefix="${ENVDOCTOR_PREFIX:-/opt/envdoctor}"
links="${ENVDOCTOR_LINKS:-/usr/local/bin}"

if [ -z "${SOURCE:-}" ]; then
    echo "envdoctor: say what to install by the option 'source': a wheel, a checkout, or git+https://..." >&2
    exit 1
fi
if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    echo "envdoctor: needs Python 3.10 or newer with venv; add the feature python, or take an image that has it" >&2
    exit 1
fi
python3 -m venv "$prefix"
"$prefix/bin/python" -m pip install --quiet --no-cache-dir --disable-pip-version-check "$SOURCE"
mkdir -p "$links"
ln -sf "$prefix/bin/envdoctor" "$links/envdoctor"
"$links/envdoctor" --version
