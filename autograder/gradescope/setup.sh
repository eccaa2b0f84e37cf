#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: Python, packages, permissions.
# The zip lies unpacked in BASE/source (BASE is /autograder there); COURSE_PYTHON names a Python
# that has the packages of requirements.txt already, and nothing is installed then.
set -euo pipefail
umask 022
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -d "$source/source" ] && source=$source/source
base=$(dirname "$source")

if [ -z "${COURSE_PYTHON:-}" ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    python=
    for version in 3.13 3.12 3.11; do
        if [ -n "$(apt-cache madison "python$version-venv")" ]; then
            python=/usr/bin/python$version
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "This image has no Python 3.11 to 3.13: choose Ubuntu 22.04 or newer." >&2
        exit 1
    fi
    apt-get install -y -qq --no-install-recommends "${python##*/}" "${python##*/}-venv" >/dev/null
    "$python" -m venv "$base/env"
    "$base/env/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check -r "$source/requirements.txt"
fi

"${COURSE_PYTHON:-$base/env/bin/python}" -m compileall -q "$source/autograder" "$source/helpers"
# Answers run as another user: of all this they may read helpers, and no grader, solution or secret.
chmod -R go-rwx "$source"
chmod go+rx "$source"
chmod -R go+rX "$source/helpers"
