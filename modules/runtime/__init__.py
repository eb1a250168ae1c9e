"""What every program shares: settings, logging, exit codes and HTTP statuses, output, the process edge.

Inputs: the environment and `.env` (`settings.py` names every variable). Outputs: standard output, standard error,
the authentication log. Imports the domain and the ports only.
"""
