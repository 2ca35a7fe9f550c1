"""The map of the course: every stop in lecture order, with its question and a live miniature."""

import streamlit as st

from components.elements.start.course_map import course_map
from components.lessons.recorded import miniature
from components.shell import links
from components.shell.layout import page_header
from components.shell.navigation import lessons
from components.words import labels, t

links.open_view("start/home")
page_header("start/home", idea=False)

stops = {stop.name: stop for stop in lessons()}
chosen = course_map(
    [
        {
            "name": stop.name,
            "path": stop.url_path,
            "chapter": t("nav", stop.chapter),
            "title": stop.title,
            "question": stop.question,
            "miniature": miniature(stop.name),
            "minutes": stop.minutes,
        }
        for stop in stops.values()
    ],
    start=t("home", "start"),
    intro=t("home", "intro"),
    words=labels("home"),
)
if chosen is not None:
    st.switch_page(stops[chosen].page, query_params=links.frame_query())
