"""Walkthrough fixtures: the account, video and labels of a real job that a page may require."""

import os
import shutil
import socket
import subprocess
import sysconfig
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from analytics.detectors.networks import yolox
from demo.platform_process import COMMAND, PlatformProcess
from footage.fetch import fetch
from support.accounts import User
from support.postgresql import PostgreSQL
from voxel51.labels.media.playable import VideoRange, playable_video
from voxel51.users.api import API
from voxel51.users.auth import Token

OWN_PORT, OWN_TLS_PORT, RECEIVER_PORT = "5151", "5443", "8000"
"""Ports that pages name; here each is one that is free."""

DATABASE = "postgresql://voxel51:PASSWORD@127.0.0.1/voxel51"
"""The one that pages name; here each has one of its own."""

RECORDINGS = "recordings"
"""Name of the folder below which users of the platform may register sources; pages call it ``/recordings``."""

Environment = Mapping[str, str]

LAST_FRAME = 40
"""Of the clips: long enough for things to be followed, short enough for many jobs."""


@dataclass
class Provisions:
    """The requirements that pages can name (`walkthroughs.needs`); expensive ones are made once for all pages."""

    platform: PlatformProcess
    folder: Path
    postgresql: Callable[[], PostgreSQL]

    @cached_property
    def video(self) -> Path:
        """Return a video of a street with people and bicycles."""
        return self._clip("bikes.mp4", 20, 20 + LAST_FRAME)

    @cached_property
    def labels(self) -> Path:
        """Return the labels of object-tracks for the video."""
        user = User.create(self.platform, self.folder)
        with API(token=Token.from_json(user.token)) as api:
            result = api.run("voxel51/object-tracks", {"video": self.video}, output_dir=self.folder / "labels")
        assert result.output_path is not None
        return Path(result.output_path)

    def lay_out(self, wanted: set[str], folder: Path) -> tuple[dict[str, str], dict[str, str]]:
        """Put what is ``wanted`` into ``folder``.

        Returns:
            The environment of the reader's shell; and text on a page -> what it is here, such as a free port.
        """
        shared = not wanted.isdisjoint({"account", "operator"})
        port = self.platform.url.rpartition(":")[2] if shared else _free_port()
        names = {OWN_PORT: port, OWN_TLS_PORT: _free_port(), RECEIVER_PORT: _free_port()}
        if "machine" in wanted:
            names |= {place: f"{folder}{place}" for place in ("/var/lib/voxel51", "/etc/voxel51")}
        if "recordings" in wanted:
            names[f"/{RECORDINGS}"] = str(self.folder / RECORDINGS)
        if "postgresql" in wanted:
            names[DATABASE] = self.postgresql().database()
        environment = {
            "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / ".local" / "share"),
            "VOXEL51_SERVER_PORT": port,
        }
        for name in sorted(wanted):
            environment |= _PROVIDED[name](self, folder, environment)
        return environment, names

    def _clip(self, name: str, first: int, last: int) -> Path:
        path = self.folder / f"{first}-{name}"
        playable_video(fetch() / name, path, video_range=VideoRange(first=first, last=last))
        return path

    def _account(self, folder: Path, _: Environment) -> dict[str, str]:
        user = User.create(self.platform, folder)
        user.token.rename(folder / "api-token.json")
        return {"VOXEL51_API_TOKEN": str(folder / "api-token.json")}

    def _first_job(self, folder: Path, environment: Environment) -> dict[str, str]:
        """Restore the result of the first tutorial: a stopped platform, an account and its active token."""
        for command in ("server user create alice --token api-token.json", "auth activate api-token.json"):
            subprocess.run(
                [COMMAND, *command.split()], cwd=folder, env={**os.environ, **environment},
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True,
            )  # fmt: skip
        return {}

    def _operator(self, folder: Path, _: Environment) -> dict[str, str]:
        """Start the platform, and direct the commands of the reader to its folder."""
        return {"VOXEL51_SERVER_DIR": str(self.platform.folder)}

    def _video(self, folder: Path, _: Environment) -> dict[str, str]:
        shutil.copy(self.video, folder / "video.mp4")
        return {}

    def _street(self, folder: Path, _: Environment) -> dict[str, str]:
        """Copy one second of the busiest part of the street, which is small enough to be a part of a notebook."""
        shutil.copy(self._clip("bikes.mp4", 125, 149), folder / "video.mp4")
        return {}

    def _week(self, folder: Path, _: Environment) -> dict[str, str]:
        (folder / "videos").mkdir()
        for number, name in enumerate(("monday.mp4", "tuesday.mp4", "wednesday.mp4")):
            shutil.copy(self._clip("bikes.mp4", 60 + 30 * number, 89 + 30 * number), folder / "videos" / name)
        return {}

    def _videos(self, folder: Path, _: Environment) -> dict[str, str]:
        (folder / "videos").mkdir()
        for number, name in enumerate(("monday.mp4", "tuesday.mp4", "wednesday.mp4")):
            shutil.copy(self._clip("bikes.mp4", 1 + 30 * number, 30 + 30 * number), folder / "videos" / name)
        return {}

    def _recordings(self, _folder: Path, _: Environment) -> dict[str, str]:
        for number, name in enumerate(("north", "south")):
            place = self.folder / RECORDINGS / name
            place.mkdir(parents=True)
            shutil.copy(self._clip("bikes.mp4", 1 + 30 * number, 30 + 30 * number), place / "video.mp4")
        return {}

    def _faces(self, folder: Path, _: Environment) -> dict[str, str]:
        shutil.copy(self._clip("carphone_pristine.mp4", 1, LAST_FRAME), folder / "video.mp4")
        return {}

    def _labels(self, folder: Path, _: Environment) -> dict[str, str]:
        shutil.copy(self.labels, folder / "labels.json")
        return {}

    def _detector(self, folder: Path, _: Environment) -> dict[str, str]:
        """Write a small network that detects bright squares: see `analytics.detectors.networks`."""
        (folder / "detector.onnx").write_bytes(yolox())
        return {}

    def _pip(self, folder: Path, environment: Environment) -> dict[str, str]:
        """Create a virtual environment for the reader with the packages of this one; what pip installs stays in it."""
        own = folder / "environment"
        venv.create(own, symlinks=True)
        (site,) = own.glob("lib/python*/site-packages")
        (site / "all.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        for name, code in (("pip", "-m pip"), ("voxel51", "-m voxel51.cli.main")):
            (own / "bin" / name).write_text(f'#!/bin/sh\nexec {own}/bin/python {code} "$@"\n')
            (own / "bin" / name).chmod(0o755)
        path = f"{own / 'bin'}{os.pathsep}{environment['PATH']}"
        return {"PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


_PROVIDED: Mapping[str, Callable[[Provisions, Path, Environment], dict[str, str]]] = {
    "first job": Provisions._first_job,
    "account": Provisions._account,
    "operator": Provisions._operator,
    "video": Provisions._video,
    "videos": Provisions._videos,
    "street": Provisions._street,
    "week": Provisions._week,
    "recordings": Provisions._recordings,
    "faces": Provisions._faces,
    "labels": Provisions._labels,
    "detector": Provisions._detector,
    "machine": lambda _provisions, _folder, _environment: {},
    "postgresql": lambda _provisions, _folder, _environment: {},
    "pip": Provisions._pip,
}


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])
