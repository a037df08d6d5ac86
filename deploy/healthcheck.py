#!/opt/voxel51/bin/python
"""Health check of the container: exit with 0 if the platform in it answers that it is ready, else say why not."""

import os
import ssl
import sys
import urllib.error
import urllib.request


def main() -> int:
    """Ask ``/readyz`` and return the exit status."""
    port = os.environ.get("VOXEL51_SERVER_PORT", "5151")
    scheme = "https" if os.environ.get("VOXEL51_SERVER_TLS_CERTIFICATE") else "http"
    try:
        # The certificate is that of the public host, so it is not checked for the loopback address.
        context = ssl._create_unverified_context()
        with urllib.request.urlopen(f"{scheme}://127.0.0.1:{port}/readyz", timeout=4, context=context) as answer:
            print(answer.read().decode())
    except urllib.error.HTTPError as error:
        print(error.read().decode(errors="replace"))
        return 1
    except OSError as error:
        print(f"the platform does not answer: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
