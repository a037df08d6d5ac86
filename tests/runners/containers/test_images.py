"""Images in the engine: those not used for the longest time are removed when all exceed the limit."""

import pytest

from runners.containers.conftest import MakeBench, stored
from support.file_host import FileHost, file_host
from voxel51.runners.containers.engine import ContainerEngine
from voxel51.runners.containers.images import REPOSITORY

pytestmark = pytest.mark.slow


def test_least_recently_used_image_is_removed(
    make_bench: MakeBench, image_host: FileHost, engine: ContainerEngine
) -> None:
    size = len(image_host.content)
    bench = make_bench(image_bytes=size + size // 2)
    first = stored(image_host)
    bench.run("exit-3")

    with file_host(image_host.content + bytes(10_240)) as host:  # after its end, an archive may have zeros
        second = stored(host)
        bench.start("exit-3", "attempt2", image=second)
        assert bench.outcome("attempt2").exit_code == 3

    tags = set(engine.image_sizes(REPOSITORY))
    assert second.sha256 in tags
    assert first.sha256 not in tags


def test_image_of_the_operator_is_never_touched(make_bench: MakeBench, engine: ContainerEngine) -> None:
    bench = make_bench()
    bench.run("exit-3")
    engine.tag(f"{REPOSITORY}:{bench.image.sha256}", "localhost/of-the-operator", "1")

    engine.remove_image(f"{REPOSITORY}:{bench.image.sha256}")

    assert set(engine.image_sizes("localhost/of-the-operator")) == {"1"}
    engine.remove_image("localhost/of-the-operator:1")
