"""What runs inside a stage's own environment: TensorFlow, the LiteRT quantizer, the LiteRT interpreter.

These modules know nothing of envdoctor. They import the standard library, the packages of the environment they are
started in (late, inside functions) and each other, by relative imports: `__main__` loads this folder by its path, as a
package of its own. One module with a `run(request)` is one task. The modules without one hold what tasks share;
`arrays` needs nothing but the standard library, so that the doctor reads calibration files with the very same code.
"""
