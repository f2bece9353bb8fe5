"""`dystrack alert test`."""

import sys
from typing import Literal

from dystrack.core.errors import ConfigurationError
from dystrack.dashboard.alerts.digest import Message
from dystrack.dashboard.alerts.post import open_service
from dystrack.dashboard.alerts.settings import SERVICES_VARIABLE, AlertSettings

__all__ = ["alert"]

_TEST = Message(
    "DySTrack: a test", "Alerts arrive. This one was asked for; nothing is wrong.", is_bad=False
)


def alert(what: Literal["test"], *, services: str = f"env:{SERVICES_VARIABLE}") -> None:
    """Try whether alerts arrive: send one that says so.

    Parameters
    ----------
    what : str
        What to do: test.
    services : str
        Where the addresses of services stand: env:NAME or keyring:NAME. In an environment variable
        they are apart by spaces; how each is written, the list of apprise tells.
    """
    del what  # there is one thing to do
    send, n_services = open_service(AlertSettings(services=services))
    if not send(_TEST):
        msg = (
            f"A test message could not be sent to each of {n_services} services. Check their "
            f"addresses in {services}, and the network."
        )
        raise ConfigurationError(msg)
    sys.stdout.write(f"A test message was sent to {n_services} of {n_services} services.\n")
