"""Upgrade an installed office and go back: signed packages, releases side by side, a journal that survives any stop.

As root (`__main__`): `steps` does the work through `machine`, which has all effects; `journal` says where it stands.
As the daemon's user: `mailbox` leaves a request and reads the result; `book` makes the database fit a release.
"""
