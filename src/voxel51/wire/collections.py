"""Collections: named sets of data, their members and the people with whom they are shared, and saved searches."""

from enum import StrEnum
from typing import NotRequired, TypedDict

MAX_TAG_LENGTH = 64
"""Length limit of a tag, and of a key of metadata, in characters."""

MAX_VALUE_LENGTH = 255
"""Length limit of a value of metadata, in characters."""

MAX_PER_DATA = 50
"""Number of tags, and of keys of metadata, that one file can have."""


class CollectionRole(StrEnum):
    """Role of a person in a collection. Viewers read it; editors also change its members and review labels."""

    OWNER = "owner"
    EDITOR = "editor"
    VIEWER = "viewer"


class DataChange(TypedDict):
    """Body of ``PATCH data/<id>``, and of the action ``update`` of ``POST data/batch``.

    Attributes:
        add_tags: tags to set.
        remove_tags: tags to remove; those that the data do not have are ignored.
        metadata: values to set by key; null removes a key.
    """

    add_tags: NotRequired[list[str]]
    remove_tags: NotRequired[list[str]]
    metadata: NotRequired[dict[str, str | None]]


class MatchingDataChange(DataChange):
    """Body of ``PATCH data``: the change of all of your data that match ``search``, in the syntax of queries."""

    search: str


class DataChanges(TypedDict):
    """Response of ``PATCH data``.

    Attributes:
        changed: number of data that were changed.
        failed: number of data that stay as they are, because they would have too many tags or keys.
        failure: why the first of them was not changed; null if all were.
        is_complete: false if the search matches more data than one request changes. Narrow it.
    """

    changed: int
    failed: int
    failure: str | None
    is_complete: bool


class DataLabelling(TypedDict):
    """Tags and metadata of one file."""

    id: str
    tags: list[str]
    metadata: dict[str, str]


class DataLabellingDetails(TypedDict):
    """Response of ``PATCH data/<id>``."""

    data: DataLabelling


class KnownTag(TypedDict):
    """Tag, and the number of your files that have it."""

    tag: str
    data: int


class KnownTags(TypedDict):
    """Response of ``GET data/tags``: the most frequent first."""

    tags: list[KnownTag]


class Collection(TypedDict):
    """Collection as its reader sees it.

    Attributes:
        owner: username of its owner.
        role: what the caller may do with it.
        data_count: number of its members, counted up to 10,000, or to fewer in a long list of large collections.
        is_count_exact: false if there are more.
    """

    id: str
    name: str
    description: str
    owner: str
    role: CollectionRole
    data_count: int
    is_count_exact: bool
    created_at: str


class CollectionList(TypedDict):
    """Response of ``GET collections``, in the order of the names: your own, and those shared with you."""

    collections: list[Collection]


class CollectionDetails(TypedDict):
    """Response of ``POST collections``, ``GET collections/<id>`` and ``PATCH collections/<id>``."""

    collection: Collection


class NewCollection(TypedDict):
    """Body of ``POST collections``."""

    name: str
    description: NotRequired[str]


class CollectionChange(TypedDict):
    """Body of ``PATCH collections/<id>``. What is absent stays as it is."""

    name: NotRequired[str]
    description: NotRequired[str]


class MemberChange(TypedDict):
    """Body of ``POST collections/<id>/members``: ``action`` is add or remove; ``ids`` or ``search`` says which data.

    ``search`` has the syntax of queries; all of your data that match are added, or all members that match removed.
    """

    action: str
    ids: NotRequired[list[str]]
    search: NotRequired[str]


class MemberChanges(TypedDict):
    """Response of ``POST collections/<id>/members``.

    Attributes:
        changed: number of data that were added or removed.
        not_found: ids that are not yours, or for removal, that are not members.
        is_complete: false if the search matched more data than one request changes; repeat it for the others.
    """

    changed: int
    not_found: list[str]
    is_complete: bool


class ReviewableJob(TypedDict):
    """Complete job of the owner of a video in a collection, whose labels editors of the collection can review."""

    id: str
    name: str
    analytic: str
    analytic_version: str
    completion_date: str


class ReviewableJobList(TypedDict):
    """Response of ``GET collections/<id>/data/<id>/jobs``, the newest first."""

    jobs: list[ReviewableJob]


class CollectionShare(TypedDict):
    """Person with whom a collection is shared."""

    username: str
    role: CollectionRole


class CollectionShares(TypedDict):
    """Response of ``GET collections/<id>/shares``, in the order of the usernames."""

    shares: list[CollectionShare]


class ShareChange(TypedDict):
    """Body of ``PUT collections/<id>/shares/<username>``: ``role`` is viewer or editor."""

    role: str


class SavedSearch(TypedDict):
    """Named search of data. ``search`` and ``sort`` have the syntax of queries."""

    name: str
    search: str
    sort: str | None


class SavedSearches(TypedDict):
    """Response of ``GET searches``, in the order of the names."""

    searches: list[SavedSearch]


class SavedSearchChange(TypedDict):
    """Body of ``PUT searches/<name>``."""

    search: str
    sort: NotRequired[str | None]


class SavedSearchDetails(TypedDict):
    """Response of ``PUT searches/<name>``."""

    search: SavedSearch
