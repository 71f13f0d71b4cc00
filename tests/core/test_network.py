"""Proxies and certificates that the environment names, and what is said of them."""

import pytest

from dualrec.core.network import missing_certificates, proxy_advice, unusable_proxies

NAMES = [name for scheme in ("http", "https", "all", "no") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())]
AROUND = "stands between: add {} to NO_PROXY to go around it"


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "advice"),
    [
        ({}, "http://localhost:8000/v1", ""),
        ({"HTTP_PROXY": "p:1"}, "http://localhost:8000/v1", f"the proxy of HTTP_PROXY {AROUND.format('localhost')}"),
        ({"http_proxy": "p:1"}, "http://10.0.0.1/v1", f"the proxy of http_proxy {AROUND.format('10.0.0.1')}"),
        ({"HTTP_PROXY": "http://p:1"}, "https://gate/v1", ""),
        ({"ALL_PROXY": "http://me:secret@p:1"}, "https://gate/v1", f"the proxy of ALL_PROXY {AROUND.format('gate')}"),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "a.org, localhost"}, "http://localhost:8000/v1", ""),
        ({"HTTP_PROXY": "http://p:1", "NO_PROXY": "*"}, "http://localhost:8000/v1", ""),
    ],
)
def test_the_variable_whose_proxy_stands_between_is_named(monkeypatch, environment, url, advice):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_advice(url) == advice


@pytest.mark.parametrize("proxy", ["socks5://p:1", "socks4://me:secret@p:1", "ftp://p", "http://p:99999", "http://"])
def test_a_proxy_that_is_no_http_address_is_named_without_it(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
    assert unusable_proxies() == ""
    monkeypatch.setenv("ALL_PROXY", proxy)
    assert unusable_proxies().startswith("ALL_PROXY names a SOCKS proxy or no address; ")
    assert "secret" not in unusable_proxies()


def test_certificates_that_are_not_there_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    assert missing_certificates("SSL_CERT_FILE", "SSL_CERT_DIR") == ""
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    assert missing_certificates("SSL_CERT_FILE") == ""
    said = f"SSL_CERT_DIR names '{tmp_path / 'none'}', where no certificates are; correct or unset it"
    assert missing_certificates("SSL_CERT_FILE", "SSL_CERT_DIR") == said
