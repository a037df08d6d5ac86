"""Allowed and rejected URLs of outbound requests, in every spelling."""

import socket

import pytest

from voxel51.server.errors import BadRequest
from voxel51.server.outbound.guard import MAX_URL_LENGTH, Guard, Target

PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


def resolving(*addresses: str) -> Guard:
    return Guard(resolve=lambda _host, _port: addresses)


def test_public_url_is_accepted_with_checked_addresses() -> None:
    target = resolving(PUBLIC, PUBLIC_V6).check("https://Files.Example.com/a%20b?signature=x#fragment")

    assert (target.scheme, target.host, target.port) == ("https", "files.example.com", 443)
    assert target.path == "/a%20b?signature=x"
    assert [str(address) for address in target.addresses] == [PUBLIC, PUBLIC_V6]
    assert target.authority == "files.example.com"


@pytest.mark.parametrize(
    ("url", "authority", "path"),
    [
        ("http://files.example.com", "files.example.com", "/"),
        ("HTTP://files.example.com:80/x", "files.example.com", "/x"),
        ("http://files.example.com:443/x", "files.example.com:443", "/x"),
        ("https://files.example.com:8443?a=b", "files.example.com:8443", "/?a=b"),
        (f"http://{PUBLIC}:9000/x", f"{PUBLIC}:9000", "/x"),
        (f"http://[{PUBLIC_V6}]:9000/x", f"[{PUBLIC_V6}]:9000", "/x"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", "/"),
        ("https://my_bucket.example/", "my_bucket.example", "/"),
    ],
)
def test_url_is_parsed_as_written(url: str, authority: str, path: str) -> None:
    target: Target = resolving(PUBLIC).check(url)

    assert (target.authority, target.path) == (authority, path)


NOT_PUBLIC = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.8.8.8", "169.254.169.254",
    "169.254.0.1", "172.16.0.1", "172.31.255.254", "192.0.0.8", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.19.255.254", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "168.63.129.16", "100.100.100.200",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.215.14", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_non_public_address_is_rejected(address: str) -> None:
    host = f"[{address}]" if ":" in address else address

    for guard, url in ((Guard(), f"http://{host}/"), (resolving(address), "http://rebound.example/")):
        with pytest.raises(BadRequest, match="not public"):
            guard.check(url)


@pytest.mark.parametrize(
    "order", [(PUBLIC, "127.0.0.1"), ("127.0.0.1", PUBLIC), (PUBLIC, "::1"), (PUBLIC_V6, "10.0.0.1")]
)
def test_one_private_address_is_enough_to_reject(order: tuple[str, str]) -> None:
    with pytest.raises(BadRequest, match="not public"):
        resolving(*order).check("http://mixed.example/")


def test_names_of_this_machine_are_rejected() -> None:
    for host in ("localhost", socket.gethostname(), "ip6-localhost"):
        with pytest.raises(BadRequest):
            Guard().check(f"http://{host}/")


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://127.1/",
        "http://127.0.0.01/", "http://127.0.0.1./", "http://example.com./", "http://files.example.com../",
        "http://127.0.0.0x1/", "http://[::1%25lo]/", "http://[fe80::1%eth0]/", "http://[127.0.0.1]/", "http://[]/",
        "http://[::1/", "http://::1/", "http://[v1.x]/",
        "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://bücher.example/", "http://ﬁles.example/",
        "http://%31%32%37.0.0.1/", "http://127.0.0.1%2f@files.example.com/", "http://exa%6dple.com/",
        "http://user@files.example.com/", "http://user:word@files.example.com/", "http://files.example.com@127.0.0.1/",
        "http://files.example.com\\@127.0.0.1/", "http:\\\\127.0.0.1/", "http://files.example.com\t.evil/",
        "http://files.example.com/a b", "http://files.example.com/\r\nHost: evil", "http://files.example.com/\x00",
        " http://files.example.com/", "http://files.example.com/\x7f", "http://files.example.com/ü",
        "//files.example.com/", "/etc/passwd", "files.example.com", "", "http:", "http://", "http:///x", "http:x",
        "file:///etc/passwd", "ftp://files.example.com/", "gopher://files.example.com/", "data:text/plain,x",
        "javascript:alert(1)", "dict://files.example.com/", "https+unix://x/",
        "http://files.example.com:0/", "http://files.example.com:65536/", "http://files.example.com:-1/",
        "http://files.example.com:x/", "http://files.example.com:/", "http://files.example.com:080/",
        "http://files.example.com:22/", "http://files.example.com:25/", "http://files.example.com:1023/",
        "http://-a.example/", "http://a..b/", "http://a,b/", "http://a*b/", "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 130 + "example/", "http://files.example.com/" + "a" * MAX_URL_LENGTH,
    ],
)  # fmt: skip
def test_ambiguous_url_is_rejected(url: str) -> None:
    with pytest.raises(BadRequest):
        resolving(PUBLIC).check(url)


