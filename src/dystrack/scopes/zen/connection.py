"""A connection to ZEN's API Gateway; its messages are built from what the gateway tells."""

from collections.abc import Iterator
from typing import Any

from dystrack.core.errors import ConfigurationError, ScopeError
from dystrack.scopes.zen.settings import ZenSettings

__all__ = ["ZenConnection"]

_NO_LIMIT = -1  # grpc refuses messages over 4 MB otherwise, which is one camera image

_ADVICE = {
    "UNAUTHENTICATED": (
        "ZEN refuses the control token. Copy it anew from the tray icon of the ZEN API Gateway "
        "into the token file: a new one may have been made."
    ),
    "PERMISSION_DENIED": (
        "ZEN lets nobody control it now. Tick 'Enable Unsupervised API Mode' in ZEN, under "
        "Tools > Options > ZEN API."
    ),
    "UNIMPLEMENTED": "This version of ZEN does not offer that. Update ZEN, or use the macro.",
    "DEADLINE_EXCEEDED": (
        "ZEN did not answer in time. Look whether a message box waits in ZEN for a click."
    ),
    "UNAVAILABLE": (
        "ZEN's API Gateway does not answer. Look whether ZEN and the gateway run, and whether host "
        "and port are right."
    ),
}
_CERTIFICATE_ADVICE = (
    "The certificate of ZEN's API Gateway was refused. If it has expired, reset the gateway's "
    "certificates and give the new root certificate; the host must be named as in the certificate."
)


class ZenConnection:
    """Calls the methods of ZEN's services by their names.

    Parameters
    ----------
    settings : ZenSettings
        Where the gateway is, and how to get in.

    Raises
    ------
    ConfigurationError
        If the extra is not installed, or token or certificate cannot be read.
    ScopeError
        If the gateway cannot be reached, or refuses the certificate.
    """

    def __init__(self, settings: ZenSettings) -> None:
        self._grpc = _import_grpc()
        self._answer_s = settings.answer_s
        self._metadata = (("control-token", settings.token()),)
        self._channel = self._open(settings)
        self._methods: dict[tuple[str, str], Any] = {}
        self.services = self._ask_for_services()

    def call(
        self, service: str, method: str, *, timeout_s: float | None = None, **fields: object
    ) -> Any:
        """Call a method and return its response.

        Parameters
        ----------
        service, method : str
            Full name of the service, and name of the method.
        timeout_s : float or None, optional
            How long to wait for the response; as for any answer if not given.
        **fields : object
            What the request says; wrapped numbers are given as plain ones.

        Returns
        -------
        Message
            The response.

        Raises
        ------
        ScopeError
            If ZEN refuses, fails, or is not there.
        """
        call, request = self._prepared(service, method, fields)
        try:
            return call(request, timeout=timeout_s or self._answer_s, metadata=self._metadata)
        except self._grpc.RpcError as error:
            raise self._refusal(method, error) from None

    def call_if_possible(self, service: str, method: str, **fields: object) -> Any:
        """Return a response, or None where ZEN says that there is nothing to say.

        Raises
        ------
        ScopeError
            If ZEN is not there, or does not let us ask.
        """
        call, request = self._prepared(service, method, fields)
        try:
            return call(request, timeout=self._answer_s, metadata=self._metadata)
        except self._grpc.RpcError as error:
            if error.code().name in _ADVICE:
                raise self._refusal(method, error) from None
            return None

    def stream(self, service: str, method: str, **fields: object) -> Any:
        """Open a stream of responses; it is open when this returns.

        Parameters
        ----------
        service, method : str
            Full name of the service, and name of the method.
        **fields : object
            What the request says.

        Returns
        -------
        iterator of Message
            The responses; its ``cancel`` ends it.

        Raises
        ------
        ScopeError
            If there will be none.
        """
        call, request = self._prepared(service, method, fields)
        responses = call(request, metadata=self._metadata)
        try:
            responses.initial_metadata()
        except self._grpc.RpcError as error:
            raise self._refusal(method, error) from None
        return responses

    def until_broken(self, responses: Any) -> Iterator[Any]:
        """Yield the responses of a stream until it ends, for whatever reason."""
        try:
            yield from responses
        except self._grpc.RpcError:
            return

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def _open(self, settings: ZenSettings) -> Any:
        options = [
            ("grpc.max_receive_message_length", _NO_LIMIT),
            ("grpc.max_send_message_length", _NO_LIMIT),
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.use_local_subchannel_pool", 1),  # never the dying connection of one before
        ]
        address = f"{settings.host}:{settings.port}"
        certificate = settings.root_certificate()
        if certificate is None:
            return self._grpc.insecure_channel(address, options)
        credentials = self._grpc.ssl_channel_credentials(certificate)
        return self._grpc.secure_channel(address, credentials, options)

    def _with_deadline(self) -> Any:
        """Return the channel for the reflection library, which by itself would wait for ever."""
        grpc, answer_s = self._grpc, self._answer_s

        class Deadline(grpc.StreamStreamClientInterceptor):  # type: ignore[misc, name-defined]
            def intercept_stream_stream(self, go_on: Any, details: Any, requests: Any) -> Any:
                return go_on(details._replace(timeout=answer_s), requests)

        return grpc.intercept_channel(self._channel, Deadline())

    def _ask_for_services(self) -> frozenset[str]:
        """Return the names of the services that ZEN offers now."""
        from google.protobuf.descriptor_pool import DescriptorPool  # noqa: PLC0415
        from grpc_reflection.v1alpha import proto_reflection_descriptor_database  # noqa: PLC0415

        database = proto_reflection_descriptor_database.ProtoReflectionDescriptorDatabase(
            self._with_deadline()
        )
        self._pool = DescriptorPool(database)
        try:
            return frozenset(database.get_services())
        except self._grpc.RpcError as error:
            raise self._refusal("ServerReflection", error) from None

    def _prepared(self, service: str, method: str, fields: dict[str, object]) -> tuple[Any, Any]:
        """Return what calls a method, and its request."""
        from google.protobuf import json_format, message_factory  # noqa: PLC0415

        if (service, method) not in self._methods:
            found = self._pool.FindServiceByName(service).FindMethodByName(method)
            request, response = map(
                message_factory.GetMessageClass, (found.input_type, found.output_type)
            )
            kind = "unary_stream" if found.server_streaming else "unary_unary"
            call = getattr(self._channel, kind)(
                f"/{service}/{method}",
                request_serializer=request.SerializeToString,
                response_deserializer=response.FromString,
            )
            self._methods[service, method] = call, request
        call, request = self._methods[service, method]
        return call, json_format.ParseDict(fields, request())

    def _refusal(self, method: str, error: Any) -> ScopeError:
        code, details = error.code().name, error.details() or ""
        advice = _ADVICE.get(code, "Look into ZEN for what is wrong.")
        if "CERTIFICATE" in details.upper() or "handshake" in details:
            advice = _CERTIFICATE_ADVICE
        return ScopeError(f"{advice} The stage stays where it is. ({method}: {code}, {details})")


def _import_grpc() -> Any:
    """Return grpc; the only door to it."""
    try:
        import grpc  # noqa: PLC0415
        import grpc_reflection  # noqa: F401, PLC0415
    except ImportError:
        msg = 'ZEN\'s API needs grpcio, which is missing: pip install "dystrack[zen]"'
        raise ConfigurationError(msg) from None
    return grpc
