"""Outputs of tools that watch a process are read as counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fresh_interpreter import Fresh, count_opened, parse_callgrind


def test_callgrinds_count_is_its_total() -> None:
    """P1b, P4: the total counts; the summary is zero where counting was switched on and off."""
    text = "version: 1\nevents: Ir\nsummary: 0\n\nfl=(1) a.c\nfn=(1) main\n16 400\n\ntotals: 84000123\n"
    assert parse_callgrind(text) == 84_000_123


def test_a_file_without_a_count_is_no_zero() -> None:
    """P4: a failed run has no count, and its figure misses its goal."""
    with pytest.raises(ValueError, match="counted nothing"):
        parse_callgrind("version: 1\nevents: Ir\n")


def test_files_that_were_opened_are_counted_and_no_others() -> None:
    """P6: a missing file was not opened; a path may hold a parenthesis or an equals sign."""
    lines = [
        '12 openat(AT_FDCWD, "/opt/python/keyturn/jose/__init__.py", O_RDONLY|O_CLOEXEC) = 3',
        '12 openat(AT_FDCWD, "/opt/python/a(1) = 3", O_RDONLY) = 14',
        '12 open("/etc/hosts", O_RDONLY) = 5',
        '12 openat(AT_FDCWD, "/var/task/keyturn", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)',
        "12 +++ exited with 0 +++",
    ]
    assert count_opened("\n".join(lines)) == 3


def test_a_fresh_interpreter_sees_lambdas_folders_alone() -> None:
    """P4: neither site-packages nor the folder that the run began in is on the path of what is counted."""
    command = Fresh([Path("/var/task"), Path("/opt/python")], Path("m.json"), {}).command("floor")
    assert command[1:5] == ["-S", "-s", "-P", "-c"]
    assert "sys.path[:0] = ['/var/task', '/opt/python']" in command[5]
    assert "cold_steps.run('floor', 'm.json')" in command[5]
