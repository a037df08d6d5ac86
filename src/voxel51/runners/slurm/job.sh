#!/bin/sh
# The batch script of every Slurm job of the platform: runs its arguments, in place of the shell.
exec "$@"
