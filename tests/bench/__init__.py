"""`make bench`: how long each stage takes, beside other people's code in the same run. Prints; asserts nothing."""
