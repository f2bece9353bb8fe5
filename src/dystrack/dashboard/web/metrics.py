"""Figures for those who monitor their instruments already, in the text form of Prometheus."""

from collections import Counter
from collections.abc import Iterator

from dystrack import __version__
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.live.states import PositionState, SessionState
from dystrack.dashboard.live.watch import Watch

__all__ = ["health", "metrics"]

_HELP = {
    "dystrack_info": "Version of DySTrack.",
    "dystrack_session_state": "1 for the state that the session is in.",
    "dystrack_prescans_total": "Prescans that were answered.",
    "dystrack_failures_total": "Prescans that gave no coordinates of their own.",
    "dystrack_position_state": "1 for the state that the position is in.",
    "dystrack_position_last_prescan_seconds": "When the last prescan came, in s since 1970.",
    "dystrack_position_interval_seconds": "Usual time between two prescans in s.",
    "dystrack_position_distance": "Last distance from the centre, in the unit of its label.",
    "dystrack_answer_seconds": "Time from the notice of the last prescan to its answer in s.",
    "dystrack_disk_free_bytes": "Room left on the disk of the folder.",
    "dystrack_journal_torn_lines": "Lines of the journal that could not be used.",
}
_BAD = frozenset({SessionState.DIED, SessionState.FAILED, SessionState.AWAY})


def metrics(watch: Watch) -> str:
    """Return all figures of all sessions."""
    values: dict[str, list[str]] = {name: [] for name in _HELP}
    for name, labels, value in _values(watch):
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        values[name].append(f"{name}{{{inside}}} {value}")
    lines = []
    for name, text in _HELP.items():
        if values[name]:
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}", *values[name]]
    return "\n".join(lines) + "\n"


def health(watch: Watch) -> dict[str, object]:
    """Return whether all sessions are well: ``ok``, and the state of each."""
    sessions = watch.sessions.values()
    names = Counter(one.folder.absolute().name for one in sessions)
    states: dict[str, SessionState] = {}
    for one in sessions:
        name = one.folder.absolute().name
        states[name if names[name] == 1 else str(one.folder.absolute())] = one.state
    return {"ok": not _BAD & set(states.values()), "sessions": states}


def _values(watch: Watch) -> Iterator[tuple[str, dict[str, str], float]]:
    yield "dystrack_info", {"version": __version__}, 1
    for session in watch.sessions.values():
        own = {"session": session.folder.absolute().name, "id": session.id}
        for state in SessionState:
            yield "dystrack_session_state", {**own, "state": state}, int(session.state is state)
        free = watch.disks[session.id].free_bytes
        if free is not None:
            yield "dystrack_disk_free_bytes", own, free
        yield "dystrack_journal_torn_lines", own, session.n_torn
        yield from _of_positions(watch, session, own)


def _of_positions(
    watch: Watch, session: LiveSession, own: dict[str, str]
) -> Iterator[tuple[str, dict[str, str], float]]:
    for name, tile in watch.tiles(session).items():
        labels = {**own, "position": name}
        rows = session.positions[name].rows
        failed = sum(row.outcome != "tracked" for row in rows)
        yield "dystrack_prescans_total", labels, len(rows)
        yield "dystrack_failures_total", labels, failed
        for state in PositionState:
            yield "dystrack_position_state", {**labels, "state": state}, int(tile["state"] == state)
        for metric, key in (
            ("dystrack_position_last_prescan_seconds", "last"),
            ("dystrack_position_interval_seconds", "interval_s"),
            ("dystrack_answer_seconds", "answer_s"),
        ):
            if tile.get(key) is not None:
                yield metric, labels, tile[key]
        if tile.get("distance") is not None:
            yield "dystrack_position_distance", {**labels, "unit": tile["unit"]}, tile["distance"]


def _escaped(text: str) -> str:
    printable = text.encode("utf-8", "replace").decode()  # a file name may be no text at all
    return printable.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
