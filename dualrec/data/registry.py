"""The registered data sets: where each comes from, on what terms, and what its events can tell and cannot."""

from __future__ import annotations

from dataclasses import dataclass

from dualrec.data.layouts import hetrec

U_DATA_SHA256 = "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"


@dataclass(frozen=True)
class Archive:
    """An official archive, with the hash by which it is known to be that.

    url: of the archive
    sha256: of the archive
    members: the files in it that the study reads
    """

    url: str
    sha256: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A registered data set, in the words of its data card.

    title: of the data set
    publisher: who made and published it
    event: what an event is
    order: what is known of the order of a person's events
    repeats: whether a person comes back to an item
    licence: its terms
    citation: what its authors ask to be cited
    reference: key of that in the report's literature
    events: names of the file of events, the official one first; the first that is there is read
    events_sha256: of the official file of events, "" where none is known
    archive: what the study downloads, None where nothing
    by_hand: why it downloads nothing and where the files are found, in one clause; "" where it downloads
    ties: what to say of ties beside every number, "" where their rule says all
    """

    title: str
    publisher: str
    event: str
    order: str
    repeats: str
    licence: str
    citation: str
    reference: str
    events: tuple[str, ...]
    events_sha256: str = ""
    archive: Archive | None = None
    by_hand: str = ""
    ties: str = ""


def _movielens(title: str, name: str, sha256: str, events: str, items: str, events_sha256: str = "") -> Source:
    url = f"https://files.grouplens.org/datasets/movielens/{name}.zip"
    return Source(
        title=title,
        publisher="GroupLens, University of Minnesota",
        event=(
            "a visitor of a web site gave a movie 1 to 5 stars; the study reads that and when it was rated, "
            "not the stars"
        ),
        order="whole seconds; many movies are rated in one sitting, and those of one second have no order",
        repeats="none, a movie is rated once",
        licence="GroupLens research licence: no redistribution or commercial use without permission",
        citation="Harper & Konstan (2015). The MovieLens Datasets: History and Context. ACM TiiS 5(4), 19:1-19:19",
        reference="harper2015",
        events=(events,),
        events_sha256=events_sha256,
        archive=Archive(url, sha256, (events, items)),
    )


SOURCES = {
    "ml-100k": _movielens(
        "MovieLens 100K",
        "ml-100k",
        "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        "u.data",
        "u.item",
        U_DATA_SHA256,
    ),
    "ml-1m": _movielens(
        "MovieLens 1M",
        "ml-1m",
        "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        "ratings.dat",
        "movies.dat",
    ),
    "ml-latest-small": _movielens(
        "MovieLens latest small",
        "ml-latest-small",
        "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
        "ratings.csv",
        "movies.csv",
    ),
    "amazon-beauty": Source(
        title="Amazon Beauty, five-core, 2014",
        publisher="Julian McAuley, University of California San Diego; sequences and titles as others published them",
        event="a customer reviewed a product, which is taken for having bought it",
        order=(
            "places in a row, no times; they come from days, and within a day the products stand by their ids, which "
            "is no behaviour and cannot be undone: never compare with numbers from files that shuffle those ties"
        ),
        repeats="none, a product is reviewed once",
        licence="none comes with the files; the reviews are Amazon's and their authors'",
        citation=(
            "McAuley, Targett, Shi & van den Hengel (2015). Image-Based Recommendations on Styles and Substitutes. "
            "SIGIR, 43-52"
        ),
        reference="mcauley2015",
        events=("interactions.csv",),
        by_hand=(
            "has no official archive in this form: make interactions.csv (user_id,item_id,order) of the sequences in "
            "https://github.com/agiresearch/IDGenRec and items.csv (item_id,title) of the titles in "
            "https://github.com/dh-r/LLM-Sequential-Recommendation, and put both in"
        ),
        ties=" (within a day by product id)",
    ),
    "lastfm-2k": Source(
        title="Last.fm 2k, HetRec 2011",
        publisher="Information Retrieval Group, Universidad Autónoma de Madrid",
        event="a user of Last.fm put tags on an artist; those that carry one time are one event",
        order=(
            "the tags' days, of which most are the first of a month: whatever was tagged in one month has no order; "
            "in the five-core of first encounters 517 of 1,090 last events tie with the one before"
        ),
        repeats="many, people tag an artist again; play counts have no time and are not read",
        licence="non-commercial use; for any other, ask Last.fm",
        citation=(
            "Cantador, Brusilovsky & Kuflik (2011). 2nd Workshop on Information Heterogeneity and Fusion in "
            "Recommender Systems (HetRec 2011). RecSys, 387-388; and Last.fm, http://www.lastfm.com"
        ),
        reference="cantador2011",
        events=(*hetrec.TIMED, hetrec.DATED),
        events_sha256="d27df8ea4447852d0b45e5799d3f12f224cd6fbb2fd2f9e1bda132906ffe425b",
        by_hand=(
            "is not downloaded, since no SHA-256 is known to check its archive by: download "
            "https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip by other means and unpack it to"
        ),
    ),
}
