"""Files that are there whole or not at all, and results that are made once."""

import json
import os

import numpy as np
import pytest

from dualrec.core.artifacts import (
    WORKSPACE,
    atomic_path,
    cached_arrays,
    is_kept,
    require_replaceable,
    write_json,
)
from dualrec.core.errors import StudyError


def test_a_file_takes_its_name_when_the_block_ends(tmp_path):
    target = tmp_path / "folder/text"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        workspace = WORKSPACE.fullmatch(temporary.parent.name)
        assert workspace and int(workspace["pid"]) == os.getpid(), "so that the next run knows whose rubbish it was"
    assert target.read_text() == "new" and [path.name for path in target.parent.iterdir()] == ["text"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_block_that_fails_leaves_what_was_there(tmp_path, kind):
    target = tmp_path / "result"
    for content, fails in (("old", False), ("new", True)):
        try:
            with atomic_path(target) as temporary:
                if kind == "folder":
                    temporary.mkdir()
                (temporary / "text" if kind == "folder" else temporary).write_text(content)
                if fails:
                    raise KeyboardInterrupt
        except KeyboardInterrupt:
            assert fails
    assert (target / "text" if kind == "folder" else target).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["result"]


def test_json_keeps_order_and_letters_and_takes_numpy(tmp_path):
    write_json(tmp_path / "a.json", {"b": np.float64(0.5), "a": np.arange(2), "é": tmp_path.name})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert list(json.loads(text)) == ["b", "a", "é"] and "é" in text and text.endswith("}\n")


def test_arrays_are_made_once_for_a_key_and_keep_the_seconds_that_took(tmp_path):
    calls = []

    def build() -> dict:
        calls.append(1)
        return {"values": np.arange(3.0)}

    first, seconds = cached_arrays(tmp_path / "kept", "key", build)
    again, same = cached_arrays(tmp_path / "kept", "key", build)
    assert len(calls) == 1 and same == pytest.approx(seconds) and is_kept(tmp_path / "kept", "key")
    np.testing.assert_array_equal(first["values"], again["values"])
    cached_arrays(tmp_path / "kept", "another", build)
    assert len(calls) == 2 and not is_kept(tmp_path / "kept", "key")


@pytest.mark.parametrize("note", [{}, [], {"made_by": "other", "files": {"a": ""}}, {"made_by": "me", "files": ["a"]}])
def test_only_a_folder_of_the_same_command_is_replaced(tmp_path, note):
    """A new folder, an empty one, and one whose note names all that lies there."""
    folder = tmp_path / "out"
    require_replaceable(folder, "note.json", "me")
    folder.mkdir()
    require_replaceable(folder, "note.json", "me")
    (folder / "a").write_text("")
    write_json(folder / "note.json", {"made_by": "me", "files": {"a": "", "b": ""}})
    require_replaceable(folder, "note.json", "me")
    write_json(folder / "note.json", note)
    with pytest.raises(StudyError, match="out holds a, which `me` did not write"):
        require_replaceable(folder, "note.json", "me")
