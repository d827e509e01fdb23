"""One running kernel, cell by cell: what a front end would show, and when."""

import os
import queue
import re
import tempfile
import time
from contextlib import contextmanager

from jupyter_client.manager import KernelManager
from nbformat.v4 import output_from_msg

ANSI = re.compile(r"\x1b\[[0-9;]*m")


class KernelError(Exception):
    """The kernel did not start, died, or ran out of time."""


class Session:
    """Runs cells in a kernel and gathers their outputs, by the cell that each belongs to."""

    def __init__(self, manager, client):
        self.manager, self.client = manager, client
        self.outputs = {}  # of each request, by its identifier
        self.idle = set()  # the requests that have ended

    def execute(self, code, timeout):
        """Runs a cell to its end; returns its outputs, a list to which late ones are added, and its seconds."""
        start = time.monotonic()
        request = self.client.execute(code, allow_stdin=False)
        outputs = self.outputs[request] = []
        while request not in self.idle:
            if time.monotonic() - start > timeout:
                raise KernelError(f"the cell did not end within {timeout} s")
            if not self._take(wait=1) and not self.manager.is_alive():
                raise KernelError("the kernel died")
        return outputs, time.monotonic() - start

    def drain(self, quiet):
        """Takes what still comes, until nothing has come for `quiet` seconds: this kernel passes standard error on
        without waiting for it at a cell's end."""
        while self._take(wait=quiet):
            pass

    def _take(self, wait):
        try:
            message = self.client.get_iopub_msg(timeout=wait)
        except queue.Empty:
            return False
        request = message["parent_header"].get("msg_id")
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            self.idle.add(request)
        elif request in self.outputs and kind in ("stream", "error", "execute_result", "display_data"):
            outputs = self.outputs[request]
            if kind == "stream" and outputs and outputs[-1].get("name") == content["name"]:
                outputs[-1].text += content["text"]
            else:
                outputs.append(output_from_msg(message))
        return True


def start(folder, log, timeout):
    """Starts a kernel and waits until it answers; returns its manager and client."""
    manager = KernelManager(kernel_name="rust")
    # Outputs that are stored are read on static pages too: figures come with their pictures.
    environment = {**os.environ, "VARDROP_PICTURES": "1"}
    manager.start_kernel(cwd=str(folder), env=environment, stdout=log, stderr=log)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=timeout)
    except BaseException:
        stop(manager, client)
        raise
    return manager, client


def stop(manager, client):
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@contextmanager
def session(folder, startup_timeout=300, attempts=2):
    """A new kernel that runs in a folder, and ends with the block. One that does not answer is given up for another."""
    with tempfile.TemporaryFile("w+") as log:
        for attempt in range(1, attempts + 1):
            try:
                manager, client = start(folder, log, startup_timeout)
                break
            except RuntimeError as error:
                if attempt == attempts:
                    log.seek(0)
                    raise KernelError(f"the kernel did not start: {error}\n{log.read()}") from error
        try:
            yield Session(manager, client)
        finally:
            stop(manager, client)


def stream_text(outputs, name):
    """What a cell wrote to a stream, without colours."""
    text = "".join(out.text for out in outputs if out.output_type == "stream" and out.name == name)
    return ANSI.sub("", text)


def show(outputs, lines=40):
    """The end of every output as plain lines."""
    shown = []
    for out in outputs:
        if out.output_type == "stream":
            text = out.text
        elif out.output_type == "error":
            text = "\n".join(out.traceback)
        else:
            text = out.data.get("text/plain", f"[{', '.join(out.data)}]")
        shown += ANSI.sub("", text).splitlines()[-lines:]
    return shown
