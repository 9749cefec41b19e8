"""Pages of the simple API: what they say, in both formats, and that nothing a server sends gets past the reader."""

from __future__ import annotations

import contextlib
import json
import time
from datetime import datetime, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envdoctor.core.errors import Unreadable
from envdoctor.index.pages import JSON_TYPE, parse_page, parse_time, parse_upload_times
from envdoctor.index.project import FileKind
from thoroughness import amount

BASE = "https://index.test/simple/pkg/"
DIGEST = "a" * 64


def page(*files, version="1.1"):
    return json.dumps({"meta": {"api-version": version}, "name": "pkg", "files": files}).encode()


def one(content, kind=JSON_TYPE):
    (link,) = parse_page(content, kind, BASE)
    return link


def html(*anchors, head=""):
    return f"<!DOCTYPE html><html><head>{head}</head><body>{'<br>'.join(anchors)}</body></html>".encode()


def test_a_full_json_entry():
    link = one(
        page(
            {
                "filename": "pkg-1.0-py3-none-any.whl",
                "url": "../../files/pkg-1.0-py3-none-any.whl",
                "hashes": {"sha256": DIGEST.upper()},
                "requires-python": ">=3.9",
                "yanked": "broken on Windows",
                "size": 12,
                "upload-time": "2025-12-20T10:00:00.5Z",
                "core-metadata": {"sha256": "B" * 64},
            }
        )
    )
    file = link.of("pkg")
    assert file.url == "https://index.test/files/pkg-1.0-py3-none-any.whl"
    assert (file.kind, file.version, file.sha256, file.size) == (FileKind.WHEEL, "1.0", DIGEST, 12)
    assert (file.requires_python, file.yanked, file.metadata) == (">=3.9", "broken on Windows", "b" * 64)
    assert file.uploaded == datetime(2025, 12, 20, 10, 0, 0, 500_000, tzinfo=timezone.utc)


def test_a_full_html_entry_says_the_same():
    link = one(
        html(
            f'<a href="/files/pkg-1.0%2Bcpu-py3-none-any.whl#sha256={DIGEST}" data-requires-python="&gt;=3.9,<4"'
            f" data-yanked='' data-core-metadata=\"sha256={'b' * 64}\" data-upload-time=2025-12-20T10:00:00Z>x</a>"
        ),
        "text/html; charset=utf-8",
    )
    file = link.of("pkg")
    assert file.filename == "pkg-1.0+cpu-py3-none-any.whl"
    assert file.url == "https://index.test/files/pkg-1.0%2Bcpu-py3-none-any.whl"
    assert (file.version, file.sha256, file.requires_python) == ("1.0+cpu", DIGEST, ">=3.9,<4")
    assert (file.yanked, file.metadata) == ("", "b" * 64)
    assert file.uploaded == datetime(2025, 12, 20, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("said", "expected"),
    [({}, None), ({"core-metadata": False}, None), ({"core-metadata": True}, ""), ({"dist-info-metadata": True}, "")],
)
def test_metadata_beside_a_file(said, expected):
    assert one(page({"filename": "f", "url": "f", **said})).metadata == expected


@pytest.mark.parametrize(("said", "expected"), [(False, None), (True, ""), ("why", "why"), (None, None)])
def test_yanked(said, expected):
    assert one(page({"filename": "f", "url": "f", "yanked": said})).yanked == expected


def test_a_base_element_moves_relative_links():
    link = one(html('<a href="pkg-1.0.tar.gz">x</a>', head='<base href="https://files.test/d/">'), "text/html")
    assert link.url == "https://files.test/d/pkg-1.0.tar.gz"


def test_credentials_in_links_are_dropped():
    assert one(page({"filename": "f", "url": "https://me:secret@files.test/f"})).url == "https://files.test/f"


def test_commented_links_and_anchors_without_a_target_are_none():
    content = html(
        "<!-- <a href='no-1.0.tar.gz'>x</a> -->", "<a name=top>x</a>", "<A HREF=yes-1.0.tar.gz>x</A>", "a < b"
    )
    assert [link.filename for link in parse_page(content, "text/html", BASE)] == ["yes-1.0.tar.gz"]


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"<html>", JSON_TYPE, "not the JSON"),
        (b"[]", JSON_TYPE, "not the JSON"),
        (b"\xff\xfe", JSON_TYPE, "not the JSON"),
        (b"[" * 100_000, JSON_TYPE, "not the JSON"),
        (b'{"a":' * 100_000, JSON_TYPE, "not the JSON"),
        (b"{}", JSON_TYPE, "no list of files"),
        (page({"filename": "f"}), JSON_TYPE, "no URL"),
        (page(7), JSON_TYPE, "no file name"),
        (page({"filename": "f", "url": "http://[bad/"}), JSON_TYPE, "not a URL"),
        (page(version="2.0"), JSON_TYPE, "version 2.0"),
        (html(head='<meta name="pypi:repository-version" content="3.1">'), "text/html", r"version 3\.1"),
    ],
)
def test_what_is_no_page_is_refused_with_the_reason(content, kind, reason):
    with pytest.raises(Unreadable, match=reason):
        parse_page(content, kind, BASE)


