"""A world for rehearsals: which libraries and modules it has is given."""

from envdoctor.wheels.rehearsal_values import FOUND, UNKNOWN, Raised
from wheel_files import LINUX


class GivenWorld:
    """A test double of what rehearsed code reaches."""

    def __init__(self, *, has=(), lacks=(), functions=None, target=LINUX):
        self.target = target
        self._has = has
        self._lacks = lacks
        self._functions = functions or {}

    def find(self, name):
        return FOUND if name in self._has else None

    def load(self, name):
        if name not in self._has:
            raise Raised("OSError")
        return FOUND

    def lacks(self, module):
        return module in self._lacks

    def imported(self, name):
        return self._functions.get(name, UNKNOWN)
