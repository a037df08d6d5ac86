"""Environments of bundles: resolve, build and keep the packages that the uploaded source of an analytic needs.

- `store`: the store of one machine, which the other modules serve
- `projects`: which requirements a source declares, and where its analytic is
- `sdk`: the platform's own SDK as a virtual environment, at the version that runs
- `resolver`, `installer`: requirements to a lock, and a lock to installed packages, by uv in a sandbox
- `sandboxed_command`: one command in a sandbox
- `index_proxy`: the way of that sandbox to the package index, and to no other server
- `folder_cache`: folders that can be made again, least recently used first to go
- `source_archives`: fetch and unpack the source of a bundle
- `bundle_runner`: the runner of bundles
"""
