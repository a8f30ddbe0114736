"""Workbooks of figures and cases, made when they are sent."""
