"""One step of the tracker: from a look at a position to where the stage goes.

::

    look ──► nothing to learn ──► GAP: go on by what was expected
      │             └──► without the sample, and lost ──► SEARCH … HOLD
      └──► an answer ──► probable ──────────────────────┬─► the filters learn from it
                  └─► improbable ──► repeats another ───┘   (JUMP: they begin anew there)
                               └───► DOUBT: go on by what was expected
"""

import math
from dataclasses import dataclass, replace

from dystrack.core.coordinates import PixelPosition
from dystrack.manager.tracking.tracker import gate, motion, search, targets
from dystrack.manager.tracking.tracker.censoring import Reading, reading_of
from dystrack.manager.tracking.tracker.looks import Doubt, Failure, Look, Tracked, TrackState
from dystrack.manager.tracking.tracker.motion import Axes, Bank, Moments
from dystrack.manager.tracking.tracker.targets import Horizon

__all__ = ["step"]

_GAP, _DOUBT, _JUMP = "TRACKER:GAP", "TRACKER:DOUBT", "TRACKER:JUMP"
_WEAK = "WARN:WEAK"
_SEARCH, _HOLD = "TRACKER:SEARCH", "TRACKER:HOLD"
_DOUBTS_KEPT = 2
_FADING = 0.9
_LOST_SD, _LOST_AFTER = 0.2, 3
_ADAPTION, _SOONER = 0.3, 0.8
_LEAST_S = 1e-3
_MOST_BEYOND = 1.5


def step(state: TrackState, look: Look) -> Tracked:
    """Return where the stage goes after a look, and what to keep for the next one.

    Parameters
    ----------
    state : TrackState
        What was known of the position; ``TrackState(mode)`` at the beginning.
    look : Look
        The prescan's answer, and how the stage was moved before it.

    Returns
    -------
    Tracked
        Targets, a proposal when to look again, and the new state.
    """
    if state.mode == "off":
        return Tracked(state, look.answer, look.answer, look.answer)
    if state.bank is None or state.unit != look.unit:
        return _first(state, look)
    arrival = _arrived(state, state.bank, look)
    judged = _judged(arrival)
    now = motion.moments(judged.bank, look.frame)
    is_unseen = judged.believed is None and arrival.shows_no_sample
    if is_unseen and _is_lost(judged.state, now, look.frame):
        return _searched(arrival, judged, now)
    return _aimed(arrival, judged, now)


@dataclass(frozen=True)
class _Arrival:
    """A look in the light of what was known; the bank has foreseen its time."""

    look: Look
    state: TrackState
    bank: Bank
    last: Moments
    expected: Moments
    reading: Reading | None

    @property
    def shows_no_sample(self) -> bool:
        """Whether the image could be analysed, and the sample was not in it for certain."""
        if self.look.failure is None:
            return self.reading is None or self.is_weak
        return self.look.failure is Failure.NO_TARGET

    @property
    def is_weak(self) -> bool:
        """Whether the image shows next to nothing, so that the answer may be anything."""
        return self.look.failure is None and _WEAK in self.look.message

    def pixel_at(self, place: Axes) -> PixelPosition:
        """Return the pixel of a place."""
        return self.look.pixel_at(_difference(place, self.state.camera))

    def target_at(self, place: Axes) -> PixelPosition:
        """Return the pixel of a place to go to, no further along z than is allowed."""
        look = self.look
        answer_z = 0.0 if look.answer is None else look.offset_of(look.answer)[0]
        depth = look.frame[0] - look.scale[0]
        offset = _difference(place, self.state.camera)
        return look.pixel_at(targets.within_depth(offset, depth, answer_z))


@dataclass(frozen=True)
class _Judged:
    """What is known after a look; the answer's place where it was believed."""

    state: TrackState
    bank: Bank
    believed: Axes | None
    messages: tuple[str, ...] = ()


def _first(state: TrackState, look: Look) -> Tracked:
    """Begin with the first answer, or anew where the unit of lengths has changed."""
    state = TrackState(state.mode, unit=look.unit, time_s=look.time_s, repeats=(look.message, 1))
    reading = reading_of(look, 1, (0.0, 0.0, 0.0))
    if reading is None:
        return Tracked(state, look.answer, look.answer, look.answer)
    bank = motion.started(reading.offset, look.frame)
    sd = motion.moments(bank, look.frame).place_sd
    state = replace(state, bank=bank, seen=reading.offset)
    return Tracked(state, look.answer, look.answer, look.answer, sd=sd)


