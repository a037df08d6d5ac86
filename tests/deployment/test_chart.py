"""The Helm chart: rendered by Helm itself, and checked against the schemas of Kubernetes."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

import voxel51
from support.deployment_tools import helm, tool
from support.documentation_pages import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CHART = ROOT / "deploy/helm/voxel51"
LEAST = {
    "image": {"repository": "registry.example/voxel51"},
    "publicUrl": "https://video.example.org",
    "database": {"existingSecret": "database"},
    "storage": {"url": "s3://videos/files", "existingSecret": "store"},
    "secretKey": {"existingSecret": "secret-key"},
}
RAY = {"ray": {"enabled": True, "image": {"repository": "registry.example/worker"}, "existingSecret": "ray"}}
EVERYTHING = {
    "ingress": {"enabled": True, "host": "video.example.org", "tlsSecret": "certificate", "className": "nginx"},
    "dispatcher": {"unmaskedProc": True, "sandboxMinimum": "namespaces", "nodeSelector": {"disk": "fast"}},
    "image": {"repository": "registry.example/voxel51", "tag": "1", "pullSecrets": ["registry"]},
    "settings": {"LIFETIME_DAYS": "30"},
    "trustedProxies": "10.0.0.0/8",
    "networkPolicy": {
        "ingressFrom": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}],
        "egressTo": [{"ipBlock": {"cidr": "10.0.0.0/8"}}],
    },
}
KUBERNETES = ("1.30.0", "1.34.0")


def run_helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([helm(), *arguments], capture_output=True, text=True, check=False)


def rendered(tmp_path: Path, values: dict[str, Any]) -> Path:
    file, result = tmp_path / "values.yaml", tmp_path / "rendered.yaml"
    file.write_text(yaml.safe_dump({**LEAST, **values}))
    done = run_helm("template", "videos", CHART, "--values", file)
    assert done.returncode == 0, done.stderr
    result.write_text(done.stdout)
    return result


def parts(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    found = [part for part in yaml.safe_load_all(path.read_text()) if part]
    return {(part["kind"], part["metadata"]["name"]): part for part in found}


def pods(path: Path) -> list[dict[str, Any]]:
    """Return the specifications of all pods."""
    found = []
    for part in parts(path).values():
        if part["kind"] == "Deployment":
            found.append(part["spec"]["template"]["spec"])
        if part["kind"] == "RayCluster":
            groups = [part["spec"]["headGroupSpec"], *part["spec"]["workerGroupSpecs"]]
            found += [group["template"]["spec"] for group in groups]
    return found


def test_chart_has_the_version_of_the_package_and_passes_the_linter(tmp_path: Path) -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    rendered(tmp_path, EVERYTHING)
    done = run_helm("lint", "--strict", CHART, "--values", tmp_path / "values.yaml")

    assert done.returncode == 0, done.stdout
    assert {chart["version"], chart["appVersion"]} == {voxel51.__version__}


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("values", [{}, EVERYTHING, RAY], ids=["least", "everything", "ray"])
def test_manifests_match_the_schemas_of_kubernetes(tmp_path: Path, values: dict[str, Any], kubernetes: str) -> None:
    path = rendered(tmp_path, values)
    command = [tool("kubernetes-validate"), "--strict", "-k", kubernetes, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    lines = (done.stdout + done.stderr).splitlines()
    expected = {kind for kind, _ in parts(path)} - {"RayCluster"}  # whose schema no package has
    assert [line for line in lines if "ERROR" in line] == []
    assert len([line for line in lines if " passed " in line]) >= len(expected)
    assert done.returncode == 0


@pytest.mark.parametrize("values", [{}, EVERYTHING, RAY], ids=["least", "everything", "ray"])
def test_every_container_is_confined(tmp_path: Path, values: dict[str, Any]) -> None:
    found = pods(rendered(tmp_path, values))

    assert len(found) == (3 if "ray" in values else 2)
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            context = container["securityContext"]
            assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in container["resources"]["limits"]
            mounted = {each["name"] for each in container["volumeMounts"]}
            assert mounted <= {each["name"] for each in pod["volumes"]}


def test_no_secret_is_in_a_manifest_and_all_settings_are_known(tmp_path: Path) -> None:
    from voxel51.server.settings import Settings

    path = rendered(tmp_path, EVERYTHING)
    assert "Secret" not in {kind for kind, _ in parts(path)}
    for pod in pods(path):
        [container] = pod["containers"]
        variables = {each["name"]: each["value"] for each in container["env"]}
        files = {name: value for name, value in variables.items() if name.endswith("_FILE")}
        assert set(files) == {
            "VOXEL51_SERVER_DATABASE_URL_FILE", "VOXEL51_SERVER_SECRET_KEY_FILE", "AWS_SHARED_CREDENTIALS_FILE"
        }  # fmt: skip
        del variables["VOXEL51_SERVER_DATABASE_URL_FILE"]
        Settings.load({**variables, "VOXEL51_SERVER_DATABASE_URL": "postgresql://a:b@c/d"}, {})


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"publicUrl": ""}, "publicUrl: the address that people and tokens use"),
        ({"database": {}}, "database.existingSecret"),
        ({"storage": {"url": "/data"}}, "storage.url"),
        ({"settings": {"LIFETIME_DAYS": 30}}, "settings"),
        ({"replicas": 3}, "replicas"),
        ({"dispatcher": {"sandboxMinimum": "none"}}, "sandboxMinimum"),
        ({"ray": {"enabled": True}}, "ray."),
    ],
)
def test_missing_and_invalid_values_are_refused_by_name(tmp_path: Path, values: dict[str, Any], text: str) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump({**LEAST, **values}))

    done = run_helm("template", "videos", CHART, "--values", file)

    assert done.returncode != 0
    assert text.replace(".", "/") in done.stderr.replace(".", "/")
