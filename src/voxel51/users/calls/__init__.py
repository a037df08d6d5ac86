"""Every call described once; a client only sends the descriptions.

- `voxel51.users.calls.call`: what a description is, and how its answer is read
- `analytics`, `data`, `jobs`, `status`: one file a noun, one function a call
"""