@pytest.mark.parametrize("kind", [JSON_TYPE, "text/html"])
def test_any_bytes_end_in_links_or_in_a_reason(kind):
    @settings(deadline=None)
    @given(st.binary(max_size=300))
    def check(content):
        with contextlib.suppress(Unreadable):
            parse_page(content, kind, BASE)

    check()


@settings(deadline=None)
@given(st.text(alphabet="<a href='\"=!->/x&;#", max_size=200))
def test_any_markup_is_read_to_its_end(text):
    with contextlib.suppress(Unreadable):
        parse_page(text.encode(), "text/html", BASE)


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=8,
    ),
    st.sampled_from(["filename", "url", "hashes", "requires-python", "yanked", "size", "upload-time", "core-metadata"]),
)
def test_any_value_in_any_field(value, field):
    entry = {"filename": "pkg-1.0.tar.gz", "url": "x", field: value}
    try:
        (link,) = parse_page(page(entry), JSON_TYPE, BASE)
    except Unreadable:
        assert field in {"filename", "url"}
    else:
        link.of("pkg")


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.tuples(st.text(alphabet="ab<>&\"' =é", min_size=1, max_size=8), st.booleans())))
def test_html_values_survive_escaping(rows):
    import html as library

    anchors = [
        f'<a href="f.zip" data-yanked="{library.escape(reason)}">x</a>' if yanked else '<a href="f.zip">x</a>'
        for reason, yanked in rows
    ]
    read = [link.yanked for link in parse_page(html(*anchors), "text/html", BASE)]
    assert read == [reason if yanked else None for reason, yanked in rows]


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece", [b"<", b"<a ", b"<a '", b'<a "', b"<a <a ", b"<!--", b"<a b=", b"<a b='c' ", b"</", b"<a '\"><"]
)
def test_hostile_markup_takes_linear_time(piece):
    start = time.process_time()
    with contextlib.suppress(Unreadable):
        parse_page(piece * (amount(2_000_000) // len(piece)), "text/html", BASE)
    assert time.process_time() - start < 8


@pytest.mark.slow
def test_a_tag_without_an_end_takes_linear_time():
    start = time.process_time()
    with pytest.raises(Unreadable, match="ends within a tag"):
        parse_page(b"<" + b"a" * 300_000, "text/html", BASE)
    assert time.process_time() - start < 4


def test_upload_times_of_the_older_json():
    files = [{"filename": "a.whl", "upload_time_iso_8601": "2025-01-01T00:00:00.123456Z"}, {"filename": "b"}, 7]
    content = json.dumps({"releases": {"1": files, "2": "?"}}).encode()
    assert parse_upload_times(content, BASE) == {"a.whl": datetime(2025, 1, 1, 0, 0, 0, 123456, tzinfo=timezone.utc)}
    assert parse_upload_times(b"{}", BASE) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-01T00:00:00Z", datetime(2025, 1, 1, tzinfo=timezone.utc)),
        ("2025-01-01T01:00:00+01:00", datetime(2025, 1, 1, tzinfo=timezone.utc)),
        ("2025-01-01T00:00:00", datetime(2025, 1, 1, tzinfo=timezone.utc)),
        ("2025-01-01T00:00:00.1234567Z", datetime(2025, 1, 1, 0, 0, 0, 123456, tzinfo=timezone.utc)),
        ("yesterday", None),
        ("9999-12-31T23:59:59-10:00", None),
        (None, None),
        (5, None),
    ],
)
def test_times(text, expected):
    assert parse_time(text) == expected


