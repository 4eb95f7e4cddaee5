"""`report.html`: the report with the photos that a comment cannot show, in one file that asks nobody for anything."""
