"""`dystrack agent`."""

import time
from pathlib import Path

from rich.console import Console

__all__ = ["agent"]

_KEY_FILE = Path("~", ".dystrack", "agent.pem")


def agent(
    *,
    port: int = 8786,
    host: str = "",
    key: Path = _KEY_FILE,
    protected: bool = True,
    sessions: int = 4,
) -> None:
    """Let sessions on other computers run their pipelines on this one, until Ctrl-C.

    Parameters
    ----------
    port : int
        Port to listen at.
    host : str
        Address of this computer to listen at; by default all that it has.
    key : Path
        File with certificate and key, which is made where there is none. Whoever has it may run
        programs here.
    protected : bool
        Whether the key is needed; only where nobody else can reach this computer it is not.
    sessions : int
        How many prescans may be analysed at the same time.
    """
    from dystrack.manager.workers.agent import (  # noqa: PLC0415 - loads Dask
        open_agent,
        own_addresses,
        prepared_key,
    )

    console = Console(highlight=False, soft_wrap=True)
    key_file = str(key.expanduser()) if protected else ""
    is_new = bool(key_file) and prepared_key(Path(key_file))
    with open_agent(port, key_file, host=host, n_sessions=sessions) as address:
        protocol, _, place = address.partition("://")
        reached = host or own_addresses()[0]
        url = f"{protocol}://{reached}:{place.rpartition(':')[2]}"
        console.print(f"This computer analyses prescans for others at {url} (Ctrl-C to end).")
        if is_new:
            console.print(f"A new key was written to {key_file}.")
        if key_file:
            console.print("Copy the key to the microscope's computer, and start the run there with")
            console.print(f"    --executor {url} --executor_key {Path(key_file).name}")
        else:
            console.print("There is no key: whoever reaches this address can run programs here.")
            console.print(f"Start the run with    --executor {url}")
        while True:
            time.sleep(1)
