"""A demo: one person's taste through the whole system, and a page on which to try it."""

from dualrec.demo.markup import answer_html, written_html
from dualrec.demo.page import show_page
from dualrec.demo.recommender import Demo, load_demo

__all__ = ["Demo", "answer_html", "load_demo", "show_page", "written_html"]
