"""What a user says of a microscope that runs under ZEN."""

from pathlib import Path

import attrs

from dystrack.core.errors import ConfigurationError

__all__ = ["ZenSettings"]

_FOLDER = r"C:\ProgramData\Carl Zeiss\ZEN APIGateway"


def _is_positive(_: object, field: "attrs.Attribute[float]", value: float) -> None:
    if not value > 0:
        msg = f"{field.name} is {value!r}. Give a number above 0."
        raise ConfigurationError(msg)


@attrs.frozen(kw_only=True)
class ZenSettings:
    """Where ZEN's API Gateway is, how to get in, and what to run.

    Attributes
    ----------
    prescan_experiment, main_experiment : str
        Names of the two experiments, as ZEN lists them; no main scans are taken if the second one
        is empty.
    host : str
        The computer on which the gateway runs, by the name in its certificate.
    port : int
        Its port.
    token_file : str
        File with the control token.
    certificate : str
        The gateway's root certificate (PEM); empty for a gateway that was set to use none.
    image_folder : str
        ZEN's image folder as this computer sees it; empty if it is the same one.
    channel : int
        Index of the channel that is streamed.
    answer_s, scan_s, stream_s : float
        How long to wait for an answer, for a scan, and for its last plane after its end.
    """

    prescan_experiment: str
    main_experiment: str = ""
    host: str = "localhost"
    port: int = 5002
    token_file: str = rf"{_FOLDER}\GlobalControlToken.txt"
    certificate: str = ""
    image_folder: str = ""
    channel: int = 0
    answer_s: float = attrs.field(default=30.0, validator=_is_positive)
    scan_s: float = attrs.field(default=3600.0, validator=_is_positive)
    stream_s: float = attrs.field(default=2.0, validator=_is_positive)

    def token(self) -> str:
        """Return the control token.

        Returns
        -------
        str
            Its text.

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
        msg = f"{what.capitalize()} cannot be read from {path}: {error.strerror}. Give its path."
        raise ConfigurationError(msg) from None
