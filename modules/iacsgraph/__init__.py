"""The root command: every other program by its name, and a demonstration that needs nothing.

Inputs: command line. Outputs: those of the command that it runs. The demonstration reads no settings at all.
"""
