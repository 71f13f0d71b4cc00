"""Links of a guide as the site has them: chapters, copied pictures, and words where there is nothing to lead to."""

import pytest

from dualrec.publishing.site.guides import guide


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DUALREC_HOME", str(tmp_path))
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "a.png").write_bytes(b"a picture")
    return tmp_path


def test_links_lead_within_the_site(home):
    text = """See [08](../../../../notebooks/08_audit.ipynb), [09](../../../../notebooks/09_protocols.ipynb),
[`paths.py`](../../../../dualrec/core/paths.py), [the start](../../../../README.md#try-it), [commands](commands.md#a)
and [elsewhere](https://example.org).

![A picture](../../../../figures/a.png)
![None](../../../../figures/b.png)
"""
    assert (
        guide(text, {"08_audit"}, home / "site" / "pictures")
        == """See [08](08_audit.ipynb), 09,
`paths.py`, the start, [commands](commands.md#a)
and elsewhere.

![A picture](pictures/a.png)
*None*
"""
    )
    assert (home / "site" / "pictures" / "a.png").read_bytes() == b"a picture"
