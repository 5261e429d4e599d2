"""A headless Chromium, driven through a pipe."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

# The browser reads commands from 3 and answers on 4.
RENUMBER = """
import os, sys
commands, answers, path = sys.argv[1:4]
os.dup2(int(commands), 3)
os.dup2(int(answers), 4)
os.execv(path, sys.argv[3:])
"""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser():
    """Returns the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of a headless Chromium.

    Args:
        path: The browser's program.
        profile: A folder for its profile.
    """

    def __init__(self, path, profile):
        commands, self._input = os.pipe()
        self._output, answers = os.pipe()
        # Renumbered in another process, where 3 and 4 are nobody else's.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (commands, answers)]
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-c", RENUMBER, *map(str, high), path),
                *("--headless", "--no-sandbox", "--disable-gpu"),
                *("--disable-dev-shm-usage", "--disable-background-networking"),
                *(f"--user-data-dir={profile}", "--remote-debugging-pipe"),
                "about:blank",
            ],
            pass_fds=high,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (commands, answers, *high):
            os.close(end)
        self._buffer = b""
        self._last = 0
        self._session = None
        self.events = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self._input)
        os.close(self._output)
        self._process.terminate()
        self._process.wait(timeout=30)

    def send(self, method, **parameters):
        """Sends a command and returns its result."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._input, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def _read(self):
        while b"\0" not in self._buffer:
            part = os.read(self._output, 1 << 20)
            assert part, "The browser has ended."
            self._buffer += part
        first, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(first)

    def show(self, path, width=1200, height=900, dark=False):
        """Opens a file in a window of a width."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = "dark" if dark else "light"
        self.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )
        self.send("Page.navigate", url=Path(path).resolve().as_uri())
        end = time.monotonic() + 60
        while self.evaluate("document.readyState") != "complete":
            assert time.monotonic() < end
            time.sleep(0.05)

    def evaluate(self, expression):
        """Returns the value of an expression on the page."""
        result = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True
        )
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def errors(self):
        """Returns what the page has complained about."""
        kinds = ("Runtime.exceptionThrown", "Log.entryAdded", "Network.loadingFailed")
        found = [event for event in self.events if event.get("method") in kinds]
        return found + [
            event
            for event in self.events
            if event.get("method") == "Runtime.consoleAPICalled"
            and event["params"]["type"] in ("error", "warning", "assert")
        ]

    def picture(self, path, full=True):
        """Writes a picture of the page as PNG."""
        shot = self.send(
            "Page.captureScreenshot", format="png", captureBeyondViewport=full
        )
        Path(path).write_bytes(base64.b64decode(shot["data"]))
