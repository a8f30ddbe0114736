"""Speed beside other ways of doing the same, measured side by side in one run."""
