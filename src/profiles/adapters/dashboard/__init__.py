"""The page that shows the population: Dash, served by waitress.

`app.create_app` builds the page over a `StatisticsReader`; `server.PageServer` serves it. Only
`app` and `page` import Dash, so the rest can be read and tested without it.
"""
