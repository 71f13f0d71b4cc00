import dataclasses

from dualrec.systems import names
from dualrec.systems.cases import cases_for
from dualrec.systems.names import SYSTEMS


def test_free_writers_are_asked_for_the_profile_s_subset(study):
    study.profile = dataclasses.replace(study.profile, llm=dataclasses.replace(study.profile.llm, users=7))
    assert {name for name in SYSTEMS if len(cases_for(study, SYSTEMS[name])) == 7} == {
        name for name in SYSTEMS if {name, SYSTEMS[name].reranks} & set(names.FREE_WRITERS)
    }
