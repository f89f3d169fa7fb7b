"""The page that shows the population: Dash, served by waitress.

`app.create_app` builds the page over an `OverviewReader`; `server.PageServer` serves it. Only
`app`, `content` and `page` import Dash, so the rest can be read and tested without it.
"""
