"""``voxel51 server``: run a platform and manage its users and applications on its own machine.

The server package is imported only inside these commands, so that all other commands start quickly and work with the
light client.
"""
