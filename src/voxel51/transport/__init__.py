"""The only room that sends HTTP.

- `voxel51.transport.messages`: what goes out and what comes back
- `voxel51.transport.errors`: what can go wrong
- `voxel51.transport.pooled`: the sender of people's clients: pooled, TLS, sync and async
- `voxel51.transport.plain`: the sender inside a job: standard library, one connection, ready in a millisecond
- `voxel51.transport.retrying`: what is tried again, and when
"""
