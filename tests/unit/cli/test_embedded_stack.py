"""The command uses the description of an embedded stack only where nobody else can have written it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from keyturn_cli import embedded_stack
from keyturn_cli.embedded_stack import NoDeployment, find_embedded_stack
from tests.fakes.command_stack import ENDPOINT, STACK, command_stack, deployment, described_stack, run

FOREIGN = 4_000_000


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """Describe a stack in a folder, and return the folder."""
    with described_stack(tmp_path / "project"):
        yield tmp_path / "project"


def refusal(folder: Path) -> str:
    with pytest.raises(NoDeployment) as refused:
        find_embedded_stack(folder)
    return str(refused.value)


def owned_by_another(monkeypatch: pytest.MonkeyPatch, *paths: Path) -> None:
    """Let the system say that these paths belong to another user."""
    inodes = {path.stat().st_ino for path in paths}
    look, look_at_descriptor = Path.stat, os.fstat

    def changed(state: os.stat_result) -> os.stat_result:
        return os.stat_result((*state[:4], FOREIGN, *state[5:])) if state.st_ino in inodes else state

    monkeypatch.setattr(Path, "stat", lambda path, **named: changed(look(path, **named)))
    monkeypatch.setattr(os, "fstat", lambda descriptor: changed(look_at_descriptor(descriptor)))


def test_a_stack_is_found_from_the_folders_below_it(project: Path) -> None:
    """The nearest description above the current folder is used."""
    below = project / "src" / "app"
    below.mkdir(parents=True)
    found = find_embedded_stack(below)
    assert (found.folder, found.endpoint_url) == (project, ENDPOINT)


@pytest.mark.parametrize("name", [".local", ".local/stack.json"])
def test_what_belongs_to_another_user_is_not_trusted(monkeypatch: pytest.MonkeyPatch, project: Path, name: str) -> None:
    """The file and its folder belong to this user; the message says whose they are (as git since CVE-2022-24765)."""
    owned_by_another(monkeypatch, project / name)
    said = refusal(project)
    assert f"{project / name} is not trusted, since it belongs to uid {FOREIGN}, and you are " in said
    assert said.endswith("start one with `make run`, or name a stack with --stack")


@pytest.mark.parametrize("name", [".local", ".local/stack.json"])
@pytest.mark.parametrize("bit", [stat.S_IWGRP, stat.S_IWOTH])
def test_what_others_can_write_is_not_trusted(project: Path, name: str, bit: int) -> None:
    """A group or others that can write the file or its folder can name another stack in it."""
    path = project / name
    path.chmod(stat.S_IMODE(path.stat().st_mode) | bit)
    assert f"`chmod go-w {path}`" in refusal(project)


@pytest.mark.parametrize("name", [".local", ".local/stack.json"])
def test_a_symbolic_link_is_not_followed(project: Path, name: str) -> None:
    """A link leads to a file that belongs to this user for another purpose."""
    path = project / name
    path.rename(project / "elsewhere")
    path.symlink_to(project / "elsewhere")
    assert f"{path} is not trusted, since it is a symbolic link" in refusal(project)


def test_a_pipe_is_not_waited_for(project: Path) -> None:
    """A FIFO without a writer is refused and not read."""
    (project / ".local" / "stack.json").unlink()
    os.mkfifo(project / ".local" / "stack.json", 0o600)
    assert "it is not a regular file" in refusal(project)


def test_a_folder_in_the_place_of_the_file(project: Path) -> None:
    """A directory is refused as well."""
    (project / ".local" / "stack.json").unlink()
    (project / ".local" / "stack.json").mkdir(mode=0o700)
    assert "it is not a regular file" in refusal(project)


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    """The system's reason is said."""
    monkeypatch.setattr(os, "open", mock.Mock(side_effect=PermissionError(13, "Permission denied")))
    assert refusal(project).startswith(f"{project}/.local: Permission denied: start one")


