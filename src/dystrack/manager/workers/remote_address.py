"""Where another computer is, what proves that one may use it, and where prescans lie there."""

import socket
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import attrs

from dystrack.core.errors import ConfigurationError

__all__ = ["PathMap", "RemoteAddress"]

_LARGEST_SENT_BYTES = 2 << 30


@attrs.frozen
class RemoteAddress:
    """Address of an agent.

    Attributes
    ----------
    url : str
        ``tls://HOST:PORT``, or ``tcp://HOST:PORT`` without any protection.
    key_file : str, optional
        The file that `dystrack agent` wrote; for ``tls``.

    Raises
    ------
    ConfigurationError
        If the address is none, or the key is missing.
    """

    url: str
    key_file: str = ""

    def __attrs_post_init__(self) -> None:
        protocol, _, place = self.url.partition("://")
        if protocol not in {"tcp", "tls"} or not place.rpartition(":")[2].isdigit():
            msg = (
                f"The executor is {self.url!r}. Give the address that `dystrack agent` shows, such "
                "as tls://192.168.0.7:8786."
            )
            raise ConfigurationError(msg)
        if protocol == "tls" and not Path(self.key_file).is_file():
            msg = (
                f"The key for {self.url} is {self.key_file or 'not given'!r}. Copy the file that "
                "`dystrack agent` wrote to this computer, and name it with --executor_key."
            )
            raise ConfigurationError(msg)

    def knock(self, timeout_s: float) -> None:
        """Raise `OSError` at once where nothing listens; Dask itself would go on trying."""
        host, _, port = self.url.partition("://")[2].rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout_s).close()

    def security(self, distributed: Any) -> Any:
        """Return what Dask needs to encrypt; nothing without a key."""
        if not self.url.startswith("tls"):
            return None
        names = ("scheduler", "worker", "client")
        files = {f"tls_{name}_{part}": self.key_file for name in names for part in ("cert", "key")}
        return distributed.Security(tls_ca_file=self.key_file, require_encryption=True, **files)


@attrs.frozen
class PathMap:
    """Where a folder of this computer lies on another.

    Attributes
    ----------
    here, there : str
        The folder as each of them calls it; empty if prescans are sent.
    """

    here: str = ""
    there: str = ""

    @classmethod
    def parsed(cls, text: str) -> "PathMap":
        r"""Read a text such as ``D:\data=/mnt/data``, or nothing.

        Raises
        ------
        ConfigurationError
            If it is none.
        """
        here, equals, there = (part.strip() for part in text.partition("="))
        if text.strip() and not (here and equals and there):
            msg = f"executor_paths is {text!r}. Give HERE=THERE, such as D:\\data=/mnt/data."
            raise ConfigurationError(msg)
        return cls(here, there)

    def sent(self, path: str) -> tuple[str, bytes | None]:
        """Return where a prescan lies there, or its name and content.

        Raises
        ------
        ConfigurationError
            If it is a folder, or too large to be sent.
        """
        if self.here:
            is_windows = PureWindowsPath(self.here).drive != ""
            kind = PureWindowsPath if is_windows else PurePosixPath
            if kind(path).is_relative_to(kind(self.here)):
                rest = kind(path).relative_to(kind(self.here)).parts
                other = PureWindowsPath if PureWindowsPath(self.there).drive else PurePosixPath
                return str(other(self.there, *rest)), None
        file = Path(path)
        if file.is_dir() or file.stat().st_size > _LARGEST_SENT_BYTES:
            msg = (
                f"{file.name} is a folder, or larger than 2 GB, and cannot be sent to the other "
                "computer. Put it on a share, and say with --executor_paths where that is there."
            )
            raise ConfigurationError(msg)
        return file.name, file.read_bytes()
