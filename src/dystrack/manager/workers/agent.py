"""The side of the other computer: a Dask scheduler and worker with the settings that are needed."""

import contextlib
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dystrack.core.errors import ConfigurationError
from dystrack.manager.workers.remote import distributed_with
from dystrack.manager.workers.remote_address import RemoteAddress

__all__ = ["open_agent", "own_addresses", "prepared_key"]

# A prescan whose worker died is not tried again by itself: its session goes on by its fallback.
# Workers may have processes of their own, which is how a deadline ends a pipeline.
_SETTINGS = {
    "distributed__scheduler__allowed_failures": 0,
    "distributed__worker__daemon": False,
    "distributed__worker__memory__terminate": False,
    "distributed__worker__memory__pause": False,
}


@contextlib.contextmanager
def open_agent(port: int, key_file: str, *, host: str = "", n_sessions: int = 4) -> Iterator[str]:
    """Start a scheduler and one worker, which is started anew whenever it dies.

    Parameters
    ----------
    port : int
        Port to listen at; 0 for any that is free.
    key_file : str
        Certificate and key in one file; empty for no protection.
    host : str, optional
        Address of this computer to listen at; by default all that it has.
    n_sessions : int, optional, default 4
        How many prescans may be analysed at the same time.

    Yields
    ------
    str
        The address.

    Raises
    ------
    ConfigurationError
        If the port is taken, or the key cannot be used.
    """
    distributed = distributed_with(**_SETTINGS)
    protocol = "tls" if key_file else "tcp"
    place = host or "0.0.0.0"  # noqa: S104 - the key decides who may come
    address = RemoteAddress(f"{protocol}://{place}:{port}", key_file)
    try:
        socket.create_server((place, port)).close()
        security = address.security(distributed)
        cluster = distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=n_sessions,
            host=place,
            scheduler_port=port,
            protocol=f"{protocol}://",
            security=security,
            dashboard_address=None,
            memory_limit=0,
            silence_logs=logging.CRITICAL,  # a prescan whose worker died is told to its session
        )
    except (OSError, RuntimeError) as error:  # a key that is none is an OSError as well
        msg = (
            f"The agent cannot listen at {address.url}: {error}. Is another one running? Give "
            "another --port. Is the key damaged? Delete it."
        )
        raise ConfigurationError(msg) from error
    with cluster:
        yield str(cluster.scheduler_address)


def prepared_key(key_file: Path) -> bool:
    """Make a certificate and its key, if there are none yet.

    Parameters
    ----------
    key_file : Path
        Where to keep them; only this user can read the file.

    Returns
    -------
    bool
        Whether they are new.

    Raises
    ------
    ConfigurationError
        If they cannot be made or written.
    """
    if key_file.is_file():
        return False
    distributed = distributed_with()
    try:
        made: Any = distributed.Security.temporary()
        key_file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="ascii", newline="\n") as file:  # noqa: PTH123 - a handle
            file.write(f"{made.tls_client_key.strip()}\n{made.tls_client_cert.strip()}\n")
    except ImportError as error:
        msg = 'A key needs the package cryptography: pip install "dystrack[remote]"'
        raise ConfigurationError(msg) from error
    except OSError as error:
        msg = f"The key cannot be written: {error}. Name another place with --key."
        raise ConfigurationError(msg) from error
    return True


def own_addresses() -> list[str]:
    """Return addresses at which other computers may reach this one, as far as they are known."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent; it only chooses the way out
        return [str(probe.getsockname()[0]), socket.gethostname()]
    return [socket.gethostname()]
