"""Request context: the authenticated caller and the parameters of one request, as handlers receive them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

CallerT_co = TypeVar("CallerT_co", covariant=True)


@dataclass(frozen=True, slots=True)
class RequestContext(Generic[CallerT_co]):
    """One authenticated request, as its handler sees it.

    Attributes:
        caller: whom the credential stands for; None for `ANYONE` and `SIGNED_LINK`.
        path_params: values of the path's placeholders.
        query_params: first value of each key of the query string.
        headers: of the request; names in any case.
    """

    caller: CallerT_co
    path_params: Mapping[str, str]
    query_params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
