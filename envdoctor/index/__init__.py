"""The package index as the user's own pip sees it: settings, pages, files and their metadata."""
