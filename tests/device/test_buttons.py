"""One key against hand-written traces. Runs under CPython and MicroPython."""

from device.buttons import BLIND_MS, DEBOUNCE_MS, LONG_MS, QUIET_MS, Button


def events(trace, button=None):
    """Feed (level, ms) looks, or ("e", level, ms) interrupt edges; return [(event, ms), ...]."""
    button = button or Button("NEXT", "PREVIOUS")
    actual = []
    for step in trace:
        event = button.edge(step[1], step[2]) if step[0] == "e" else button.sample(step[0], step[1])
        if event:
            actual.append((event, step[-1]))
    return actual


def looks(level, start, stop, step=10):
    return [(level, at) for at in range(start, stop, step)]


def test_short_press_fires_once_on_release():
    assert events(looks(1, 0, 100) + looks(0, 100, 200) + looks(1, 200, 400)) == [("NEXT", 230)]


def test_long_press_fires_while_held_and_its_release_fires_nothing():
    assert events(looks(1, 0, 100) + looks(0, 100, 2000) + looks(1, 2000, 2400)) == [("PREVIOUS", 800)]


def test_just_short_of_a_long_press_is_short():
    assert events(looks(1, 0, 100) + looks(0, 100, 100 + LONG_MS) + looks(1, 100 + LONG_MS, 1000)) == [("NEXT", 830)]


def test_without_a_long_event_any_press_is_short():
    assert events(looks(1, 0, 100) + looks(0, 100, 2000) + looks(1, 2000, 2400), Button("NEXT")) == [("NEXT", 2030)]


def test_active_high_key():
    trace = looks(0, 0, 100) + looks(1, 100, 200) + looks(0, 200, 300)
    assert events(trace, Button("NEXT", None, 1)) == [("NEXT", 230)]


def test_a_glitch_shorter_than_the_debounce_gives_no_event_while_the_key_is_polled():
    assert events(looks(1, 0, 100) + looks(0, 100, 100 + DEBOUNCE_MS - 10) + looks(1, 120, 300)) == []
    # The same between two looks, seen by the interrupt.
    assert events([(1, 0), (1, 33), ("e", 0, 40), ("e", 1, 45), (1, 66), (1, 99), (1, 132)]) == []


def test_bounce_at_both_ends_is_one_press():
    trace = looks(1, 0, 100)
    for at in (100, 103, 104, 107, 109):
        trace += [("e", 0, at), ("e", 1, at + 1)]
    trace.append(("e", 0, 112))
    trace += looks(0, 120, 200)
    for at in (200, 202, 206, 211):
        trace += [("e", 1, at), ("e", 0, at + 1)]
    trace.append(("e", 1, 214))
    trace += looks(1, 220, 400)
    assert events(trace) == [("NEXT", 250)]


def test_press_inside_one_frame_is_seen_through_its_edges():
    # A frame of 100 ms whose handlers could run in time (the wait for the camera, not the network).
    assert [event for event, _ in events([(1, 0), ("e", 0, 20), ("e", 1, 70), (1, 100), (1, 200)])] == ["NEXT"]


def test_press_during_a_blocking_load_is_one_press():
    trace = [(1, 0), (1, 33)] + [("e", 1, 1500)] * 6 + [(1, 1500), (1, 1533), (1, 1566)]
    assert events(trace) == [("NEXT", 1533)]
    # Handlers of one burst may straddle a millisecond.
    trace = [(1, 0), ("e", 1, 1500), ("e", 1, 1501), ("e", 1, 1503), (1, 1503), (1, 1540), (1, 1580)]
    assert events(trace) == [("NEXT", 1540)]


def test_press_still_held_when_the_load_ends_is_one_press():
    trace = [(1, 0)] + [("e", 0, 1500)] * 3 + [(0, 1500), ("e", 1, 1510), (1, 1533), (1, 1566), (1, 1600)]
    assert [event for event, _ in events(trace)] == ["NEXT"]


def test_hold_begun_in_a_load_counts_from_its_end():
    trace = [(1, 0), ("e", 0, 1500)]
    trace += looks(0, 1500, 3000, 33)
    assert events(trace) == [("PREVIOUS", 2226)]


def test_bounce_that_arrives_after_a_slow_frame_is_not_a_second_press():
    # Release seen at 120; its last bounce at 121..125 is handled when the next slow frame ends.
    trace = [(1, 0), ("e", 0, 60), (0, 60), ("e", 1, 120), (1, 120), ("e", 1, 180), ("e", 1, 180), (1, 180)]
    assert [event for event, _ in events(trace + looks(1, 240, 600, 60))] == ["NEXT"]
    # A press nobody saw ends at 59; its bounce comes with the next frame.
    trace = [(1, 0), ("e", 1, 60), ("e", 1, 60), (1, 60), ("e", 1, 120), ("e", 1, 120), (1, 120)]
    assert events(trace + looks(1, 180, 600, 60)) == [("NEXT", 120)]


def test_first_bounce_seen_as_idle_and_the_rest_of_that_press_are_one():
    trace = [(1, 0), ("e", 1, 60), ("e", 1, 60), (1, 60), ("e", 0, 120), (0, 120), ("e", 1, 180), (1, 180)]
    assert [event for event, _ in events(trace + looks(1, 240, 600, 60))] == ["NEXT"]
    trace = [(1, 0), ("e", 1, 60), (1, 60)]
    trace += looks(0, 65, 1000, 33)
    assert [event for event, _ in events(trace)] == ["PREVIOUS"]


