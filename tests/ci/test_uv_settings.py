"""Settings of pip, passed on to uv: a package index of a company serves both."""

import runpy
from pathlib import Path

INSTALL = runpy.run_path(str(Path(__file__).resolve().parents[2] / ".ci" / "install.py"))

CONFIG = """\
global.cert='/etc/company.crt'
global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
global.index-url='https://old.example/simple'
global.timeout='60'
:env:.index-url='https://new.example/simple'
"""


def test_uv_uses_the_index_and_the_certificates_of_pip() -> None:
    assert INSTALL["uv_settings"](CONFIG) == {
        "SSL_CERT_FILE": "/etc/company.crt",
        "UV_DEFAULT_INDEX": "https://new.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_uv_is_left_to_its_defaults_where_pip_has_none() -> None:
    assert INSTALL["uv_settings"]("") == {"UV_INDEX_STRATEGY": "unsafe-best-match"}
