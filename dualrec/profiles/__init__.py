"""Profiles: complete settings of the study, one TOML file each."""
