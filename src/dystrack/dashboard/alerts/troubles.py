"""What is wrong with a session at the moment, that a person would want to know."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.live.disk import DiskPace
from dystrack.dashboard.live.position import LivePosition
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.live.states import SessionState, is_late, is_searching
from dystrack.history.kept_pictures import picture_path
from dystrack.manager.wording import duration

__all__ = ["Kind", "Trouble", "troubles_of"]

_GB = 1e9
_S_PER_H = 3600.0


class Kind(StrEnum):
    """What can be wrong, as a subject says it."""

    LOST = "sample lost"
    HELD = "position held"
    LIMIT = "target beyond a limit"
    RUNAWAY = "stage runs away"
    STAGE = "stage does not follow"
    FAILED = "analyses fail"
    LATE = "no prescan comes"
    UNSENT = "coordinates cannot be sent"
    DISK = "disk nearly full"
    SHARE = "folder out of reach"
    DIED = "DySTrack died"
    CRASHED = "run ended by an error"
    ENDED = "run ended"

    @property
    def is_urgent(self) -> bool:
        """Whether it is told in quiet hours, too: what ends a run or may harm."""
        return self in {Kind.DIED, Kind.CRASHED, Kind.RUNAWAY, Kind.STAGE, Kind.DISK, Kind.SHARE}

    @property
    def is_final(self) -> bool:
        """Whether nothing follows it that could be well again."""
        return self in {Kind.DIED, Kind.CRASHED, Kind.ENDED}


_WARNINGS: Mapping[str, Kind] = MappingProxyType({"runaway": Kind.RUNAWAY, "stage": Kind.STAGE})


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong.

    Attributes
    ----------
    kind : Kind
        What it is.
    position : str
        Where; empty if at all or none.
    text : str
        What a person is told.
    picture : Path or None
        The prescan's picture, which may not be there.
    """

    kind: Kind
    position: str
    text: str
    picture: Path | None = None


def troubles_of(
    session: LiveSession, disk: DiskPace, settings: AlertSettings, now_s: float
) -> list[Trouble]:
    """Return what is wrong with a session now.

    Parameters
    ----------
    session : LiveSession
        The session.
    disk : DiskPace
        Its disk.
    settings : AlertSettings
        From when on something is wrong.
    now_s : float
        The time in s since 1970.

    Returns
    -------
    list of Trouble
        The troubles; of a session that is over, that it is.
    """
    state = session.state
    if session.is_over:
        return [_over(session, state)]
    if state is SessionState.AWAY:
        return [Trouble(Kind.SHARE, "", f"{session.folder} cannot be reached.")]
    if state is SessionState.NONE:
        return []
    found = list(_of_disk(disk, settings))
    if session.lost_folder:
        return [*found, Trouble(Kind.SHARE, "", session.lost_folder)]
    for position in session.positions.values():
        found += _of_position(session, position, settings, now_s)
    return found


def _over(session: LiveSession, state: SessionState) -> Trouble:
    kinds = {SessionState.DIED: Kind.DIED, SessionState.FAILED: Kind.CRASHED}
    last = session.messages[-1]["text"] if session.messages else ""
    text = f"It ended without a word, after: {last}" if state is SessionState.DIED else last
    return Trouble(kinds.get(state, Kind.ENDED), "", text)


def _of_disk(disk: DiskPace, settings: AlertSettings) -> Iterator[Trouble]:
    free, full_in_s = disk.free_bytes, disk.full_in_s
    if free is None:
        return
    is_soon = full_in_s is not None and full_in_s < settings.disk_h * _S_PER_H
    if free < settings.disk_gb * _GB or is_soon:
        pace = "" if full_in_s is None else f", full in {duration(full_in_s)} at this pace"
        yield Trouble(Kind.DISK, "", f"{free / _GB:.1f} GB are left{pace}.")


def _of_position(
    session: LiveSession, position: LivePosition, settings: AlertSettings, now_s: float
) -> Iterator[Trouble]:
    if not position.rows:
        return
    last, name = position.rows[-1], position.name
    prescan = str(position.last.answered["path"])
    picture = picture_path(session.folder, session.watched, prescan) if settings.pictures else None
    if position.held:
        yield Trouble(Kind.HELD, name, position.held, picture)
        return
    kind = _WARNINGS.get(position.warning)
    if kind is not None:
        yield Trouble(kind, name, position.warned, picture)
    if position.last.failed.get("error_type") == "RefusedMoveError":
        yield Trouble(Kind.LIMIT, name, last.message, picture)
    if is_searching(last.message, position.outcomes_of(settings.failures)):
        yield Trouble(Kind.LOST, name, last.message, picture)
    elif last.outcome == "not sent":
        yield Trouble(Kind.UNSENT, name, "The last coordinates could not be sent.", picture)
    silent_s = now_s - (position.last_s or now_s)
    if is_late(silent_s, position.interval_s) and not session.is_paused:
        usual = duration(position.interval_s or 0.0)
        text = f"None for {duration(silent_s)}; usually one comes every {usual}."
        yield Trouble(Kind.LATE, name, text, picture)
