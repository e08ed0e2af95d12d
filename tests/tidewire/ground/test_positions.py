"""Places in a stream."""

from tidewire.ground.positions import Position


def test_a_position_as_json():
    assert Position("room:1", "e", 3).as_json() == {"channel": "room:1", "epoch": "e", "offset": 3}
