"""One step of the tracker: from a look at a position to where the stage goes."""

import math
from dataclasses import dataclass, replace

from dystrack.core.coordinates import PixelPosition
from dystrack.manager.tracking import motion, search
from dystrack.manager.tracking.censoring import Reading, reading_of
from dystrack.manager.tracking.looks import Doubt, Failure, Look, Tracked, TrackState
from dystrack.manager.tracking.motion import Axes, Bank, Moments
from dystrack.manager.tracking.targets import Horizon, in_view_until, lead, steadied, within_reach

__all__ = ["step"]

import os
_FMIN=float(os.environ.get('FMIN','.4'))
_GATE_SD, _GATE_FRAME = eval(os.environ.get('GATE','(3.5,.05)'))
_SPEED_UP = 2.0
_REPEAT_FRAME, _REPEAT_MOTION, _REPEAT_SD = eval(os.environ.get('REP','(.05,.5,3.)'))
import os
_DOUBTS_KEPT = int(os.environ.get('DK','2'))
_LOST_SD = 0.3
_LOST_AFTER = 3
_ADAPTION = 0.3
_SOONER = 0.8
_Z_STEP = 0.1


def step(state: TrackState, look: Look) -> Tracked:
    if state.mode == "off":
        return Tracked(state, look.place, look.place, look.place)
    if state.bank is None or state.unit != look.unit:
        return _first(state, look)
    dt = max(look.time_s - state.time_s, 1e-3)
    camera = _sum(state.camera, *look.moves)
    bank = state.bank
    interval = state.interval_s
    sooner = bool(state.proposed_s) and dt < _SOONER * interval
    obeyed = dt <= 1.25 * state.proposed_s if state.proposed_s and state.proposed_s < interval else state.obeyed
    if not interval:
        interval = dt
        bank = motion.with_free_speeds(bank, look.frame, interval)
    elif not sooner:
        interval *= (dt / interval) ** _ADAPTION
    before = motion.moments(bank, look.frame)
    n_repeats = state.repeats[1] + 1 if look.message == state.repeats[0] else 1
    state = replace(state, camera=camera, interval_s=interval, time_s=look.time_s, repeats=(look.message, n_repeats), obeyed=obeyed)
    bank = motion.predicted(bank, dt, look.frame, interval)
    expected = motion.moments(bank, look.frame)
    reading = reading_of(look, max(n_repeats, 2))
    if reading and any(b and look.offset_of(look.place)[a] != reading.offset[a] and n_repeats < 2 and b * (state.seen[a] - camera[a] - reading.offset[a]) < 0 for a, b in enumerate(reading.bounds)):
        reading = None
    if reading: reading = replace(reading, reach=reading_of(look, n_repeats).reach if reading_of(look, n_repeats) else reading.reach)
    messages = []
    believed = False
    if reading is None:
        messages.append("TRACKER:GAP")
        informative = look.failure is Failure.NO_TARGET or (look.failure is None and look.place is not None)
        if informative:
            state = replace(state, n_missed=state.n_missed + 1)
    else:
        place = _sum(camera, reading.offset)
        doubt = Doubt(look.time_s, place, reading.bounds, _difference(place, expected.place))
        if not _is_doubtful(doubt, before, expected, look.frame, state):
            state = replace(state, n_wrong=_REM*state.n_wrong + len(state.doubts), n_real=state.n_real*(_REM if state.doubts else 1))
            bank = motion.updated(bank, place, reading.bounds, look.frame)
            believed = True
        elif (match := _match(doubt, state.doubts, expected, look.frame)) is not None:
            bank = motion.restarted(bank, match.place, look.frame, interval)
            bank = motion.predicted(bank, look.time_s - match.time_s, look.frame, interval)
            bank = motion.updated(bank, place, reading.bounds, look.frame)
            believed = True
            state = replace(state, n_real=_REM*state.n_real + 1, n_wrong=_REM*state.n_wrong + len(state.doubts) - 1)
            messages.append("TRACKER:JUMP")
        else:
            state = replace(state, doubts=(*state.doubts, doubt)[-_DOUBTS_KEPT:], n_missed=0)
            messages.append("TRACKER:DOUBT")
    now = motion.moments(bank, look.frame)
    if believed:
        state = replace(state, doubts=(), n_missed=0, visited=(), seen=now.place)
    state = replace(state, bank=bank)
    lost = max(sd / size for sd, size in zip(now.place_sd[1:], look.frame[1:])) > _LOST_SD or state.n_missed >= _LOST_AFTER
    if lost and reading is None and informative:
        return _search(state, look, now, expected)
    where = now.place
    if believed:
        where = tuple(
            p if not r else (max(p, q + r) if b > 0 else min(p, q - r))
            for p, q, r, b in zip(where, place, reading.reach, reading.bounds)
        )
    horizon = Horizon(now, motion.moments(motion.predicted(bank, interval, look.frame, interval), look.frame), interval)
    main = steadied(where, camera, now, look.frame) if believed else where
    until = in_view_until(horizon, state.mode, look.frame)
    next_in = until if until < interval * .99 else None
    ahead_s = until if state.obeyed else interval
    ahead = lead("smooth" if reading and reading.leads else state.mode, horizon.motion_within(ahead_s), look.frame)
    most = _Z_STEP * (look.frame[0] - look.scale[0])
    if look.place is not None and look.failure is None:
        most = max(most, abs(look.offset_of(look.place)[0]))
    px = lambda p: look.pixel_at(within_reach(_difference(p, camera), most))
    only = px(_sum(main, ahead))
    if state.mode == "auto":
        ahead = tuple(max(abs(d) * _HALF, abs(l)) * (1 if d > 0 else -1) for d, l in zip(horizon.motion_within(ahead_s), ahead))
    nxt = px(_sum(main, ahead))
    return Tracked(
        replace(state, proposed_s=next_in or interval), px(main), nxt, only, next_in, until,
        look.pixel_at(_difference(expected.place, camera)), now.place_sd, tuple(messages),
    )


