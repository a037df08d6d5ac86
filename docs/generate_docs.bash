#!/usr/bin/env bash
# Build the documentation into docs/build/html/index.html. Any warning (a broken link, an unreachable page) fails.
# Arguments go to Sphinx: -E rebuilds everything.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$here/../.venv/bin/python
[[ -x $python ]] || python=python3
if ! "$python" -c 'import furo, myst_parser, sphinx' 2>/dev/null; then
    echo "generate_docs: Sphinx, Furo and MyST are not installed; run 'make dev' first" >&2
    exit 1
fi
exec "$python" -m sphinx --fail-on-warning --keep-going --quiet \
    --builder html --doctree-dir "$here/build/doctrees" "$here" "$here/build/html" "$@"
