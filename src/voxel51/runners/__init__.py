"""Runners: execute the attempts of jobs, each isolated from the others and from the platform's files.

- `launch`, `interface`: what a runner is given, and what it reports
- `processes`: attempts as child processes of this machine
- `local_run`, `local_platform`: one job on this machine, without a server
- `sandbox`: confinement of those processes
- `environments`: packages and sources of bundles, built in that sandbox
"""
