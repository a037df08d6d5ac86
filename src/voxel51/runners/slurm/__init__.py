"""Slurm: a Slurm cluster as one node, with one Slurm job per attempt.

- `commands`: the programs of Slurm: ``sbatch``, ``squeue``, ``scancel``, ``sinfo``
- `options`: further options of ``sbatch``, from settings
- `queue`: the Slurm jobs of attempts: submits, follows and cancels them
- `node`, `cluster`: the five verbs over that queue
- `contact`: connections from Slurm jobs, with `channel` and `messages`
- `agent_process`: the process inside a Slurm job; serves the agent of its one attempt

Slurm decides where and when an attempt starts. Leases, heartbeats and outcomes are ours: `voxel51.runners.nodes`.
"""
