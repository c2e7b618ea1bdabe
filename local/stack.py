"""The embedded stack: emulator, deployments, front proxy and demo client, started and stopped as one."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from local.access_rules import PARAMETER, put_first_rules
from local.api_addresses import NAME, ApiAddresses
from local.api_functions import ApiFunctions, read_routes
from local.browser_example import seed_user, serve_app
from local.build import build_artifacts
from local.container_gateway import HOST, ContainerGateway, find_bridge
from local.demo_client import AUDIENCE, SCOPES, register_demo_client
from local.deployer import Deployer, Deployment
from local.emulator import REGION, STATE, Emulator, StateFound, settle_last_run
from local.emulator_limitations import LIMITATIONS
from local.examples import deploy_examples, deploy_websocket_example, example_rules
from local.front_proxy import FrontProxy
from local.ports import DEFAULT_PORTS, Ports, choose_ports
from local.progress import Progress
from local.stack_file import StackFile, write_stack_file
from local.stack_lock import hold_lock
from local.transform import read_template
from local.user_stack import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
STACK_NAME = "keyturn"

# The durations are short, so that keys rotate during the demo; the rules between them are those of AWS.
PARAMETERS = {
    "Architecture": "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64",
    "DeletionProtection": "false",
    "Audiences": AUDIENCE,
    "AccessRules": example_rules(),
    "SigningAlgorithm": "RS256",
    "AccessTokenLifetimeSeconds": "300",
    "MaxTokenLifetimeSeconds": "300",
    "ClockSkewSeconds": "2",
    # A revocation takes effect on the next request, where the demo shows it.
    "RevocationMode": "strict",
    "RingViewSeconds": "2",
    "VerifierCacheSeconds": "1",
    "JwksMaxAgeSeconds": "1",
    "PublishLeadSeconds": "11",
    "RetentionSeconds": "309",
    "MaxPublishedKeys": "8",
    "DeletionWindowDays": "7",
}


class EmbeddedStack:
    """The stack with its state in `directory`; `with` starts and stops it.

    Artifacts are kept in `builds`, which stacks may share. `parameters` override PARAMETERS; an `IssuerUrl` among them
    is that of a proxy in front of the front proxy. `interactive` adds what a person uses: a user who can sign in,
    examples/browser-app, the WebSocket example, and access rules that change without a deployment.
    """

    def __init__(
        self,
        directory: Path = ROOT / ".local",
        *,
        builds: Path = ROOT / ".local" / "builds",
        ports: Ports = DEFAULT_PORTS,
        parameters: dict[str, str] | None = None,
        interactive: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.directory = directory
        self.file = directory / "stack.json"
        self.demo_played = directory / STATE / "demo_played"  # is lost with the state
        self._builds = builds
        self._preferred_ports = ports
        self._parameters = {**PARAMETERS, **_rules_in_ssm(interactive, parameters or {}), **(parameters or {})}
        self._interactive = interactive
        self._progress = progress or Progress(None)
        self._running = ExitStack()
        self._emulator: Emulator | None = None

    def __enter__(self) -> StackFile:
        running = self.start()
        self.announce(running)
        return running

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def is_up(self) -> bool:
        """Whether the emulator still runs."""
        return self._emulator is not None and self._emulator.is_running

    def start(self) -> StackFile:
        """Start everything and return where it is; raises the errors of the parts, with everything stopped again."""
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def announce(self, running: StackFile) -> None:
        """Write the file that leads others to the stack, and delete it at the stop."""
        self._running.callback(self.file.unlink, missing_ok=True)
        write_stack_file(self.file, running)

    def stop(self) -> None:
        """Stop all parts; the state stays."""
        self._running.close()

    def _start(self) -> StackFile:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)  # it holds private keys
        self._running.enter_context(hold_lock(self.directory))
        self.file.unlink(missing_ok=True)  # a killed run left its own
        found = settle_last_run(self.directory)  # comes first, since an emulator left behind holds its port
        ports, remarks = choose_ports(self.directory / "ports.json", self._preferred_ports)
        for remark in remarks:
            self._progress.line(f"  {remark}")
        emulator = self._start_emulator(ports, found)
        issuer = self._running.enter_context(FrontProxy("localhost", ports.issuer, ports.emulator))
        apis = self._running.enter_context(FrontProxy("127.0.0.1", ports.apis, ports.emulator))
        deployment = self._deploy(emulator, f"http://localhost:{ports.issuer}")
        with self._progress.step("client") as step:
            client = register_demo_client(
                emulator, deployment.outputs["ClientTableName"], emulator.state / "demo_client.json"
            )
            step.result = f"{client.client_id} may ask for {' and '.join(SCOPES)}"
        routes = read_routes(emulator.client("apigatewayv2"), deployment.physical_ids["IssuerApi"])
        api = f"/_aws/execute-api/{deployment.physical_ids['IssuerApi']}"
        issuer.publish({"/": api}, ApiFunctions(emulator.client("lambda"), routes))
        apis.follow(ApiAddresses(emulator.state / NAME).routes)
        containers = self._open_container_gateway(ports)
        place = self._place(emulator, deployment, f"http://127.0.0.1:{ports.apis}")
        running = StackFile(
            issuer=deployment.outputs["IssuerUrl"],
            token_endpoint=deployment.outputs["TokenEndpoint"],
            client_id=client.client_id,
            client_secret=client.client_secret,
            audience=AUDIENCE,
            scope=SCOPES[0],
            apis=deploy_examples(place, self._progress),
            stack_name=STACK_NAME,
            outputs=deployment.outputs,
            emulator={
                "endpoint_url": emulator.endpoint_url,
                "region": REGION,
                "access_key_id": emulator.access_key_id,
                "secret_access_key": emulator.secret_access_key,
            },
            containers=containers,
            process_id=os.getpid(),
            apis_origin=place.origin,
        )
        if not self._interactive:
            return running
        running = replace(running, socket=deploy_websocket_example(place, self._progress))
        with_user = seed_user(running, emulator.state / "demo_user.json", self._progress)
        return serve_app(with_user, ports.app, self._running, self._progress)

    def _open_container_gateway(self, ports: Ports) -> str | None:
        bridge = find_bridge()
        if bridge is None:
            self._progress.line(f"  {'containers':<10} no Docker engine runs: `sam local` cannot reach this stack")
            return None
        gateway = self._running.enter_context(ContainerGateway(bridge, ports.containers, ports.emulator))
        self._progress.line(f"  {'containers':<10} {gateway.endpoint_url}, for `make events` and `sam local`")
        return gateway.endpoint_url

    def _start_emulator(self, ports: Ports, found: StateFound) -> Emulator:
        self._emulator = Emulator(self.directory, ports.emulator, (f"{HOST}:{ports.containers}",))
        self._running.callback(self._emulator.stop)
        with self._progress.step("emulator") as step:
            self._emulator.start()
            step.result = f"{found.value}; MiniStack on {self._emulator.endpoint_url}"
        return self._emulator

    def _place(self, emulator: Emulator, deployment: Deployment, origin: str) -> Place:
        return Place(
            emulator=emulator,
            keyturn=STACK_NAME,
            authorizer_arn=deployment.outputs["AuthorizerArn"],
            origin=origin,
            state=emulator.state,
            builds=self._builds / "stacks",
        )

    def _deploy(self, emulator: Emulator, issuer: str) -> Deployment:
        template = read_template(ROOT / "template.yaml")
        with self._progress.step("artifacts") as step:
            artifacts = build_artifacts(template, ROOT, self._builds)
            built = [artifact.logical_id for artifact in artifacts.values() if artifact.built]
            step.result = f"built {', '.join(built)}" if built else "up to date"
        python = ".".join(map(str, sys.version_info[:3]))
        self._progress.line(f"  {'limits':<10} functions run on Python {python} here. The emulator differs from AWS:")
        for limitation in LIMITATIONS:
            self._progress.line(f"  {'':<10} - {limitation.subject}: {limitation.here}")
        if self._parameters.get("AccessRulesParameter") == PARAMETER:
            put_first_rules(emulator, example_rules())
        with self._progress.step("stack") as step:
            deployer = Deployer(emulator, STACK_NAME, emulator.state / "deployed")
            deployment = deployer.deploy(template, {"IssuerUrl": issuer, **self._parameters}, artifacts)
            step.result = f"{STACK_NAME} {deployment.action}"
        return deployment


def _rules_in_ssm(interactive: bool, given: Mapping[str, str]) -> dict[str, str]:
    """Return the parameter that puts the rules into SSM, unless rules were given."""
    return {"AccessRulesParameter": PARAMETER} if interactive and "AccessRules" not in given else {}
