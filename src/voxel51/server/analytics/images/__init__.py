"""Container images of analytics: check them while they are uploaded, in constant memory."""
