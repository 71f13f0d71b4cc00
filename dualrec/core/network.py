"""What the environment says about the way to a server: through which proxy, and trusting which certificates."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def missing_certificates(*variables: str) -> str:
    """Which of these variables names trusted certificates that are not there, and what to do; "" where none does.

    variables: names such as SSL_CERT_FILE, of a file or a folder
    """
    for name in variables:
        value = os.environ.get(name)
        if value and not Path(value).exists():
            return f"{name} names '{value}', where no certificates are; correct or unset it"
    return ""


def unusable_proxies() -> str:
    """Which variables name a proxy that is no http address, and what to do; "" where none does.

    The address itself is left out, here as below: it may hold a password.
    """
    proxies = getproxies()
    names = [
        _variable(scheme) for scheme in ("http", "https", "all") if not _is_http(proxies.get(scheme, "http://none"))
    ]
    fault = "names a SOCKS proxy or no address; name a proxy that begins with http://, or unset it"
    return f"{' and '.join(names)} {fault}" if names else ""


def proxy_advice(url: str) -> str:
    """Through the proxy of which variable requests go, and how to go around it; "" where they go straight.

    url: an http address
    """
    parts = urlsplit(url)
    scheme = next((scheme for scheme in (parts.scheme, "all") if getproxies().get(scheme)), None)
    if scheme is None or proxy_bypass(parts.hostname or ""):
        return ""
    return f"the proxy of {_variable(scheme)} stands between: add {parts.hostname} to NO_PROXY to go around it"


def _variable(scheme: str) -> str:
    """The variable that names the proxy of a scheme, as the environment spells it."""
    spellings = (f"{scheme}_proxy", f"{scheme}_proxy".upper())
    return next((name for name in spellings if os.environ.get(name)), "the system's proxy setting")


def _is_http(url: str) -> bool:
    """Whether this is an address of a proxy that every client can use; one without a scheme is read as http."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
