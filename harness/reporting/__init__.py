"""What people and CIs read of a run: a page, a JSON document, JUnit XML, and the terminal."""

from harness.reporting.files import ReportPaths, write_report
from harness.reporting.options import options_of

__all__ = ["ReportPaths", "options_of", "write_report"]
