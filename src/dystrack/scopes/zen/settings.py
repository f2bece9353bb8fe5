"""What a user says of a microscope that runs under ZEN."""

from pathlib import Path

import attrs

from dystrack.core.errors import ConfigurationError
from dystrack.scopes.setting_rules import is_above_zero, is_host, is_not_negative, is_port

__all__ = ["TOKEN_FILE", "ZenSettings"]

TOKEN_FILE = r"C:\ProgramData\Carl Zeiss\ZEN APIGateway\GlobalControlToken.txt"  # noqa: S105
"""Where the gateway keeps the control token."""


@attrs.frozen(kw_only=True)
class ZenSettings:
    """The keyword arguments of `dystrack.scopes.zen.scope.open_zen`, of that meaning."""

    prescan_experiment: str = "prescan"
    main_experiment: str = "main_scan"
    host: str = attrs.field(default="localhost", validator=is_host)
    port: int = attrs.field(default=5002, validator=is_port)
    token_file: str = TOKEN_FILE
    certificate: str = ""
    image_folder: str = ""
    prescan_channel: int = attrs.field(default=0, validator=is_not_negative)
    answer_s: float = attrs.field(default=30.0, validator=is_above_zero)
    scan_s: float = attrs.field(default=3600.0, validator=is_above_zero)
    stream_s: float = attrs.field(default=2.0, validator=is_above_zero)

    def token(self) -> str:
        """Return the text of the control token.

        Raises
        ------
        ConfigurationError
            If the file cannot be read, or holds nothing.
        """
        text = _read(self.token_file, "the control token of ZEN's API Gateway").decode("utf-8-sig")
        if not text.strip():
            msg = f"{self.token_file} is empty. Copy the token from the gateway's icon into it."
            raise ConfigurationError(msg)
        return text.strip()

    def root_certificate(self) -> bytes | None:
        """Return the root certificate; None for a connection without one.

        Raises
        ------
        ConfigurationError
            If the file cannot be read.
        """
        return _read(self.certificate, "the root certificate") if self.certificate else None


def _read(path: str, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}. Give the path of {what}."
        raise ConfigurationError(msg) from None
