"""Figures are drawn in the study's style, closed behind every test, and use no colour for words but the known ones."""

import matplotlib
import pytest
from matplotlib import pyplot as plt

from dualrec import plots
from tests.plots.drawn import text_colours
from tests.plots.test_style import TEXT_COLOURS


@pytest.fixture(autouse=True)
def style():
    with matplotlib.rc_context():
        plots.use_style()
        yield
        colours = set().union(*(text_colours(plt.figure(number)) for number in plt.get_fignums()))
        plt.close("all")
        assert colours <= set(TEXT_COLOURS), "test_style checks whether words in these colours can be read"
