"""Who must answer and by when. Pure: no I/O beyond its own data files, no clock."""
