"""Renderers: one module is one format; each turns a Report into text and asks nothing."""
