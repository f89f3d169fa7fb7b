"""The page that shows the population: Dash, served by waitress.

`app.create_app` builds the page over an `OverviewReader`; `server.PageServer` serves it. What a
stranger sends is checked twice before Dash sees it: by `channel`, while it is read from the
connection, and by `request_filter`, which knows what the page asks for.
"""
