"""What other programs read of our verdicts: JUnit XML, Markdown, SARIF, benchmark JSON."""
