"""Functions on the emulator: a zip is unpacked once, and the edits of MiniStack's script are exact."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from ministack.core import lambda_runtime  # type: ignore[import-untyped]

from local.emulated_sandboxes import UnpackedOnce, edited


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of unpacked zips."""
    folder = tmp_path / "kept"
    folder.mkdir()
    monkeypatch.setattr(UnpackedOnce, "unpacked", folder, raising=False)
    return folder


def _zip(path: Path, text: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("package/module.py", text)
    return path


def _unpack(archive: Path, folder: Path) -> Path:
    folder.mkdir()
    with UnpackedOnce(archive) as opened:
        opened.extractall(folder)
    return folder


def test_two_sandboxes_share_one_unpacked_copy(tmp_path: Path, kept: Path) -> None:
    """Equal zips have one folder behind them, whatever their names."""
    one = _unpack(_zip(tmp_path / "one.zip", "x = 1"), tmp_path / "one")
    two = _unpack(_zip(tmp_path / "two.zip", "x = 1"), tmp_path / "two")
    assert one.resolve() == two.resolve()
    assert (two / "package" / "module.py").read_text() == "x = 1"
    assert len(list(kept.iterdir())) == 1


def test_another_content_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """An update of a function reaches its next sandbox, although the name of the zip stays."""
    before = _unpack(_zip(tmp_path / "code.zip", "x = 1"), tmp_path / "before")
    after = _unpack(_zip(tmp_path / "code.zip", "x = 2"), tmp_path / "after")
    assert (before / "package" / "module.py").read_text() == "x = 1"
    assert (after / "package" / "module.py").read_text() == "x = 2"


def test_an_interrupted_extraction_is_never_used(tmp_path: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder appears under its final name only after the last file."""

    def fail(self: zipfile.ZipFile, path: Path) -> None:
        (path / "half").write_text("")
        raise OSError("no space left")

    archive = _zip(tmp_path / "code.zip", "x = 1")
    with monkeypatch.context() as patched:
        patched.setattr(zipfile.ZipFile, "extractall", fail)
        with pytest.raises(OSError, match="no space"):
            _unpack(archive, tmp_path / "first")
    assert (_unpack(archive, tmp_path / "second") / "package" / "module.py").exists()
    assert len([folder for folder in kept.iterdir() if (folder / "half").exists()]) == 1


def test_each_edit_applies_to_the_script_of_the_pinned_emulator() -> None:
    """The edited script is Python, and an exception of a handler no longer ends its sandbox."""
    script = edited(lambda_runtime._PYTHON_WORKER_SCRIPT)
    compile(script, "worker", "exec")
    assert '"raised": True' in script


def test_a_changed_script_stops_the_start() -> None:
    """An upgrade of the emulator with another script is an error that names the missing text."""
    with pytest.raises(RuntimeError, match="script has changed"):
        edited("print('another script')")
