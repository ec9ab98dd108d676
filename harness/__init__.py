"""The command line: starts servers, runs experiments, hands their records to the reports."""
