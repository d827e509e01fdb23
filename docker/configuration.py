"""Prints JupyterLab's configuration: who is let in, the certificate that is served, and what is usual in a container.

docker/configuration.py [CERTIFICATE KEY]

The password becomes its argon2 hash and the token a setting, so that neither has to stay in the environment, which notebooks
can read. Each may also be in a file, such as a secret of Docker's: $PASSWORD_FILE, $JUPYTER_TOKEN_FILE.
"""

import json
import os
import sys
from pathlib import Path

from jupyter_server.auth import passwd


def fail(sentence):
    print("vardrop:", sentence, file=sys.stderr)
    sys.exit(1)


def secret(name):
    """The value of a variable, or the first line of the file that the variable NAME_FILE names."""
    value, path = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if not path:
        return value
    if value:
        fail(f"both {name} and {name}_FILE are set: set one of them.")
    try:
        value = Path(path).read_text().partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{name}_FILE is {path}, which user {os.geteuid()} cannot read: {error}. Mount the file there, readable.")
    return value or fail(f"{name}_FILE is {path}, whose first line is empty: write the secret there.")


password, token = secret("PASSWORD"), secret("JUPYTER_TOKEN")
# Not as arguments, of which each may be given once only: these are the user's to give.
server = {"ip": "0.0.0.0", "open_browser": False, "root_dir": os.path.abspath("notebooks"), "allow_root": os.geteuid() == 0}
configuration = {"ServerApp": server}
if password:
    # No token unless one is given: JupyterLab's random one would be a second way in that nobody asked for.
    configuration["IdentityProvider"] = {"token": token or ""}
    configuration["PasswordIdentityProvider"] = {"hashed_password": passwd(password, algorithm="argon2")}
elif token:
    configuration["IdentityProvider"] = {"token": token}
if len(sys.argv) == 3:
    server["certfile"], server["keyfile"] = sys.argv[1:]
# Kubeflow says so under which path it shows a notebook server.
if prefix := os.environ.get("NB_PREFIX"):
    server["base_url"] = prefix
print(json.dumps(configuration))
