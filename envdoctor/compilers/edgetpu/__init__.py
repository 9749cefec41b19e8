"""The Edge TPU's last stage: where its compiler can run, how it is run there, and what its failures mean."""
