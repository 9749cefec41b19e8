from envdoctor.compilers.tflm.planner import Buffer, planned_size


def size(*rows):
    return planned_size([Buffer(size=size, first=first, last=last) for size, first, last in rows])


def test_nothing_takes_nothing():
    assert size() == 0


def test_what_lives_together_lies_side_by_side():
    assert size((64, 0, 1), (32, 1, 2)) == 96


def test_what_never_meets_shares_its_place():
    assert size((64, 0, 1), (32, 2, 3)) == 64


def test_the_largest_is_placed_first_and_gaps_are_filled():
    # 64 at 0 and 48 at 64 meet in step 1; 32 meets only the second, and fits below it.
    assert size((64, 0, 1), (48, 1, 2), (32, 2, 3)) == 112


def test_of_equal_sizes_the_last_is_placed_first():
    # The planner fills its list from the end, and its sort keeps the order: placed in the given order these take 32.
    assert size((16, 2, 3), (16, 1, 2), (16, 0, 1), (16, 3, 4)) == 48
