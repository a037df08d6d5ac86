"""What is said over HTTP: names, enums and shapes, one file a noun, declared once for both sides.

Standard library only. A shape is a ``TypedDict``: clients hand it out as the plain dictionary that arrived, the
server builds it and describes it in its OpenAPI document. Dates are ISO 8601 text in UTC (`voxel51.wire.dates`).
"""
