"""Ends with 0 if JupyterLab answers, and otherwise says what is wrong.

Asks the server at the address that it wrote down itself when it started, in the file that `jupyter server list` reads: so the
port, the base URL, the certificate and the socket are right however they were set. A container that runs a command in place
of JupyterLab is healthy as long as it runs, unless that command starts a Jupyter server too.
"""

import http.client
import json
import os
import socket
import ssl
import sys
from pathlib import Path

# Fewer than the timeout of the Dockerfile's HEALTHCHECK.
SECONDS = 3
# The address to ask where the server listens on all of them.
ANY = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}


class UnixConnection(http.client.HTTPConnection):
    """HTTP through a socket in the file system."""

    def __init__(self, path):
        super().__init__("localhost", timeout=SECONDS)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        self.sock.connect(self.path)


def become_owner(folder):
    """Root leaves its rights for those of the folder's owner, who alone may read it where root's capabilities are dropped."""
    if os.geteuid() == 0 and folder.exists():
        try:
            os.setuid(folder.stat().st_uid)
        except PermissionError:
            pass


def server(runtime):
    """What the server says of itself, or None. Servers that users start beside it, in a terminal for one, are younger."""
    for path in sorted(runtime.glob("jpserver-*.json"), key=lambda path: path.stat().st_mtime):
        about = json.loads(path.read_text())
        if Path("/proc", str(about["pid"])).exists():
            return about
    return None


def connection(about):
    if about["sock"]:
        return UnixConnection(about["sock"])
    host = ANY.get(about["hostname"], about["hostname"])
    if not about["secure"]:
        return http.client.HTTPConnection(host, about["port"], timeout=SECONDS)
    # Whether the certificate is trusted is for those outside to say.
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, about["port"], timeout=SECONDS, context=trusting)


def trouble():
    """What is wrong, or None."""
    private = Path(os.environ.get("TMPDIR") or "/tmp", f"vardrop-{socket.gethostname()}")
    become_owner(private)
    try:
        about = server(Path(os.environ.get("JUPYTER_RUNTIME_DIR") or private / "runtime"))
        if about is None:
            return "JupyterLab has not started" if (private / "etc").exists() else None
        asked = connection(about)
        asked.request("GET", about["base_url"] + "api")
        status = asked.getresponse().status
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"JupyterLab does not answer: {error!r}"
    return None if status == 200 else f"JupyterLab answers with status {status}"


if __name__ == "__main__":
    sys.exit(trouble())
