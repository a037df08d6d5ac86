"""OIDC sign-in: the whole flow with a provider, and providers that return invalid responses."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demo.platform_process import PlatformProcess
from support.loopback_server import Loopback
from support.oidc_provider import CLIENT_ID, CLIENT_SECRET, LooseProvider, Says
from support.platforms import new_platform, running
from voxel51.wire.headers import SIGN_IN_ERROR_COOKIE

PASSWORD = "correct horse"


@contextmanager
def another_provider(person: dict[str, object]) -> Iterator[str]:
    """An independent OpenID provider in its own process; yields its issuer."""
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", "0"]
    arguments = ["--user-claims", json.dumps(person)]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        try:
            said = (found for line in process.stdout if (found := re.search(rb"http://[\w.]+:\d+", line)))
            yield next(said)[0].decode()
        finally:
            process.terminate()


def settings_of(issuer: str, **more: str) -> dict[str, str]:
    own = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET, **more}
    return {f"VOXEL51_SERVER_{name}": text for name, text in own.items()}


@pytest.fixture(scope="module")
def provider() -> Iterator[LooseProvider]:
    provider = LooseProvider()
    yield provider
    provider.close()


@pytest.fixture(scope="module")
def platform(provider: LooseProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformProcess]:
    folder: Path = tmp_path_factory.mktemp("oidc")
    settings = settings_of(provider.url, OIDC_NAME="The Company", OIDC_DOMAINS="company.example, b.example")
    with running(new_platform(folder / "data", environment=settings)) as platform:
        platform.run_command("server", "user", "create", "root", "--no-password")
        yield platform


@pytest.fixture
def sign_in(platform: PlatformProcess, provider: LooseProvider) -> Callable[..., requests.Response]:
    """Sign in as a browser does, through the provider; returns the platform's last response."""

    def go(says: Says, browser: requests.Session | None = None, **arguments: str) -> requests.Response:
        browser = browser or requests.Session()
        provider.says = says
        url = f"{platform.url}/v1/sign-in/oidc"
        sent = browser.get(url, params=arguments, allow_redirects=False, timeout=20)
        assert sent.status_code == 302, sent.text
        return browser.get(provider.visit(sent.headers["Location"]), allow_redirects=False, timeout=20)

    return go


def staff(subject: str, name: str, **more: object) -> Says:
    email = f"{name}@company.example"
    return Says({"sub": subject, "preferred_username": name, "email": email, "email_verified": True, **more})


def account(platform: PlatformProcess, answer: requests.Response) -> dict[str, object]:
    url = f"{platform.url}/v1/account"
    found: dict[str, object] = requests.get(url, cookies=answer.cookies, timeout=20).json()["account"]
    return found


def test_sign_in_with_independent_provider(tmp_path: Path) -> None:
    with another_provider({"sub": "ada", "email": "ada@company.example", "email_verified": True}) as issuer:
        settings = settings_of(issuer, OIDC_DOMAINS="company.example", OIDC_CLIENT_SECRET="plain")
        with running(new_platform(tmp_path, environment=settings)) as platform, requests.Session() as browser:
            begin = f"{platform.url}/v1/sign-in/oidc"
            page = browser.get(begin, params={"next": "/v1/account"}, timeout=20)
            assert page.url.startswith(f"{issuer}/oauth2/authorize"), page.text

            seen = browser.post(page.url, data={"sub": "ada"}, timeout=20)

            assert seen.url == f"{platform.url}/v1/account"
            expected = {"username": "ada", "email": "ada@company.example", "oidc_issuer": issuer, "role": "operator"}
            assert {name: seen.json()["account"][name] for name in expected} == expected


def test_provider_is_listed_without_its_secret(platform, sign_in) -> None:
    ways = requests.get(f"{platform.url}/v1/sign-in", timeout=20).json()
    assert ways["provider"] == {"name": "The Company", "path": "/v1/sign-in/oidc"}
    answer = sign_in(staff("1", "boss"))
    platform.run_command("server", "user", "change", "boss", "--role", "operator")
    shown = requests.get(f"{platform.url}/v1/admin/settings", cookies=answer.cookies, timeout=20)
    assert shown.status_code == 200
    values = {setting["name"]: setting["value"] for setting in shown.json()["settings"]}
    assert (values["oidc_client_id"], values["oidc_client_secret"]) == (CLIENT_ID, "***")


