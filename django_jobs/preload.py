"""Loaded once by the server from which the processes of handlers are forked: the project, and nothing else."""

import signal

import django

# a stop of the whole group is for the worker to decide on: the server, too, lives until its worker ends
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)

django.setup()
