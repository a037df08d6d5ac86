"""Data details: the record of one file, from a worker thread and from the event loop."""


def test_details_at_once_are_the_same(services, alice, bob):
    data_id = services.add(alice, b"video", "a.mp4")

    found = services.data.details_at_once(alice, data_id)

    assert found == services.data.details(alice, data_id)
    assert (found["name"], found["filename"]) == ("a.mp4", "a.mp4")
    assert services.data.details_at_once(bob, data_id) is None
