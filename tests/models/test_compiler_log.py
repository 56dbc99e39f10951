"""The words of the Edge TPU compiler as its users quoted them (google-coral/edgetpu, issues 60 and 438), shortened."""

from __future__ import annotations

import pytest

from models.compiler_log import Report, Row, UnknownFormatError, read

OF_ONE = """\
Edge TPU Compiler version 2.1.302470888

Model compiled successfully in 12264 ms.

Input model: model2.tflite
Input size: 8.11MiB
Output model: model2_edgetpu.tflite
Output size: 9.47MiB
On-chip memory used for caching model parameters: 6.86MiB
On-chip memory remaining for caching model parameters: 7.75KiB
Off-chip memory used for streaming uncached model parameters: 1.22MiB
Number of Edge TPU subgraphs: 1
Total number of operations: 15
Operation log: model2_edgetpu.log

Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of the model will […]
Number of operations that will run on Edge TPU: 13
Number of operations that will run on CPU: 2

Operator                       Count      Status

LOGISTIC                       1          More than one subgraph is not supported
ADD                            10         Mapped to Edge TPU
CONCATENATION                  1          More than one subgraph is not supported
CONCATENATION                  3          Mapped to Edge TPU
"""
NOTHING_MAPPED = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Models compiled successfully in 24 ms.

Input model: /elsewhere/pnet.tflite
Number of Edge TPU subgraphs: 0
Total number of operations: 2

Operator                       Count      Status

CONV_2D                        2          Operation is working on an unsupported data type
Compilation child process completed within timeout period.
Compilation succeeded!
"""


def test_each_kind_of_operation_is_told_with_what_became_of_it() -> None:
    version, reports = read(OF_ONE)
    assert version == "2.1.302470888"
    report = reports["model2.tflite"]
    assert (report.on_chip, report.off_chip, report.n_subgraphs, report.streams) == ("6.86MiB", "1.22MiB", 1, True)
    assert (report.n_mapped, report.n_on_cpu) == (13, 2)
    reason = "More than one subgraph is not supported"
    assert report.left == (Row("LOGISTIC", 1, reason), Row("CONCATENATION", 1, reason))


def test_a_model_of_which_nothing_was_mapped_has_no_words_on_memory() -> None:
    row = Row("CONV_2D", 2, "Operation is working on an unsupported data type")
    assert read(NOTHING_MAPPED)[1] == {"pnet.tflite": Report("", "", 0, (row,))}
    assert not read(NOTHING_MAPPED)[1]["pnet.tflite"].streams


def test_several_models_and_the_line_ends_of_a_notebook() -> None:
    text = (OF_ONE + OF_ONE.partition("\n")[2].replace("model2", "model3")).replace("\n", "\r\n")
    assert list(read(text)[1]) == ["model2.tflite", "model3.tflite"]


@pytest.mark.parametrize(
    "line", [line for line in OF_ONE.splitlines() if "Mapped" in line or "Total" in line or "Status" in line]
)
def test_a_line_that_is_missing_is_no_success(line: str) -> None:
    with pytest.raises(UnknownFormatError):
        read(OF_ONE.replace(line, ""))
