"""What is lost is said with its share, warned of above 5 %, refused above a half; what a rule asked for is counted."""

import pytest

from dualrec.core.errors import StudyError
from dualrec.data.losses import LOSSES, loss_lines, refuse_heavy_losses

TOTALS = {"rows": 1000, "users": 100, "items": 10}


def test_nothing_lost_is_nothing_said():
    assert loss_lines(dict.fromkeys(LOSSES, 0) | {"items_without_year": 9}, TOTALS) == []


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.remedy])
def test_a_loss_that_no_rule_asked_for_is_a_warning_above_five_percent(name):
    few, many = (loss_lines({name: count}, TOTALS) for count in (50, 51))
    assert few[0].startswith("50 of 1,000 rows (5.0%) ") and many[0].startswith("warning: 51 of 1,000 rows (5.1%) ")
    assert few[0].endswith(f"; {LOSSES[name].remedy}")


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if not loss.remedy])
def test_what_a_rule_asked_for_is_counted_and_never_an_error(name):
    total = TOTALS[LOSSES[name].of]
    (line,) = loss_lines({name: total}, TOTALS)
    assert line.startswith(f"{total:,} of {total:,} {LOSSES[name].of} (100.0%) ")
    refuse_heavy_losses("toy", {name: 1000}, 1000)


@pytest.mark.parametrize("name", ["ratings_of_unknown_items", "ratings_listed_twice", "ratings_of_nameless_items"])
def test_more_than_half_lost_is_refused_with_a_remedy(name):
    refuse_heavy_losses("toy", {name: 500}, 1000)
    with pytest.raises(StudyError, match=rf"data set 'toy': 501 of 1,000 rows \(50\.1%\) .*; {LOSSES[name].remedy}"):
        refuse_heavy_losses("toy", {name: 501}, 1000)
