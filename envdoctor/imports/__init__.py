"""What importing a module does, told from its text: nothing is run.

One interpreter goes through the code of a module and of what it imports, on every way that is open, as CPython would
(`interpreter`, `statements`, `expressions`, `calls`, ...). It asks a `Site` what there is of a module, a library or a
name, and tells what the import does as events: imports a module, loads a file, looks for a library, uses or sets a
name of a module, raises. `verdict` draws from them whether an import fails, and for what; `packages` does so for a
package of a wheel among the other wheels of a set, `process` and `reach` for its native files, `surface` says which
imports count.

What is known is known on the way at hand (`heap.State`): two ways that meet keep what both agree on. Whatever the
interpreter does not understand may have done anything to all that it got hold of (`escapes`), and may have raised
anything. An event is CERTAIN if no way leads past it other than an exception that leaves the import; NEVER in a branch
that this Python on this system does not take; otherwise MAY. `Outcome.fails` is a proof: on every way the import ends
in an exception, or in one that came before and was not foreseen, which fails as well. Only that breaks a verdict.

The proof takes for granted, and is wrong where this does not hold:

- The import begins in a new process that did not import the module before, in which nobody replaced `__import__`, put
  modules into `sys.modules` or finders into `sys.meta_path` but the code that is followed, Python's own modules and
  those of the set. What `sitecustomize`, `PYTHONPATH` or the folder at hand add is not looked at; `.pth` files may make
  anything in their wheel importable.
- The site's answers are true: ABSENT, `lacks`, `fails_to_load` and `has_library` are proofs of their own, made from the
  wheel's list of files, from the texts of others, and from tables (which modules and names a Python has, which
  libraries a system has).
- Code that is not followed (of other distributions, native modules, Python's own) gives no names to modules that it was
  not handed, and does not change what a followed module bound, unless the module's own text hands it over or some
  followed code names it in a call.
- A text that is not known (`exec`, `eval`) binds names in the namespaces that it is given, else in those that it sees,
  and in no other module; nor does unfollowed code in a module that it got by a name which was worked out.
- Code that may run at any time and gives a module names that it works out does so in modules of its own package, or in
  those that it names; and what it binds in place of a module is one as well.
- What code of others takes out of a module's lists and dictionaries, it does not put there.
- Where a file or a folder of the site is a link, there lie the same files beside what it leads to.
- A file of the site that is not there when the import begins is made by no code that was not given its name, or a
  folder above it.
- Environment variables that are not usual are not set. `assert` proves nothing, as `python -O` leaves it out.
- Python's own names (`len`, `str`, ...) mean what they mean, unless followed code binds them.
- A library whose name is worked out is taken to be one of those that the module's text, or the text of a module that it
  imports, names.
- Memory, time and signals put no end to the import.
"""
