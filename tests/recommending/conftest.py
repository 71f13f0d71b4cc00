import pytest

from dualrec.study import open_study


@pytest.fixture
def study(toy_profile, toy_folder, tmp_path):
    return open_study(toy_profile, data=str(toy_folder), folder=tmp_path / "run")