def test_second_sign_in_finds_same_account(platform, sign_in) -> None:
    first, second = sign_in(staff("2", "grace"), next="/somewhere?a=b"), sign_in(staff("2", "hopper"))

    assert (first.status_code, first.headers["Location"]) == (302, "/somewhere?a=b")
    assert account(platform, first)["username"] == account(platform, second)["username"] == "grace"
    assert account(platform, second)["email"] == "hopper@company.example"
    assert account(platform, second)["role"] == "member"


def test_taken_or_invalid_names_are_adapted(platform, sign_in) -> None:
    names = [account(platform, sign_in(staff(f"n{number}", name)))["username"]
             for number, name in enumerate(["root", "root", "admin", "Zoë Ø", "../../x", "@"])]  # fmt: skip

    assert names == ["root-2", "root-3", "admin-2", "Zo", "x", "user"]


def test_missing_claims_are_read_from_userinfo(platform, sign_in) -> None:
    info = {"sub": "5", "email": "tim@b.example", "email_verified": True, "preferred_username": "tim"}
    assert account(platform, sign_in(Says({"sub": "5"}, info=info)))["email"] == "tim@b.example"

    foreign = sign_in(Says({"sub": "6"}, info=info))  # of another subject, so it is ignored
    assert foreign.status_code == 403


@pytest.mark.parametrize(
    "says",
    [
        pytest.param(Says({"sub": "s1"}), id="no address"),
        pytest.param(staff("s2", "x", email_verified=False), id="an address that is not verified"),
        pytest.param(staff("s3", "x", email="x@evil-company.example"), id="an address elsewhere"),
        pytest.param(staff("s4", "x", email="x@company.example.evil"), id="a longer domain"),
        pytest.param(staff("s5", "x", email="company.example"), id="a domain alone"),
    ],
)
def test_other_domains_require_invitation(platform, sign_in, says) -> None:
    assert sign_in(says).status_code == (403 if says.claims.get("email") != "company.example" else 302)


def test_invitation_admits_once(platform, sign_in) -> None:
    key = platform.run_command("server", "user", "invite", "--role", "viewer").split()[0]

    invited = sign_in(Says({"sub": "i1", "name": "Guest"}), invitation=key)
    assert account(platform, invited)["role"] == "viewer"
    assert sign_in(Says({"sub": "i2"}), invitation=key).status_code == 400


