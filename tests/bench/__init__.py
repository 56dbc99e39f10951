"""`make bench`: how long each stage takes, beside other people's code in the same run. Prints; asserts nothing."""

import edge  # noqa: F401 -- before numpy: it sets how many threads BLAS takes
