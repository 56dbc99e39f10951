"""What each command of ``muster`` does: one module with ``run(arguments) -> exit code`` each."""