LISTING = (
    '<!DOCTYPE HTML>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Directory listing for /pkg/</title>\n'
    "</head>\n<body>\n<h1>Directory listing for /pkg/</h1>\n<hr>\n<ul>\n</ul>\n<hr>\n</body>\n</html>\n"
)
EMPTY_PAGES = {
    "registry": '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.3"><title>Links for pkg'
    "</title></head><body><h1>Links for pkg</h1></body></html><!--SERIAL 1-->",
    "devpi": "<!DOCTYPE html><html><head><title>dev: links for pkg</title></head><body><h1>links for pkg</h1></body>",
    "artifactory": '<!DOCTYPE html><html><head><title>Simple Index</title><meta name="api-version" value="2" /></head>'
    "<body></body></html>",
    "http.server": LISTING,
    "nginx": "<html><head><title>Index of /pkg/</title></head><body><h1>Index of /pkg/</h1><hr><pre>"
    '<a href="../">../</a></pre><hr></body></html>',
    "apache": "<html><head><title>Index of /pkg</title></head><body><h1>Index of /pkg</h1><table><tr><td>"
    '<img src="i.gif"><a href="/">Parent Directory</a></td></tr></table></body></html>',
    "minimal": "<!DOCTYPE html><html><body></body></html>",
    "headed": "<!DOCTYPE html><html><head><title>Pkg</title></head><body><h1>pkg</h1></body></html>",
}


@pytest.mark.parametrize("text", EMPTY_PAGES.values(), ids=EMPTY_PAGES)
def test_a_project_without_files(text):
    assert [link for link in parse_page(text.encode(), "text/html", BASE) if link.of("pkg")] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "OK",
        '{"meta": {"api-version": "1.0"}, "name": "pkg", "files": []}',
        "<html><head><title>Sign in</title></head><body><form action=/login><input name=user></form></body></html>",
        "<html><head><meta http-equiv=refresh content='0; url=http://portal/'></head><body></body></html>",
        "<html><body><script>location = '/login'</script></body></html>",
        "<html><body><h1>Down for maintenance</h1></body></html>",
        "<html><head><title>Welcome</title></head><body><a href='/about'>About us</a></body></html>",
        "<a href='/simple/numpy/'>numpy</a>",
        "<html><body><a href='pkg-1.0-py3-none-any.whl'>x</a><a href='pkg-1.1-py3",
        "<html><body><a href='pkg-1.0-py3-none-any.whl'>x</a><!-- <a href",
        "<html><body>" + "<p>" * 500_000 + "</body></html>",
    ],
)
def test_what_is_no_page_of_an_index_is_no_empty_project(text):
    with pytest.raises(Unreadable, match=r"no page of a package index|cut off"):
        parse_page(text.encode(), "text/html", BASE)


def test_a_page_of_unknown_length_must_say_where_it_ends():
    anchors = [f'<a href="pkg-{number}.0-py3-none-any.whl">x</a>' for number in range(99)]
    content = html(*anchors)
    assert len(parse_page(content, "text/html", BASE, whole=False)) == 99
    for part in (content[: len(content) * 2 // 3], content.removesuffix(b"</html>")):
        with pytest.raises(Unreadable, match="cut off"):
            parse_page(part, "text/html", BASE, whole=False)
    assert len(parse_page(b"\n".join(map(str.encode, anchors)), "text/html", BASE)) == 99  # a flat page of links


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", "image/png", ""])
def test_what_pip_takes_for_no_page_is_none(kind):
    with pytest.raises(Unreadable, match="no page of a package index"):
        parse_page(html('<a href="pkg-1.0-py3-none-any.whl">x</a>'), kind, BASE)


@pytest.mark.parametrize("text", ['{"files": []}', '{"error": "login"}', "[]", '{"files": [{"a": ' + "[1," * 3_000_000])
def test_json_that_is_no_page_of_an_index(text):
    with pytest.raises(Unreadable):
        parse_page(text.encode(), JSON_TYPE, BASE)


def test_the_page_of_another_project_is_no_answer():
    wheel = {"filename": "other-1.0-py3-none-any.whl", "url": "other-1.0-py3-none-any.whl", "hashes": {}}
    foreign = json.dumps({"meta": {"api-version": "1.1"}, "name": "Other", "files": [wheel]}).encode()
    anchor = '<a href="{0}-1.0-py3-none-any.whl">{0}</a>'
    titled = html(anchor.format("other"), head="<title>Links for other</title>")
    for content, kind in ((foreign, JSON_TYPE), (titled, "text/html")):
        with pytest.raises(Unreadable, match=r"the page of [Oo]ther came where that of pkg"):
            parse_page(content, kind, BASE, project="pkg")
        assert len(parse_page(content, kind, BASE, project="OTHER")) == 1
        assert len(parse_page(content, kind, BASE)) == 1
    mixed = html(anchor.format("other"), anchor.format("pkg"), head="<title>Links for mirror</title>")
    assert len(parse_page(mixed, "text/html", BASE, project="pkg")) == 2


def test_a_base_that_is_no_url_is_told():
    with pytest.raises(Unreadable, match="is not a URL"):
        parse_page(html('<a href="pkg-1.0.tar.gz">x</a>', head='<base href="http://[::1">'), "text/html", BASE)
