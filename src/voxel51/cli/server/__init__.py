"""``voxel51 server``: run a platform, and manage its users and applications on the machine where its data is.

The platform's own code is imported inside the commands alone, so that every other command starts quickly and works
where only the client is installed.
"""
