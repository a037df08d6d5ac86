"""Parts of the page of events and webhooks: their names, and the shapes of what is sent."""

import msgspec

from makers.markdown import code, table
from makers.shapes import section
from voxel51.wire.events import Event, EventName, Gap
from voxel51.wire.webhooks import WEBHOOK_EVENTS, WebhookMessage

_SHAPES = (Event, Gap, WebhookMessage)
_MEANINGS = {
    EventName.QUEUED: "it waits for its turn",
    EventName.SCHEDULED: "it is about to start",
    EventName.RUNNING: "it has started",
    EventName.PROGRESS: "how far it is, at most twice a second",
    EventName.MESSAGE: "it said something",
    EventName.COMPLETE: "it ended, and its output is there",
    EventName.FAILED: "it ended without",
    EventName.ARCHIVED: "it was put away",
    EventName.UNARCHIVED: "it was taken back",
    EventName.EXPIRED: "its output is no longer kept",
    EventName.DELETED: "it is gone",
}


def pages() -> dict[str, str]:
    """File name -> Markdown."""
    rows = [(code(name.value), _MEANINGS[name], "yes" if name in WEBHOOK_EVENTS else "no") for name in EventName]
    _, components = msgspec.json.schema_components(_SHAPES, ref_template="#/components/schemas/{name}")
    shapes = [line.replace("## ", "### ", 1) for name in sorted(components) for line in section(name, components[name])]
    return {
        "parts/event-names.md": "\n".join(table(("event", "what happened to the job", "told to webhooks"), rows)),
        "parts/event-shapes.md": "\n".join(shapes),
    }
