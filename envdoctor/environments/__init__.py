"""Python environments for stages: the user's own where it serves, else isolated ones that envdoctor makes and keeps."""
