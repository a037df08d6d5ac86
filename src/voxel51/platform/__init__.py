"""SDK for code that runs in a job: write an analytic, run it on the platform, or try it without a server.

- `voxel51.platform.definition`: analytics
- `voxel51.platform.entry_points`: find and load installed analytics
- `voxel51.platform.job`: inputs, parameters, outputs and reports of a job
- `voxel51.platform.errors`: errors that decide how a job ends
- `voxel51.platform.video`: videos, whose frames are numbered exactly
- `voxel51.platform.weights`: weights of neural networks
- `voxel51.platform.local`: run an analytic on files, without a server
- `voxel51.platform.run`: the child process that runs one job
- `voxel51.platform.zygote`: the parent process that forks such children
- `voxel51.platform.installed_analytics`: list the installed analytics as a document
"""
