from loopback import another_loopback, loopback

__all__ = ["another_loopback", "loopback"]
