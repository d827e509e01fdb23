"""Prints JupyterLab's configuration: who is let in, and the certificate that is served.

docker/configuration.py [CERTIFICATE KEY]

$PASSWORD becomes its argon2 hash and $JUPYTER_TOKEN a setting, so that neither has to stay in the environment, which
notebooks can read.
"""

import json
import os
import ssl
import sys

from jupyter_server.auth import passwd


def checked(certificate, key):
    """The two files, where they are a certificate and its key; exits with the reason where they are not."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        sys.exit(f"{certificate} and {key} are no certificate (PEM, with its chain) and its key: {error}")
    return {"certfile": certificate, "keyfile": key}


password, token = os.environ.get("PASSWORD"), os.environ.get("JUPYTER_TOKEN")
configuration = {}
if password:
    # Without a token in the environment there is none: the random one would be a second way in that nobody asked for.
    configuration["IdentityProvider"] = {"token": token or ""}
    configuration["PasswordIdentityProvider"] = {"hashed_password": passwd(password, algorithm="argon2")}
elif token:
    configuration["IdentityProvider"] = {"token": token}
if len(sys.argv) == 3:
    configuration["ServerApp"] = checked(*sys.argv[1:])
print(json.dumps(configuration))
