"""What gets jobs done: dispatcher, launches, runners."""