def test_error_contains_no_secret_of_url() -> None:
    for url in (
        "http://127.0.0.1/path-secret?signature=query-secret",
        "http://name:user-secret@files.example.com/",
        "http://files.example.com:22/path-secret",
        "ftp://files.example.com/path-secret",
        "http://files.example.com/path-secret secret",
    ):
        with pytest.raises(BadRequest) as refusal:
            resolving(PUBLIC).check(url)
        assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "answer",
    [OSError("no such host"), UnicodeError("label too long"), socket.gaierror(-2, "Name or service not known")],
)
def test_unresolvable_host_is_rejected(answer: Exception) -> None:
    def fail(_host: str, _port: int) -> list[str]:
        raise answer

    with pytest.raises(BadRequest, match="cannot be resolved, or has an address that is not public"):
        Guard(resolve=fail).check("http://missing.example/")


@pytest.mark.parametrize(
    ("allowed", "url", "addresses"),
    [
        ("files.corp.example", "http://files.corp.example/", ["10.0.0.1"]),
        ("files.corp.example", "http://files.corp.example:25/", ["10.0.0.1"]),
        ("FILES.corp.example:8080", "http://files.corp.example:8080/", ["10.0.0.1"]),
        ("*.corp.example", "http://a.b.corp.example/", ["10.0.0.1", "fd00::1"]),
        ("10.0.0.0/8", "http://files.corp.example/", ["10.0.0.1"]),
        ("10.0.0.0/8", "http://files.corp.example/", ["10.0.0.1", PUBLIC]),
        ("10.0.0.0/8", "http://10.1.2.3:81/", []),
        ("10.0.0.0/8:9000", "http://10.1.2.3:9000/", []),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/", []),
        ("::1", "http://[::1]/", []),
        ("[::1]:9000", "http://[::1]:9000/", []),
        ("[fd00::]/8:9000", "http://[fd00::7]:9000/", []),
        ("fd00::/8", "http://[fd00::7]/", []),
    ],
)
def test_allowed_host_is_accepted(allowed: str, url: str, addresses: list[str]) -> None:
    assert Guard(["other.example", allowed], lambda _host, _port: addresses).check(url).addresses


@pytest.mark.parametrize(
    ("allowed", "url", "addresses"),
    [
        ("files.corp.example", "http://corp.example/", ["10.0.0.1"]),
        ("files.corp.example", "http://a.files.corp.example/", ["10.0.0.1"]),
        ("files.corp.example:8080", "http://files.corp.example/", ["10.0.0.1"]),
        ("*.corp.example", "http://corp.example/", ["10.0.0.1"]),
        ("*.corp.example", "http://evilcorp.example/", ["10.0.0.1"]),
        ("*.corp.example", "http://corp.example.evil.example/", ["10.0.0.1"]),
        ("10.0.0.0/8", "http://files.corp.example/", ["10.0.0.1", "127.0.0.1"]),
        ("10.0.0.0/8:9000", "http://10.1.2.3:9001/", []),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/", []),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", []),
        ("0.0.0.0/0", "http://169.254.169.254/latest/meta-data", []),
        ("::/0", "http://[fd00:ec2::254]/", []),
        ("::/0", "http://[::ffff:169.254.169.254]/", []),
        ("::/0", "http://[64:ff9b::a9fe:a9fe]/", []),
        ("::/0", "http://[2002:a9fe:a9fe::1]/", []),
        ("metadata.corp.example", "http://metadata.corp.example/", ["169.254.169.254"]),
    ],
)
def test_allowed_host_permits_no_other(allowed: str, url: str, addresses: list[str]) -> None:
    with pytest.raises(BadRequest):
        Guard([allowed], lambda _host, _port: addresses).check(url)


@pytest.mark.parametrize(
    "entry", ["*", "*.", "http://a.example", "10.0.0.0/33", "10.0.0", "a.example:0", "a b", "a:b", "[x]"]
)
def test_invalid_entry_is_rejected(entry: str) -> None:
    with pytest.raises(ValueError, match=r"is neither|does not end in a valid port"):
        Guard([entry])


def test_spaces_and_empty_entries_are_ignored() -> None:
    assert Guard([" 10.0.0.1 ", ""]).check("http://10.0.0.1/").host == "10.0.0.1"