def test_two_halves_are_not_a_long_press():
    trace = looks(1, 0, 100) + looks(0, 100, 200) + [("e", 0, 900), ("e", 0, 900), (0, 900), (0, 933)]
    assert events(trace) == []


def test_a_key_held_at_the_start_gives_no_event_until_it_was_released():
    button = Button("NEXT", "PREVIOUS")
    assert events(looks(0, 0, 2000) + looks(1, 2000, 2100), button) == []
    assert events(looks(0, 2100, 2200) + looks(1, 2200, 2300), button) == [("NEXT", 2230)]


def test_a_key_stuck_at_the_start_does_not_delay_a_load():
    button = Button("NEXT", "PREVIOUS")
    events(looks(0, 0, 500), button)
    assert button.quiet(500) == 500


def test_quiet_counts_from_the_last_activity():
    button = Button("NEXT", "PREVIOUS")
    assert button.quiet(0) >= QUIET_MS
    events(looks(1, 0, 100), button)
    assert button.quiet(100) >= QUIET_MS
    events(looks(0, 100, 200), button)
    assert button.quiet(200) == 0
    events(looks(1, 200, 300), button)
    assert button.quiet(300) == 70
    button.edge(1, 301)
    assert button.quiet(305) == 4


def test_quiet_runs_again_after_a_long_press_has_fired():
    button = Button("NEXT", "PREVIOUS")
    events(looks(1, 0, 100) + looks(0, 100, 1000), button)
    assert button.quiet(1000) == 200


def test_missed_is_one_press_of_a_key_at_rest_only():
    button = Button("NEXT", "PREVIOUS")
    button.missed(0)
    assert events(looks(1, 0, 100), button) == []
    button.missed(1000)
    button.missed(1000)
    assert button.quiet(1000) == 0
    assert events(looks(1, 1000, 1100), button) == [("NEXT", 1030)]
    events(looks(0, 2100, 2200), button)
    button.missed(2200)
    assert events(looks(1, 2200, 2300), button) == [("NEXT", 2230)]


def test_the_times_that_users_notice():
    assert (DEBOUNCE_MS, BLIND_MS, LONG_MS, QUIET_MS) == (30, 40, 700, 250)


def test_an_edge_that_changes_nothing_is_a_press_only_after_a_gap_that_could_hide_one():
    for gap, expected in ((BLIND_MS - 1, []), (BLIND_MS, ["NEXT"])):
        trace = looks(1, 0, 100, 1)
        trace.append(("e", 1, 99 + gap))
        trace += looks(1, 100 + gap, 300)
        assert [event for event, _ in events(trace)] == expected, gap


def test_missed_changes_nothing_during_a_press_that_is_seen():
    button = Button("NEXT", "PREVIOUS")
    assert events(looks(1, 0, 100) + looks(0, 100, 700), button) == []
    button.missed(700)
    assert events(looks(0, 710, 1000), button) == [("PREVIOUS", 800)]
    button = Button("NEXT", "PREVIOUS")  # just released, and not yet counted
    assert events(looks(1, 0, 100) + looks(0, 100, 200) + [(1, 200)], button) == []
    button.missed(210)
    assert events(looks(1, 220, 400), button) == [("NEXT", 230)]


def test_a_key_that_is_down_after_a_missed_press_is_held_since_then():
    button = Button("NEXT", "PREVIOUS")
    events(looks(1, 0, 100), button)
    button.missed(1000)
    assert events(looks(0, 1010, 2000), button) == [("PREVIOUS", 1700)]


def test_a_key_without_a_long_event_delays_a_load_no_longer_than_a_long_press():
    button = Button("NEXT")
    events(looks(1, 0, 100) + looks(0, 100, 1000), button)
    assert button.quiet(100 + LONG_MS - 1) == 0
    assert button.quiet(100 + LONG_MS) == LONG_MS


def test_a_release_that_is_seen_only_once_does_not_end_a_press():
    trace = looks(1, 0, 105, 35) + looks(0, 105, 210, 35) + [(1, 210)] + looks(0, 245, 350, 35) + looks(1, 350, 500, 35)
    assert events(trace) == [("NEXT", 385)]


def test_a_bounce_while_held_does_not_begin_the_long_press_again():
    trace = looks(1, 0, 100) + looks(0, 100, 400) + [(1, 400)] + looks(0, 410, 1000)
    assert events(trace) == [("PREVIOUS", 800)]


def test_a_press_counts_in_full_when_the_last_release_is_a_debounce_ago():
    for rest, expected in ((DEBOUNCE_MS - 1, ["NEXT"]), (DEBOUNCE_MS, ["NEXT", "NEXT"])):
        trace = [(1, 0), (0, 100), (0, 160), (1, 200), (1, 210)]  # released after a gap, so the release counts at 210
        trace += [(0, 200 + rest), (1, 265), (1, 300), (1, 340)]
        assert [event for event, _ in events(trace)] == expected, rest


def test_a_press_just_after_a_glitch_counts_in_full():
    trace = looks(1, 0, 100)
    trace += [(0, 100), (1, 110), (0, 130), (1, 165), (1, 200), (1, 235)]
    assert [event for event, _ in events(trace)] == ["NEXT"]


def test_a_press_that_begins_in_a_gap_which_could_hide_more_of_it_counts_at_once():
    for gap, expected in ((BLIND_MS - 1, []), (BLIND_MS, ["NEXT"])):
        trace = [(1, 0), (0, gap), (1, gap + 5)]
        trace += looks(1, gap + 15, 200)
        assert [event for event, _ in events(trace)] == expected, gap
