"""docker/start and the health check without a container engine: as whom it runs, who is let in, and where the server is asked.

Needs `openssl`, and .venv, which `make setup` makes. docker/test.sh asks the same of an image.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The programs of the image that this machine may lack, or must not run: they take the command that they are to run, and root's
# user is $USER_IS.
STAND_INS = {
    "tini": 'shift 2; exec "$@"',
    "id": '[ "$1 ${USER_IS:-}" = "-u " ] || [ "$1" != -u ] || [ $# != 1 ] || { echo "$USER_IS"; exit; }; exec /usr/bin/id "$@"',
    "setpriv": 'echo setpriv "$@"; export USER_IS=$3; until [ "$1" = true ] || [ -e "$1" ]; do shift; done; exec "$@"',
    "useradd": 'echo useradd "$@"',
    "groupadd": 'echo groupadd "$@"',
}


class Start(unittest.TestCase):
    """docker/start itself, with stand-ins for what only a container has."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        programs = self.folder / "programs"
        programs.mkdir()
        for name, script in STAND_INS.items():
            (programs / name).write_text(f"#!/bin/sh\n{script}\n")
            (programs / name).chmod(0o755)
        # As in the image, which knows no such variable.
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("NB_", "JUPYTER_", "PASSWORD"))} | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TMPDIR": str(self.folder),
            "HOME": str(self.folder),
            "JUPYTER_PREFER_ENV_PATH": "1",
        }

    def run_start(self, *arguments, **environment):
        """What it prints, and whether it succeeds."""
        ran = subprocess.run(
            [HERE / "start", *arguments], env=self.environment | environment, capture_output=True, text=True, timeout=120
        )
        return ran.stdout + ran.stderr, ran.returncode == 0


class User(Start):
    def said(self, **environment):
        return self.run_start("echo", "it runs", **environment)

    def test_root_becomes_the_user_that_is_asked_for(self):
        said, runs = self.said(USER_IS="0", NB_UID="54321")
        self.assertTrue(runs, said)
        self.assertIn("setpriv --reuid 54321 --regid 54321 --no-new-privs", said)
        self.assertTrue(said.endswith("it runs\n"), said)
        said, _ = self.said(USER_IS="0", NB_UID="54321", NB_GID="100", NB_USER="alice")
        self.assertIn("--reuid 54321 --regid 100", said)
        self.assertIn("useradd --no-log-init --non-unique --uid 54321 --gid 100 --create-home --shell /bin/bash -- alice", said)
        # A name that is known stands for its number and group.
        said, _ = self.said(USER_IS="0", NB_USER="nobody")
        self.assertIn("--reuid 65534 --regid 65534", said)

    def test_root_is_root_only_with_a_word_about_it(self):
        for environment in ({}, {"NB_UID": "0"}):
            said, runs = self.said(USER_IS="0", **environment)
            self.assertTrue(runs)
            self.assertIn("this runs as root", said)
            self.assertNotIn("setpriv", said)

    def test_what_cannot_be_followed_is_refused(self):
        for environment, words in (
            ({"USER_IS": "1000", "NB_UID": "54321"}, "only root can change that. Add --user root"),
            ({"USER_IS": "1000", "NB_GID": "54321"}, "only root can change that. Add --user root"),
            ({"USER_IS": "0", "NB_UID": "alice"}, "NB_UID is 'alice': expected a number"),
            ({"USER_IS": "0", "NB_UID": "-1"}, "expected a number"),
            ({"USER_IS": "0", "NB_UID": "4294967295"}, "expected a number"),
            ({"USER_IS": "0", "NB_GID": "100"}, "NB_GID is set without NB_UID"),
            ({"USER_IS": "0", "NB_USER": "no-such-user"}, "whom this image does not know"),
            ({"NB_UMASK": "wide"}, "expected three octal digits"),
        ):
            said, runs = self.said(**environment)
            self.assertFalse(runs, said)
            self.assertIn(words, said)

    def test_who_it_is_already_needs_no_root(self):
        said, runs = self.said(USER_IS="1000", NB_UID="1000")
        self.assertEqual((said, runs), ("it runs\n", True))

    def test_other_variables_of_jupyters_images_are_followed_or_named(self):
        said, _ = self.run_start("sh", "-c", "umask", NB_UMASK="027", USER_IS="1000")
        self.assertEqual(said, "0027\n")
        for variable in ("GRANT_SUDO", "RESTARTABLE", "CHOWN_HOME", "CHOWN_EXTRA", "DOCKER_STACKS_JUPYTER_CMD"):
            self.assertIn(f"{variable} is not followed: ", self.said(**{variable: "yes"})[0])
            self.assertEqual(self.said(USER_IS="1000", **{variable: "no"})[0], "it runs\n")


