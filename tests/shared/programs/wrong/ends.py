"""What the programs of this folder share: which of the two twins runs, and its end from outside."""

import os
import signal
import sys
import threading
import time

WRONG = sys.argv[1] == "wrong"
ADDRESS = ("127.0.0.1", 8000)


def ended_after(seconds):
    """As somebody would end it who waits no longer: so long after all has come about that is to be seen."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()


def ended_once(is_so, seconds):
    """The same once something has been so, as it was looked at again and again, for so long."""

    def watch():
        since = None
        while since is None or time.monotonic() - since < seconds:
            since = (since or time.monotonic()) if is_so() else None
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    beside(watch)


def beside(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()
