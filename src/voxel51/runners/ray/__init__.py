"""Ray: the nodes of a Ray cluster, each with one agent actor.

- `cluster`: starts the process that is connected to Ray, and calls nodes through it; imports no Ray
- `driver`: that process
- `actor`: the agent of a node, as a Ray actor
- `membership`: joins a machine to a cluster, and lets it leave

Ray finds the machines and carries the calls. Leases, heartbeats and placement are ours: `voxel51.runners.nodes`.
"""
