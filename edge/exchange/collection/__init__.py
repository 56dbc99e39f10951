"""A tree of photographs, looked at as a whole: what evaluation and alignment are made of."""
