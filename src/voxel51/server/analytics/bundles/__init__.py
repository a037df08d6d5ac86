"""Bundles: uploaded sources of analytics, from the archive that is received to the built environment.

| module | purpose |
|---|---|
| `inspector` | reject a file that is neither Python nor an archive, while it arrives |
| `project_folder` | a folder with the unpacked files, within limits, and its content as one archive |
| `unpacking`, `tar_files`, `zip_files` | read the files of an upload |
| `heading` | name and version of the analytic, without running its code |
| `reception` | an upload, from its last byte to the archive that is kept |
| `service` | the records: deploy, show, delete |
| `builder` | the threads that build environments |
| `build_log` | the log of a build, readable while it grows |
"""
