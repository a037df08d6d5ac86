"""Container runner: run uploaded images by a container engine (Docker, or Podman's service) on this machine.

`runner` has one thread for each attempt; `container` follows one container from its creation to its outcome; `policy`
says with which privileges it runs. `images` loads archives into the engine and removes those least used. `networks`
gives containers a network with one address. Only `engine` talks to the engine.
"""
