"""One issuer in Python, warm, on the path of its unpacked artifacts: `issuer_worker.main(MODULE)`.

It speaks as `warm_worker` does, and imports nothing of the checkout: it also runs an earlier commit's issuer.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time


def main(module: str) -> None:
    """Answer each line of standard input, the size of a batch, with seconds of CPU, until there is none."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as answers, open(os.devnull, "w") as sink:
        sys.stdout = sink
        event = json.loads(sys.stdin.readline())["token_request"]
        os.environ["_HANDLER"] = f"{module}.lambda_handler"  # as Lambda sets it before it imports the module
        handler = importlib.import_module(module).lambda_handler
        for line in sys.stdin:
            started = time.process_time()
            for _ in range(int(line)):
                answer = handler(event, None)
                if answer["statusCode"] != 200:
                    raise AssertionError(f"no token: {answer['statusCode']}")
            answers.write(f"{time.process_time() - started}\n")
            answers.flush()
