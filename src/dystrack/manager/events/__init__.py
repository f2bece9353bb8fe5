"""Everything that can happen in a session, one frozen dataclass for each.

The session tells them to listeners: the journal records them, the console shows them. Times in
seconds are durations; when an event happened is written beside it by the journal.
"""

from dystrack.manager.events.analysis import (
    AnalysisFailed,
    AnalysisStarted,
    AnalysisSucceeded,
    AnsweredTooEarly,
)
from dystrack.manager.events.answers import (
    Answered,
    AnsweredLate,
    Answering,
    TransmissionFailed,
    TransmissionRecovered,
)
from dystrack.manager.events.base import Event
from dystrack.manager.events.broadcast import Broadcast, Listener
from dystrack.manager.events.record import JournalRenewed, PrescansFound, RunResumed
from dystrack.manager.events.session import (
    CommandObeyed,
    CommandRefused,
    PositionHeld,
    PositionReleased,
    SessionEnded,
    SessionPaused,
    SessionStarted,
    SessionWentOn,
    StopReason,
    Warned,
)
from dystrack.manager.events.watching import (
    FolderLost,
    FolderReturned,
    ImageNoticed,
    ImageRenamed,
    ImagesIgnored,
    ImageVanished,
    PrescansMissing,
)

__all__ = [
    "AnalysisFailed",
    "AnalysisStarted",
    "AnalysisSucceeded",
    "Answered",
    "AnsweredLate",
    "AnsweredTooEarly",
    "Answering",
    "Broadcast",
    "CommandObeyed",
    "CommandRefused",
    "Event",
    "FolderLost",
    "FolderReturned",
    "ImageNoticed",
    "ImageRenamed",
    "ImageVanished",
    "ImagesIgnored",
    "JournalRenewed",
    "Listener",
    "PositionHeld",
    "PositionReleased",
    "PrescansFound",
    "PrescansMissing",
    "RunResumed",
    "SessionEnded",
    "SessionPaused",
    "SessionStarted",
    "SessionWentOn",
    "StopReason",
    "TransmissionFailed",
    "TransmissionRecovered",
    "Warned",
]
