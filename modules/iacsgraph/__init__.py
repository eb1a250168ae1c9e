"""The root command: every other program by its name, all of them at once (`up`), and a demonstration.

Inputs: command line; for `up` what the programs that it runs need. Outputs: those of the command that it runs; of `up`
besides, `/health` and `/metrics`. Environment of `up`: theirs, UP_* and HEALTH_*. The demonstration reads no settings.
"""
