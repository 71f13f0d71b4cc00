"""Files that installed packages carry: found without an import, and never used unless they are the pinned ones."""

from importlib import metadata
from types import SimpleNamespace

import pytest

from dualrec.core import assets
from dualrec.core.errors import StudyError


@pytest.fixture
def asset(tmp_path, monkeypatch):
    """A package that carries one small file."""
    assets.verified_asset.cache_clear()
    pinned = assets.Asset(
        "some-package", "data", {"text": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}, "", ""
    )
    monkeypatch.setitem(assets.ASSETS, "some", pinned)
    installed = SimpleNamespace(locate_file=lambda folder: tmp_path / folder)
    monkeypatch.setattr(assets.metadata, "distribution", lambda name: installed)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/text").write_bytes(b"abc")
    yield tmp_path / "data"
    assets.verified_asset.cache_clear()


def test_a_whole_asset_is_its_folder_and_is_hashed_once(asset, monkeypatch):
    assert assets.verified_asset("some") == assets.asset_folder("some") == asset
    monkeypatch.setattr(assets, "file_sha256", None)
    assert assets.verified_asset("some") == asset


def test_a_changed_file_is_refused_by_name(asset):
    (asset / "text").write_bytes(b"abd")
    with pytest.raises(StudyError, match="text of some-package has SHA-256 .*, not ba7816bf8f01…: .*delete `.venv`"):
        assets.verified_asset("some")


def test_a_missing_file_is_named(asset):
    (asset / "text").unlink()
    with pytest.raises(StudyError, match="some-package is installed but lacks text; reinstall it with `make setup`"):
        assets.asset_folder("some")


def test_a_missing_package_is_named(asset, monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(assets.metadata, "distribution", absent)
    with pytest.raises(StudyError, match="the package 'some-package' that carries some is not installed"):
        assets.asset_folder("some")