def _arrived(state: TrackState, bank: Bank, look: Look) -> _Arrival:
    """Bring what is known to the time of a look."""
    dt_s = max(look.time_s - state.time_s, _LEAST_S)
    interval_s = _usual_interval(state, dt_s)
    if not state.interval_s:
        bank = motion.with_free_speeds(bank, look.frame, interval_s)
    foreseen = motion.predicted(bank, dt_s, look.frame, interval_s)
    repeats = _repeats(state, look)
    state = replace(
        state,
        time_s=state.time_s + dt_s,
        camera=_sum(state.camera, *look.moves),
        interval_s=interval_s,
        obeyed=_is_obeyed(state, dt_s),
        repeats=repeats,
    )
    return _Arrival(
        look,
        state,
        foreseen,
        motion.moments(bank, look.frame),
        motion.moments(foreseen, look.frame),
        reading_of(look, repeats[1], _difference(state.seen, state.camera)),
    )


def _repeats(state: TrackState, look: Look) -> tuple[str, int]:
    """Return the last message and how often it came in a row; failures in between do not count."""
    message, n_repeats = state.repeats
    if look.answer is None:
        return state.repeats
    return look.message, (n_repeats + 1 if look.message == message else 1)


def _is_obeyed(state: TrackState, dt_s: float) -> bool:
    """Return whether a look came when it was wanted rather than as usual."""
    if state.proposed_s is None:
        return state.obeyed
    return dt_s < (state.proposed_s + state.interval_s) / 2


def _usual_interval(state: TrackState, dt_s: float) -> float:
    """Return the usual time between two looks; one that came sooner by our wish does not count."""
    if not state.interval_s:
        return dt_s
    if state.proposed_s is not None and dt_s < _SOONER * state.interval_s:
        return state.interval_s
    return state.interval_s * math.pow(dt_s / state.interval_s, _ADAPTION)


def _judged(arrival: _Arrival) -> _Judged:
    """Learn from an answer, doubt it, or do without."""
    look, state, reading = arrival.look, arrival.state, arrival.reading
    if reading is None:
        n_missed = state.n_missed + arrival.shows_no_sample
        state = replace(state, n_missed=n_missed, is_gap=True)
        return _Judged(state, arrival.bank, None, (_GAP,))
    place = _sum(state.camera, reading.offset)
    surprise = _difference(place, arrival.expected.place)
    answer = Doubt(state.time_s, place, reading.bounds, surprise)
    trusted = gate.LEAST_TRUST if arrival.is_weak else gate.trust(state.n_real, state.n_wrong)
    if not gate.is_doubtful(answer, arrival.last, arrival.expected, look.frame, trusted):
        return _learnt(arrival, answer, arrival.bank, n_real=0, messages=())
    earlier = gate.repeated(answer, reversed(state.doubts), arrival.expected, look.frame)
    if earlier is None and (arrival.is_weak or not state.visited):
        doubts = (*state.doubts, answer)[-_DOUBTS_KEPT:]
        n_missed = state.n_missed + 1 if arrival.is_weak else 0
        state = replace(state, doubts=doubts, n_missed=n_missed, is_gap=True)
        return _Judged(state, arrival.bank, None, (_DOUBT,))
    earlier = earlier or answer
    bank = motion.restarted(arrival.bank, earlier.place, look.frame, state.interval_s)
    since_s = answer.time_s - earlier.time_s
    bank = motion.predicted(bank, since_s, look.frame, state.interval_s)
    return _learnt(arrival, answer, bank, n_real=len(state.doubts[:1]), messages=(_JUMP,))


def _learnt(
    arrival: _Arrival, answer: Doubt, bank: Bank, *, n_real: int, messages: tuple[str, ...]
) -> _Judged:
    """Update the filters, and note what became of the doubts."""
    state, frame = arrival.state, arrival.look.frame
    after_gap = state.is_gap and not state.obeyed  # the next look comes soon then, and mends it
    bank = motion.updated(bank, answer.place, answer.bounds, frame, after_gap=after_gap)
    state = replace(
        state,
        seen=_seen(arrival, answer, motion.moments(bank, frame)),
        doubts=(),
        n_real=(_FADING if state.doubts else 1.0) * state.n_real + n_real,
        n_wrong=_FADING * state.n_wrong + len(state.doubts) - n_real,
        n_missed=0,
        is_gap=False,
        visited=(),
    )
    return _Judged(state, bank, answer.place, messages)


