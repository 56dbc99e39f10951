"""What comes in (photographs of people) and what goes out (attendance rows)."""
