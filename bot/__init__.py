"""The running program: command line, settings, wiring, clocks, web server, channel adapters."""
