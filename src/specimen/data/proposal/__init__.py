"""From a folder of photos and tables to proposed params, with the reasons for each."""