def test_the_file_that_was_checked_is_the_one_that_is_read(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    """A file that takes the name between the check and the read changes nothing."""
    path = project / ".local" / "stack.json"
    other = path.with_name("other.json")
    other.write_text(path.read_text().replace("4566", "6666"))
    look = os.fstat

    def replace_then_look(descriptor: int) -> os.stat_result:
        state = look(descriptor)
        if stat.S_ISREG(state.st_mode) and other.exists():
            other.rename(path)
        return state

    monkeypatch.setattr(os, "fstat", replace_then_look)
    assert find_embedded_stack(project).endpoint_url == ENDPOINT
    assert "6666" in path.read_text()


@pytest.mark.parametrize("place", ["project", "project/src"])
def test_the_search_ends_at_a_folder_of_another_user(
    monkeypatch: pytest.MonkeyPatch, project: Path, place: str
) -> None:
    """A description in or above a folder of another user is ignored, and one in it is named."""
    below = project / "src"
    below.mkdir()
    owned_by_another(monkeypatch, project.parent / place)
    said = refusal(below)
    assert said.startswith("no embedded stack runs in this folder")
    ignored = f"({project}/.local/stack.json is ignored: {project} belongs to uid {FOREIGN}, and you are "
    assert (ignored in said) == (place == "project")


def test_the_search_ends_at_the_boundary_of_a_file_system(monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    """A folder of another file system is another machine's or container's, perhaps."""
    below = project / "mounted"
    below.mkdir()
    look = Path.stat

    def mounted(path: Path, **named: Any) -> os.stat_result:
        state = look(path, **named)
        return os.stat_result((*state[:2], state.st_dev + (path == below), *state[3:]))

    monkeypatch.setattr(Path, "stat", mounted)
    assert f"({project}/.local/stack.json is ignored: {project} is on another file system)" in refusal(below)


@pytest.mark.parametrize(
    ("user", "caller", "trusted"),
    [
        (0, str(FOREIGN), True),
        (0, None, False),
        (0, "", False),
        (0, "root", False),
        (0, "\N{SUPERSCRIPT TWO}", False),
        (FOREIGN + 1, str(FOREIGN), False),
        (FOREIGN, None, True),
    ],
)
def test_sudo_keeps_the_callers_own_files(
    monkeypatch: pytest.MonkeyPatch, project: Path, user: int, caller: str | None, trusted: bool
) -> None:
    """SUDO_UID counts for root alone, who gets it from sudo; anybody can set it for themselves."""
    folders = [project, *project.parents, project / ".local", project / ".local" / "stack.json"]
    owned_by_another(monkeypatch, *folders)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.delenv("SUDO_UID", raising=False)
    if caller is not None:
        monkeypatch.setenv("SUDO_UID", caller)
    if trusted:
        assert find_embedded_stack(project).folder == project
    else:
        assert "belongs to uid" in refusal(project)


def describe(project: Path, **emulator: Any) -> None:
    description = json.loads(json.dumps(STACK))
    description["emulator"] |= emulator
    (project / ".local" / "stack.json").write_text(json.dumps(description))


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:80", "http://localhost:4566", "http://[::1]:4566"])
@pytest.mark.parametrize("end", ["", "/"])
def test_an_endpoint_on_this_machine(project: Path, endpoint: str, end: str) -> None:
    """The three names of the loopback interface are taken, with a port."""
    describe(project, endpoint_url=endpoint + end)
    assert find_embedded_stack(project).endpoint_url == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://127.0.0.1:4566",
        "http://10.0.0.1:4566",
        "http://0.0.0.0:4566",
        "http://127.0.0.1.example:4566",
        "http://localhost.example:4566",
        "http://127.0.0.1@attacker.example:4566",
        "http://127.0.0.1:4566@attacker.example:80",
        "http://127.0.0.1:4566\\@attacker.example:80",
        "http://attacker.example:4566/#http://localhost:4566",
        "http://user@localhost:4566",
        "http://localhost:4566/path",
        "http://localhost:4566?x",
        "http://localhost",
        "http://localhost:0",
        "//localhost:4566",
        "localhost:4566",
        "unix:///tmp/socket",
        "",
    ],
)
def test_an_endpoint_elsewhere_is_refused(project: Path, endpoint: str) -> None:
    """An endpoint on another machine, or one that two parsers could read in two ways, is not used."""
    describe(project, endpoint_url=endpoint)
    assert f"its endpoint {endpoint} is not http://127.0.0.1" in refusal(project)


@pytest.mark.parametrize(
    "endpoint", [None, 1, [ENDPOINT], "http://localhost:port", "http://localhost:99999", "http://["]
)
def test_an_endpoint_that_is_none(project: Path, endpoint: object) -> None:
    """Without an endpoint the requests would go to AWS with the credentials of the file."""
    describe(project, endpoint_url=endpoint)
    assert "cannot be read, or is of another release" in refusal(project)


@pytest.mark.parametrize("text", ["", "[]", "null", "{}", '{"emulator": {}}', "[" * 100_000, "\xff"])
def test_a_damaged_description(project: Path, text: str) -> None:
    """A damaged file is named."""
    (project / ".local" / "stack.json").write_text(text, encoding="latin-1")
    assert refusal(project).startswith(f"{project}/.local/stack.json cannot be read")


@pytest.mark.parametrize("lock", ["free", "missing", "link"])
def test_the_description_of_a_killed_stack_is_not_used(project: Path, lock: str) -> None:
    """A stack that was killed leaves its description, and another program may have its port by now."""
    path = project / ".local" / "lock"
    path.rename(project / "held")
    if lock == "free":
        path.touch()
    elif lock == "link":
        path.symlink_to(project / "held")
    assert refusal(project) == f"the embedded stack of {project} was killed: start it with `make run`"


def test_nothing_is_sent_to_the_stack_of_another_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`revoke --yes` stops before it connects to the endpoint of a file that is not trusted."""
    with command_stack(tmp_path / "project"):
        monkeypatch.chdir(tmp_path / "project")
        owned_by_another(monkeypatch, tmp_path / "project" / ".local")
        with mock.patch("socket.create_connection") as connected:
            result = run("revoke", "--client", "c_1", "--yes")
        assert isinstance(result.exception, NoDeployment)
        assert not connected.called
        assert result.output == ""


def test_requests_stay_on_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither a proxy nor an endpoint of the environment takes the requests of the embedded stack elsewhere."""
    with command_stack(tmp_path):
        for name in ("HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
            monkeypatch.setenv(name, "http://attacker.example:80")
        monkeypatch.chdir(tmp_path)
        found = deployment()
    clients: tuple[Any, ...] = (found.dynamodb, found.functions, found.client("sts"))
    for client in clients:
        assert (client.meta.endpoint_url, client.meta.config.proxies) == (ENDPOINT, {})


def test_a_user_without_a_name_is_a_number() -> None:
    """Messages name users as the system does."""
    assert embedded_stack._user(FOREIGN) == f"uid {FOREIGN}"
    assert embedded_stack._user(0) == "root (uid 0)"
