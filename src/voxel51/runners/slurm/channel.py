"""Channel: messages over TLS between the platform and the agent in a Slurm job.

The platform makes a certificate at each start, and gives its fingerprint to the Slurm jobs as an argument. So an agent
talks to no other program, needs no certificate authority, and sends its token encrypted.
"""

import hashlib
import hmac
import socket
import ssl
import struct
import tempfile
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_LENGTH = struct.Struct(">I")
_MOST_BYTES = 64 * 2**20
"""Size limit of a message: the longest has the last MiB of a log."""

_VALID = timedelta(days=3650)


class Channel:
    """A connection that sends and receives whole messages, for one thread at a time."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._using = threading.Lock()

    def send(self, message: bytes, seconds: float) -> None:
        """Send a message.

        Raises:
            OSError: the connection failed.
        """
        with self._using:
            self._connection.settimeout(seconds)
            self._connection.sendall(_LENGTH.pack(len(message)) + message)

    def receive(self, seconds: float, most_bytes: int = _MOST_BYTES) -> bytes:
        """Return the next message.

        Raises:
            TimeoutError: none came.
            OSError: the connection failed, or the message is too long.
        """
        with self._using:
            self._connection.settimeout(seconds)
            (length,) = _LENGTH.unpack(self._read(_LENGTH.size))
            if length > most_bytes:
                raise OSError(f"a message of {length} bytes is too long")
            return self._read(length)

    def close(self) -> None:
        """Close the connection, also while another thread uses it, which then gets an error."""
        # The method of the base class: that of TLS sockets drops the state that the other thread uses.
        with suppress(OSError):
            socket.socket.shutdown(self._connection, socket.SHUT_RDWR)
        with self._using:
            self._connection.close()

    def _read(self, size: int) -> bytes:
        content = bytearray()
        while len(content) < size:
            part = self._connection.recv(size - len(content))
            if not part:
                raise ConnectionResetError("the other side closed the connection")
            content += part
        return bytes(content)


def server_context() -> tuple[ssl.SSLContext, str]:
    """Return the context of the platform's side, with a new certificate, and the fingerprint of that."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "voxel51")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _VALID)  # clocks of nodes may differ; the fingerprint decides
        .not_valid_after(now + _VALID)
        .sign(key, SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with tempfile.TemporaryDirectory() as folder:  # of mode 0700; the library reads only files
        path = Path(folder) / "certificate.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(path)
    return context, certificate.fingerprint(SHA256()).hex()


def connect(host: str, port: int, fingerprint: str, seconds: float) -> Channel:
    """Connect to the platform.

    Raises:
        OSError: it cannot be reached, or another program answers.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the fingerprint is compared instead
    plain = socket.create_connection((host, port), seconds)
    try:
        connection = context.wrap_socket(plain)
    except OSError:
        plain.close()
        raise
    found = hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()
    if not hmac.compare_digest(found, fingerprint):
        connection.close()
        raise OSError("another program than the platform answers, or the platform was started again")
    return Channel(connection)
