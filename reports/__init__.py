"""From the record of a run to metrics, audit, comparison, gate and pages."""
