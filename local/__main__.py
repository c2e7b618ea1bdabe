"""`python -m local run|demo|events|transform`: the embedded stack from the command line."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.build import BuildError
from local.demo import tell_story
from local.demo_user import DemoUserFailed
from local.deployer import DeployError
from local.emulator import REGION, EmulatorError
from local.events import EventsError, prepare_sam_local
from local.progress import Progress
from local.stack import PARAMETERS, ROOT, AlreadyRunning, EmbeddedStack
from local.stack_file import StackFile, read_stack_file
from local.transform import TransformError, makefile_sources, read_template, transform_template

_KNOWN_FAILURES = (
    AlreadyRunning,
    BuildError,
    DemoUserFailed,
    DeployError,
    EmulatorError,
    TransformError,
    BotoCoreError,
    ClientError,
)


def run_stack(*, stay_up: bool) -> int:
    """Start the stack, tell the story, stay up until Ctrl-C or SIGTERM if asked to; return the exit code."""
    progress = Progress()
    stack = EmbeddedStack(browser_example=stay_up, progress=progress)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the same clean stop as Ctrl-C
    try:
        progress.line("Keyturn's embedded stack")
        running = stack.start()
        told = _tell(running, progress)
        if stay_up:
            # Only now: the story rotates and compromises keys, and others should find a stack at rest.
            stack.announce(running)
            _print_addresses(stack, running, progress)
            _wait(stack)
        return 0 if told else 1
    except AlreadyRunning as running_elsewhere:
        progress.line(f"  {running_elsewhere}")
        if stay_up or not stack.file.exists():
            return 1
        return 0 if _tell(read_stack_file(stack.file), progress) else 1
    except KeyboardInterrupt:
        progress.line()
        return 0 if stay_up else 130
    except _KNOWN_FAILURES as error:
        progress.line(f"\n{error}")
        return 1
    finally:
        # A second Ctrl-C would kill what is just being saved.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if stack.is_up:
            with progress.step("stop") as step:
                stack.stop()
                step.result = "stopped, state kept for the next run"
        stack.stop()


def _tell(running: StackFile, progress: Progress) -> bool:
    progress.line("\nThe story: expected is what happened, unless a line says DIFFERS")
    told = tell_story(running, progress)
    progress.line(f"\nThe story went {'as it must' if told else 'WRONG'}.")
    return told


def render_events() -> int:
    """Render what `sam local` needs of the running stack, and print how to use it; return the exit code."""
    directory = ROOT / ".local"
    try:
        rendered = prepare_sam_local(read_stack_file(directory / "stack.json"), ROOT / "events", directory)
    except FileNotFoundError:
        print("no stack is up: `make run` in another terminal, then again")
        return 1
    except (EventsError, BotoCoreError, ClientError, httpx.HTTPError) as error:
        Progress().line(str(error))
        return 1
    print(f"rendered {len(rendered)} events, .local/env.json and .local/aws_config. Then, for one of them:")
    architecture = PARAMETERS["Architecture"]
    print(f"""
  make build ARCHITECTURE={architecture}
  AWS_CONFIG_FILE=.local/aws_config .venv-tools/bin/sam local invoke AuthorizerFunction --profile AuthorizerFunction \\
    --parameter-overrides Architecture={architecture} --event .local/events/authorizer/http-api-2.0.json""")
    return 0


def print_native_template() -> int:
    """Print the template after the SAM transform, for linters."""
    template = read_template(ROOT / "template.yaml")
    places = {logical_id: f"s3://artifacts/{logical_id}.zip" for logical_id in makefile_sources(template)}
    json.dump(transform_template(template, PARAMETERS, places, REGION), sys.stdout, indent=2)
    return 0


def _print_addresses(stack: EmbeddedStack, running: StackFile, progress: Progress) -> None:
    progress.line("\nUp, until Ctrl-C:")
    progress.line(f"  issuer       {running.issuer}")
    progress.line(f"  JWKS         {running.outputs['JwksUrl']}")
    for name, url in running.apis.items():
        progress.line(f"  {name:<12} {url}")
    progress.line(f"  credentials  {stack.file} (client_id, client_secret, user, and the rest)")
    if running.user is None:
        return
    progress.line("\nSign in:")
    progress.line(f"  open         {running.app or running.outputs['SignInUrl']}")
    progress.line(f"  address      {running.user['email']}")
    progress.line(f"  password     {running.user['password']}")
    progress.line("  next         .venv/bin/keyturn users list, in another terminal")


def _wait(stack: EmbeddedStack) -> None:
    while stack.is_up:
        time.sleep(0.5)
    raise EmulatorError("the emulator ended by itself; its log is in .local/emulator.log")


def main() -> int:
    """Parse the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["run", "demo", "events", "transform"])
    command = parser.parse_args().command
    if command == "transform":
        return print_native_template()
    if command == "events":
        return render_events()
    return run_stack(stay_up=command == "run")


if __name__ == "__main__":
    sys.exit(main())
