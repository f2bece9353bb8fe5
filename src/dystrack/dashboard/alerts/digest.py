"""Few messages from many troubles: one of a kind, then a summary, then *all is well again*.

::

    trouble of a new kind ──► told at once ──► more of it ──► kept, told in one summary
                                   │
                all of them gone, and for a while ──► all is well again ──► from the beginning

In quiet hours only what is urgent is told; the rest is one summary at their end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dystrack.dashboard.alerts.settings import AlertSettings
from dystrack.dashboard.alerts.troubles import Kind, Trouble

__all__ = ["Digest", "Message"]

_SETTLES_S = 60.0
_S_PER_MIN = 60.0
_MOST_LINES = 12

_What = tuple[Kind, str]


@dataclass(frozen=True)
class Message:
    """What is sent.

    Attributes
    ----------
    title, body : str
        What it says.
    is_bad : bool
        Whether it is about trouble.
    picture : Path or None
        What goes with it.
    """

    title: str
    body: str
    is_bad: bool = True
    picture: Path | None = None


class Digest:
    """Decides what is told of one session, and when.

    Parameters
    ----------
    name : str
        Name of the session.
    settings : AlertSettings
        How often and when.
    """

    def __init__(self, name: str, settings: AlertSettings) -> None:
        self._name = name
        self._settings = settings
        self._now: dict[_What, Trouble] = {}
        self._told: set[Kind] = set()
        self._kept: list[Trouble] = []
        self._summary_due_s: float | None = None
        self._well_since_s: float | None = None
        self._was_quiet = False
        self.is_over = False

    def take(self, troubles: Sequence[Trouble], now_s: float, *, is_quiet: bool) -> list[Message]:
        """Take what is wrong now, and return what is to be told of it now.

        Parameters
        ----------
        troubles : sequence of Trouble
            All that is wrong with the session.
        now_s : float
            The time, on a clock that runs steadily.
        is_quiet : bool
            Whether it is in quiet hours.

        Returns
        -------
        list of Message
            Mostly none.
        """
        now = {(trouble.kind, trouble.position): trouble for trouble in troubles}
        new = [trouble for what, trouble in now.items() if what not in self._now]
        self._now = now
        if self.is_over:
            return []
        told = self._tell_new(new, now_s, is_quiet=is_quiet)
        told += self._tell_kept(now_s, is_quiet=is_quiet)
        told += self._tell_well(now_s, is_quiet=is_quiet)
        self._was_quiet = is_quiet
        return told

    def _tell_new(self, new: Sequence[Trouble], now_s: float, *, is_quiet: bool) -> list[Message]:
        """Tell the first of each kind, all positions of it at once; keep the others."""
        told = []
        for kind in dict.fromkeys(trouble.kind for trouble in new):
            own = [trouble for trouble in new if trouble.kind is kind]
            if kind in self._told or (is_quiet and not kind.is_urgent):
                self._kept += own
                self._await_summary(now_s)
            else:
                told.append(self._message(kind, own))
                self._told.add(kind)
                self._await_summary(now_s, starts_anew=True)
            self.is_over = self.is_over or kind.is_final
        return told

    def _await_summary(self, now_s: float, *, starts_anew: bool = False) -> None:
        if self._summary_due_s is None or starts_anew:
            self._summary_due_s = now_s + self._settings.summary_min * _S_PER_MIN

    def _tell_kept(self, now_s: float, *, is_quiet: bool) -> list[Message]:
        """Tell what was kept, once it is time, or once quiet hours are over."""
        is_due = self._summary_due_s is not None and now_s >= self._summary_due_s
        is_morning = self._was_quiet and not is_quiet
        if not self._kept or is_quiet or not (is_due or is_morning or self.is_over):
            return []
        kept, self._kept = self._kept, []
        self._summary_due_s = None
        self._told = self._told | {trouble.kind for trouble in kept} if self._now else set()
        return [self._summary(kept, has_slept=is_morning)]

    def _tell_well(self, now_s: float, *, is_quiet: bool) -> list[Message]:
        """Tell that all is well again, once it has been so for a while."""
        if self._now or not (self._told or self._kept):
            self._well_since_s = None
            return []
        if self._well_since_s is None:
            self._well_since_s = now_s
        if is_quiet or now_s - self._well_since_s < _SETTLES_S:
            return []
        kept, self._kept, self._told = self._kept, [], set()
        self._well_since_s = self._summary_due_s = None
        body = "\n".join(["Nothing is wrong any more.", *self._lines(kept)])
        return [Message(f"{self._name}: all is well again", body, is_bad=False)]

    def _message(self, kind: Kind, own: Sequence[Trouble]) -> Message:
        positions = ", ".join(trouble.position for trouble in own if trouble.position)
        where = f" (position {positions})" if positions else ""
        pictures = [trouble.picture for trouble in own if trouble.picture is not None]
        return Message(
            f"{self._name}: {kind}{where}",
            "\n".join(self._lines(own)),
            is_bad=kind is not Kind.ENDED,
            picture=pictures[0] if pictures else None,
        )

    def _summary(self, kept: Sequence[Trouble], *, has_slept: bool) -> Message:
        since = "In the quiet hours:" if has_slept else "Since the last message:"
        still = [f"{kind}{f', position {name}' if name else ''}" for kind, name in self._now]
        now = f"Now: {'; '.join(still)}." if still else "Now all is well."
        title = f"{self._name}: {len(kept)} more {'trouble' if len(kept) == 1 else 'troubles'}"
        return Message(title, "\n".join([since, *self._lines(kept), now]), is_bad=bool(still))

    @staticmethod
    def _lines(troubles: Sequence[Trouble]) -> list[str]:
        lines = [
            f"{'Position ' + one.position + ', ' if one.position else ''}{one.kind}: {one.text}"
            for one in troubles[:_MOST_LINES]
        ]
        n_more = len(troubles) - len(lines)
        return [*lines, *([f"and {n_more} more"] if n_more > 0 else [])]
