"""Sandbox of a job: namespaces, Landlock and seccomp, entered by a forked process that keeps what it has in memory.

- `policy`: which mechanism is in force, and what a job can read
- `request`: what the processes around a job are told
- `launches`: these processes as their parent sees them, from the fork to the exit code
- `fork_server`, `launcher`, `warden`: the processes around a job in namespaces; `messages`: how they talk
- `supervised_job`: a job without namespaces, and the process around it
- `filesystem`, `network`, `privileges`, `landlock`, `system_calls`: one layer each
- `supervision`: limits of the job as a whole
- `probe`: which mechanism this machine offers, and why not a stronger one
- `kernel`: system calls that Python has no function for
"""
