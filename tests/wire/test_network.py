"""Hosts in manifests: one valid spelling of each, and what is said about others."""

import pytest

from voxel51.wire.manifests import problems_of
from voxel51.wire.network import MAX_HOST_LENGTH, MAX_HOSTS, HostPort, declared_hosts
from wire.test_manifests import changed


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("api.example.org:443", "api.example.org", 443),
        ("db:5432", "db", 5432),
        ("xn--bcher-kva.example:1", "xn--bcher-kva.example", 1),
        ("1.example.org:65535", "1.example.org", 65535),
        ("192.0.2.7:80", "192.0.2.7", 80),
        ("[2001:db8::1]:8443", "2001:db8::1", 8443),
    ],
)
def test_host_and_port(text, host, port):
    assert HostPort.parse(text) == HostPort(host, port)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("api.example.org", "has no port"),
        ("api.example.org:", "is not a host and a port"),
        ("api.example.org:0", "invalid port"),
        ("api.example.org:0443", "invalid port"),
        ("api.example.org:65536", "invalid port"),
        ("api.example.org:443443", "invalid port"),
        ("api.example.org:*", "wildcard"),
        ("*.example.org:443", "wildcard"),
        ("*:443", "wildcard"),
        ("API.example.org:443", "Write 'api.example.org:443'"),
        ("api.example.org.:443", "dot at the end"),
        ("bücher.example:443", "xn--"),
        ("api。example.org:443", "outside ASCII"),
        ("https://api.example.org:443", "is a URL"),
        ("api.example.org:443/path", "is a URL"),
        ("user@api.example.org:443", "is a URL"),
        (" api.example.org:443", "spaces"),
        ("api.example.org:443\n", "control characters"),
        ("api.example.org:443\x00", "control characters"),
        ("", "has no port"),
        (":443", "invalid host name"),
        (".example.org:443", "invalid host name"),
        ("a..b:443", "invalid host name"),
        ("-a.example:443", "invalid host name"),
        ("a" * 64 + ".example:443", "invalid host name"),
        ("a." * 127 + ":443", "dot at the end"),
        ("a." * 126 + "bb:44", "invalid host name"),
        ("a" * (MAX_HOST_LENGTH + 1), f"the maximum is {MAX_HOST_LENGTH}"),
        ("localhost:80", "is the job itself"),
        ("a.localhost:80", "is the job itself"),
        ("127.1:80", "invalid IPv4 address"),
        ("2130706433:80", "invalid IPv4 address"),
        ("0x7f000001:80", "invalid IPv4 address"),
        ("0177.0.0.1:80", "invalid IPv4 address"),
        ("1.2.3.4.5:80", "invalid IPv4 address"),
        ("0.0.0.0:80", "not the address of one host"),
        ("224.0.0.1:80", "not the address of one host"),
        ("255.255.255.255:80", "not the address of one host"),
        ("[::]:80", "not the address of one host"),
        ("[ff02::1]:80", "not the address of one host"),
        ("[::ffff:127.0.0.1]:80", "Write 127.0.0.1"),
        ("[fe80::1%eth0]:80", "zone"),
        ("[2001:0db8::1]:80", "Write [2001:db8::1]"),
        ("[example.org]:80", "invalid IPv6 address"),
        ("2001:db8::1:80", "is not a host and a port"),
        ("[::1]", "is not a host and a port"),
    ],
)
def test_other_spellings_are_refused_with_the_fix(text, problem):
    with pytest.raises(ValueError) as raised:
        HostPort.parse(text)

    assert problem in str(raised.value)


def network(value):
    return changed(["extensions", "network"], value)


def test_manifest_may_ask_for_hosts():
    document = network(["api.example.org:443", "[2001:db8::1]:443"])

    assert problems_of(document) == []
    assert declared_hosts(document["extensions"]) == ("api.example.org:443", "[2001:db8::1]:443")
    assert declared_hosts(None) == declared_hosts({}) == ()


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("api.example.org:443", "extensions.network: must be a list, not 'api.example.org:443'"),
        ([443], "extensions.network[0]: must be text such as 'api.example.org:443', not 443"),
        ([["a:1"], {"a": 1}, None], "extensions.network[1]: must be text such as 'api.example.org:443', not a dict"),
        (["a.test:1", "*:1"], "extensions.network[1]: '*:1' has a wildcard, which is not supported. Name each host"),
        (["a:1", "b:1", "a:1"], "extensions.network[2]: 'a:1' is the value of extensions.network[0] as well"),
        ([f"h{n}:1" for n in range(MAX_HOSTS + 1)], f"extensions.network: has 21 hosts; the maximum is {MAX_HOSTS}"),
        (["x" * 10_000_000], f"has 10000000 characters; the maximum is {MAX_HOST_LENGTH}"),
        (["a\ud800:1"], r"extensions.network[0]: 'a\ud800:1' has characters outside ASCII"),
    ],
)
def test_problems_name_the_field(value, problem):
    assert any(problem in found for found in problems_of(network(value))), problems_of(network(value))


def test_huge_lists_cost_nothing():
    assert problems_of(network(["a:1"] * 1_000_000)) == [
        f"extensions.network: has 1000000 hosts; the maximum is {MAX_HOSTS}"
    ]
