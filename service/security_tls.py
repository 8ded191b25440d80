"""TLS for both ports: the same certificate for REST and gRPC."""

import ssl
from pathlib import Path
from typing import NamedTuple

import grpc

from model.errors import UsageError
from service.settings import Settings


class Tls(NamedTuple):
    """Where certificate and private key lie, both of which were looked at."""

    cert: Path
    key: Path

    def for_grpc(self) -> grpc.ServerCredentials:
        """Return them as gRPC takes them."""
        return grpc.ssl_server_credentials([(self.key.read_bytes(), self.cert.read_bytes())])


def tls_of(settings: Settings) -> Tls | None:
    """Return what the settings name; None where the ports speak plainly.

    Raises:
        UsageError: `bad_tls`: one of the two is missing, cannot be read, or does not fit the other.
    """
    cert, key = settings.tls_cert, settings.tls_key
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        given = "REMOCAP_TLS_CERT" if cert else "REMOCAP_TLS_KEY"
        raise UsageError("bad_tls", f"{given} is set alone; expected both or none of the two")
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            "bad_tls",
            f"{cert} and {key} cannot be used ({error.strerror or error}); expected a certificate "
            "with its chain and the private key that belongs to it, both as PEM",
        ) from None
    return Tls(cert, key)
