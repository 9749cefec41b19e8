"""Makes operators.toml, with the Python of the environment `tflm`, which needs nothing of envdoctor.

In the folder above: PYTHON -m making.operators micro_mutable_op_resolver.h > operators.toml
"""