def _seen(arrival: _Arrival, answer: Doubt, now: Moments) -> Axes:
    """Return where the sample certainly was: its place, or where it was at least."""
    reach = arrival.reading.reach if arrival.reading else now.place
    z, y, x = (
        bound if beyond else place
        for bound, place, beyond in zip(answer.place, now.place, reach, strict=True)
    )
    return z, y, x


def _aimed(arrival: _Arrival, judged: _Judged, now: Moments) -> Tracked:
    """Return the targets by what is known now."""
    frame, state = arrival.look.frame, judged.state
    ahead = motion.predicted(judged.bank, state.interval_s, frame, state.interval_s)
    horizon = Horizon(now, motion.moments(ahead, frame), state.interval_s)
    in_view_s = targets.in_view_for(horizon, state.mode, frame)
    proposed_s = in_view_s if in_view_s < state.interval_s else None
    expected_motion = horizon.motion_within(in_view_s if state.obeyed else state.interval_s)
    mode = "smooth" if arrival.reading and arrival.reading.leads else state.mode
    main = place = now.place
    if judged.believed is None:
        main = targets.withheld(place, state.seen, frame)
    else:
        beyond = _beyond_bounds(arrival, judged.believed, place)
        main = place = targets.steadied(beyond, state.camera, now, frame)
    return Tracked(
        replace(state, bank=judged.bank, proposed_s=proposed_s),
        arrival.target_at(main),
        arrival.target_at(_sum(place, targets.lead(mode, expected_motion, frame, alone=False))),
        arrival.target_at(_sum(place, targets.lead(mode, expected_motion, frame, alone=True))),
        proposed_s,
        in_view_s,
        arrival.pixel_at(arrival.expected.place),
        now.place_sd,
        judged.messages,
    )


def _beyond_bounds(arrival: _Arrival, answer: Axes, place: Axes) -> Axes:
    """Return a place that lies as far beyond the bounds of an answer as it should."""
    reading = arrival.reading
    if reading is None:
        return place
    z, y, x = (
        at + bound * min(max(bound * (guess - at), reach), _MOST_BEYOND * reach)
        if bound and reach
        else guess
        for at, guess, bound, reach in zip(
            answer, place, reading.bounds, reading.reach, strict=True
        )
    )
    return z, y, x


def _is_lost(state: TrackState, now: Moments, frame: Axes) -> bool:
    """Return whether the sample may be anywhere, or was missed too often where it should be."""
    spread = max(sd / size for sd, size in zip(now.place_sd[1:], frame[1:], strict=True))
    return spread > _LOST_SD or state.n_missed >= _LOST_AFTER


def _searched(arrival: _Arrival, judged: _Judged, now: Moments) -> Tracked:
    """Return where to look for a lost sample, or hold where it was seen last."""
    look, state = arrival.look, judged.state
    z, y, x = state.camera
    visited = (*state.visited, (state.time_s, y, x))[: search.MOST_LOOKS + 1]
    if len(visited) > search.MOST_LOOKS:
        place, in_s, message = (z, *state.seen[1:]), None, _HOLD
    else:
        ages = [((state.time_s - time_s) / state.interval_s, *at) for time_s, *at in visited]
        wait_s = 0.0 if state.obeyed else state.interval_s
        _, *then = _sum(now.place, _times(now.speed, wait_s))
        found = search.next_look(state.seen[1:], then, ages, (y, x), look.frame[1:])
        place, in_s, message = (z, *found), 0.0, _SEARCH
    target = arrival.target_at(place)
    return Tracked(
        replace(state, bank=judged.bank, visited=visited, proposed_s=in_s),
        *(target, target, target),
        in_s,
        None,
        arrival.pixel_at(arrival.expected.place),
        now.place_sd,
        (message,),
    )


def _sum(*values: Axes) -> Axes:
    z, y, x = map(sum, zip(*values, strict=True))
    return z, y, x


def _times(values: Axes, factor: float) -> Axes:
    z, y, x = (value * factor for value in values)
    return z, y, x


def _difference(place: Axes, origin: Axes) -> Axes:
    z, y, x = (a - b for a, b in zip(place, origin, strict=True))
    return z, y, x
