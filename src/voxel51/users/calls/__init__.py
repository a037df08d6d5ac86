"""Every call described once; `API` and its asynchronous twin only send the descriptions."""
