"""What was asked and measured before something was decided: each study prints the figures that a page of ``docs/`` quotes.

``make study STUDY=name`` runs one; most need the development faces. Nothing is built here, and nothing in the product imports it.
"""
