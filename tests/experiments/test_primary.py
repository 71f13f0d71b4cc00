"""What is declared before it is measured: that it names arms, profiles and a metric that there are."""

import pytest
from pydantic import TypeAdapter, ValidationError

from dualrec.evaluation.shards import METRICS
from dualrec.experiments.primary import DataSet, Primary, primary_comparisons
from dualrec.experiments.representation_arms import ARMS, NETWORKS
from dualrec.profiles.load import available

REPRESENTATION = primary_comparisons("representation")


def test_only_what_there_is_can_be_declared():
    assert REPRESENTATION.metric in METRICS and REPRESENTATION.network in NETWORKS
    assert set(REPRESENTATION.arms) <= ARMS.keys()
    named = {data.profile for data in REPRESENTATION.data}
    assert named | {REPRESENTATION.hybrid.profile} <= set(available())
    assert {data.settings_of for data in REPRESENTATION.data} - {""} <= named
    assert list(REPRESENTATION.group_edges) == sorted(set(REPRESENTATION.group_edges))


def test_the_four_comparisons_of_the_family():
    assert len(REPRESENTATION.pairs) == 4 and REPRESENTATION.correction == "holm"
    assert REPRESENTATION.arms == ("sbert", "ids_genres_years", "permuted", "language_model", "random_weights")
    assert {data.profile: data.seeds for data in REPRESENTATION.data if data.verdicts} == {
        "laptop": 5,
        "ml-1m": 3,
        "beauty": 3,
    }


def test_another_profile_has_the_primary_arms_and_its_own_settings():
    assert REPRESENTATION.on("mine") == DataSet("mine", arms="primary")
    assert REPRESENTATION.on("ml-1m").settings_of == "laptop"


@pytest.mark.parametrize("change", [{"correction": "none"}, {"pairs": []}, {"margin": 0.0}, {"extra": 1}])
def test_what_cannot_be_meant_is_refused(change):
    declared = TypeAdapter(Primary).dump_python(REPRESENTATION, mode="json")
    assert TypeAdapter(Primary).validate_json(TypeAdapter(Primary).dump_json(REPRESENTATION)) == REPRESENTATION
    with pytest.raises(ValidationError):
        TypeAdapter(Primary).validate_python(declared | change, strict=False)
