"""The frames and the sliding window without a board: a few lines stand for a board that answers, loses and repeats."""

from __future__ import annotations

import itertools
import random
import struct
from binascii import crc32

import pytest

from maixswitch.board.protocol import ACKS, HEADER, NAKS, PAYLOAD, RETRIES, Sender, TooManyRetries, answer, frame


def parts(data: bytes) -> list[tuple[int, bytes]]:
    """Splits consecutive frames into (sequence, payload); raises AssertionError for a broken frame."""
    frames = []
    while data:
        length, sequence, check = HEADER.unpack_from(data)
        payload = data[HEADER.size : HEADER.size + length]
        assert check == crc32(data[:4] + payload)
        assert len(payload) == length
        frames.append((sequence, payload))
        data = data[HEADER.size + length :]
    return frames


def sender(count: int) -> Sender:
    return Sender(lambda at: b"%d" % at, count)


def numbers(data: bytes) -> list[int]:
    return [sequence for sequence, _ in parts(data)]


def test_a_frame_is_length_sequence_and_crc():
    sent = frame(65537, b"abc")
    assert sent[:4] == struct.pack("<HH", 3, 1)
    assert parts(sent) == [(1, b"abc")]


def test_a_frame_that_does_not_fit_the_ring_twice_is_refused():
    assert 2 * len(frame(0, bytes(PAYLOAD))) < 2048
    with pytest.raises(ValueError, match="1001 bytes"):
        frame(0, bytes(PAYLOAD + 1))


def test_answers_are_not_ascii_and_differ_in_four_bits():
    codes = ACKS + NAKS
    assert min(codes) > 0x7F
    assert min((a ^ b).bit_count() for a, b in itertools.combinations(codes, 2)) >= 4
    assert [answer(code) for code in ACKS] == [(True, at) for at in range(4)]
    assert [answer(code) for code in NAKS] == [(False, at) for at in range(4)]
    assert [answer(byte) for byte in range(256) if byte not in codes] == [None] * 248


def test_nothing_goes_out_before_the_board_asks():
    assert sender(5).take(ord("O")) == b""
    assert numbers(sender(5).take(NAKS[0])) == [0, 1]
    assert sender(5).take(ACKS[0]) == b""


def test_two_frames_are_under_way_and_no_more():
    window = sender(4)
    sent = numbers(window.take(NAKS[0]))
    for at in range(4):
        assert len(sent) <= at + 2
        sent += numbers(window.take(ACKS[at]))
    assert sent == [0, 1, 2, 3]
    assert window.done
    assert window.resent == 0


def test_an_answer_that_got_lost_is_covered_by_the_next():
    window = sender(9)
    window.take(NAKS[0])
    assert numbers(window.take(ACKS[1])) == [2, 3]
    assert window.acknowledged == 2


def test_repeated_old_answers_change_nothing():
    window = sender(9)
    for code in (NAKS[0], ACKS[0], ACKS[1]):
        window.take(code)
    assert window.take(ACKS[1]) == b""
    assert window.take(ACKS[0]) == b""
    assert window.take(NAKS[1]) == b""
    assert window.acknowledged == 2


def test_a_request_goes_back_to_its_frame():
    window = sender(9)
    window.take(NAKS[0])
    assert numbers(window.take(NAKS[1])) == [1, 2]
    assert (window.acknowledged, window.resent) == (1, 1)


def test_too_many_requests_for_one_frame_end_the_transfer():
    window = sender(3)
    window.take(NAKS[0])
    for _ in range(RETRIES - 1):
        assert numbers(window.take(NAKS[0])) == [0, 1]
    with pytest.raises(TooManyRetries):
        assert window.take(NAKS[0]) is window.take(NAKS[0])


def test_an_empty_file_needs_no_frame():
    assert sender(0).done
    assert sender(0).take(NAKS[0]) == b""


@pytest.mark.parametrize("seed", range(20))
def test_a_bad_line_delivers_every_byte_once_and_in_order(seed: int):
    """Frames and answers get lost, doubled and damaged; the file still arrives complete."""
    chance = random.Random(seed)
    content = chance.randbytes(70 * PAYLOAD + 17)
    window = Sender(lambda at: content[at * PAYLOAD : (at + 1) * PAYLOAD], -(-len(content) // PAYLOAD))
    written, expected = bytearray(), 0
    to_board: list[tuple[int, bytes]] = []
    to_host = [NAKS[0]]
    for _ in range(20_000):
        if len(written) == len(content):
            break
        if to_host:
            byte = to_host.pop(0)
            luck = chance.random()
            if luck < 0.1:
                continue
            if luck < 0.2:
                byte ^= 1 << chance.randrange(8)  # one flipped bit never turns an answer into another
            to_board += [piece for piece in parts(window.take(byte)) if chance.random() > 0.1]
        elif to_board:
            sequence, payload = to_board.pop(0)
            if sequence == expected & 0xFFFF:
                written += payload
                to_host += [ACKS[expected & 3]] * chance.choice((1, 1, 1, 2))
                expected += 1
            elif sequence < expected:
                to_host.append(ACKS[(expected - 1) & 3])
            else:
                to_host.append(NAKS[expected & 3])
        else:
            to_host.append(NAKS[expected & 3])  # a second of silence
    assert bytes(written) == content
