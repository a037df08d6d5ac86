"""JSON documents whose keys are not fixed."""

from typing import Any

JsonObject = dict[str, Any]
"""A parsed JSON object whose keys and values depend on the analytic, the event or the rendition.

The values are untyped on purpose: readers index into nested values, and JSON guarantees no more than this.
"""
