"""Runs Python that tests send, one JSON line a piece, beside the Celery client app; answers one JSON line each."""
import json
import sys
import time  # noqa: F401  for the code that tests send

from app import app, classify_meeting, health_check  # noqa: F401
from celery import chain, chord, group  # noqa: F401
from celery.bin.celery import celery
from celery.result import AsyncResult  # noqa: F401
from click.testing import CliRunner

names = dict(globals())


def raised(call):
    """The exception of a call as [module, class, args]."""
    try:
        return ["returned", call()]
    except Exception as exc:
        return [type(exc).__module__, type(exc).__name__, list(exc.args)]


def cli(*args):
    """A command line of `celery`, run in this process: [exit code, stdout, stderr]."""
    done = CliRunner(mix_stderr=False).invoke(celery, ["-A", "app", *args], obj={})
    return [done.exit_code, done.stdout, done.stderr]


names["raised"] = raised
names["cli"] = cli
for line in sys.stdin:
    try:
        code = json.loads(line)
        exec(code, names)  # sets `answer`
        print(json.dumps({"answer": names.pop("answer", None)}, default=str), flush=True)
    except Exception as exc:
        print(json.dumps({"error": f"{type(exc).__module__}.{type(exc).__name__}: {exc}"}), flush=True)
