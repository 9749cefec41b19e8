"""Rules about how wheels are made: what installers take without a word and users meet later. One module, one family."""
