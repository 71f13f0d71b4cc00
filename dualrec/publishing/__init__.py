"""What readers see: published notebooks, README, exercises, the report as a web site."""
