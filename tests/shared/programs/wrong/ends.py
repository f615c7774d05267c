"""What the programs of this folder share: which of the two twins runs, and its end from outside."""

import os
import signal
import sys
import threading

WRONG = sys.argv[1] == "wrong"
ADDRESS = ("127.0.0.1", 8000)


def ended_after(seconds):
    """As somebody would end it who waits no longer: so long after all has come about that is to be seen."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.daemon = True
    timer.start()


def beside(function, *arguments):
    threading.Thread(target=function, args=arguments, daemon=True).start()
