"""A local Entra ID for demonstrations, development and tests: sign-in pages, tokens, device codes, faults on demand.

Inputs: HTTP, the control API, command line. Outputs: HTTP, standard output, files with `--write`.
Environment: none is read.
"""
