from support.loopback_server import another_loopback, loopback

__all__ = ["another_loopback", "loopback"]
