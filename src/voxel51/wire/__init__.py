"""HTTP shapes of the platform: names, enums and JSON documents, declared once for clients and server.

One file per noun, standard library only. A shape is a ``TypedDict``: clients return the dictionary that arrived, and
the server describes it in its OpenAPI document. Dates are ISO 8601 text in UTC (`voxel51.wire.dates`).
"""
