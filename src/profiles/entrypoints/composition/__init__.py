"""The composition root: joins ports to adapters, and closes them, last opened first.

One module for each way to run: `embedded` (`run`, `demo`), `streaming` (`produce`, `process`),
`page` (`dashboard`); `sources` and `stores` build what several of them need.
"""
