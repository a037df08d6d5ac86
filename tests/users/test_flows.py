from collections.abc import Generator
from typing import Any

import pytest

from voxel51.users.flows import Emit, Execution, Pause, first_emitted


def flow(seen: list[Any]) -> Generator[Any, Any, str]:
    try:
        seen.append((yield Pause(1)))
        try:
            yield Pause(2)
        except OSError as error:
            seen.append(str(error))
        yield Emit("an item")
        return "the result"
    finally:
        seen.append("closed")


def test_a_flow_receives_the_outcomes_of_its_actions() -> None:
    seen: list[Any] = []
    execution = Execution(flow(seen))

    assert execution.action == Pause(1)
    execution.succeed("outcome")
    execution.fail(OSError("no luck"))
    assert execution.action == Emit("an item")
    execution.succeed(None)

    assert (execution.action, execution.result) == (None, "the result")
    assert seen == ["outcome", "no luck", "closed"]


def test_an_error_that_a_flow_does_not_handle_is_raised() -> None:
    seen: list[Any] = []
    execution = Execution(flow(seen))

    with pytest.raises(KeyError, match="unexpected"):
        execution.fail(KeyError("unexpected"))

    assert seen == ["closed"]


def test_closing_an_execution_closes_the_flow() -> None:
    seen: list[Any] = []

    Execution(flow(seen)).close()

    assert seen == ["closed"]


def test_first_emitted_returns_the_first_item_and_closes_the_flow() -> None:
    seen: list[Any] = []
    execution = Execution(first_emitted(flow(seen)))

    execution.succeed(1)
    execution.fail(OSError("no luck"))

    assert execution.result == "an item"
    assert seen == [1, "no luck", "closed"]


def test_first_emitted_fails_for_a_flow_without_items() -> None:
    def nothing() -> Generator[Any, Any, None]:
        yield Pause(1)

    execution = Execution(first_emitted(nothing()))

    with pytest.raises(LookupError):
        execution.succeed(None)
