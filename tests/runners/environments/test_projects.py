"""Projects: requirements from the places that declare them, and errors with the file and line."""

import re
import sys
import time

import pytest

from voxel51.runners.environments.errors import BuildError
from voxel51.runners.environments.projects import read_project

MANY = "[project]\ndependencies=[{}]"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_file_with_inline_metadata(tmp_path):
    text = (
        '#!/usr/bin/env python\n# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "scipy>=1.13",\n#\n'
    )
    text += "#   \"Some_Package[extra]==1.0; python_version >= '3.9'\",\n# ]\n# ///\nimport scipy\n"
    write(tmp_path, {"cars.py": text})

    entry = "[project.entry-points.'voxel51.analytics']\n'me/cars' = 'cars:find'\n"
    project = f'[project]\nname = "cars"\ndependencies = ["scipy"]\n\n{entry}'
    hashed = "six==1.17.0 \\\n    --hash=sha256:ab \\\n    --hash=sha256:cd\n"
    requirements = f"# pinned\nnumpy==2.0  # a comment\n\n{hashed}"
    write(tmp_path, {"pyproject.toml": project, "requirements.txt": requirements, "src/cars.py": ""})

    found = read_project(tmp_path)

    assert found.module == "."
    assert [(each.text, each.file, each.line) for each in found.requirements] == [
        ("scipy", "pyproject.toml", 3),
        ("numpy==2.0", "requirements.txt", 2),
        ("six==1.17.0 --hash=sha256:ab --hash=sha256:cd", "requirements.txt", 4),
    ]


def test_folder_with_one_file_has_its_analytic_there(tmp_path):
    write(tmp_path, {"cars.py": "", "test_cars.py": "", "_helpers.py": "", "requirements.txt": ""})

    assert read_project(tmp_path).module == "cars.py"


