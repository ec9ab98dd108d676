"""Commands, a module each; `harness.cli` names them all. They import what they need when they are called."""
