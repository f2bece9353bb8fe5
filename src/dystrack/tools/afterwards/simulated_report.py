"""What a report tells of a simulated run: its journal, and what only a simulation knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from statistics import median

from dystrack.charts.pictures import Picture
from dystrack.charts.rows import Row, Zyx, duration_words, time_axis
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.simulated.visits import Summary, Thumbnail, Visit, summarise
from dystrack.tools.afterwards.run_record import (
    Comparison,
    Failure,
    PositionRecord,
    RunRecord,
    evenly,
)

__all__ = ["by_position", "describe_simulation", "untracked_distance_um"]

_PAIRS, _PAIRS_IN_ALL = 8, 100
_TEMPORARY = frozenset({"Folder", "Positions", "Pipeline"})  # told otherwise, or of no use
_NOTHING = RunRecord("", "", {}, ())


def describe_simulation(
    visits: Sequence[Visit],
    field_um: PositionUm,
    about: Mapping[str, str],
    recorded: RunRecord = _NOTHING,
) -> RunRecord:
    """Return what a report tells of a simulated run.

    Parameters
    ----------
    visits : sequence of Visit
        What happened, at least one visit.
    field_um : PositionUm
        Size of the main scan.
    about : mapping of str to str
        What was simulated, by headings.
    recorded : RunRecord, optional
        What the journal of the run tells.

    Returns
    -------
    RunRecord
        The run, with the places that sample and stage really had.

    Raises
    ------
    ConfigurationError
        If there are no visits.
    """
    summary = summarise(visits)
    recorded_rows = {row.name: row for row in recorded.rows}
    known = {
        visit.prescan_path.name: recorded_rows.get(visit.prescan_path.name, _row(visit, number))
        for number, visit in enumerate(visits, 1)
    }
    pictures = {position.name: position.pictures for position in recorded.positions}
    positions = by_position(visits)
    rows = {n: _rows(own, known) for n, own in positions.items()}
    clock = time_axis([row for own in rows.values() for row in own])
    most = max(2, min(_PAIRS, _PAIRS_IN_ALL // len(positions)))
    records = tuple(
        PositionRecord(
            str(number),
            tuple(rows[number]),
            "µm",
            field_yx=(field_um.y, field_um.x),
            pictures=pictures.get(str(number), ()),
            comparison=_compare(own, rows[number], field_um, clock.words, most),
        )
        for number, own in positions.items()
    )
    truth = {row.number: row for own in rows.values() for row in own}
    return replace(
        recorded,
        headline=_headline(summary),
        figures=_figures(visits, summary),
        about={**about, **{k: v for k, v in recorded.about.items() if k not in _TEMPORARY}},
        positions=records,
        failures=tuple(_timed(failure, known, truth) for failure in recorded.failures),
        is_simulated=True,
        unknown=(),
    )


def by_position(visits: Sequence[Visit]) -> dict[int, list[Visit]]:
    """Return the visits of each position in their order, by the number of the position."""
    position = attrgetter("position")
    return {number: list(own) for number, own in groupby(sorted(visits, key=position), position)}


def untracked_distance_um(visit: Visit, first: Visit) -> float:
    """Return how far the camera would be off in µm, had the stage not moved since `first`."""
    return visit.target_um.minus(first.camera_um).length()


def _rows(own: Sequence[Visit], known: Mapping[str, Row]) -> list[Row]:
    """Return the rows of a position, its places counted from its first main scan."""
    first, start = own[0], own[0].camera_um
    return [
        replace(
            known[visit.prescan_path.name],
            time_s=visit.time_s,
            target=_zyx(visit.target_um.minus(start)),
            stage=_zyx(visit.camera_um.minus(start)),
            step=_zyx(visit.stage_after_um.minus(visit.stage_before_um)),
            distance_um=visit.distance_um,
            untracked_um=untracked_distance_um(visit, first),
            in_view=visit.in_view,
            untracked_in_view=visit.untracked_in_view,
        )
        for visit in own
    ]


def _row(visit: Visit, number: int) -> Row:
    """Return what is known of a visit without a journal."""
    return Row(
        position=str(visit.position),
        number=number,
        name=visit.prescan_path.name,
        outcome="tracked" if visit.moved else "failed",
        message=visit.message,
        sent_s=visit.latency_s,
    )


def _zyx(place: PositionUm) -> Zyx:
    return place.z, place.y, place.x


def _timed(failure: Failure, known: Mapping[str, Row], truth: Mapping[int, Row]) -> Failure:
    """Return a failure with the time of the simulation."""
    return replace(failure, row=truth.get(known[failure.row.name].number, failure.row))


def _compare(
    own: Sequence[Visit],
    rows: Sequence[Row],
    field_um: PositionUm,
    words: Callable[[Row], str],
    most: int,
) -> Comparison:
    """Return small main scans from the first to the last, with and without tracking."""
    visits = dict(zip(rows, own, strict=True))
    tracked, still = [], []
    for row in evenly(rows, most):
        visit = visits[row]
        if visit.image is None or visit.untracked_image is None:
            return Comparison()
        title = words(row)
        tracked.append(_picture(visit.image, title, row.outcome, field_um))
        still.append(_picture(visit.untracked_image, "not tracked", "tracked", field_um))
    return Comparison(tuple(tracked), tuple(still))


def _picture(image: Thumbnail, title: str, outcome: str, field_um: PositionUm) -> Picture:
    return Picture(image, title, outcome=outcome, um_per_px=field_um.x / image.shape[1])


def _headline(summary: Summary) -> str:
    tracked, still = summary.in_view_share, summary.untracked_in_view_share
    return f"Complete sample in view: {tracked:.0%} with tracking, {still:.0%} without"


def _figures(visits: Sequence[Visit], summary: Summary) -> dict[str, str]:
    firsts = {number: own[0] for number, own in by_position(visits).items()}
    still = median(untracked_distance_um(visit, firsts[visit.position]) for visit in visits)
    answered = summary.n_visits - summary.n_stayed
    worst_um, worst_time = summary.worst_distance_um, duration_words(summary.worst_latency_s)
    return {
        f"median distance from the target; the worst was {worst_um:.1f} µm": (
            f"{summary.median_distance_um:.2f} µm"
        ),
        "median distance, had the stage never moved": f"{still:.0f} µm",
        "is how far a sample moved": f"{summary.travelled_um:.0f} µm",
        f"median time from prescan to answer; the worst was {worst_time}": duration_words(
            summary.median_latency_s
        ),
        "prescans gave a target; otherwise the stage stayed": f"{answered} of {summary.n_visits}",
    }
