"""What a person reads when a page is there: links, a QR code, and what to beware of."""

from collections.abc import Iterator, Sequence
from io import StringIO
from urllib.parse import quote

from dystrack.dashboard.serving.access import Access, Role, is_loopback
from dystrack.dashboard.serving.guard import ENTRANCE
from dystrack.dashboard.settings import DashboardSettings

__all__ = ["greeting"]


def greeting(
    settings: DashboardSettings, access: Access, links: Sequence[str], *, shows_code: bool = True
) -> str:
    """Return where a page is, for whom, and what to beware of: lines for a terminal."""
    return "\n".join(_lines(settings, access, links, shows_code=shows_code))


def _lines(
    settings: DashboardSettings, access: Access, links: Sequence[str], *, shows_code: bool
) -> Iterator[str]:
    is_here_only = is_loopback(settings.host)
    if is_here_only and access.local_role is Role.OWNER:
        yield from (f"The page is {link}" for link in links)
        return
    owner = [f"{link}{ENTRANCE}?token={quote(access.owner)}" for link in links]
    guest = [f"{link}{ENTRANCE}?token={quote(access.guest)}" for link in links]
    may = "look and command" if settings.control else "look"
    yield from (f"The page is {link}  (may {may}: do not pass it on)" for link in owner)
    yield from (f"For guests:  {link}  (may look)" for link in guest)
    if not is_here_only and not settings.certificate:
        yield (
            "Warning: without a certificate, anybody in the network between can read along, the "
            "token too. Give one (--certificate and --key; for dystrack run "
            "--dashboard_certificate and --dashboard_key), or use it in a network that you trust, "
            "or behind a VPN."
        )
    if shows_code and not is_here_only:
        yield _qr_code(owner[0])


def _qr_code(link: str) -> str:
    import segno  # noqa: PLC0415 - only where a telephone may look

    drawn = StringIO()
    segno.make(link, error="l").terminal(drawn, compact=True)
    return drawn.getvalue().rstrip("\n")
