"""Lays a finished file on the disk as real vendor software does.

::

    at_once         one write
    in_chunks       slowly from the beginning to the end
    plane_by_plane  a TIFF page by page, a valid, shorter file after each
    preallocated    the full size in zeros first, filled afterwards
    header_last     the first bytes stay zero until everything else is there
    with_stall      page by page, with a long pause in the middle
    locked          slowly, and no other program can read it before it is closed
    renamed         slowly under ``name.part``, which gets its own name at the end
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TypeAlias

from dystrack.core.protocols import Clock
from dystrack.scopes.writing.file_lock import exclusive_lock
from dystrack.scopes.writing.growth import Piece, chunk_pieces, header_last_pieces, plane_pieces

__all__ = ["BEHAVIOURS", "Cut", "WriteBehaviour"]

Cut: TypeAlias = Callable[[bytes, int], Iterator[Piece]]
"""Cuts a finished file into about so many pieces, in the order in which they are written."""


@dataclass(frozen=True)
class WriteBehaviour:
    """How a program gets the bytes of an image on the disk.

    Attributes
    ----------
    cut : callable
        Cuts the file into pieces, see `dystrack.scopes.writing.growth`.
    n_pieces : int
        Number of pieces where the format does not say it.
    duration_s : float
        Time from the first byte to the last, in seconds.
    stall_s : float
        Length of a pause in the middle, in seconds; 0 for none.
    preallocates : bool
        Make a file of zeros with the final size first.
    locks : bool
        Keep other programs from reading it until it is closed.
    renames : bool
        Write under ``name.part`` and replace the path at the end.
    """

    cut: Cut = chunk_pieces
    n_pieces: int = 8
    duration_s: float = 0.2
    stall_s: float = 0.0
    preallocates: bool = False
    locks: bool = False
    renames: bool = False

    def write(self, data: bytes, path: Path, clock: Clock) -> None:
        """Write a file, in place of an existing one, and return when it is complete and closed."""
        for _ in self.steps(data, path, clock):
            pass

    def steps(self, data: bytes, path: Path, clock: Clock) -> Iterator[str]:
        """Write a file step by step; between the steps its present state can be looked at.

        Parameters
        ----------
        data : bytes
            The finished file.
        path : Path
            Where it goes; an existing file is replaced.
        clock : Clock
            Sleeps between the steps.

        Yields
        ------
        str
            What has just been done. After the last one the file is still open; once the generator
            is exhausted it is complete and closed.
        """
        written = path.with_name(f"{path.name}.part") if self.renames else path
        with ExitStack() as held:
            file = held.enter_context(written.open("wb"))
            if self.locks:
                held.enter_context(exclusive_lock(file, len(data)))
            if self.preallocates:
                file.truncate(len(data))
                yield f"reserved {len(data)} bytes"
            yield from self._write_pieces(file, data, clock)
        if self.renames:
            written.replace(path)

    def _write_pieces(self, file: BinaryIO, data: bytes, clock: Clock) -> Iterator[str]:
        pieces = list(self.cut(data, self.n_pieces))
        for index, piece in enumerate(pieces):
            if self.stall_s and index == len(pieces) // 2:
                yield f"stalling for {self.stall_s:g} s"
                clock.sleep(self.stall_s)
            file.seek(piece.offset)
            file.write(piece.data)
            file.flush()
            yield f"wrote {len(piece.data)} bytes at {piece.offset}"
            if index < len(pieces) - 1:
                clock.sleep(self.duration_s / (len(pieces) - 1))


BEHAVIOURS: Mapping[str, WriteBehaviour] = MappingProxyType(
    {
        "at_once": WriteBehaviour(n_pieces=1),
        "in_chunks": WriteBehaviour(),
        "plane_by_plane": WriteBehaviour(cut=plane_pieces),
        "preallocated": WriteBehaviour(preallocates=True),
        "header_last": WriteBehaviour(cut=header_last_pieces),
        "with_stall": WriteBehaviour(cut=plane_pieces, stall_s=3.0),
        "locked": WriteBehaviour(locks=True),
        "renamed": WriteBehaviour(renames=True),
    }
)
"""Every way of writing by its name; `dataclasses.replace` gives another pace."""
