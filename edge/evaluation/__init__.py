"""Thinking about how good the recognition is: templates in, error rates out. No clock, no file, no thread.

Terms follow ISO/IEC 19795-1, Biometric performance testing and reporting.
"""
