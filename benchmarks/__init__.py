"""One figure a file, measured side by side with a peer in the same run; see README.md."""
