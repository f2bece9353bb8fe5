"""Sessions and positions as plain values, as a page and the interface for programs get them."""

from typing import Any

from dystrack.dashboard.live.disk import DiskPace
from dystrack.dashboard.live.frames import frame_of
from dystrack.dashboard.live.position import LivePosition
from dystrack.dashboard.live.session import LiveSession
from dystrack.dashboard.live.states import SEVERITIES, PositionState, is_late, position_state
from dystrack.history.entries import Entry, time_of
from dystrack.manager.orders import LIMITS

__all__ = ["natural", "position_view", "prescan_view", "session_view", "signs_of"]

_LONGEST_TEXT = 300


def session_view(session: LiveSession, disk: DiskPace) -> dict[str, Any]:
    """Return how a session is doing, without its positions."""
    start = session.start
    state = session.state
    return {
        "id": session.id,
        "name": session.folder.absolute().name,
        "folder": str(session.folder.absolute()),
        "pipeline": _short_name(str(start.get("pipeline", ""))),
        "state": str(state),
        "severity": SEVERITIES.get(state, 0),
        "says": _said_of_state(session),
        "began": time_of(start).timestamp() if start else None,
        "last": time_of(session.last).timestamp() if session.last else None,
        "n_prescans": session.n_prescans,
        "n_positions": len(session.positions),
        "n_messages": session.n_messages,
        "n_torn": session.n_torn,
        "takes_commands": bool(session.settings.get("control")) and not session.is_over,
        "limits": {name: session.settings.get(name) for name in LIMITS},
        "expected_end": _expected_end(session),
        "disk_free_bytes": disk.free_bytes,
        "disk_full_in_s": None if session.is_over else disk.full_in_s,
        "commands": list(session.commands.values()),
    }


def _short_name(pipeline: str) -> str:
    """Return the name of a pipeline, a shipped one as people type it."""
    return pipeline.removeprefix("dystrack.pipelines.").removesuffix(".analyze_image")


def _said_of_state(session: LiveSession) -> str:
    """Return a sentence on why a session is no longer, or not yet, running."""
    if session.end:
        return session.messages[-1]["text"] if session.messages else ""
    if session.is_owned is False and session.start:
        return (
            "DySTrack ended without a word: it was killed, or the computer was restarted. The same "
            "command with --resume goes on where it was."
        )
    return ""


def _expected_end(session: LiveSession) -> float | None:
    """Return when the last prescan that was asked for will come, in s since 1970."""
    wanted = session.settings.get("max_triggers")
    times = [row.time_s for p in session.positions.values() for row in p.rows[-20:]]
    known = sorted(time_s for time_s in times if time_s is not None)
    if not isinstance(wanted, int) or session.is_over or len(known) < 2:  # noqa: PLR2004
        return None
    pace_s = (known[-1] - known[0]) / (len(known) - 1)
    left_s = pace_s * max(0, wanted - session.n_prescans)
    return time_of(session.start).timestamp() + known[-1] + left_s


def position_view(session: LiveSession, position: LivePosition, now_s: float) -> dict[str, Any]:
    """Return how a position is doing: what its tile shows."""
    silent_s = _silent_s(session, position, now_s)
    last = position.rows[-1] if position.rows else None
    state = position_state(
        outcomes=position.outcomes,
        message=last.message if last else "",
        held=position.held,
        is_over=session.is_over,
        silent_s=silent_s,
        interval_s=position.interval_s,
    )
    view: dict[str, Any] = {
        "position": position.name,
        "state": str(state),
        "severity": SEVERITIES.get(state, 0),
        "n_prescans": len(position.rows),
        "n_failed": sum(row.outcome != "tracked" for row in position.rows[-100:]),
        "last": position.last_s,
        "interval_s": position.interval_s,
        "is_late": is_late(silent_s, position.interval_s) and state is not PositionState.ENDED,
        "held": position.held[:_LONGEST_TEXT],
        "unit": position.track.unit,
    }
    if last is not None:
        view |= {
            "number": last.number,
            "name": last.name,
            "message": last.message[:_LONGEST_TEXT],
            "outcome": last.outcome,
            "answer_s": last.sent_s,
            "distance": position.distance,
            "step": position.step,
            "frame": frame_of(position.last, position.rows, position.track),
        }
    return view


def _silent_s(session: LiveSession, position: LivePosition, now_s: float) -> float | None:
    """Return for how long a position has been silent; while all prescans wait, nobody is late."""
    return None if position.last_s is None or session.is_paused else now_s - position.last_s


def signs_of(session: LiveSession, now_s: float) -> dict[str, str]:
    """Return a text for each position that changes whenever what its tile shows may do so."""
    signs = {}
    for name, position in session.positions.items():
        silent_s = _silent_s(session, position, now_s)
        late = is_late(silent_s, position.interval_s)
        run = f"{session.start.get('at')} {session.is_over}"
        signs[name] = f"{run} {len(position.rows)} {late} {position.held}"
    return signs


def prescan_view(session: LiveSession, number: int) -> dict[str, Any] | None:
    """Return all that is known of a prescan; None if there is no such one."""
    found = session.prescan(number)
    if found is None:
        return None
    position, index = found
    row = position.rows[index]
    entry = session.entry_of(position, index)
    return {
        "position": position.name,
        "number": number,
        "name": row.name,
        "time_s": row.time_s,
        "at": _at(entry),
        "outcome": row.outcome,
        "message": row.message,
        "error": str(entry.failed.get("error", "")),
        "fallback": str(entry.failed.get("fallback", "")),
        "traceback": str(entry.failed.get("traceback", "")),
        "step": row.step,
        "unit": position.track.unit,
        "complete_s": row.complete_s,
        "analysed_s": row.analysed_s,
        "sent_s": row.sent_s,
        "frame": frame_of(entry, position.rows[: index + 1], position.track),
        "has_picture": session.picture_of(position, index).exists(),
    }


def natural(name: str) -> tuple[int, str]:
    """Return what names are sorted by, so that 10 comes after 9."""
    return len(name), name


def _at(entry: Entry) -> float | None:
    record = entry.noticed or entry.answered
    return time_of(record).timestamp() if record else None
