"""What the server may do, checked before it starts."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field, fields

from emojimap import styles, workers
from emojimap.errors import ArgumentError, ServeError
from emojimap.fit import FitSettings

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:.]+\](:\d{1,5})?")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]+")
_RANGES: dict[str, tuple[float, float]] = {
    "port": (0, 65_535),
    "workers": (1, 256),
    "queue": (0, 10_000),
    "max_mb": (0.001, 1_000),
    "max_megapixels": (0.1, 178),  # Pillow itself refuses 179 and more
    "time_limit_s": (0.05, 3_600),
    "upload_limit_s": (0.05, 3_600),
    "head_limit_s": (0.05, 3_600),
    "stop_limit_s": (0, 3_600),
}


@dataclass(frozen=True)
class ServeSettings:
    """Settings of the server.

    Parameters
    ----------
    host : str
        Address to listen on.
    port : int
        Port to listen on; 0 for any that is free.
    workers : int
        Processes that look at photos; 1 or more.
    queue : int
        Photos that may wait for a process; more are refused with 429.
    max_mb : float
        Larger uploads are refused, megabytes (10^6 bytes).
    max_megapixels : float
        Photos with more pixels are refused before they are decoded.
    time_limit_s : float
        Longest work on one photo; its process is ended then.
    upload_limit_s : float
        Longest upload.
    head_limit_s : float
        Longest time until the head of a request is there.
    stop_limit_s : float
        How long a server that is asked to stop finishes what it has.
    token : str, optional
        What every client must show, 16 characters or more.
    no_token : bool
        Listen to other computers without a token.
    allow_hosts : tuple of str
        Further names under which the server may be asked for.
    allow_origins : tuple of str
        Other sites (``https://example.org``) whose pages may ask.
    page : bool
        Whether there is a page beside the REST service.
    style : str
        Style of avatars for which none is asked.
    fit : FitSettings
        Settings of the whole way from photo to avatar.

    Raises
    ------
    ArgumentError
        If a value is out of its range.
    ServeError
        If other computers could ask and there is no token.
    StyleError
        If there is no such style.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = field(default_factory=workers.cores)
    queue: int = 16
    max_mb: float = 20.0
    max_megapixels: float = 50.0
    time_limit_s: float = 10.0
    upload_limit_s: float = 30.0
    head_limit_s: float = 10.0
    stop_limit_s: float = 30.0
    token: str | None = field(default=None, repr=False)
    no_token: bool = False
    allow_hosts: tuple[str, ...] = ()
    allow_origins: tuple[str, ...] = ()
    page: bool = True
    style: str = "avataaars"
    fit: FitSettings = field(default_factory=FitSettings)

    def __post_init__(self) -> None:
        for one in fields(self):
            low, high = _RANGES.get(one.name, (0, 0))
            value = getattr(self, one.name)
            if high and not low <= value <= high:
                raise ArgumentError(f"{one.name} is {value}: give {low:,} to {high:,}")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise ArgumentError(
                "the token must have 16 to 512 letters, digits or . _ ~ + / = -: make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
            )
        for host in self.allow_hosts:
            if not _HOST.fullmatch(host):
                raise ArgumentError(f"host {host!r} is no name: give one like avatars.example.org")
        for origin in self.allow_origins:
            if not _ORIGIN.fullmatch(origin):
                raise ArgumentError(f"origin {origin!r}: give one like https://example.org")
        if self.token is None and not self.no_token and not is_loopback(self.host):
            raise ServeError(
                f"{self.host} lets other computers ask: set a token (--token-file or "
                "EMOJIMAP_TOKEN), or say --no-token if all of them may"
            )
        styles.load(self.style)

    @property
    def places(self) -> int:
        """How many photos may be here at once, at work or waiting."""
        return self.workers + self.queue

    @property
    def max_bytes(self) -> int:
        """Largest upload of a photo."""
        return int(self.max_mb * 1e6)


def is_loopback(host: str) -> bool:
    """Tell whether an address can be reached from this computer alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
