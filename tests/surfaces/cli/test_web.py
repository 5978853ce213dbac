"""What the server is given: an answer that is there in one piece, and closed; one that streams as it is."""

from django.core.signals import request_finished
from django.http import HttpResponse, StreamingHttpResponse

from entrepot.surfaces.cli.web import whole


def serve(response):
    """What comes of a response, and how often the request was said to be over by then."""
    over = []

    def note(**_more):
        over.append(1)

    request_finished.connect(note)
    try:
        return whole(lambda environ, start: response)({}, None), len(over)
    finally:
        request_finished.disconnect(note)


def test_what_is_there_is_handed_over_in_one_piece():
    response = HttpResponse()
    response.write("a mug ")
    response.write("and a plate")
    assert serve(response) == ([b"a mug and a plate"], 1)
    assert response.closed


def test_what_streams_is_handed_over_as_it_is():
    response = StreamingHttpResponse(iter([b"a", b"b"]))
    assert serve(response) == (response, 0)
    assert not response.closed


def test_what_is_no_response_of_ours_is_left_alone():
    assert serve([b"plain"]) == ([b"plain"], 0)
