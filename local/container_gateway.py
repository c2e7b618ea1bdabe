"""The container gateway: functions in containers (`sam local`) reach through it the emulator on loopback.

The emulator's root may start processes on this machine, and every container can reach the gateway. So it passes only
requests that a function's own role has signed, to the services that the functions use. The emulator checks the
signature, the Host and the permissions of the role.
"""

from __future__ import annotations

import ipaddress
import json
import re
import shutil
import socket
import subprocess

from local.forwarding import ForwardingHandler, ForwardingServer, Refusal

# The name of this machine within a container; `samconfig.toml` gives it the address of Docker's bridge.
HOST = "host.docker.internal"
_TARGETS = ("DynamoDB_20120810.", "TrentService.", "ResourceGroupsTaggingAPI_20170126.", "AmazonSSM.GetParameter")
# The temporary credential of a role: the id of the emulator's root begins otherwise.
_SIGNED_BY_A_ROLE = re.compile(r"AWS4-HMAC-SHA256 Credential=ASIA[A-Z0-9]{16}/")


class ContainerGateway(ForwardingServer):
    """Listens on the address of Docker's bridge, or on loopback if an engine in a VM forwards to it."""

    def __init__(self, bridge: str, port: int, upstream_port: int) -> None:
        super().__init__((_own_address(bridge), port), _Handler, upstream_port)
        self.endpoint_url = f"http://{HOST}:{self.port}"


class _Handler(ForwardingHandler):
    def upstream_path(self) -> str:
        signatures = self.headers.get_all("authorization", [])
        if len(signatures) != 1 or not _SIGNED_BY_A_ROLE.match(signatures[0]):
            raise Refusal(403, "sign the request with the role of a function")
        targets = self.headers.get_all("x-amz-target", [])
        # A query could carry a second signature beside the one in the header.
        if self.path != "/" or self.command != "POST" or len(targets) != 1 or not targets[0].startswith(_TARGETS):
            raise Refusal(403, "containers reach DynamoDB, KMS, the tagging API and their parameter of SSM alone")
        return "/"

    def upstream_host(self) -> str | None:
        return self.headers.get("host")  # it is signed


def find_bridge() -> str | None:
    """Return the address of this machine on Docker's bridge, or None without a running engine."""
    docker = shutil.which("docker")
    if docker is None:
        return None
    inspect = [docker, "network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}"]
    try:
        answer = subprocess.run(inspect, capture_output=True, text=True, timeout=10, check=True)
        network: dict[str, str] = json.loads(answer.stdout) or {}
        return network.get("Gateway") or str(ipaddress.ip_network(network["Subnet"])[1])
    except (OSError, subprocess.SubprocessError, ValueError, LookupError):
        return None


def _own_address(bridge: str) -> str:
    with socket.socket() as probe:
        try:
            probe.bind((bridge, 0))
        except OSError:
            return "127.0.0.1"
    return bridge
