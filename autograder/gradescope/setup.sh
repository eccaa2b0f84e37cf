#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image: Python, packages, permissions.
# The zip lies unpacked in BASE/source (BASE is /autograder there); COURSE_PYTHON names a Python
# that has the packages of requirements.txt already, and nothing is installed then.
set -euo pipefail
umask 022
source=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -d "$source/source" ] && source=$source/source
base=$(dirname "$source")
version=3.13 # as in Colab: an answer may be written in all that students' Python takes

if [ -z "${COURSE_PYTHON:-}" ]; then
    if ! command -v uv >/dev/null; then
        # The image's own Python, of any version, is good for this.
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends python3 python3-venv >/dev/null
        python3 -m venv "$base/uv"
        "$base/uv/bin/python" -m pip install -q --no-cache-dir --disable-pip-version-check uv==0.13.9
        PATH=$base/uv/bin:$PATH
    fi
    # Not in root's home, where it would be by default: those as whom answers run cannot read that.
    export UV_PYTHON_INSTALL_DIR=$base/python UV_NO_CACHE=1 UV_NO_PROGRESS=1
    uv venv -q --clear --python "$version" "$base/env"
    # Like pip, the best of all indexes: one of CPU-only torch has few of the other versions.
    uv pip install -q --index-strategy unsafe-best-match --python "$base/env/bin/python" \
        -r "$source/requirements.txt"
fi

"${COURSE_PYTHON:-$base/env/bin/python}" -m compileall -q "$source/autograder" "$source/helpers"
# Answers run as another user: of all this they may read helpers, and no grader, solution or secret.
chmod -R go-rwx "$source"
chmod go+rx "$source"
chmod -R go+rX "$source/helpers"
