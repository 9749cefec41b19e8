"""Texts with grammar that some Pythons do not have yet."""

#: By the Python that brought it.
NEWER = {
    (3, 8): ["f(x := 1)", "def f(a, /): ..."],
    (3, 10): ["match x:\n    case 1: ...", "if x:\n    match x:  # why\n        case [1, *_]: ..."],
    (3, 11): ["try: ...\nexcept* A: ...", "a[*b]", "x = a[b, *c]", "def f(*a: *T): ..."],
    (3, 12): [
        "type A = int",
        "def f[T](x: T): ...",
        "async def f [T](x: T): ...",
        "class C[T]: ...",
        "f'{d['a']}'",
        "x = f'{x} {d['a']}'",
        "f\"{'\\n'.join(y)}\"",
        'f"{chr(10) + "\\n"}"',
        "f'''{\n y # c\n}'''",
        "f'{\n y}'",
        "rf'{f'{x}'}'",
    ],
    (3, 13): ["class C[T = int]: ...", "type A[T = int] = T"],
    (3, 14): ["try: ...\nexcept A, B: ...", "try: ...\nexcept* A, B: ...", "x = t'{1}'"],
}
