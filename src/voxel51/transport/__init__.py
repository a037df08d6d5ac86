"""HTTP transport: the only package of the client that sends HTTP.

- `voxel51.transport.messages`: requests, responses, and the bodies of both
- `voxel51.transport.sender`: the sender of the client and of jobs: kept connections, redirects, streams
- `voxel51.transport.async_sender`: the same sender for asyncio, in threads
- `voxel51.transport.retrying`: which requests are sent again, and when
- `voxel51.transport.errors`: the errors of a call
- `voxel51.transport.multipart`: forms with a file, streamed
- `voxel51.transport.partial` and `voxel51.transport.saving`: responses saved as files
- `voxel51.transport.secrets`: what texts leave out
- behind the sender: `connections` and `responses` (urllib3), `environment` (proxies, certificates), `redirects` and
  `cancellation`
"""
