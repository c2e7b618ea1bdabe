"""The command line of the embedded stack: `python -m local run|demo|deploy|delete|rules|env|events|transform|reset`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.build import BuildError
from local.demo import run_demo
from local.demo_user import DemoUserFailed
from local.deployer import DeployError
from local.emulator import REGION, EmulatorError
from local.events import EventsError, prepare_sam_local, render_template
from local.parameters import ParametersWrong, read_parameters
from local.progress import Progress
from local.reset import reset
from local.stack import PARAMETERS, ROOT, EmbeddedStack
from local.stack_commands import add_commands, fail, run_command
from local.stack_file import StackFile, read_stack_file
from local.stack_lock import AlreadyRunning
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


_COMMANDS = {
    "run": "deploy, run the demo on the first start, and stay up until Ctrl-C",
    "demo": "deploy, run the demo, and stop",
    "reset": "delete the state of the stopped stack",
    "events": "render events for `sam local` from the running stack",
    "transform": "print the template after the SAM transform",
}


def run_stack(*, stay_up: bool, parameters: Mapping[str, str]) -> int:
    """Start the stack and run the demo; with `stay_up`, stay up until Ctrl-C or SIGTERM; return the exit code.

    The demo rotates and compromises keys: with `stay_up` it runs only on a new state.
    """
    progress = Progress()
    stack = EmbeddedStack(parameters=dict(parameters), interactive=stay_up, progress=progress)
    # SIGTERM stops as cleanly as Ctrl-C. A shell starts a job in the background with SIGINT ignored.
    _handle_signals(signal.default_int_handler)
    try:
        progress.line("Keyturn's embedded stack")
        running = stack.start()
        is_as_expected = _play_demo(stack, running, progress, once=stay_up)
        if stay_up:
            # The stack is announced after the demo, which rotates and compromises keys: others find a stack at rest.
            stack.announce(running)
            _print_addresses(stack, running, progress)
            _wait(stack)
        return 0 if is_as_expected else 1
    except AlreadyRunning as running_elsewhere:
        progress.line(f"  {running_elsewhere}")
        if parameters:
            progress.line("  PARAMETERS apply at a start: stop the stack first")
        is_playable = stack.file.exists() and not stay_up and not parameters
        return 0 if is_playable and _show_demo(read_stack_file(stack.file), progress) else 1
    except KeyboardInterrupt:
        progress.line()
        return 0 if stay_up else 130
    except _KNOWN_FAILURES as error:
        progress.line(f"\n{error}")
        return 1
    finally:
        # A second Ctrl-C would interrupt the saving of the state.
        _handle_signals(signal.SIG_IGN)
        if stack.is_up:
            with progress.step("stop") as step:
                stack.stop()
                step.result = "stopped, state kept for the next run"
        stack.stop()


def _handle_signals(handler: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _play_demo(stack: EmbeddedStack, running: StackFile, progress: Progress, *, once: bool) -> bool:
    """Run the demo, with `once` only on a state without one, and return whether it went as expected."""
    if once and stack.demo_played.exists():
        progress.line("\nDemo: it ran on this state before, and would rotate its keys. `make demo` runs it again.")
        return True
    stack.demo_played.touch()
    return _show_demo(running, progress)


def _show_demo(running: StackFile, progress: Progress) -> bool:
    progress.line("\nDemo: each line shows a step and its result; `ok` is the expected result, DIFFERS another one")
    is_as_expected = run_demo(running, progress)
    progress.line(f"\nDemo {'passed: each step had its expected result' if is_as_expected else 'FAILED'}.")
    return is_as_expected


def reset_stack() -> int:
    """Delete the state of the stack, and return the exit code."""
    try:
        existed = reset(ROOT / ".local")
    except AlreadyRunning as running:
        return fail(f"nothing was deleted, since {running}: stop it first")
    print("the state is deleted: the next `make run` begins without it" if existed else "there is no state to delete")
    return 0


def render_events() -> int:
    """Render the files that `sam local` needs of the running stack, and print their use; return the exit code."""
    directory = ROOT / ".local"
    try:
        rendered = prepare_sam_local(read_stack_file(directory / "stack.json"), ROOT / "events", directory)
        template = render_template(ROOT / ".aws-sam" / "build" / "template.yaml", directory)
    except FileNotFoundError:
        return fail("no embedded stack runs: start one with `make run` in another terminal, then run this again")
    except (EventsError, BotoCoreError, ClientError, httpx.HTTPError) as error:
        return fail(str(error))
    print(f"rendered {len(rendered)} events, env.json, aws_config and {template.name} into .local")
    common = f"--profile AuthorizerFunction --parameter-overrides Architecture={PARAMETERS['Architecture']}"
    sam = "AWS_CONFIG_FILE=.local/aws_config .venv-tools/bin/sam local"
    print(f"""To invoke a function with one of them:

  {sam} invoke AuthorizerFunction {common} \\
    --event .local/events/authorizer/http-api-2.0.json

To serve the HTTP example with the authorizer; `sam local` serves the example's own template without one:

  {sam} start-api --template .local/{template.name} --config-file "$PWD/samconfig.toml" {common}""")
    return 0


def print_native_template() -> int:
    """Print the template after the SAM transform, for linters."""
    template = read_template(ROOT / "template.yaml")
    places = {logical_id: f"s3://artifacts/{logical_id}.zip" for logical_id in makefile_sources(template)}
    json.dump(transform_template(template, PARAMETERS, places, REGION), sys.stdout, indent=2)
    return 0


def _print_addresses(stack: EmbeddedStack, running: StackFile, progress: Progress) -> None:
    progress.line("\nThe stack is up until Ctrl-C:")
    progress.line(f"  issuer       {running.issuer}")
    progress.line(f"  JWKS         {running.outputs['JwksUrl']}")
    for name, url in running.apis.items():
        progress.line(f"  {name:<12} {url}")
    if running.socket is not None:
        progress.line(f"  websocket    {running.socket}")
    progress.line("  your own API type `.venv/bin/python -m local deploy FOLDER`, as examples/http-api/README.md says")
    progress.line(f"  credentials  {stack.file} (client_id, client_secret, user and more)")
    if running.user is None:
        return
    progress.line("\nSign in:")
    progress.line(f"  open         {running.app or running.outputs['SignInUrl']}")
    progress.line(f"  address      {running.user['email']}")
    progress.line(f"  password     {running.user['password']}")
    progress.line("  next         type `.venv/bin/keyturn users list` in another terminal")


def _wait(stack: EmbeddedStack) -> None:
    while stack.is_up:
        time.sleep(0.5)
    raise EmulatorError("the emulator ended by itself: read .local/emulator.log, and start again with `make run`")


_OTHERS = {"transform": print_native_template, "events": render_events, "reset": reset_stack}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(prog="python -m local", description="Run Keyturn's embedded stack.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in _COMMANDS.items():
        own = commands.add_parser(name, help=text, description=text)
        if name in ("run", "demo"):
            own.add_argument("--parameters", default="", help="parameters of the template: NAME=VALUE NAME=VALUE")
    add_commands(commands)
    return parser


def main() -> int:
    """Parse the command line and run the command."""
    given = build_parser().parse_args()
    if "run" in given:
        return run_command(given, ROOT)
    if given.command in _OTHERS:
        return _OTHERS[given.command]()
    try:
        parameters = read_parameters(given.parameters, read_template(ROOT / "template.yaml"))
    except ParametersWrong as error:
        fail(str(error))
        return 2
    return run_stack(stay_up=given.command == "run", parameters=parameters)


if __name__ == "__main__":
    sys.exit(main())
