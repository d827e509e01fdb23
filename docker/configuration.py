"""Prints the server's configuration for the password in $PASSWORD: its argon2 hash, and the files of the certificate."""

import json
import os
import sys

from jupyter_server.auth import passwd

folder = sys.argv[1]
configuration = {
    "IdentityProvider": {"token": ""},
    "PasswordIdentityProvider": {"hashed_password": passwd(os.environ["PASSWORD"], algorithm="argon2")},
    "ServerApp": {"certfile": f"{folder}/certificate.pem", "keyfile": f"{folder}/key.pem"},
}
print(json.dumps(configuration))
