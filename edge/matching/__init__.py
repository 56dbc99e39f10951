"""From templates to a name: who is known, who is nearest, and how near is near enough. Arrays and numbers only."""
