"""Calls: one description of each call to the platform, which every client sends.

- `voxel51.users.calls.call`: the description of a call, and how its response is read
- `analytics`, `data`, `jobs` and others: one file per noun, one function per call
"""
