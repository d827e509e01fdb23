"""Chooses the certificate that is served: docker/certificate.py FOLDER

Prints the certificate's file and its key's, a line each; nothing if FOLDER does not exist, because nothing was mounted then.
Whatever was mounted and cannot be served is an error that says what to do: HTTP, or a certificate made here, would not be what
was asked for.
"""

import os
import ssl
import stat
import subprocess
import sys
import time
from pathlib import Path

# The names that a certificate (with its chain) and its key have: this image's own, and those of a Kubernetes secret, of Let's
# Encrypt and of web servers.
PAIRS = [("cert.pem", "key.pem"), ("tls.crt", "tls.key"), ("fullchain.pem", "privkey.pem"), ("server.crt", "server.key")]
NAMES = ", ".join(f"{certificate} and {key}" for certificate, key in PAIRS)


def say(*sentences):
    print("vardrop:", *sentences, file=sys.stderr)


def fail(*sentences):
    say(*sentences)
    sys.exit(1)


def who():
    return f"user {os.geteuid()}:{os.getegid()}"


def chosen(folder):
    """The one pair in the folder, or None if there is no folder."""
    if not os.path.lexists(folder):
        if folder.parent.is_dir() and os.listdir(folder.parent):
            fail(f"{folder.parent} was mounted without {folder.name} in it: mount the certificate's folder as {folder}.")
        return None
    try:
        files = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except FileNotFoundError:
        fail(f"{folder} is a link to {os.readlink(folder)}, which is not in the container: mount that folder there.")
    except NotADirectoryError:
        fail(f"{folder} is a file: mount a folder there that holds {NAMES}.")
    except PermissionError:
        fail(f"{folder} cannot be read by {who()}: give it to this user, or run as its owner with --user.")
    except OSError as error:
        fail(f"{folder} cannot be read: {error.strerror}.")
    pairs = [pair for pair in PAIRS if set(pair) <= set(files)]
    if len(pairs) > 1 and len({contents(folder / name) for name, _ in pairs}) > 1:
        fail(f"{folder} has several certificates ({', '.join(name for name, _ in pairs)}): leave one of them with its key.")
    if pairs:
        return tuple(folder / name for name in pairs[0])
    for pair in PAIRS:
        for name, other in (pair, pair[::-1]):
            if name in files:
                fail(f"{folder} has {name} but no {other} (its files: {', '.join(files)}): add {other}, or rename the two files.")
    found = f"holds neither a certificate nor a key, only {', '.join(files)}" if files else "is empty"
    fail(f"{folder} {found}. Put the certificate and its key there as {NAMES}, or mount nothing there.")


def contents(path):
    """What is in a file that can be read."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISREG(kind):
            return path.read_bytes()
    except FileNotFoundError:
        fail(
            f"{path} is a link to {os.readlink(path)}, which is not in the container. Mount the file itself:",
            f"-v FILE:{path}:ro, where FILE may be that link on the host.",
        )
    except PermissionError:
        status = path.lstat()
        fail(
            f"{path} cannot be read by {who()}: it belongs to {status.st_uid}:{status.st_gid} (mode {status.st_mode & 0o777:o}).",
            "Give it to this user, or run as its owner with --user.",
        )
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}.")
    if stat.S_ISDIR(kind):
        fail(f"{path} is a folder, which the engine makes where the file to mount is not on the host. Correct the path in -v.")
    fail(f"{path} is not a regular file: mount the {path.name} itself.")


def check(certificate, key):
    """Ends with the reason if the two files are not a certificate and its key, both in PEM and without a passphrase."""
    for path, kind, der in (
        (certificate, b"CERTIFICATE", "openssl x509 -inform DER"),
        (key, b"PRIVATE KEY", "openssl pkey -inform DER"),
    ):
        text = contents(path)
        if not text.strip():
            fail(f"{path} is empty.")
        if b"-----BEGIN " not in text:
            fail(
                f"{path} is not PEM, text with lines of -----BEGIN …-----.",
                f"If it is DER: {der} -in {path.name} -out {path.name}.pem",
            )
        if kind + b"-----" not in text:
            fail(f"{path} holds no {kind.decode().lower()}: are {certificate.name} and {key.name} interchanged?")
    if b"ENCRYPTED" in contents(key):
        fail(f"{key} has a passphrase, which nobody can type here. Without it: openssl pkey -in {key.name} -out {key.name}.plain")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            fail(
                f"{key} is not the key of {certificate}: mount the two that belong together.",
                "If the file has several certificates, the server's own comes first.",
            )
        fail(f"{certificate} and {key} cannot be served: {error}.")


def warn_of_dates(certificate):
    """Says that the certificate has expired. It still encrypts, browsers tell their users, and the container's clock may be
    the one that is wrong: so that a restart does not take away a server that people reach, this is no error."""
    dates = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", "-dates"], capture_output=True, text=True, check=True
    ).stdout
    begins, ends = (line.partition("=")[2] for line in dates.splitlines())
    if time.time() > ssl.cert_time_to_seconds(ends):
        say(f"the certificate {certificate} expired on {ends}: browsers will warn of it. Mount a new one.")
    elif time.time() < ssl.cert_time_to_seconds(begins):
        say(f"the certificate {certificate} is valid from {begins} only: browsers will warn of it. Is the clock right?")


if __name__ == "__main__":
    if pair := chosen(Path(sys.argv[1])):
        check(*pair)
        warn_of_dates(pair[0])
        print(*pair, sep="\n")
