#!/usr/bin/env bash
# Build the documentation into docs/build/html/index.html. Any warning (a broken link, a page nobody reaches) fails.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$here/../.venv/bin/python
[[ -x $python ]] || python=python3
exec "$python" -m sphinx --fail-on-warning --keep-going --quiet -b html "$here" "$here/build/html" "$@"
