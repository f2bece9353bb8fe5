"""A transcript of what was asked of a microscope and what it answered, for people to send."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from dystrack.core.error_texts import describe_error
from dystrack.core.errors import FolderError
from dystrack.core.protocols import SYSTEM_CLOCK, Clock
from dystrack.scopes.catalogue import Opener
from dystrack.scopes.geometry import PositionUm
from dystrack.scopes.protocols import Scope, ScopeTraits

__all__ = ["TranscribedScope", "Transcript", "plain"]

_DIGITS = 3


class Transcript:
    """What was asked and answered, in its order."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self.entries: list[dict[str, Any]] = []

    def ask(self, what: str, call: Callable[..., Any], *args: Any) -> Any:
        """Call something, and note arguments, answer or error, and how long it took."""
        with self._entry(what, args) as entry:
            answer = call(*args)
            entry["answered"] = plain(answer)
            return answer

    @contextmanager
    def opened(self, opener: Opener, given: Mapping[str, Any]) -> Iterator["TranscribedScope"]:
        """Connect to a microscope, and note with which keywords, and the error if it fails."""
        with ExitStack() as stack:
            with self._entry("open", given):
                scope = stack.enter_context(opener(**given))
            yield TranscribedScope(scope, self)

    @contextmanager
    def _entry(self, what: str, given: object) -> Iterator[dict[str, Any]]:
        began_s = self._clock.monotonic()
        entry: dict[str, Any] = {"asked": what, "with": plain(given)}
        self.entries.append(entry)
        try:
            yield entry
        except Exception as error:
            entry["error"] = str(describe_error(error))
            raise
        finally:
            entry["took_s"] = round(self._clock.monotonic() - began_s, 4)

    def save(self, path: Path) -> None:
        """Write one line for each question.

        Raises
        ------
        FolderError
            If it cannot be written.
        """
        lines = (json.dumps(entry, ensure_ascii=False) for entry in self.entries)
        try:
            path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="\n")
        except OSError as error:
            msg = f"The transcript cannot be saved as {path}: {error}. Choose another folder."
            raise FolderError(msg) from error


class TranscribedScope:
    """Note each question to a microscope, and its answer."""

    def __init__(self, scope: Scope, transcript: Transcript) -> None:
        self._scope = scope
        self._ask = transcript.ask

    @property
    def clock(self) -> Clock:
        """Time in which the microscope lives."""
        return self._scope.clock

    @property
    def traits(self) -> ScopeTraits:
        """What it can do."""
        return self._scope.traits

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._scope, name)
        return lambda *args: self._ask(name, call, *args)


def plain(value: Any) -> Any:
    """Return a value as JSON has it, with positions rounded to nm."""
    if isinstance(value, PositionUm):
        value = value._asdict()
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    match value:
        case float():
            return round(value, _DIGITS)
        case Enum():
            return str(value.value)
        case Mapping():
            return {str(name): plain(part) for name, part in value.items()}
        case list() | tuple():
            return [plain(part) for part in value]
    return value if isinstance(value, str | int | None) else str(value)