@pytest.mark.parametrize(
    ("says", "said"),
    [
        (Says(token_status=400), "invalid_grant"),
        (Says(id_token="nonsense"), "segments"),
        (Says({"aud": "another"}), "Audience"),
        (Says({"aud": [CLIENT_ID, "another"], "azp": "another"}), "another client"),
        (Says({"iss": "https://another.example"}), "issuer"),
        (Says({"exp": 1}), "expired"),
        (Says({"exp": None}), "exp"),
        (Says({"sub": None}), "sub"),
        (Says({"sub": ""}), "another client"),
        (Says({"sub": "a" * 256}), "another client"),
        (Says({"nonce": "of another sign-in"}), "another sign-in"),
        (Says({"nonce": None}), "another sign-in"),
        (Says(key=rsa.generate_private_key(65537, 2048)), "Signature"),
        (Says(key_id="second"), "second"),
        (Says(key="", algorithm="none"), "is invalid"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_invalid_id_token_is_rejected(sign_in, says, said) -> None:
    answer = sign_in(says)

    assert answer.status_code == 401, answer.text
    assert said in answer.json()["error"]["message"]
    assert not any(name.startswith("voxel51_session") for name in answer.cookies)


def test_token_signed_with_public_key_as_secret_is_rejected(sign_in, provider) -> None:
    public = provider.keys["first"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def part(document: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=")

    signed = part({"alg": "HS256", "kid": "first"}) + b"." + part({"sub": "1", "aud": CLIENT_ID, "iss": provider.url})
    signature = base64.urlsafe_b64encode(hmac.new(public, signed, hashlib.sha256).digest()).rstrip(b"=")
    assert sign_in(Says(id_token=(signed + b"." + signature).decode())).status_code == 401


def test_provider_may_rotate_its_keys(platform, provider, sign_in, tmp_path) -> None:
    with running(new_platform(tmp_path, environment=settings_of(provider.url, SIGN_UP="open"))) as fresh:
        provider.says = Says(key_id="next", key=provider.keys["first"])
        provider.keys["next"] = provider.keys["first"]
        browser = requests.Session()
        sent = browser.get(f"{fresh.url}/v1/sign-in/oidc", allow_redirects=False, timeout=20)
        back = provider.visit(sent.headers["Location"]).replace(platform.url, fresh.url)
        assert browser.get(back, allow_redirects=False, timeout=20).status_code == 302
    del provider.keys["next"]


def test_wrong_or_unreachable_provider_is_reported(tmp_path) -> None:
    loopback = Loopback()
    loopback.reply_json({"issuer": "https://another.example"})
    with running(new_platform(tmp_path, environment=settings_of(loopback.url))) as platform:
        begin = f"{platform.url}/v1/sign-in/oidc"
        other = requests.get(begin, allow_redirects=False, timeout=20)
        loopback.reply_json([1])
        nonsense = requests.get(begin, allow_redirects=False, timeout=20)
        loopback.close()
        away = requests.get(begin, allow_redirects=False, timeout=20)
    assert (other.status_code, nonsense.status_code, away.status_code) == (424, 424, 502)
    assert "'https://another.example'; the setting oidc_issuer must be the same" in other.json()["error"]["message"]


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "a", "/a b", "/\n"])
def test_sign_in_never_redirects_to_another_site(platform, path) -> None:
    answer = requests.get(f"{platform.url}/v1/sign-in/oidc", params={"next": path}, allow_redirects=False, timeout=20)
    assert answer.status_code == 400


def test_only_the_starting_browser_can_finish(platform, provider) -> None:
    provider.says = staff("7", "kim")
    sent = [requests.get(f"{platform.url}/v1/sign-in/oidc", allow_redirects=False, timeout=20) for _ in range(2)]
    back = [provider.visit(answer.headers["Location"]) for answer in sent]
    for url, cookies in (
        (back[1], {}),
        (back[1], sent[0].cookies),
        (back[1], {"voxel51_sign_in": "nonsense"}),
        (back[1].replace("state=", "state=x"), sent[1].cookies),
        (f"{back[1]}&iss=https://another.example", sent[1].cookies),
        (back[1].replace("code=code", "error=access_denied"), sent[1].cookies),
    ):
        assert requests.get(url, cookies=cookies, allow_redirects=False, timeout=20).status_code == 401
    assert requests.get(back[1], cookies=sent[1].cookies, allow_redirects=False, timeout=20).status_code == 302


def test_oidc_can_be_linked_and_unlinked(platform, provider, sign_in) -> None:
    key = platform.run_command("server", "user", "invite").split()[0]
    browser, v1 = requests.Session(), f"{platform.url}/v1"
    body = {"username": "lena", "password": PASSWORD, "invitation": key}
    assert browser.post(f"{v1}/sign-up", json=body, timeout=20).status_code == 201
    evil = {"Origin": "https://evil.example"}
    assert browser.post(f"{v1}/account/oidc", headers=evil, timeout=20).status_code == 403

    provider.says = staff("8", "somebody")
    url = browser.post(f"{v1}/account/oidc", params={"next": "/me"}, timeout=20).json()["url"]
    back = browser.get(provider.visit(url), allow_redirects=False, timeout=20)
    assert (back.status_code, back.headers["Location"]) == (302, "/me")

    assert account(platform, sign_in(provider.says))["username"] == "lena"
    assert browser.delete(f"{v1}/account/oidc", timeout=20).status_code == 204
    assert browser.delete(f"{v1}/account/oidc", timeout=20).status_code == 404
    assert account(platform, sign_in(provider.says))["username"] == "somebody"
    log = browser.get(f"{v1}/account/audit", timeout=20).json()["audit"]
    assert {"other sign-in added", "other sign-in removed"} <= {line["action"] for line in log}


def test_provider_account_of_another_user_cannot_be_linked(platform, provider, sign_in) -> None:
    sign_in(staff("9", "mia"))
    holder = sign_in(staff("10", "noa"))
    v1 = f"{platform.url}/v1"
    begun = requests.post(f"{v1}/account/oidc", cookies=holder.cookies, timeout=20)
    provider.says = staff("9", "mia")
    cookies = {**holder.cookies.get_dict(), **begun.cookies.get_dict()}
    back = requests.get(provider.visit(begun.json()["url"]), cookies=cookies, allow_redirects=False, timeout=20)
    assert back.status_code == 409
    # without a password, the only way to sign in cannot be removed
    assert requests.delete(f"{v1}/account/oidc", cookies=holder.cookies, timeout=20).status_code == 409


def test_limited_credential_cannot_link_or_set_password(platform, sign_in) -> None:
    session, v1 = sign_in(staff("11", "ola")).cookies, f"{platform.url}/v1"
    made = requests.post(f"{v1}/account/tokens", json={"name": "t", "scopes": ["manage"]}, cookies=session, timeout=20)
    headers = {"Authorization": f"Bearer {made.json()['access_token']['private_key']}"}
    assert requests.post(f"{v1}/account/oidc", headers=headers, timeout=20).status_code == 403
    body = {"new_password": PASSWORD}
    assert requests.put(f"{v1}/account/password", json=body, headers=headers, timeout=20).status_code == 403
    assert requests.put(f"{v1}/account/password", json=body, cookies=session, timeout=20).status_code == 204


def test_suspended_and_deleted_users_cannot_sign_in(platform, sign_in) -> None:
    gone = sign_in(staff("12", "pat"))
    platform.run_command("server", "user", "change", "pat", "--suspend")
    assert sign_in(staff("12", "pat")).status_code == 403
    platform.run_command("server", "user", "change", "pat", "--resume")
    again = sign_in(staff("12", "pat"))
    former = account(platform, again)["id"]
    url = f"{platform.url}/v1/account"
    assert requests.delete(url, params={"confirm": "pat"}, cookies=again.cookies, timeout=20).status_code == 204
    assert requests.get(url, cookies=gone.cookies, timeout=20).status_code == 401
    assert account(platform, sign_in(staff("12", "pat")))["id"] != former


def refused_as_in_a_browser(platform, path, **more) -> tuple[str, str]:
    """Return the path that a refused browser is redirected to, and the reason that the page there can read."""
    headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = requests.get(f"{platform.url}/v1{path}", headers=headers, allow_redirects=False, timeout=20, **more)
    assert answer.status_code == 302, answer.text
    assert "httponly" not in answer.headers["Set-Cookie"].lower()
    return answer.headers["Location"], unquote(answer.cookies[SIGN_IN_ERROR_COOKIE])


def test_browser_gets_page_with_reason_of_refusal(platform) -> None:
    evil = "/sign-in/oidc/callback?state=x&error=no&error_description=Call+0900+123456"
    where, why = refused_as_in_a_browser(platform, evil)
    assert (where, "did not start a sign-in here" in why) == ("/sign-in?refused=401", True)

    where, why = refused_as_in_a_browser(platform, "/sign-in/oidc?next=//evil.example")
    assert (where, "must be a path on this platform" in why) == ("/sign-in?refused=400", True)
    assert "\n" not in why

    program = requests.get(f"{platform.url}/v1{evil}", allow_redirects=False, timeout=20)
    assert (program.status_code, program.json()["error"]["code"]) == (401, 401)


def test_refused_browsers_count_towards_rate_limit(tmp_path, provider) -> None:
    settings = settings_of(provider.url, ADDRESS_FAILURES_PER_MINUTE="2")
    with running(new_platform(tmp_path / "data", environment=settings)) as platform:
        locations = [refused_as_in_a_browser(platform, "/sign-in/oidc/callback?state=x")[0] for _ in range(3)]
    assert locations == ["/sign-in?refused=401", "/sign-in?refused=401", "/sign-in?refused=429"]


def test_without_provider_oidc_is_not_found(tmp_path) -> None:
    with running(new_platform(tmp_path)) as platform:
        for path in ("sign-in/oidc", "sign-in/oidc/callback?code=c&state=s"):
            answer = requests.get(f"{platform.url}/v1/{path}", allow_redirects=False, timeout=20)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, 404)


def test_authorization_url_has_required_parameters(platform, provider, sign_in) -> None:
    begun = requests.get(f"{platform.url}/v1/sign-in/oidc", allow_redirects=False, timeout=20)
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    assert query["redirect_uri"] == [f"{platform.url}/v1/sign-in/oidc/callback"]
    assert (query["code_challenge_method"], query["response_type"]) == (["S256"], ["code"])
    assert "HttpOnly" in begun.headers["Set-Cookie"]

    sign_in(staff("13", "quinn"))

    asked = next(request for request in reversed(provider.requests) if request.path == "/token")
    form = parse_qs(asked.body.decode())
    assert (form["code"], form["client_id"]) == (["code"], [CLIENT_ID])
    assert len(form["code_verifier"][0]) >= 43
    assert asked.headers["authorization"].startswith("Basic ")
