"""What a report says, as plain typed values: collected with pandas and DVC, rendered without them."""