class Secrets(Start):
    def test_a_certificate_that_cannot_be_served_ends_it(self):
        (self.folder / "tls").mkdir()
        for environment in ({}, {"PASSWORD": "p"}, {"GEN_CERT": "yes"}, {"JUPYTER_TOKEN": "t"}):
            said, runs = self.run_start(VARDROP_TLS=str(self.folder / "tls"), **environment)
            self.assertFalse(runs, said)
            self.assertTrue(said.endswith("or mount nothing there.\n"), said)

    def test_a_secret_that_cannot_be_read_lets_nobody_in(self):
        empty = self.folder / "empty"
        empty.touch()
        for environment, words in (
            ({"PASSWORD_FILE": "/nowhere/secret"}, "PASSWORD_FILE is /nowhere/secret, which user"),
            ({"JUPYTER_TOKEN_FILE": "/nowhere/secret"}, "JUPYTER_TOKEN_FILE is /nowhere/secret, which user"),
            ({"PASSWORD_FILE": str(empty)}, "whose first line is empty"),
            ({"PASSWORD_FILE": str(empty), "PASSWORD": "p"}, "both PASSWORD and PASSWORD_FILE are set"),
            ({"PASSWORD": "p", "JUPYTER_NO_CONFIG": "1"}, "JUPYTER_CONFIG_PATH=FOLDER"),
            ({"NOTEBOOK_ARGS": "--config=mine.py"}, "JUPYTER_CONFIG_PATH=FOLDER"),
            ({"NOTEBOOK_ARGS": "--port='80"}, "NOTEBOOK_ARGS cannot be read"),
        ):
            said, runs = self.run_start(**environment)
            self.assertFalse(runs, said)
            self.assertIn(words, said)


class Health(Start):
    """healthcheck.py beside a real JupyterLab, and beside servers that are ill."""

    def health(self):
        """None where it is healthy, otherwise what it says."""
        ran = subprocess.run([sys.executable, HERE / "healthcheck.py"], env=self.environment, capture_output=True, text=True)
        return ran.stderr if ran.returncode else None

    @contextlib.contextmanager
    def lab(self, *arguments, **environment):
        """JupyterLab from its start until the health check passes; its address, as it wrote it down."""
        self.environment |= environment
        with open(self.folder / "log", "w") as log:
            process = subprocess.Popen(
                [HERE / "start", *arguments], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            end = time.time() + 60
            while self.health() or not (written := list(self.folder.glob("vardrop-*/runtime/jpserver-*.json"))):
                said = (self.folder / "log").read_text()
                self.assertIsNone(process.poll(), said)
                self.assertLess(time.time(), end, f"{self.health()}\n{said}")
                time.sleep(0.1)
            yield json.loads(written[0].read_text()), process.pid
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def test_it_follows_arguments_and_a_certificate_and_sees_a_server_that_hangs(self):
        arguments = ("--ServerApp.base_url=/a/b/", "--ip=127.0.0.1")
        with self.lab(*arguments, GEN_CERT="yes", NOTEBOOK_ARGS=f"--port='{free_port()}'") as (about, process):
            self.assertEqual((about["base_url"], about["secure"]), ("/a/b/", True))
            self.assertNotEqual(about["port"], 8888)
            os.kill(process, signal.SIGSTOP)
            self.assertIn("does not answer", self.health())
            os.kill(process, signal.SIGCONT)
            self.assertIsNone(self.health())
        self.assertIn("has not started", self.health())

    def test_it_follows_the_environment_and_a_port_that_was_taken(self):
        with socket.create_server(("0.0.0.0", 0)) as taken:
            port = taken.getsockname()[1]
            with self.lab(JUPYTER_PORT=str(port), NB_PREFIX="/kubeflow", HTTP_PROXY="http://127.0.0.1:9") as (about, _):
                self.assertNotIn(about["port"], (port, 8888))
                self.assertEqual((about["base_url"], about["secure"]), ("/kubeflow/", False))

    def test_it_follows_a_configuration_file_and_a_socket(self):
        settings = self.folder / "settings"
        settings.mkdir()
        (settings / "jupyter_server_config.json").write_text(json.dumps({"ServerApp": {"base_url": "/of/a/file"}}))
        with self.lab(f"--ServerApp.sock={self.folder}/socket", JUPYTER_CONFIG_PATH=str(settings)) as (about, _):
            self.assertEqual((about["base_url"], about["sock"]), ("/of/a/file/", f"{self.folder}/socket"))

    def test_a_server_that_fails_is_not_healthy(self):
        class Answer(BaseHTTPRequestHandler):
            status = 200

            def do_GET(self):
                self.send_response(self.status if self.path == "/base/api" else 404)
                self.end_headers()

            def log_message(self, *_):
                pass

        with HTTPServer(("127.0.0.1", 0), Answer) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            about = {"hostname": "0.0.0.0", "port": server.server_port, "sock": "", "secure": False, "base_url": "/base/"}
            self.environment["JUPYTER_RUNTIME_DIR"] = str(self.folder)
            written = self.folder / "jpserver-1.json"
            written.write_text(json.dumps(about | {"pid": os.getpid()}))
            for Answer.status, words in ((200, None), (500, "status 500"), (302, "status 302"), (404, "status 404")):
                said = self.health()
                self.assertEqual(said is None, words is None, said)
                self.assertIn(words or "", said or "")
            # One that ended says nothing any more, and one that began later is not the container's.
            written.write_text(json.dumps(about | {"pid": 2**22 + 1}))
            self.assertIsNone(self.health())
            written.write_text(json.dumps(about | {"pid": os.getpid()}))
            (self.folder / "jpserver-2.json").write_text(json.dumps(about | {"pid": os.getpid(), "base_url": "/base"}))
            os.utime(self.folder / "jpserver-2.json", (1, 1))
            self.assertIn("status 404", self.health())
            server.shutdown()
        self.assertIn("does not answer", self.health())

    def test_a_command_in_place_of_jupyterlab_is_healthy(self):
        self.assertEqual(self.run_start("true", USER_IS="1000"), ("", True))
        self.assertIsNone(self.health())


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
