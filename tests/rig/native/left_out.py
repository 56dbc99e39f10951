"""The one place that names tests which are not run under emulation, and says why."""

QEMU_SPEAKS = (
    'qemu-user writes "qemu: uncaught target signal 6 (Aborted) - core dumped" on the stderr of each process that aborts, behind '
    "the last words that the test compares to the end; that such a process is missed and named is tested by others here"
)
TOO_SLOW = (
    "one run of FaceNet takes 2.2 s under emulation, and the unit waits 1.6 s for an Edge TPU before the CPU answers; that its "
    "process answers as the CPU does, FaceNet included, is tested by test_placed_network.py here"
)

LEFT_OUT = {
    "tests/doctor/test_trial.py::test_the_last_words_of_the_library_are_quoted_whole_and_are_no_advice": QEMU_SPEAKS,
    "tests/device/tpu/test_process_nonsense.py::"
    "test_a_talkative_process_neither_waits_for_us_nor_reaches_the_terminal": QEMU_SPEAKS,
    "tests/test_wiring_edgetpu.py::"
    "test_the_edge_tpu_serves_dies_is_replaced_and_comes_back_and_every_row_says_where_it_was_computed": TOO_SLOW,
    "tests/test_wiring_edgetpu.py::test_templates_of_both_places_are_of_one_model_and_near_each_other": TOO_SLOW,
}
