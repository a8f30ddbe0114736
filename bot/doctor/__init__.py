"""`doctor`: a small look at each thing that can be wrong, without changing anything or writing to anybody."""
