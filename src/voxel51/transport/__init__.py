"""The only room that sends HTTP.

- `voxel51.transport.messages`: what goes out and what comes back
- `voxel51.transport.errors`: what can go wrong
- `voxel51.transport.secrets`: what no text shows
- `voxel51.transport.pooled`: the sender of people's clients: kept connections, TLS, proxies, streams
- `voxel51.transport.awaited`: the same for asyncio
- `voxel51.transport.plain`: the sender inside a job: standard library, one connection, ready in a millisecond
- `voxel51.transport.retrying`: what is tried again, and when
- `voxel51.transport.multipart`: forms with a file, streamed
- `voxel51.transport.saving`: answers kept as files, whole or not at all
- behind them `setup` (patience, proxies, trust), `failures` (what the library's errors mean), `redirects` and
  `interrupts` (Ctrl-C)
"""
