"""Sandbox of a job: namespaces, Landlock and seccomp, entered by a forked process that keeps what it has in memory.

- `policy`: which mechanism is in force, and what a job can read
- `launcher`: the processes around a job, from the fork to its exit code
- `filesystem`, `network`, `privileges`, `landlock`, `system_calls`: one layer each
- `supervision`: limits of the job as a whole
- `probe`: which mechanism this machine offers, and why not a stronger one
- `kernel`: system calls that Python has no function for
"""
