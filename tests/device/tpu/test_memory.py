"""Memory that two processes see, what they say to each other, and what one of them said last."""

from __future__ import annotations

import os

import numpy as np
import pytest
from edgetpu.fates import Belongings

from edge.device.manifest import TensorSpec, read_spec
from edge.device.tpu.last_words import KEPT_BYTES, LastWords, ending
from edge.device.tpu.memory import Memory, n_rows_that_fit
from edge.device.tpu.messages import Done, Failed, Message, Ready, Request, decode, encode
from models import MANIFEST

pytestmark = pytest.mark.native

BYTES_AND_FLOATS = (TensorSpec("a", (1, 3), "int8", 0.5, 0), TensorSpec("b", (1, 2, 2), "float32", 0.0, 0))


def rows(n: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(-128, 128, (n, 24, 24, 3)).astype(np.int8)


@pytest.mark.parametrize("is_contiguous", [True, False])
def test_the_other_side_sees_every_row_as_it_was_put(is_contiguous: bool) -> None:
    spec = read_spec(MANIFEST, "rnet", variant="int8").input
    ours = Memory.create(n_in=8192, n_out=100)
    theirs = Memory(os.dup(ours.descriptor), n_in=8192, n_out=100)
    given = rows(4) if is_contiguous else rows(8)[::2, :, ::-1]
    ours.put(given)
    for index in range(4):
        np.testing.assert_array_equal(theirs.row(spec, index), given[index : index + 1])
    theirs.close()
    ours.close()


def test_answers_of_several_rows_come_out_as_one_array_an_output() -> None:
    memory = Memory.create(n_in=10, n_out=57)
    given = [
        (np.array([[row, -128, 127]], np.int8), np.full((1, 2, 2), row + 0.5, np.float32)) for row in range(3)
    ]  # 3 x 19 bytes: floats that begin at no multiple of four
    for row, results in enumerate(given):
        memory.answer(BYTES_AND_FLOATS, results, row=row, n_rows=3)
    answers = memory.answers(BYTES_AND_FLOATS, 3)
    memory.close()
    for answer, expected in zip(answers, zip(*given, strict=True), strict=True):
        np.testing.assert_array_equal(answer, np.concatenate(expected))
        assert answer.dtype == expected[0].dtype


def test_answers_leave_alone_what_was_asked() -> None:
    spec = read_spec(MANIFEST, "rnet", variant="int8")
    given = rows(2)
    memory = Memory.create(n_in=given.nbytes, n_out=10)
    memory.put(given)
    for row in range(2):
        memory.answer(spec.outputs, [np.full(output.shape, 85, np.int8) for output in spec.outputs], row=row, n_rows=2)
    for row in range(2):
        np.testing.assert_array_equal(memory.row(spec.input, row), given[row : row + 1])
    memory.close()


def test_all_of_it_is_there_before_it_is_written_to() -> None:
    memory = Memory.create(n_in=2**20, n_out=2**20)
    assert os.fstat(memory.descriptor).st_blocks * 512 >= 2**21
    memory.close()


def test_a_result_of_another_shape_or_type_is_not_laid_down() -> None:
    memory = Memory.create(n_in=10, n_out=40)
    fine = np.zeros((1, 2, 2), np.float32)
    for wrong in (np.zeros((1, 1), np.int8), np.zeros((1, 3), np.uint8), np.zeros(3, np.int8)):
        with pytest.raises(ValueError, match="a is"):
            memory.answer(BYTES_AND_FLOATS, [wrong, fine], row=0, n_rows=1)
    memory.close()


def test_it_is_closed_once_and_may_be_closed_twice() -> None:
    before = Belongings.now()
    memory = Memory.create(n_in=10, n_out=10)
    assert Belongings.now().memory > before.memory
    memory.close()
    memory.close()
    assert Belongings.now() == before


def test_nobody_can_take_memory_away_that_is_in_use() -> None:
    memory = Memory.create(n_in=4096, n_out=4096)
    with pytest.raises(PermissionError):
        os.ftruncate(memory.descriptor, 0)
    memory.close()


@pytest.mark.parametrize(
    ("n_in", "n_out", "expected"), [(1728 * 3, 100, 3), (1728 * 3 - 1, 100, 2), (99999, 14, 2), (1727, 100, 0)]
)
def test_how_many_rows_fit(n_in: int, n_out: int, expected: int) -> None:
    assert n_rows_that_fit(read_spec(MANIFEST, "rnet", variant="int8"), n_in=n_in, n_out=n_out) == expected


@pytest.mark.parametrize(
    "message", [Ready("a 1", "ü\n"), Ready("", ""), Request(1, "rnet", 3), Done(2**40), Failed(0, 'a "quoted" word')]
)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    assert decode(encode(message)) == message


def test_a_name_that_is_no_text_can_be_told() -> None:
    assert decode(encode(Failed(0, "models-\udcff: cannot be read"))) == Failed(0, "models-?: cannot be read")


@pytest.mark.parametrize(
    "packet",
    [b"", b"what?", b"{}" * 50, encode(Done(1))[:-1], b"x" + encode(Done(1))[1:], encode(Failed(1, "ü"))[:-1]],
)
def test_anything_else_is_no_message(packet: bytes) -> None:
    with pytest.raises(ValueError, match=r"no message|can't decode"):
        decode(packet)


def said(*parts: bytes) -> LastWords:
    read_end, write_end = os.pipe()
    words = LastWords(read_end)
    for part in parts:
        os.write(write_end, part)
        words.drain()
    os.close(write_end)
    words.drain()
    assert words.descriptor is None, "the pipe has ended and is closed"
    return words


def test_last_words_are_the_last_lines_on_one_line() -> None:
    assert str(said(b"one\ntwo\n", b"thr", b"ee\n\n  four\n")) == "two / three / four"


def test_last_words_can_neither_begin_a_line_nor_steer_a_terminal() -> None:
    words = str(said(b"a\x1b[31mb\x00c\xff\r\nd\x0be"))
    assert words.isprintable()
    assert words == "a [31mb c� / d / e"


def test_what_a_runtime_always_says_is_no_last_word() -> None:
    assert str(said(b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")) == ""


def test_of_endless_words_the_end_is_kept() -> None:
    words = str(said(*[b"x" * 60000] * 20, b"\nthe end"))
    assert words.endswith(" / the end")
    assert len(words) <= KEPT_BYTES + 10


def test_whoever_never_stops_talking_is_not_listened_to_for_ever() -> None:
    words = LastWords(os.open("/dev/zero", os.O_RDONLY))
    words.drain()
    words.close()


def test_words_that_have_not_been_said_are_not_waited_for() -> None:
    read_end, write_end = os.pipe()
    words = LastWords(read_end)
    words.drain()
    assert str(words) == ""
    words.close()
    words.close()
    os.close(write_end)


@pytest.mark.parametrize(
    ("status", "words"),
    [(-6, "died of SIGABRT"), (-40, "died of signal 40"), (1, "ended with exit code 1"), (0, "ended with exit code 0")],
)
def test_how_a_process_ended_has_a_name(status: int, words: str) -> None:
    assert ending(status) == words
