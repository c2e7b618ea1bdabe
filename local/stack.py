"""The embedded stack: emulator, artifacts, deployment, front proxy and demo client, started and stopped as one."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import ExitStack
from pathlib import Path

from local.api_addresses import NAME, ApiAddresses
from local.api_functions import ApiFunctions, read_routes
from local.browser_example import seed_user, serve_app
from local.build import build_artifacts
from local.container_gateway import HOST, ContainerGateway, find_bridge
from local.demo_client import AUDIENCE, SCOPES, register_demo_client
from local.deployer import Deployer, Deployment
from local.emulator import REGION, STATE, Emulator, StateFound, settle_last_run
from local.emulator_limitations import LIMITATIONS
from local.front_proxy import FrontProxy
from local.ports import DEFAULT_PORTS, Ports, choose_ports
from local.progress import Progress
from local.stack_file import StackFile, write_stack_file
from local.stack_lock import hold_lock
from local.transform import read_template

ROOT = Path(__file__).resolve().parent.parent
STACK_NAME = "keyturn"

# The durations are short, so that keys rotate during the demo; the rules between them are those of AWS.
PARAMETERS = {
    "Architecture": "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64",
    "DeployExamples": "true",
    "DeletionProtection": "false",
    "Audiences": AUDIENCE,
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
    is that of a proxy in front of the front proxy. `browser_example` adds a user who can sign in, and serves
    examples/browser-app.
    """

    def __init__(
        self,
        directory: Path = ROOT / ".local",
        *,
        builds: Path = ROOT / ".local" / "builds",
        ports: Ports = DEFAULT_PORTS,
        parameters: dict[str, str] | None = None,
        browser_example: bool = False,
        progress: Progress | None = None,
    ) -> None:
        self.directory = directory
        self.file = directory / "stack.json"
        self.demo_played = directory / STATE / "demo_played"  # is lost with the state
        self._builds = builds
        self._preferred_ports = ports
        self._parameters = {**PARAMETERS, **(parameters or {})}
        self._browser_example = browser_example
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
        prefixes = _publish(issuer, apis, deployment, ApiFunctions(emulator.client("lambda"), routes))
        containers = self._open_container_gateway(ports)
        running = StackFile(
            issuer=deployment.outputs["IssuerUrl"],
            token_endpoint=deployment.outputs["TokenEndpoint"],
            client_id=client.client_id,
            client_secret=client.client_secret,
            audience=AUDIENCE,
            scope=SCOPES[0],
            apis={name: f"http://127.0.0.1:{ports.apis}{prefix}/reports" for name, prefix in prefixes.items()},
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
            apis_origin=f"http://127.0.0.1:{ports.apis}",
        )
        apis.follow(ApiAddresses(emulator.state / NAME).routes)
        if not self._browser_example:
            return running
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
        with self._progress.step("stack") as step:
            deployer = Deployer(emulator, STACK_NAME, emulator.state / "deployed")
            deployment = deployer.deploy(template, {"IssuerUrl": issuer, **self._parameters}, artifacts)
            step.result = f"{STACK_NAME} {deployment.action}"
        return deployment


def _publish(issuer: FrontProxy, apis: FrontProxy, deployment: Deployment, functions: ApiFunctions) -> dict[str, str]:
    path_of = {name: f"/_aws/execute-api/{physical_id}" for name, physical_id in deployment.physical_ids.items()}
    issuer.publish({"/": path_of["IssuerApi"]}, functions)
    apis.publish(
        {
            "/http": path_of["ExampleHttpApi"],
            "/rest-token": f"{path_of['ExampleRestTokenApi']}/example",
            "/rest-request": f"{path_of['ExampleRestRequestApi']}/example",
        }
    )
    return {"http": "/http", "rest_token": "/rest-token", "rest_request": "/rest-request"}