@pytest.mark.parametrize(
    ("files", "place", "message"),
    [
        pytest.param({}, (None, None), "0 Python files", id="nothing"),
        pytest.param({"a.py": "", "b.py": ""}, (None, None), "2 Python files", id="two-files"),
        pytest.param({"a.py": "# /// script\n# dependencies = [\n# ///\n"}, ("a.py", 2), "invalid TOML", id="toml"),
        pytest.param({"a.py": "# /// script\n# dependencies = 'x'\n# ///\n"}, ("a.py", 2), "a list", id="kind"),
        pytest.param(
            {"a.py": "# /// script\n# x = 1\n# ///\n\n# /// script\n# y = 1\n# ///\n"}, ("a.py", 5), "second", id="two"
        ),
        pytest.param({"a.py": "", "pyproject.toml": "[project\n"}, ("pyproject.toml", 1), "invalid TOML", id="project"),
        pytest.param(
            {"a.py": "", "pyproject.toml": "[project]\nname='a'\nrequires-python = '<3.9'\n"},
            ("pyproject.toml", 3), f"runs Python {HERE}", id="old-python",
        ),
        pytest.param(
            {"a.py": "# /// script\n# requires-python = '3.11'\n# ///\n"}, ("a.py", 2), "is invalid", id="no-operator"
        ),
        pytest.param(
            {"a.py": "", "pyproject.toml": "[project]\nname='a'\ndynamic=['dependencies']\n"},
            ("pyproject.toml", 3), "dynamic dependencies", id="dynamic",
        ),
        pytest.param({"a.py": "", "requirements.txt": "six\n-e .\n"}, ("requirements.txt", 2), "'-e'", id="editable"),
        pytest.param(
            {"a.py": "", "requirements.txt": "--index-url https://evil.example/\n"},
            ("requirements.txt", 1), "'--index-url'", id="index",
        ),
        pytest.param({"a.py": "", "requirements.txt": "six --pre\n"}, ("requirements.txt", 1), "options", id="option"),
        pytest.param(
            {"a.py": "", "requirements.txt": "six @ https://evil.example/six.whl\n"},
            ("requirements.txt", 1), "not a package of the index", id="url",
        ),
        pytest.param(
            {"a.py": "", "requirements.txt": "six[a] @ file:///etc/passwd\n"},
            ("requirements.txt", 1), "not a package of the index", id="file-url",
        ),
        pytest.param({"a.py": "", "requirements.txt": "../other\n"}, ("requirements.txt", 1), "not a", id="path"),
        pytest.param({"a.py": "", "requirements.txt": b"\xff\xfe"}, ("requirements.txt", None), "UTF-8", id="bytes"),
        pytest.param(
            {"a.py": "", "requirements.txt": "x\n" * (1 << 20)}, ("requirements.txt", None), "larger", id="large"
        ),
        pytest.param(
            {"a.py": "", "requirements.txt": "".join(f"p{n}\n" for n in range(3000))},
            ("requirements.txt", None), "3000 requirements", id="many",
        ),
        pytest.param(
            {"a.py": "", "pyproject.toml": f"a = {'[' * 100_000}"}, ("pyproject.toml", None), "nested", id="nested"
        ),
    ],
)  # fmt: skip
def test_invalid_projects_have_an_error_with_its_place(tmp_path, files, place, message):
    for name, text in files.items():
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())

    with pytest.raises(BuildError, match=message) as caught:
        read_project(tmp_path)

    assert (caught.value.file, caught.value.line) == place


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (f">={HERE}", True), (f"=={HERE}.*", True), (f"~={HERE}", True), (f"~={HERE}.0", True), (">=3.8,<4", True),
        (">3.99", False), ("!=3.1", True), (f"!={HERE}.*", False), ("<3.8", False), ("<=3.8", False), ("==3.8", False),
        (f"<{HERE}", False),
    ],
)  # fmt: skip
def test_version_of_python(tmp_path, wanted, fits):
    write(tmp_path, {"a.py": f"# /// script\n# requires-python = '{wanted}'\n# ///\n"})

    try:
        read_project(tmp_path)
    except BuildError:
        assert not fits
    else:
        assert fits


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"a.py": "# /// script\n" * 70_000}, None, id="blocks-without-end"),
        pytest.param({"a.py": "", "pyproject.toml": f"{'#' * 80}\n" * 6000 + "[project]\ndependencies=[1]"},
                     "must be a list of texts", id="numbers"),
        pytest.param({"a.py": "", "pyproject.toml": "\n" * 200_000 + MANY.format('"a",' * 100_000)},
                     "100000 requirements: a bundle may have 2000", id="many"),
        pytest.param({"a.py": "", "pyproject.toml": "\n\n[a]\n" + "b . 'c' . " * 80_000 + "d = 1"},
                     "a key of more than 64 parts", id="long-key"),
        pytest.param({"a.py": "", "pyproject.toml": f"a = {'b' * 800_000}"}, "invalid TOML: Invalid", id="long-word"),
        pytest.param({"a.py": "", "pyproject.toml": "\n" * 500_000 + MANY.format('"@",' * 2000)},
                     "is not a package of the index", id="many-lines"),
    ],
)  # fmt: skip
def test_time_to_read_a_file_of_the_largest_size_is_short(tmp_path, files, said):
    begun = time.thread_time()

    try:
        read_project(write(tmp_path, files))
    except BuildError as error:
        assert said and re.search(said, str(error))
    else:
        assert said is None

    assert time.thread_time() - begun < 10  # minutes, if it grew with the square of the size


def test_folder_with_the_name_of_a_python_file_has_no_analytic(tmp_path):
    with pytest.raises(BuildError, match="0 Python files"):
        read_project(write(tmp_path, {"a.py/b.py": ""}))


def test_number_with_thousands_of_digits_is_invalid(tmp_path):
    with pytest.raises(BuildError, match=r"requires-python '>=1111.* is invalid"):
        read_project(write(tmp_path, {"a.py": f"# /// script\n# requires-python = '>={'1' * 5000}'\n# ///\n"}))
    with pytest.raises(BuildError, match="invalid TOML: Exceeds the limit"):
        read_project(write(tmp_path, {"a.py": f"# /// script\n# a = {'1' * 5000}\n# ///\n"}))
