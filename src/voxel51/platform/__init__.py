"""For code that runs inside a job: write an analytic, run one, try one without a server.

- `voxel51.platform.analytic`: what an analytic is
- `voxel51.platform.job`: what it is given and how it reports
- `voxel51.platform.errors`: how it says that the input is at fault
- `voxel51.platform.frames`: the frames of a video, numbered exactly
- `voxel51.platform.local`: run an analytic on files, without a server
- `voxel51.platform.run`: the child process that runs one job
- `voxel51.platform.zygote`: the parent of such children, from which they are forked
- `voxel51.platform.installed_analytics`: what analytics are installed, as a document
"""