def _search(state, look, now, expected):
    interval = state.interval_s
    y, x = state.camera[1:]
    visited = (*state.visited, (look.time_s, y, x))
    state = replace(state, visited=visited)
    predicted = look.pixel_at(_difference(expected.place, state.camera))
    if len(visited) > search.MOST_LOOKS:
        target, next_in, what = (state.camera[0], *state.seen[1:]), None, "TRACKER:HOLD"
    else:
        aged = tuple(((look.time_s - t) / interval, y, x) for t, y, x in visited)
        found = search.next_look(state.seen[1:], now.place[1:], aged, (y, x), look.frame[1:])
        target, next_in, what = (state.camera[0], *found), 0.0, "TRACKER:SEARCH"
    px = look.pixel_at(_difference(target, state.camera))
    return Tracked(replace(state, proposed_s=1e-3 if next_in == 0 else interval), px, px, px, next_in, None, predicted, now.place_sd, (what,))


def _first(state, look):
    state = replace(state, unit=look.unit, time_s=look.time_s, bank=None, interval_s=0.0, doubts=(), visited=(), n_missed=0, camera=(0.0, 0.0, 0.0))
    reading = reading_of(look, 2)
    if reading is None:
        return Tracked(state, look.place, look.place, look.place)
    bank = motion.started(reading.offset, look.frame)
    state = replace(state, bank=bank, seen=reading.offset, repeats=(look.message, 1))
    sd = motion.moments(bank, look.frame).place_sd
    return Tracked(state, look.place, look.place, look.place, sd=sd)


_REM=.9
_HALF=float(os.environ.get('HALF','.5'))
def _is_doubtful(doubt, before, expected, frame, state):
    f=min(max((1+state.n_real)/(1+state.n_wrong), _FMIN), 2)
    for axis, bound in enumerate(doubt.bounds):
        if bound is None:
            continue
        sd = math.hypot(expected.place_sd[axis], expected.answer_sd[axis])
        limit = max(3., f*_GATE_SD) * sd + f*_GATE_FRAME * frame[axis]
        last, then = before.place[axis], expected.place[axis]
        low, high = sorted((last, last + _SPEED_UP * (then - last)))
        if bound >= 0 and doubt.place[axis] > high + limit:
            return True
        if bound <= 0 and doubt.place[axis] < low - limit:
            return True
    return False


def _match(doubt, doubts, expected, frame):
    for other in reversed(doubts):
        dt = doubt.time_s - other.time_s
        exact = [a for a in range(3) if doubt.bounds[a] == 0 and other.bounds[a] == 0]
        same = all(doubt.bounds[a] == other.bounds[a] or None in (doubt.bounds[a], other.bounds[a]) for a in range(3) if a not in exact)
        rest = [(doubt.place[a] - other.place[a] - expected.speed[a] * dt) / frame[a] for a in exact]
        ahead = [other.surprise[a] / frame[a] for a in exact]
        squared = sum(a * a for a in ahead)
        share = sum(r * a for r, a in zip(rest, ahead)) / squared if squared else 0.0
        share = min(max(share, 0.0), _RUN)
        limits = [_REPEAT_FRAME + (_REPEAT_MOTION * abs(expected.speed[a] * dt) + _REPEAT_SD * expected.answer_sd[a]) / frame[a] for a in exact]
        if same and all(abs(r - share * a) <= l for r, a, l in zip(rest, ahead, limits)):
            return other
    return None

_RUN = 1.5

def _sum(*values: Axes) -> Axes:
    z, y, x = map(sum, zip(*values, strict=True))
    return z, y, x


def _difference(a: Axes, b: Axes) -> Axes:
    z, y, x = (p - q for p, q in zip(a, b, strict=True))
    return z, y, x
