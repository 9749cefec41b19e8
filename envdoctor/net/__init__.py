"""The one room that speaks HTTP: a session with retries, time limits, proxies and a cache; files over byte ranges."""
