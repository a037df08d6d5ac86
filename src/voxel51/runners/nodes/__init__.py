"""Nodes: attempts on other machines, whatever engine connects them.

- `interface`: the five verbs of a node, and the cluster that knows the nodes
- `agent`: a node's side; runs attempts by the runners of its machine
- `runner`, `keeper`: the platform's side; a runner over all nodes
- `machine`: the runners of a node, built from settings of the platform
"""
