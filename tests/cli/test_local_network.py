"""Network access of ``voxel51 analytics run`` and ``check``: allowed by an option, and only to the declared hosts."""

import http.server
import threading

import pytest

from support.sandboxes import sandbox_report
from voxel51.cli.main import main

ANALYTIC = '''\
import urllib.request

from voxel51.platform import Video, analytic


@analytic(version="1", network=["127.0.0.1:{port}"])
def {name}(video: Video) -> dict:
    """Ask a service.

    Args:
        video: the video.
    """
    with urllib.request.urlopen("http://127.0.0.1:{asked}/", timeout=20) as response:
        return {{"answer": response.read().decode()}}
'''


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"42")

    def log_message(self, *_):
        pass


@pytest.fixture
def service():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(capfd, tmp_path, monkeypatch):
    from support.video_samples import numbered_video

    monkeypatch.chdir(tmp_path)
    video = numbered_video(tmp_path / "in.mp4")

    def run(name, port, *options, asked=None):
        (tmp_path / f"{name}.py").write_text(ANALYTIC.format(name=name, port=port, asked=asked or port))
        status = main(["analytics", "run", f"{name}.py", str(video), *options])
        return status, capfd.readouterr().err

    return run


def test_local_run_asks_for_the_option(run, service):
    status, errors = run("asks_for_option", service)

    assert status != 0
    assert f"needs network access to 127.0.0.1:{service}. Allow it by --allow-network" in errors


def test_local_run_reaches_declared_hosts_only(run, service, tmp_path):
    if not sandbox_report().kind.limits_hosts:
        pytest.skip("this machine offers no namespaces")
    private = ("--allow-network", "--private-network", "127.0.0.1")

    allowed = run("reaches_declared", service, *private)
    public = run("reaches_public", service, "--allow-network")
    undeclared = run("reaches_undeclared", 9, *private, asked=service)

    assert allowed[0] == 0, allowed
    assert '"42"' in (tmp_path / "in.reaches-declared.json").read_text()
    assert public[0] != 0
    assert f"network: 127.0.0.1:{service} was not reached: it has no public address, nor one in the grant" in public[1]
    assert undeclared[0] != 0
    assert "Connection refused" in undeclared[1]


def test_networks_of_the_option_are_checked(run, service):
    status, errors = run("invalid_network", service, "--allow-network", "--private-network", "10.0.0.1/8")

    assert status != 0
    assert "--private-network: 10.0.0.1/8 has host bits set" in errors
